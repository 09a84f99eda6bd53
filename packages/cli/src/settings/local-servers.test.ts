import { expect, test } from "vitest"
import { findLocalServers, type Probe } from "./local-servers.ts"

const env =
  (values: Record<string, string>) =>
  (name: string): string | undefined =>
    values[name]

test("servers that answer come in the order of preference, whoever answers first", async () => {
  const probe: Probe = async ({ id }) => {
    if (id === "llama.cpp") await new Promise((resolve) => setTimeout(resolve, 20))
    if (id === "vllm") throw new Error("refused")
    return id === "lm-studio" ? [] : [`${id}-model`]
  }
  const found = await findLocalServers(env({}), probe)
  expect(found.map(({ provider, models }) => [provider, models])).toEqual([
    ["llama.cpp", ["llama.cpp-model"]],
    ["ollama", ["ollama-model"]],
  ])
})

test("all are asked at once", async () => {
  let asked = 0
  const all = Promise.withResolvers<void>()
  const probe: Probe = async () => {
    if (++asked === 4) all.resolve()
    await all.promise
    return []
  }
  expect(await findLocalServers(env({}), probe)).toEqual([])
})

test("the environment moves a server and gives its key; an address that is none stops nobody else", async () => {
  const seen: Record<string, unknown> = {}
  const probe: Probe = async ({ id }, baseUrl, headers) => {
    seen[id] = [baseUrl, headers]
    return []
  }
  await findLocalServers(
    env({ OLLAMA_HOST: "box:9999", LLAMA_API_KEY: "secret", LM_STUDIO_BASE_URL: "nonsense" }),
    probe,
  )
  expect(seen["ollama"]).toEqual(["http://box:9999/v1", {}])
  expect(seen["llama.cpp"]).toEqual(["http://127.0.0.1:8080/v1", { authorization: "Bearer secret" }])
  expect(seen).not.toHaveProperty("lm-studio")
  expect(seen).toHaveProperty("vllm")
})
