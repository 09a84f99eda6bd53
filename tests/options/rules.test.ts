import { type CallOptions, type Context, type Message, type Model, type Tool } from "@sluice/ai"
import { resolveModel } from "@sluice/catalog"
import { describe, expect, test } from "vitest"
import { WEATHER } from "../support/call.ts"
import { bodyOf, lossesTo } from "./ask.ts"

const SCHEMA = { type: "object", properties: {}, additionalProperties: false } as const

async function asked(
  name: string,
  options: CallOptions,
  context: Partial<Context> = {},
  api?: string,
): Promise<{ body: Record<string, never>; losses: string[] }> {
  const model = await resolveModel(name, api === undefined ? {} : { api })
  const target: [Model, CallOptions, Partial<Context>] = [model, options, context]
  return { body: await bodyOf(...target), losses: await lossesTo(...target) }
}

describe("no tokens to think with", () => {
  test.each([
    ["anthropic/claude-sonnet-4-5", { thinking: { type: "disabled" } }],
    ["openai/gpt-5.5", { reasoning_effort: "none" }],
    ["google/gemini-2.5-flash", { generationConfig: { thinkingConfig: { thinkingBudget: 0 } } }],
    [
      "amazon-bedrock/us.amazon.nova-2-lite-v1:0",
      { additionalModelRequestFields: { reasoningConfig: { type: "disabled" } } },
    ],
  ])("are no thinking, whatever the level: %s", async (name, field) => {
    for (const options of [{ thinkingBudget: 0 }, { thinkingBudget: 0, reasoning: "high" as const }]) {
      const { body, losses } = await asked(name, options)
      expect(body).toMatchObject(field)
      expect(losses).toEqual([])
    }
  })
})

test.each([
  "anthropic/claude-sonnet-4-5",
  "openai/gpt-5.5",
  "google/gemini-2.5-flash",
  "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
  "ollama/qwen3:8b",
])("a number of tokens next to thinking that is off is said to be left out: %s", async (name) => {
  const { losses } = await asked(name, { reasoning: "off", thinkingBudget: 3000 })
  expect(losses).toContain("dropped options.thinkingBudget")
})

test("a model that always thinks is asked for its least, and not for the tokens of thinking that was not wanted", async () => {
  const model = { thinking: { mode: "budget", efforts: ["low", "high"], mandatory: true } } as const
  const claude = { ...(await resolveModel("anthropic/claude-sonnet-4-5")), ...model }
  for (const options of [{ reasoning: "off", thinkingBudget: 30_000 }, { thinkingBudget: 0 }] as const) {
    expect(await bodyOf(claude, options)).toMatchObject({ thinking: { type: "enabled", budget_tokens: 4096 } })
  }
})

describe("a level that is moved", () => {
  test("to another one is that one's model, where levels are models of their own", async () => {
    for (const reasoning of ["minimal", "low", "medium"] as const) {
      const { body } = await asked("google-antigravity/gemini-3-pro", { reasoning })
      expect(body).toMatchObject({
        model: "gemini-3-pro-low",
        request: { generationConfig: { thinkingConfig: { thinkingLevel: "LOW" } } },
      })
    }
  })
})

describe("what a host makes of a request behind its wire", () => {
  test("is on record: a cap, and a tool that is asked for in words", async () => {
    const name = "google-antigravity/claude-sonnet-4-5"
    const tools = [WEATHER]
    expect((await asked(name, { maxTokens: 90_000 })).losses).toEqual(["approximated options.maxTokens"])
    expect((await asked(name, { maxTokens: 1000, reasoning: "high" })).losses).toEqual([
      "approximated options.maxTokens",
    ])
    expect((await asked(name, { maxTokens: 30_000 })).losses).toEqual([])
    const forced = await asked(name, { toolChoice: "required" }, { tools })
    expect(forced.losses).toContain("approximated options.toolChoice")
    expect((await asked(name, { toolChoice: "none" }, { tools })).losses).not.toContain(
      "approximated options.toolChoice",
    )
  })

  test("is on record: the lighter form of Codex names no tool and has no parallel calls", async () => {
    const model = await resolveModel("openai-codex/gpt-5.5")
    const light: Model = { ...model, compat: { ...model.compat, responses: { ...model.compat.responses, lite: true } } }
    const tools: Tool[] = [WEATHER, { ...WEATHER, name: "news" }]
    const named = { toolChoice: { name: "news" }, parallelToolCalls: true }
    const losses = ["approximated options.toolChoice", "dropped options.parallelToolCalls"]
    expect(await lossesTo(light, named, { tools })).toEqual(losses)
    expect(await lossesTo(model, named, { tools })).toEqual([])
    expect(await lossesTo(light, { toolChoice: "required", parallelToolCalls: false }, { tools })).toEqual([])
  })
})

