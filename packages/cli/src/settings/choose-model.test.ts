import { PROVIDERS } from "@sluice/catalog"
import { describe, expect, test } from "vitest"
import { chooseModel, type ChoiceInput, DEMO, providersWithKey } from "./choose-model.ts"

const SERVER = { provider: "ollama", models: ["qwen3:8b", "other"] }

function input(values: Record<string, string>, more: Partial<ChoiceInput> = {}): ChoiceInput {
  return {
    search: true,
    env: (name) => values[name],
    config: () => Promise.resolve(undefined),
    localServers: () => Promise.resolve([SERVER]),
    ...more,
  }
}

const config = (model?: string) => () => Promise.resolve({ file: "/x/sluice.config.json", ...(model ? { model } : {}) })

describe("the model that is asked", () => {
  test("is the one that is named, and nothing else is looked at", async () => {
    const never = () => Promise.reject(new Error("looked"))
    const given = input(
      { OPENAI_API_KEY: "k", SLUICE_MODEL: "x/y" },
      { named: "a/b", config: never, localServers: never },
    )
    expect(await chooseModel(given)).toEqual({ name: "a/b" })
  })

  test("is the configured one before any key; the variable wins over the file", async () => {
    const both = await chooseModel(input({ OPENAI_API_KEY: "k", SLUICE_MODEL: "x/y" }, { config: config("f/g") }))
    expect(both).toEqual({ name: "x/y", why: "named by SLUICE_MODEL" })
    const file = await chooseModel(input({ OPENAI_API_KEY: "k" }, { config: config("f/g") }))
    expect(file).toEqual({ name: "f/g", why: "named in /x/sluice.config.json" })
  })

  test("is the default of the first provider that has a key, in the catalog's order", async () => {
    const env = { MISTRAL_API_KEY: "k", GROQ_API_KEY: "k", ANTHROPIC_API_KEY: " " }
    const { name } = await chooseModel(input(env, { config: config() }))
    expect(name).toBe(`groq/${PROVIDERS.groq.defaultModel}`)
  })

  test("is a local server's first model where there is no key; a local server's key is none to search by", async () => {
    const { name } = await chooseModel(input({ OLLAMA_API_KEY: "k" }))
    expect(name).toBe("ollama/qwen3:8b")
  })

  test("is the demo model where there is nothing", async () => {
    const { name, why } = await chooseModel(input({}, { localServers: () => Promise.resolve([]) }))
    expect(name).toBe(DEMO)
    expect(why).toContain("no key")
  })

  test("without the search it is the file's, else the demo model", async () => {
    const never = () => Promise.reject(new Error("looked"))
    const env = { OPENAI_API_KEY: "k", SLUICE_MODEL: "x/y" }
    const off = { search: false, localServers: never }
    expect((await chooseModel(input(env, { ...off, config: config("f/g") }))).name).toBe("f/g")
    expect((await chooseModel(input(env, off))).name).toBe(DEMO)
  })
})

test("providers with a key come in the catalog's order", () => {
  const env: Record<string, string> = { OPENROUTER_API_KEY: "k", OPENAI_API_KEY: "k", LLAMA_API_KEY: "k" }
  expect(providersWithKey((name) => env[name]).map((one) => one.id)).toEqual(["openai", "openrouter"])
})
