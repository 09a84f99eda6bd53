import { describe, expect, test } from "vitest"
import { describeModel, PROVIDERS, type ThinkingLadder } from "./index.ts"

function ladder(provider: string, id: string): ThinkingLadder | undefined {
  return describeModel(provider, id).thinking
}

describe("thinking of Claude", () => {
  test.each([
    "claude-3-7-sonnet-20250219",
    "claude-3.7-sonnet",
    "claude-sonnet-4-20250514",
    "claude-sonnet-4-0",
    "claude-opus-4-1-20250805",
    "claude-opus-4.1",
    "claude-sonnet-4-5-20250929",
    "claude-haiku-4.5",
    "claude-sonnet-4@20250514",
  ])("AG-161: %s takes a plain budget and no level", (id) => {
    expect(ladder("anthropic", id)).toMatchObject({ mode: "budget", budgets: { minimal: 1024, high: 16_384 } })
  })

  test.each(["claude-opus-4-5", "claude-opus-4.5", "claude-opus-4-5-20251101", "us.anthropic.claude-opus-4-5-v1"])(
    "%s takes a budget beside a level",
    (id) => {
      expect(ladder("anthropic", id)?.mode).toBe("budget-effort")
    },
  )

  test.each([
    ["claude-opus-4-6", ["low", "medium", "high", "max"]],
    ["claude-opus-4.6", ["low", "medium", "high", "max"]],
    ["claude-opus-4-6-20260205", ["low", "medium", "high", "max"]],
    ["claude-sonnet-4-6", ["low", "medium", "high"]],
    ["claude-opus-4.8", ["low", "medium", "high", "xhigh", "max"]],
    ["claude-opus-4-7", ["low", "medium", "high", "xhigh", "max"]],
    ["claude-opus-4-10", ["low", "medium", "high", "xhigh", "max"]],
    ["claude-sonnet-5", ["low", "medium", "high", "xhigh", "max"]],
    ["claude-sonnet-5-20260630", ["low", "medium", "high", "xhigh", "max"]],
    ["claude-opus-5-5", ["low", "medium", "high", "xhigh", "max"]],
    ["claude-fable-5", ["low", "medium", "high", "xhigh", "max"]],
  ])("AG-159: %s thinks adaptively, dotted and dashed alike", (id, efforts) => {
    expect(ladder("anthropic", id)).toMatchObject({ mode: "adaptive", efforts })
    expect(describeModel("anthropic", id).contextWindow).toBe(1_000_000)
  })

  test.each(["claude-3-5-sonnet-20241022", "claude-3-haiku-20240307", "claude-3-opus-latest", "claude-2.1"])(
    "%s does not think",
    (id) => {
      expect(ladder("anthropic", id)).toBeUndefined()
    },
  )

  test("a date after the major version is not a minor version", () => {
    expect(ladder("anthropic", "claude-opus-4-20250514")?.mode).toBe("budget")
    expect(ladder("anthropic", "claude-opus-5-20260801")?.mode).toBe("adaptive")
  })

  test("sampling is refused from Opus 4.7 on, on the vendor's host and on relays", () => {
    expect(describeModel("anthropic", "claude-opus-4-6").compat.messages?.sampling).toBeUndefined()
    expect(describeModel("anthropic", "claude-opus-4-7").compat.messages?.sampling).toBe(false)
    expect(describeModel("openrouter", "anthropic/claude-opus-4.7").compat.chat?.sampling).toBe(false)
    expect(describeModel("openrouter", "anthropic/claude-sonnet-4.6").compat.chat?.sampling).toBeUndefined()
  })

  test("AG-160: only 4.6 can be told not to think; later ones follow their ladder", () => {
    expect(describeModel("anthropic", "claude-sonnet-4-6").compat.messages?.refusesDisabledThinking).toBe(false)
    expect(describeModel("anthropic", "claude-opus-4-7").compat.messages?.refusesDisabledThinking).toBeUndefined()
  })

  test("AG-166: the highest level is offered on OpenRouter too", () => {
    expect(ladder("openrouter", "anthropic/claude-opus-4.7")?.efforts).toContain("xhigh")
  })

  test("structured answers are promised only where the model has them", () => {
    const structured = (id: string): unknown => describeModel("anthropic", id).compat.messages?.structuredOutput
    expect(structured("claude-sonnet-4-5")).toBe(true)
    expect(structured("claude-opus-4-1")).toBe(true)
    expect(structured("claude-sonnet-4-20250514")).toBe(false)
  })
})