describe("a format of the output", () => {
  const output = { type: "jsonSchema", schema: SCHEMA, name: "n", description: "d", strict: true } as const

  test("is strict by its nature where a host holds an answer to a schema", async () => {
    const lost = ["dropped options.output.name", "dropped options.output.description"]
    for (const [name, api] of [
      ["anthropic/claude-opus-4-6", "anthropic-messages"],
      ["ollama/gpt-oss:20b", "ollama-chat"],
    ] as const) {
      expect((await asked(name, { output }, {}, api)).losses).toEqual(lost)
      const loose = await asked(name, { output: { type: "jsonSchema", schema: SCHEMA, strict: false } }, {}, api)
      expect(loose.losses).toEqual(["approximated options.output.strict"])
    }
    expect((await asked("amazon-bedrock/us.anthropic.claude-opus-4-6-v1", { output })).losses).toEqual([])
  })

  test("for which a tool stands in leaves no other to be forced", async () => {
    const { losses } = await asked("anthropic/claude-3-5-haiku-20241022", { output, toolChoice: "required" })
    expect(losses).toContain("dropped options.toolChoice")
  })
})

test("half a character within JSON that is a text of its own is replaced like every other", async () => {
  const output = { type: "jsonSchema", schema: { ...SCHEMA, description: "a\ud800" } } as const
  const { body } = await asked("amazon-bedrock/us.anthropic.claude-opus-4-6-v1", { output })
  expect(JSON.stringify(body)).not.toMatch(/\\ud800/)
  const orphan: Message = { role: "toolResult", toolCallId: "i\ud800", toolName: "t\ud800", content: "x" }
  const noted = await asked("openai/gpt-5.5", {}, { messages: [orphan] })
  expect(JSON.stringify(noted.body)).toMatch(/tool=.{0,4}t\ufffd/)
})

describe("cache marks of the caller", () => {
  const said = (text: string, cache?: "short" | "long"): Message => ({
    role: "user",
    content: [{ type: "text", text, ...(cache ? { cache } : {}) }],
  })
  const many = (cache: "short" | "long"): Partial<Context> => ({
    systemPrompt: [
      { type: "text", text: "a", cache },
      { type: "text", text: "b", cache },
    ],
    messages: ["c", "d", "e", "f"].map((text) => said(text, cache)),
  })
  const mixed: Partial<Context> = { messages: [said("a", "short"), said("b", "long")] }
  const HOSTS = [
    ["anthropic/claude-opus-4-6", "anthropic-messages"],
    ["openrouter/anthropic/claude-sonnet-4.6", "openai-completions"],
    ["amazon-bedrock/us.anthropic.claude-opus-4-6-v1", "bedrock-converse-stream"],
  ] as const

  test.each(HOSTS)("are four at most, and the last ones stay: %s over %s", async (name, api) => {
    const { body, losses } = await asked(name, {}, many("short"), api)
    const text = JSON.stringify(body)
    expect(text.match(/"cache_control"|"cachePoint"/g)).toHaveLength(4)
    expect(losses).toContain("dropped cache")
    expect(text).toMatch(/"f"[^[]*(?:cache_control|cachePoint)/)
  })

  test.each(HOSTS)("for an hour do not stand behind one for five minutes: %s over %s", async (name, api) => {
    const { body, losses } = await asked(name, {}, mixed, api)
    expect(JSON.stringify(body)).not.toContain('"ttl"')
    expect(losses).toContain("approximated cache")
    const hours = await asked(name, {}, many("long"), api)
    expect(JSON.stringify(hours.body).match(/"ttl":"1h"/g)).toHaveLength(4)
    expect(hours.losses).not.toContain("approximated cache")
  })

  test.each(HOSTS)("go out although Sluice is to place none itself: %s over %s", async (name, api) => {
    const { body } = await asked(name, { cacheRetention: "none" }, mixed, api)
    expect(JSON.stringify(body).match(/"cache_control"|"cachePoint"/g)).toHaveLength(2)
  })

  test.each([
    ["openai/gpt-5.5", "openai-completions"],
    ["openai/gpt-5.5", "openai-responses"],
    ["google/gemini-3-pro-preview", "google-generative-ai"],
    ["ollama/gpt-oss:20b", "ollama-chat"],
  ])("are said to be lost where there are none: %s over %s", async (name, api) => {
    for (const options of [{}, { cacheRetention: "none" as const }]) {
      expect((await asked(name, options, mixed, api)).losses).toContain("dropped messages[0].content[0].cache")
    }
  })
})
