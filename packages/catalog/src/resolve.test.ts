import { describe, expect, test } from "vitest"
import { CatalogError, didYouMean, listModels, modelName, nearest, PROVIDER_IDS, resolveModel } from "./index.ts"

function env(values: Readonly<Record<string, string>>): (name: string) => string | undefined {
  return (name) => values[name]
}

async function failure(name: string, options?: Parameters<typeof resolveModel>[1]): Promise<CatalogError> {
  try {
    await resolveModel(name, options)
  } catch (error) {
    expect(error).toBeInstanceOf(CatalogError)
    return error as CatalogError
  }
  throw new Error("resolved")
}

describe("resolveModel", () => {
  test("provider and model", async () => {
    const model = await resolveModel("anthropic/claude-sonnet-4-6")
    expect(model).toMatchObject({
      provider: "anthropic",
      id: "claude-sonnet-4-6",
      api: "anthropic-messages",
      baseUrl: "https://api.anthropic.com",
      maxTokens: 64_000,
      prices: { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75, cacheWrite1h: 6 },
    })
    expect(model.assumed).toBeUndefined()
    expect(modelName(model)).toBe("anthropic/claude-sonnet-4-6")
  })

  test("ids may hold slashes", async () => {
    const model = await resolveModel("openrouter/openai/gpt-5.5")
    expect(model).toMatchObject({ provider: "openrouter", id: "openai/gpt-5.5", contextWindow: 1_050_000 })
    expect((await resolveModel("openrouter/openrouter/auto")).id).toBe("openrouter/auto")
  })

  test("a provider alone stands for its default model, in any case", async () => {
    expect((await resolveModel("groq")).id).toBe("openai/gpt-oss-120b")
    expect((await resolveModel("OpenAI/gpt-4o")).provider).toBe("openai")
  })

  test("an id that can only be one vendor's needs no provider", async () => {
    for (const [id, provider] of [
      ["claude-opus-4-7", "anthropic"],
      ["gpt-5.5", "openai"],
      ["o3", "openai"],
      ["deepseek-v4-pro", "deepseek"],
      ["grok-4.6", "xai"],
      ["kimi-k3", "moonshot"],
      ["glm-4.7", "zai"],
      ["devstral-medium-latest", "mistral"],
    ] as const) {
      expect((await resolveModel(id)).provider).toBe(provider)
    }
    expect((await failure("gpt-oss-120b")).code).toBe("invalid_model_name")
  })

  test("unknown models are accepted", async () => {
    const model = await resolveModel("openai/gpt-9-turbo")
    expect(model).toMatchObject({ provider: "openai", id: "gpt-9-turbo", api: "openai-completions" })
    expect(model.assumed).toContain("prices: unknown, no cost is computed")
    expect(model.prices).toBeUndefined()
  })

  test("AG-159: another spelling finds the entry, and the vendor's own id goes out", async () => {
    const model = await resolveModel("anthropic/claude-opus-4.6")
    expect(model).toMatchObject({ id: "claude-opus-4.6", requestModelId: "claude-opus-4-6", prices: { input: 5 } })
    expect(model.assumed).toBeUndefined()
  })

  test("a dated id takes what is known of the undated one, and says so", async () => {
    const model = await resolveModel("openai/gpt-5.5-2026-04-23")
    expect(model).toMatchObject({ id: "gpt-5.5-2026-04-23", prices: { input: 5, output: 30 } })
    expect(model.requestModelId).toBeUndefined()
    expect(model.assumed).toEqual(["limits and prices: as gpt-5.5"])
    expect((await resolveModel("openrouter/openai/gpt-5.5:nitro")).contextWindow).toBe(1_050_000)
  })

  test("any host works by its base URL", async () => {
    const model = await resolveModel("qwen/some-model", { baseUrl: "https://llm.example.com/v1/" })
    expect(model).toMatchObject({
      provider: "custom",
      id: "qwen/some-model",
      api: "openai-completions",
      baseUrl: "https://llm.example.com/v1",
    })
    expect(model.assumed?.[0]).toBe("api: openai-completions")
    const messages = await resolveModel("x", { baseUrl: "https://h.example/api/", api: "anthropic-messages" })
    expect(messages).toMatchObject({ api: "anthropic-messages", baseUrl: "https://h.example/api" })
    const guessed = await resolveModel("x", { baseUrl: "https://h.example/anthropic" })
    expect(guessed.api).toBe("anthropic-messages")
    expect((await resolveModel("", { baseUrl: "http://127.0.0.1:1/v1" })).id).toBe("default")
  })

  test("a host's ids keep the vendor in them, and no vendor's key is meant for it", async () => {
    const options = { baseUrl: "http://127.0.0.1:1234/v1" }
    const model = await resolveModel("openai/gpt-oss-20b", options)
    expect(model).toMatchObject({ provider: "custom", id: "openai/gpt-oss-20b" })
    expect(await resolveModel("custom/anthropic/x", options)).toMatchObject({ provider: "custom", id: "anthropic/x" })
    expect(await resolveModel("ollama/qwen3:8b", { baseUrl: "http://gpu:11434/v1" })).toMatchObject({
      provider: "ollama",
      id: "qwen3:8b",
      baseUrl: "http://gpu:11434/v1",
    })
  })

  test("a vendor's own address is the vendor", async () => {
    const baseUrl = "https://api.groq.com/openai/v1"
    expect(await resolveModel("openai/gpt-oss-20b", { baseUrl })).toMatchObject({
      provider: "groq",
      id: "openai/gpt-oss-20b",
    })
    const named = await resolveModel("openai/gpt-4o", { baseUrl: "https://api.openai.com/v1/" })
    expect(named).toMatchObject({ provider: "openai", id: "gpt-4o", compat: { chat: { store: true } } })
    const compound = await resolveModel("groq/compound", { baseUrl })
    expect(compound).toMatchObject({ provider: "groq", id: "groq/compound" })
  })

  test("the provider can be named apart", async () => {
    const model = await resolveModel("gpt-5.5", { provider: "openai", baseUrl: "https://proxy.example.com/openai/v1" })
    expect(model).toMatchObject({ provider: "openai", baseUrl: "https://proxy.example.com/openai/v1" })
    expect(model.compat.chat?.store).toBeUndefined()
  })

  test("the environment moves a provider", async () => {
    const moved = await resolveModel("openai/gpt-4o", { env: env({ OPENAI_BASE_URL: "https://eu.example.com/v1/" }) })
    expect(moved.baseUrl).toBe("https://eu.example.com/v1")
    const anthropic = await resolveModel("anthropic", { env: env({ ANTHROPIC_BASE_URL: "http://localhost:4000/v1" }) })
    expect(anthropic).toMatchObject({ baseUrl: "http://localhost:4000", compat: { keyless: true } })
    const given = await resolveModel("openai/gpt-4o", {
      provider: "openai",
      baseUrl: "https://b.example/v1",
      env: env({ OPENAI_BASE_URL: "https://a.example" }),
    })
    expect(given.baseUrl).toBe("https://b.example/v1")
  })

  test.each([
    ["0.0.0.0:11434", "http://127.0.0.1:11434/v1"],
    ["0.0.0.0", "http://127.0.0.1:11434/v1"],
    ["gpu-box", "http://gpu-box:11434/v1"],
    ["192.168.1.5:9000", "http://192.168.1.5:9000/v1"],
    ["https://ollama.example.com", "https://ollama.example.com/v1"],
    ["http://h:1/sub/v1/", "http://h:1/sub/v1"],
    [":8000", undefined],
  ])("OLLAMA_HOST=%s", async (value, expected) => {
    const options = { env: env({ OLLAMA_HOST: value }) }
    if (expected === undefined) expect((await failure("ollama", options)).message).toContain("OLLAMA_HOST")
    else expect((await resolveModel("ollama", options)).baseUrl).toBe(expected)
  })
})