describe("thinking of other families", () => {
  test.each([
    ["openai", "gpt-5", ["minimal", "low", "medium", "high"], true],
    ["openai", "gpt-5.1", ["low", "medium", "high"], undefined],
    ["openai", "gpt-5.4-mini", ["low", "medium", "high", "xhigh"], undefined],
    ["openai", "gpt-5.5-2026-04-23", ["low", "medium", "high", "xhigh"], undefined],
    ["openai", "gpt-5.6", ["low", "medium", "high", "xhigh", "max"], undefined],
    ["openai", "gpt-6-astra", ["low", "medium", "high", "xhigh", "max"], true],
    ["openai", "gpt-5.1-codex-mini", ["medium", "high"], true],
    ["openai", "gpt-5.2-codex", ["low", "medium", "high", "xhigh"], true],
    ["openai", "gpt-5-pro", ["high"], true],
    ["openai", "o4-mini", ["low", "medium", "high"], true],
    ["openrouter", "openai/o3", ["low", "medium", "high"], true],
    ["groq", "openai/gpt-oss-120b", ["low", "medium", "high"], true],
    ["ollama", "gpt-oss:20b", ["low", "medium", "high"], true],
    ["deepseek", "deepseek-v4-pro", ["high", "max"], undefined],
    ["deepseek", "deepseek-v4-flash", ["low", "high", "max"], undefined],
    ["deepseek", "deepseek-reasoner", ["high"], true],
    ["together", "deepseek-ai/DeepSeek-V4-Pro", ["high", "max"], undefined],
    ["ollama", "qwen3:8b", ["high"], undefined],
    ["vllm", "Qwen/Qwen3-30B-A3B-Thinking-2507", ["high"], true],
    ["zai", "glm-4.7", ["high"], undefined],
    ["zai", "glm-5.2", ["high", "max"], undefined],
    ["fireworks", "glm-5.3", ["low", "high", "max"], true],
    ["moonshot", "kimi-k2.6", ["high"], undefined],
    ["moonshot", "kimi-k2.7-code", ["high"], true],
    ["moonshot", "kimi-k3", ["low", "high", "max"], undefined],
    ["xai", "grok-3-mini", ["low", "high"], true],
    ["xai", "grok-4.6", ["low", "medium", "high"], true],
    ["openrouter", "google/gemini-2.5-flash", ["minimal", "low", "medium", "high"], undefined],
    ["openrouter", "google/gemini-3-flash-preview", ["minimal", "low", "medium", "high"], true],
    ["mistral", "mistral-medium-latest", ["high"], undefined],
  ])("%s/%s", (provider, id, efforts, mandatory) => {
    expect(ladder(provider, id)).toMatchObject({ mode: "effort", efforts })
    expect(ladder(provider, id)?.mandatory).toBe(mandatory)
  })

  test("AG-149: Gemini 3 Pro has no middle level", () => {
    expect(ladder("openrouter", "google/gemini-3-pro-preview")?.efforts).toEqual(["low", "high"])
  })

  test.each([
    ["openai", "gpt-4o"],
    ["openai", "gpt-4.1-mini"],
    ["openai", "gpt-5-chat-latest"],
    ["xai", "grok-4"],
    ["xai", "grok-4-fast-non-reasoning"],
    ["moonshot", "kimi-k2-0905-preview"],
    ["vllm", "Qwen/Qwen3-Coder-30B-A3B-Instruct"],
    ["deepseek", "deepseek-chat"],
    ["groq", "llama-3.3-70b-versatile"],
  ])("%s/%s has nothing to ask it with, and is not asked", (provider, id) => {
    const model = describeModel(provider, id)
    expect(model.thinking).toBeUndefined()
    expect(model.compat.chat?.thinkingFormat).toBe("none")
  })

  test.each(["openai", "openrouter", "custom"])("the o series and GPT-5 refuse sampling on %s too", (provider) => {
    for (const id of ["o3", "openai/o4-mini", "gpt-5", "openai/gpt-5.5", "gpt-6-astra"]) {
      expect(describeModel(provider, id).compat.chat?.sampling, id).toBe(false)
    }
    for (const id of ["gpt-4o", "openai/gpt-4.1", "openai/gpt-oss-120b"]) {
      expect(describeModel(provider, id).compat.chat?.sampling, id).toBeUndefined()
    }
  })

  test("AG-158: Ollama gets the words that it knows", () => {
    expect(describeModel("ollama", "gpt-oss:20b").compat.chat?.effortMap).toMatchObject({
      minimal: "low",
      xhigh: "max",
    })
  })

  test("AG-163: Kimi is switched on and off in so many words", () => {
    expect(describeModel("moonshot", "kimi-k2.6").compat.chat).toMatchObject({
      thinkingFormat: "thinking-type",
      thinkingExplicit: true,
    })
  })
})

