import { existsSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { CLAUDE_RULES } from "./families/claude.ts"
import { GEMINI_NATIVE_RULES } from "./families/gemini.ts"
import { GPT_OSS_RULES, GPT_RULES } from "./families/gpt.ts"
import { DEEPSEEK_RULES, GLM_RULES, KIMI_RULES, QWEN_RULES } from "./families/open-weights.ts"
import { GEMINI_RULES, GROK_RULES, MISTRAL_RULES } from "./families/others.ts"
import { custom, EFFORTS, listModels, PROVIDER_IDS, PROVIDERS, resolveModel, type ModelRule } from "./index.ts"

/** Ids that the families were written for; a row that matches none of them is a slip. */
const KNOWN_IDS: readonly string[] = [
  "claude-2.1",
  "claude-3-5-sonnet-20241022",
  "claude-3-7-sonnet-20250219",
  "claude-opus-4-20250514",
  "claude-opus-4-1-20250805",
  "claude-sonnet-4-5",
  "claude-opus-4.5",
  "claude-opus-4-6",
  "claude-sonnet-4-6",
  "claude-opus-4-8",
  "claude-fable-5",
  "gpt-3.5-turbo",
  "gpt-4o",
  "o3",
  "o3-mini",
  "o1-preview",
  "gpt-5",
  "gpt-5.1",
  "gpt-5.2",
  "gpt-5.6",
  "gpt-6-astra",
  "gpt-5-codex",
  "gpt-5.1-codex-max",
  "gpt-5.1-codex-mini",
  "gpt-5-pro",
  "gpt-5.2-pro",
  "gpt-5-chat-latest",
  "openai/gpt-oss-120b",
  "deepseek-chat",
  "deepseek-v3.2",
  "deepseek-reasoner",
  "deepseek-v4-pro",
  "deepseek-v4-flash",
  "deepseek-ai/DeepSeek-V4-Pro",
  "qwen/qwen3-32b",
  "Qwen/Qwen3-Coder-Next",
  "qwq-32b",
  "glm-4.7",
  "zai-glm-4.7",
  "glm-4.5v",
  "glm-5.2",
  "glm-5.3",
  "kimi-k2-0905-preview",
  "kimi-k2.5",
  "kimi-k2.7-code",
  "kimi-k3",
  "moonshotai/kimi-k2.6",
  "MiniMax-M2.5",
  "hermes-4-70b",
  "moonshot-v1-8k",
  "moonshot-v1-8k-vision-preview",
  "grok-4",
  "grok-3-mini",
  "grok-4.6",
  "grok-4-fast-non-reasoning",
  "gemini-2.0-flash",
  "gemini-2.5-pro",
  "gemini-2.5-flash",
  "gemini-2.5-flash-lite",
  "gemini-2.5-flash-image",
  "gemma-3-27b-it",
  "gemini-3-pro",
  "gemini-3-pro-preview",
  "gemini-3-flash-preview",
  "mistral-medium-latest",
  "codestral-latest",
  "llama-3.3-70b-versatile",
  "llama3.1-8b",
  "meta-llama/Llama-3.3-70B-Instruct-Turbo",
  "anthropic/claude-opus-4.7",
  "demo",
]

const FAMILIES: Readonly<Record<string, readonly ModelRule[]>> = {
  claude: CLAUDE_RULES,
  gpt: GPT_RULES,
  gptOss: GPT_OSS_RULES,
  deepseek: DEEPSEEK_RULES,
  qwen: QWEN_RULES,
  glm: GLM_RULES,
  kimi: KIMI_RULES,
  grok: GROK_RULES,
  gemini: GEMINI_RULES,
  geminiNative: GEMINI_NATIVE_RULES,
  mistral: MISTRAL_RULES,
  custom: custom.rules,
}

describe.each(PROVIDER_IDS)("provider %s", (id) => {
  const provider = PROVIDERS[id]

  test("has its file, and its id is its key", () => {
    expect(provider.id).toBe(id)
    expect(existsSync(new URL(`./providers/${id.replaceAll(".", "-")}.ts`, import.meta.url))).toBe(true)
  })

  test("has everything that a person is told about it", () => {
    expect(provider.name).not.toBe("")
    expect(["vendor", "aggregator", "local", "cloud"]).toContain(provider.kind)
    expect(["allowed", "restricted", "forbidden"]).toContain(provider.thirdParty)
    if (provider.login === "key") {
      expect(provider.keyEnv.length).toBeGreaterThan(0)
      expect(provider.keyPage).toBeDefined()
      expect(provider.keyCheck).toBeDefined()
    } else if (provider.login === "none") {
      expect(provider.compat?.keyless).toBe(true)
    }
  })

  test("has valid addresses", () => {
    const https = /^https:\/\//
    expect(provider.docs).toMatch(https)
    if (provider.keyPage !== undefined) expect(provider.keyPage).toMatch(https)
    for (const url of [provider.docs, provider.keyPage ?? provider.docs]) expect(URL.canParse(url)).toBe(true)
    for (const { baseUrl } of provider.apis) {
      expect(URL.canParse(baseUrl)).toBe(true)
      expect(baseUrl).not.toMatch(/\/$/)
      if (provider.kind !== "local") expect(baseUrl).toMatch(https)
    }
    expect(new Set(provider.apis.map((entry) => entry.api)).size).toBe(provider.apis.length)
    if (provider.listing) expect(provider.listing.path).toMatch(/^\//)
    if (provider.keyCheck?.by === "get") expect(provider.keyCheck.path).toMatch(/^(?:\/|https:\/\/)/)
  })

  test("has a default model that resolves", async () => {
    const model = await resolveModel(id)
    expect(model).toMatchObject({ provider: id, id: provider.defaultModel, api: provider.apis[0].api })
    expect(model.baseUrl).toBe(provider.apis[0].baseUrl)
    if (provider.models) expect(model.assumed).toBeUndefined()
    else expect(model.assumed?.length).toBeGreaterThan(0)
  })

  test("has rules that each match a known id", async () => {
    const ids = [...KNOWN_IDS, ...Object.keys((await provider.models?.()) ?? {})]
    for (const rule of provider.rules) {
      expect(
        ids.some((known) => rule.match.test(known)),
        String(rule.match),
      ).toBe(true)
      expect(rule.match.global || rule.match.sticky, "a stateful pattern").toBe(false)
    }
  })

  test("has models with sound figures", async () => {
    for (const model of await listModels(id)) {
      expect(model.assumed, model.id).toBeUndefined()
      for (const figure of [model.contextWindow, model.maxTokens]) {
        if (figure !== undefined) expect(figure, model.id).toBeGreaterThan(0)
      }
      if (model.contextWindow !== undefined && model.maxTokens !== undefined) {
        expect(model.maxTokens, model.id).toBeLessThanOrEqual(model.contextWindow)
      }
      if (model.prices) {
        expect(model.prices.output, model.id).toBeGreaterThanOrEqual(model.prices.input)
        expect(model.prices.cacheRead ?? 0, model.id).toBeLessThanOrEqual(model.prices.input)
        const long = model.prices.longContext
        if (long) expect(long.input, model.id).toBeGreaterThan(model.prices.input)
      }
      if (model.thinking) {
        const order = model.thinking.efforts.map((effort) => EFFORTS.indexOf(effort))
        expect(order, model.id).toEqual([...new Set(order)].sort((a, b) => a - b))
        expect(order.length, model.id).toBeGreaterThan(0)
        if (model.thinking.mode.startsWith("budget")) {
          for (const effort of model.thinking.efforts) expect(model.thinking.budgets?.[effort]).toBeGreaterThan(0)
        }
      }
    }
  })
})

describe("registry", () => {
  test("no environment variable belongs to two providers or means two things", () => {
    const names = Object.values(PROVIDERS).flatMap((provider) => [
      ...provider.keyEnv,
      ...provider.baseUrlEnv.map((variable) => variable.name),
    ])
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[A-Z][A-Z0-9_]*$/)
  })

  test("no model without a provider before it belongs to two vendors", async () => {
    for (const model of await listModels()) {
      const owners = Object.values(PROVIDERS).filter((provider) => provider.ownIds?.test(model.id))
      expect(owners.length, model.id).toBeLessThanOrEqual(1)
    }
  })

  test.each(Object.entries(FAMILIES))("each rule of the family %s matches a known id", (_family, rules) => {
    for (const rule of rules) {
      expect(
        KNOWN_IDS.some((id) => rule.match.test(id)),
        String(rule.match),
      ).toBe(true)
    }
  })
})