describe("errors of resolveModel", () => {
  test("an unknown provider names those that are near", async () => {
    const error = await failure("antropic/claude-opus-4-7")
    expect(error.code).toBe("unknown_provider")
    expect(error.message).toBe('There is no provider "antropic" in the catalog. Did you mean anthropic?')
    expect(error.suggestions).toEqual(["anthropic"])
    expect(error.hint).toContain("openai")
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ code: "unknown_provider", suggestions: ["anthropic"] })
  })

  test("a namespace of an aggregator is explained", async () => {
    expect((await failure("qwen/qwen3-32b")).hint).toContain("openrouter/qwen/qwen3-32b")
  })

  test.each([
    ["", "is empty"],
    ["openai/", "ends where"],
    ["what is this", "does not say whose"],
    ["openai/a b", "white space"],
    ["custom/x", "no base URL"],
  ])("%j", async (name, part) => {
    const error = await failure(name)
    expect(error.code).toBe("invalid_model_name")
    expect(error.message).toContain(part)
    expect(error.hint).toContain("provider/model")
  })

  test.each(["nonsense", "ftp://x/", "http://user:secret@h/v1", "https://h/v1?key=secret", "https://h/#x", "http://"])(
    "base URL %s",
    async (baseUrl) => {
      const error = await failure("custom/x", { baseUrl })
      expect(error.code).toBe("invalid_base_url")
      expect(JSON.stringify(error)).not.toContain("secret")
    },
  )

  test("a bad variable is named", async () => {
    const error = await failure("openai", { env: env({ OPENAI_BASE_URL: "nonsense" }) })
    expect(error.message).toContain("OPENAI_BASE_URL")
  })
})

describe("listModels", () => {
  test("of one provider and of all", async () => {
    const groq = await listModels("groq")
    expect(groq.map((model) => model.id)).toContain("openai/gpt-oss-120b")
    const all = await listModels()
    expect(all.length).toBeGreaterThan(groq.length)
    const names = all.map(modelName)
    expect(new Set(names).size).toBe(names.length)
    await expect(listModels("gorq")).rejects.toMatchObject({ code: "unknown_provider", suggestions: ["groq"] })
  })
})

describe("nearest", () => {
  test.each([
    ["opnai", ["openai"]],
    ["openia", ["openai"]],
    ["lmstudio", ["lm-studio"]],
    ["llamacpp", ["llama.cpp"]],
    ["llama", ["ollama", "llama.cpp"]],
    ["z.ai", ["zai"]],
    ["moonshotai", ["moonshot"]],
    ["completely-else", []],
    ["", []],
  ])("%s", (name, expected) => {
    const found = nearest(name, PROVIDER_IDS)
    expect(found.slice(0, expected.length)).toEqual(expected)
    if (expected.length === 0) expect(found).toEqual([])
  })

  test("in words", () => {
    expect(didYouMean([])).toBe("")
    expect(didYouMean(["a", "b", "c"])).toBe(" Did you mean a, b or c?")
  })
})