describe("hosts", () => {
  test("what holds for the vendor's own host does not follow the provider elsewhere", () => {
    const own = describeModel("anthropic", "claude-opus-4-7")
    expect(own.compat.messages).toMatchObject({ keyHeader: "x-api-key", verifiesSignatures: true })
    const proxied = describeModel("anthropic", "claude-opus-4-7", undefined, {
      baseUrl: "https://proxy.example.com/v1/",
    })
    expect(proxied.baseUrl).toBe("https://proxy.example.com")
    expect(proxied.compat.messages?.keyHeader).toBeUndefined()
    expect(proxied.compat.messages?.verifiesSignatures).toBeUndefined()
    const lookAlike = describeModel("anthropic", "claude-opus-4-7", undefined, {
      baseUrl: "https://api.anthropic.com.example.org",
    })
    expect(lookAlike.compat.messages?.keyHeader).toBeUndefined()
  })

  test.each([
    "http://127.0.0.1:9999/v1",
    "http://localhost:1/v1",
    "http://[::1]:8080/v1",
    "http://[::ffff:127.0.0.1]:8080/v1",
    "http://10.1.2.3/v1",
    "http://172.31.0.1/v1",
    "http://192.168.0.4:8000",
    "http://100.64.0.1",
    "http://[fd12::1]/v1",
    "http://gpu-box:8000/v1",
    "https://llm.internal/v1",
    "http://mac.local:1234/v1",
  ])("%s gets the local defaults", (baseUrl) => {
    const { compat } = describeModel("custom", "some-model", undefined, { baseUrl })
    expect(compat.keyless).toBe(true)
    expect(compat.timeouts).toEqual({ firstEventMs: 0, idleMs: 300_000 })
  })

  test.each([
    "https://example.com/v1",
    "https://172.32.0.1",
    "https://11.0.0.1",
    "https://local.example.com",
    "https://[2001:db8::1]",
  ])("%s does not", (baseUrl) => {
    const { compat } = describeModel("custom", "some-model", undefined, { baseUrl })
    expect(compat.keyless).toBeUndefined()
    expect(compat.timeouts).toBeUndefined()
  })

  test("every local provider is keyless and waits for a model to load", () => {
    for (const provider of Object.values(PROVIDERS)) {
      if (provider.kind !== "local") continue
      expect(describeModel(provider, "some-model").compat).toMatchObject({
        keyless: true,
        timeouts: { firstEventMs: 0 },
      })
    }
  })

  test("Fireworks: public ids become long ids on the wire", () => {
    expect(describeModel("fireworks", "kimi-k2.6").requestModelId).toBe("accounts/fireworks/models/kimi-k2p6")
    expect(describeModel("fireworks", "gpt-oss-120b").requestModelId).toBe("accounts/fireworks/models/gpt-oss-120b")
    expect(describeModel("fireworks", "accounts/me/models/x-1.5").requestModelId).toBeUndefined()
  })

  test("AG-164: Kimi on Fireworks answers with 32000 tokens at most", () => {
    expect(describeModel("fireworks", "kimi-k2.6").maxTokens).toBe(32_000)
  })

  test("AG-157: a cap is sent to OpenRouter and Ollama only if the caller set one", () => {
    expect(describeModel("openrouter", "openai/gpt-5.5").compat.chat?.maxTokensOnlyIfSet).toBe(true)
    expect(describeModel("ollama", "qwen3:8b").compat.chat?.maxTokensOnlyIfSet).toBe(true)
    expect(describeModel("openrouter", "moonshotai/kimi-k2.6").compat.chat?.maxTokensOnlyIfSet).toBe(false)
  })

  test("overrides win over everything", () => {
    const model = describeModel("openai", "gpt-4o", undefined, {
      overrides: { contextWindow: 1000, compat: { chat: { developerRole: false } } },
    })
    expect(model.contextWindow).toBe(1000)
    expect(model.compat.chat).toMatchObject({ developerRole: false, multipleSystem: true })
  })

  test("an unknown model says what was taken for granted", () => {
    expect(describeModel("groq", "brand-new-model").assumed).toEqual([
      "input: text, image",
      "thinking: unknown",
      "contextWindow: unknown",
      "maxTokens: unknown",
      "prices: unknown, no cost is computed",
    ])
    expect(describeModel("groq", "brand-new-model", {}).assumed).toBeUndefined()
  })
})

describe("Ollama", () => {
  test("is reached through its own API where a caller wants that, at the root of its address", () => {
    expect(describeModel("ollama", "qwen3:8b", undefined, { api: "ollama-chat" })).toMatchObject({
      api: "ollama-chat",
      baseUrl: "http://127.0.0.1:11434",
      compat: { keyless: true, timeouts: { firstEventMs: 0 } },
    })
    expect(describeModel("ollama", "qwen3:8b").api).toBe("openai-completions")
  })

  test("in the cloud has a cap, keeps earlier thinking to itself, and needs a key", () => {
    const { api, baseUrl, compat } = describeModel("ollama-cloud", "gpt-oss:120b")
    expect({ api, baseUrl }).toEqual({ api: "ollama-chat", baseUrl: "https://ollama.com" })
    expect(compat.ollama).toEqual({ maxTokensCeiling: 65_536, replayThinking: "never" })
    expect(compat.keyless).toBeUndefined()
  })

  test("compat of several layers is merged field by field", () => {
    const { compat } = describeModel("ollama-cloud", "m", undefined, {
      overrides: { compat: { ollama: { contextWindow: 9 } } },
    })
    expect(compat.ollama).toEqual({ maxTokensCeiling: 65_536, replayThinking: "never", contextWindow: 9 })
  })
})
