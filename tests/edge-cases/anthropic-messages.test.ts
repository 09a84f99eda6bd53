import type { MessagesCompat, ThinkingLadder } from "@sluice/catalog"
import { classify, type ToolResultMessage } from "@sluice/ai"
import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { describe, expect, test } from "vitest"
import { assistant, callOf, encode, user, type CallFields } from "../support/anthropic-messages.ts"

const ADAPTIVE: ThinkingLadder = { mode: "adaptive", efforts: ["low", "medium", "high", "xhigh", "max"], display: true }

const BUDGET: ThinkingLadder = { mode: "budget", efforts: ["minimal", "low", "medium", "high", "xhigh"] }

const BUDGET_EFFORT: ThinkingLadder = { mode: "budget-effort", efforts: ["minimal", "low", "medium", "high", "xhigh"] }

const tool = { name: "f", description: "d", parameters: { type: "object", properties: {} } }

function at(compat: MessagesCompat, thinking?: ThinkingLadder): NonNullable<CallFields["model"]> {
  return { compat: { messages: compat }, ...(thinking ? { thinking } : {}), maxTokens: 64_000 }
}

function result(id: string, fields: Partial<ToolResultMessage> = {}): ToolResultMessage {
  return { role: "toolResult", toolCallId: id, content: "ok", ...fields }
}

function schemaOf(parameters: Record<string, unknown>): Record<string, unknown> {
  return encode({ context: { tools: [{ name: "f", parameters }] } }).body["tools"][0].input_schema
}

function marks(value: unknown): number {
  return JSON.stringify(value).split('"cache_control"').length - 1
}

describe("request: betas and thinking", () => {
  test("WO-1: a plain request carries no beta", () => {
    expect(encode({ context: { tools: [tool] } }).betas).toEqual([])
  })

  test("WO-2: the beta for a million tokens is never sent unasked", () => {
    const { betas } = encode({
      model: at({ contextManagement: true, cacheTtl: "1h" }, ADAPTIVE),
      options: { reasoning: "max" },
    })
    expect(betas.join()).not.toContain("context-1m")
  })

  test.each(["high", "off"] as const)("WO-3: a level never travels without its beta (%s)", (reasoning) => {
    const { body, betas } = encode({ model: at({}, ADAPTIVE), options: { reasoning } })
    expect(body["output_config"].effort).toBe(reasoning === "off" ? "low" : "high")
    expect(betas).toContain("effort-2025-11-24")
  })

  test("WO-4: a host without levels gets neither the field nor the beta", () => {
    for (const reasoning of ["high", "off"] as const) {
      const { body, betas } = encode({ model: at({ effort: false }, ADAPTIVE), options: { reasoning } })
      expect(body["output_config"]).toBeUndefined()
      expect(betas).toEqual([])
    }
    expect(encode({ model: at({ betaHeader: false }, ADAPTIVE), options: { reasoning: "high" } }).betas).toEqual([])
  })

  test("WO-5: a model with a budget only gets no level", () => {
    const { body, betas } = encode({ model: at({}, BUDGET), options: { reasoning: "medium" } })
    expect(body["thinking"]).toEqual({ type: "enabled", budget_tokens: 8192 })
    expect(body["output_config"]).toBeUndefined()
    expect(betas).toEqual([])
  })

  test("WO-6: a model with budget and level gets both", () => {
    const { body } = encode({ model: at({}, BUDGET_EFFORT), options: { reasoning: "medium" } })
    expect(body["thinking"].budget_tokens).toBe(8192)
    expect(body["output_config"]).toEqual({ effort: "medium" })
  })

  test("WO-7: a model that cannot be told to stop thinking is asked for its lowest level", () => {
    const { body, losses } = encode({ model: at({}, ADAPTIVE), options: { reasoning: "off" } })
    expect(body["thinking"]).toBeUndefined()
    expect(body["output_config"]).toEqual({ effort: "low" })
    expect(losses).toContain("approximated options.reasoning")
    const other = encode({ model: at({}, BUDGET), options: { reasoning: "off" } })
    expect(other.body["thinking"]).toEqual({ type: "disabled" })
  })

  test("WO-8: off stays off when a tool is forced", () => {
    const { body } = encode({
      model: at({}, ADAPTIVE),
      context: { tools: [tool] },
      options: { reasoning: "off", toolChoice: "required" },
    })
    expect(body["thinking"]).toBeUndefined()
    expect(body["output_config"]).toEqual({ effort: "low" })
    expect(body["tool_choice"]).toEqual({ type: "any" })
  })

  test("WO-9: display is sent only where the model takes it", () => {
    const { display: _, ...plain } = ADAPTIVE
    expect(encode({ model: at({}, plain), options: { reasoning: "high" } }).body["thinking"]).toEqual({
      type: "adaptive",
    })
  })

  test("WO-10: a model that keeps its thinking back is asked to show it", () => {
    expect(encode({ model: at({}, ADAPTIVE), options: { reasoning: "high" } }).body["thinking"]).toEqual({
      type: "adaptive",
      display: "summarized",
    })
  })

  test("WO-13: sampling is left out where the model refuses it", () => {
    const { body, losses } = encode({
      model: at({ sampling: false }),
      options: { temperature: 0.5, topP: 0.9, topK: 40 },
    })
    expect(body).not.toHaveProperty("temperature")
    expect(body).not.toHaveProperty("top_p")
    expect(body).not.toHaveProperty("top_k")
    expect(losses).toEqual(["dropped options.temperature", "dropped options.topP", "dropped options.topK"])
  })

  test("WO-14: sampling stays when thinking is absent or off, and goes when it is on", () => {
    const sampled = { temperature: 0.5 }
    expect(encode({ model: at({}, BUDGET), options: sampled }).body["temperature"]).toBe(0.5)
    expect(encode({ model: at({}, BUDGET), options: { ...sampled, reasoning: "off" } }).body["temperature"]).toBe(0.5)
    expect(encode({ model: at({}, BUDGET), options: { ...sampled, reasoning: "low" } }).body).not.toHaveProperty(
      "temperature",
    )
  })

  test("WO-15: the answer keeps room beside the budget", () => {
    const raised = encode({ model: at({}, BUDGET), options: { reasoning: "high", maxTokens: 2000 } }).body
    expect(raised).toMatchObject({ max_tokens: 20_384, thinking: { budget_tokens: 16_384 } })
    const lowered = encode({ model: { ...at({}, BUDGET), maxTokens: 8192 }, options: { reasoning: "high" } }).body
    expect(lowered).toMatchObject({ max_tokens: 8192, thinking: { budget_tokens: 4192 } })
    expect(() => encode({ model: { ...at({}, BUDGET), maxTokens: 1500 }, options: { reasoning: "high" } })).toThrow(
      /maxTokens/,
    )
  })

  test("WO-16: a model's own limit is asked for, however large", () => {
    expect(encode({ model: { maxTokens: 128_000 } }).body["max_tokens"]).toBe(128_000)
  })

  test("WO-17: an unknown limit becomes 64000, never 0", () => {
    expect(encode().body["max_tokens"]).toBe(64_000)
    expect(encode({ model: { maxTokens: 0 } }).body["max_tokens"]).toBe(64_000)
  })

  test("WO-18: a forced tool takes thinking and context management away", () => {
    const { body, betas, losses } = encode({
      model: at({ contextManagement: true }, BUDGET),
      context: { tools: [tool] },
      options: { reasoning: "high", toolChoice: { name: "f" } },
    })
    expect(body["tool_choice"]).toEqual({ type: "tool", name: "f" })
    expect(body).not.toHaveProperty("thinking")
    expect(body).not.toHaveProperty("context_management")
    expect(betas).toEqual([])
    expect(losses).toContain("dropped options.reasoning")
  })

  test("WO-19: a host that refuses a forced tool is left the choice", () => {
    const { body, losses } = encode({
      model: at({ refusesForcedTool: true }),
      context: { tools: [tool] },
      options: { toolChoice: "required" },
    })
    expect(body["tool_choice"]).toEqual({ type: "auto" })
    expect(losses).toContain("approximated options.toolChoice")
  })

  test("WO-20: a model that must think keeps thinking, and the choice is free", () => {
    const { body } = encode({
      model: at({}, { ...BUDGET, mandatory: true }),
      context: { tools: [tool] },
      options: { toolChoice: { name: "f" }, reasoning: "low" },
    })
    expect(body["thinking"]).toMatchObject({ type: "enabled" })
    expect(body["tool_choice"]).toEqual({ type: "auto" })
  })

  test("WO-21: one call at a time is asked for only when the caller does", () => {
    const asked = encode({ context: { tools: [tool] }, options: { parallelToolCalls: false } }).body
    expect(asked["tool_choice"]).toEqual({ type: "auto", disable_parallel_tool_use: true })
    const { body } = encode({
      context: { tools: [tool] },
      options: { toolChoice: "required", parallelToolCalls: true },
    })
    expect(body["tool_choice"]).toEqual({ type: "any" })
    expect(encode({ context: { tools: [tool] } }).body).not.toHaveProperty("tool_choice")
  })

  test("WO-22: the first four stop sequences are sent", () => {
    const { body, losses } = encode({ options: { stop: ["a", "b", " ", "c", "d", "e"] } })
    expect(body["stop_sequences"]).toEqual(["a", "b", "c", "d"])
    expect(losses).toContain("dropped options.stop")
  })
})

describe("request: cache marks", () => {
  test("WO-23: thinking carries no mark", () => {
    const thought = assistant([
      { type: "text", text: "a" },
      { type: "thinking", thinking: "t", signature: { value: "s" } },
    ])
    const { body } = encode({ messages: [user("q"), thought, user("r")] })
    const content = body["messages"][1].content
    expect(content.map((block: { cache_control?: unknown }) => block.cache_control !== undefined)).toEqual([
      true,
      false,
    ])
  })

  test("WO-24: a turn of tool results only is marked on its last one", () => {
    const calls = assistant([{ type: "toolCall", id: "c", name: "f", arguments: {} }])
    const { body } = encode({ messages: [user("q"), calls, result("c")] })
    expect(body["messages"].at(-1).content).toMatchObject([
      { type: "tool_result", cache_control: { type: "ephemeral" } },
    ])
  })

  test("WO-25: no mark for an hour stands behind one for five minutes", () => {
    const { body } = encode({
      model: at({ cacheTtl: "1h" }),
      context: {
        systemPrompt: [
          { type: "text", text: "a", cache: "long" },
          { type: "text", text: "b", cache: "short" },
        ],
        messages: [{ role: "user", content: [{ type: "text", text: "q", cache: "long" }] }],
      },
    })
    expect(body["system"].map((block: { cache_control: unknown }) => block.cache_control)).toEqual([
      { type: "ephemeral", ttl: "1h" },
      { type: "ephemeral" },
    ])
    expect(body["messages"][0].content[0].cache_control).toEqual({ type: "ephemeral" })
  })

  test("an hour is asked for, with its beta, where the caller wants it and the host has it", () => {
    const long = encode({ model: at({ cacheTtl: "1h" }), options: { cacheRetention: "long" } })
    expect(JSON.stringify(long.body)).toContain('"ttl":"1h"')
    expect(long.betas).toContain("extended-cache-ttl-2025-04-11")
    const other = encode({ options: { cacheRetention: "long" } })
    expect(JSON.stringify(other.body)).not.toContain("ttl")
    expect(other.betas).toEqual([])
    expect(other.losses).toContain("approximated options.cacheRetention")
  })

  test("WO-27: the stable part of the system prompt has a mark of its own", () => {
    const { body } = encode({
      context: {
        systemPrompt: ["stable", "volatile"],
        messages: [user("q"), assistant([{ type: "text", text: "a" }]), user("r")],
      },
    })
    expect(body["system"].every((block: { cache_control?: unknown }) => block.cache_control)).toBe(true)
    expect(marks(body)).toBe(4)
  })

  test("WO-28: a turn that was put in is never marked", () => {
    const { body } = encode({ messages: [user("q"), assistant([{ type: "text", text: "a" }])] })
    const [, answer, pad] = body["messages"]
    expect(pad.content).toEqual([{ type: "text", text: "Continue." }])
    expect(answer.content[0].cache_control).toEqual({ type: "ephemeral" })
  })

  test("a request never has more than four marks, and marks of the caller stand alone", () => {
    const text = (value: string) => ({ type: "text" as const, text: value, cache: "short" as const })
    const { body, losses } = encode({
      context: {
        systemPrompt: [text("a"), text("b"), text("c")],
        tools: [
          { ...tool, cache: "short" },
          { ...tool, name: "g", cache: "short" },
        ],
        messages: [{ role: "user", content: [text("d"), text("e")] }],
      },
    })
    expect(marks(body)).toBe(4)
    expect(body["messages"][0].content.every((block: { cache_control?: unknown }) => block.cache_control)).toBe(true)
    expect(losses).toContain("dropped cache")
    const single = encode({ context: { systemPrompt: [text("a"), { type: "text", text: "b" }] } }).body
    expect(marks(single)).toBe(1)
    expect(marks(encode({ context: { systemPrompt: "a" }, options: { cacheRetention: "none" } }).body)).toBe(0)
  })
})

describe("request: context management and tools", () => {
  test("WO-29: hosts that would strip earlier thinking are told to keep it", () => {
    const { body, betas } = encode({ model: at({ contextManagement: true }, ADAPTIVE), options: { reasoning: "low" } })
    expect(body["context_management"]).toEqual({ edits: [{ type: "clear_thinking_20251015", keep: "all" }] })
    expect(betas).toContain("context-management-2025-06-27")
  })

  test("WO-30: other hosts never see the field", () => {
    expect(encode({ model: at({}, ADAPTIVE), options: { reasoning: "low" } }).body).not.toHaveProperty(
      "context_management",
    )
  })

  test("WO-31, WO-32: early tool input is asked for only where the host's entry says so", () => {
    expect(encode({ context: { tools: [tool] } }).body["tools"][0]).not.toHaveProperty("eager_input_streaming")
    const { body } = encode({ model: at({ eagerToolInput: true }), context: { tools: [tool] } })
    expect(body["tools"][0].eager_input_streaming).toBe(true)
  })

  test("WO-33: a union at the root, and oneOf anywhere, move into the description", () => {
    const schema = schemaOf({ anyOf: [{ required: ["a"] }], properties: { a: { oneOf: [{ type: "string" }] } } })
    expect(schema).toMatchObject({ type: "object", description: '{anyOf: [{"required":["a"]}]}' })
    expect(schema).not.toHaveProperty("anyOf")
    expect((schema["properties"] as { a: unknown }).a).toEqual({ description: '{oneOf: [{"type":"string"}]}' })
  })

  test("WO-34: keywords of arrays leave objects, and minItems is 0 or 1", () => {
    const schema = schemaOf({
      type: "object",
      minItems: 1,
      properties: { one: { type: "array", minItems: 1 }, three: { type: "array", minItems: 3 } },
    })
    expect(schema).not.toHaveProperty("minItems")
    expect(schema["properties"]).toEqual({
      one: { type: "array", minItems: 1 },
      three: { type: "array", description: "{minItems: 3}" },
    })
  })

  test("WO-35: limits and patterns move behind the description", () => {
    const schema = schemaOf({
      type: "object",
      properties: {
        a: { type: "string", description: "A.", pattern: "^x", minLength: 1, maxLength: 3, format: "date" },
        b: { type: "array", maxItems: 2 },
      },
    })
    expect(schema["properties"]).toEqual({
      a: { type: "string", description: 'A.\n\n{pattern: "^x", minLength: 1, maxLength: 3}', format: "date" },
      b: { type: "array", description: "{maxItems: 2}" },
    })
  })

  test("WO-36: the places of a tuple are cleaned too", () => {
    const schema = schemaOf({
      type: "object",
      properties: { a: { type: "array", prefixItems: [{ type: "number", minimum: 2 }] } },
    })
    expect(schema["properties"]).toEqual({
      a: { type: "array", prefixItems: [{ type: "number", description: "{minimum: 2}" }] },
    })
  })

  test("WO-37: an open map stays open and is not strict", () => {
    const map = { type: "object", properties: { a: { type: "object", additionalProperties: {} } }, required: ["a"] }
    const { body, losses } = encode({
      model: at({ strictTools: true }),
      context: { tools: [{ name: "f", parameters: map, strict: true }] },
    })
    expect(body["tools"][0].input_schema.properties.a.additionalProperties).toBe(true)
    expect(body["tools"][0]).not.toHaveProperty("strict")
    expect(losses).toContain("dropped tools[0].strict")
  })

  test("WO-38: a schema that contains itself is cut off", () => {
    const schema: Record<string, unknown> = { type: "object", properties: {} }
    ;(schema["properties"] as Record<string, unknown>)["again"] = schema
    expect(() => schemaOf(schema)).not.toThrow()
  })

  const strict = {
    name: "f",
    parameters: { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
    strict: true,
  }

  test.each([
    ["WO-39", "session", "The compiled grammar is too large, which would cause performance issues."],
    ["WO-39", "session", "Schema is too complex to compile."],
    ["WO-40", "host", "structured_outputs not supported on this endpoint"],
    ["WO-41", "host", "tools.0.custom.strict: Extra inputs are not permitted"],
  ])("%s: strict tools that are refused go out plain, once, as the %s remembers", (_row, where, message) => {
    const fields: CallFields = { model: at({ strictTools: true }), context: { tools: [strict] } }
    const sent = encode(fields).body["tools"][0]
    expect(sent).toMatchObject({ strict: true, input_schema: { additionalProperties: false } })
    const error = classify({ status: 400, type: "invalid_request_error", message })
    const learned = anthropicMessages.adapt?.(error, callOf(fields), [])?.learn
    expect(learned?.where).toBe(where)
    const known = { ...learned?.facts }
    expect(encode({ ...fields, known }).body["tools"][0]).not.toHaveProperty("strict")
    expect(anthropicMessages.adapt?.(error, callOf({ ...fields, known }), [])).toBeUndefined()
  })

  test("a strict tool may have a property that is called as a keyword which strict tools may not have", () => {
    const parameters = { type: "object", properties: { oneOf: { type: "string" }, $ref: { type: "string" } } }
    const tools = (inner: unknown) =>
      encode({
        model: at({ strictTools: true }),
        context: { tools: [{ ...strict, parameters: { ...parameters, ...(inner as object) } }] },
      }).body["tools"] as { strict?: boolean }[]
    expect(tools({})).toMatchObject([{ strict: true }])
    expect(tools({ $defs: { x: { oneOf: [] } } })[0]).not.toHaveProperty("strict")
  })

  test("a schema of an older draft is written in the words of the one that the API knows", () => {
    const schema = schemaOf({
      type: "object",
      properties: { p: { type: "array", items: [{ $ref: "#/definitions/x" }] }, n: { type: "string", nullable: true } },
      definitions: { x: { type: "string" } },
    })
    expect(schema).toEqual({
      type: "object",
      properties: { p: { type: "array", prefixItems: [{ $ref: "#/$defs/x" }] }, n: { type: ["string", "null"] } },
      $defs: { x: { type: "string" } },
    })
  })

  test("strict tools stay within the API's limits", () => {
    const loose = {
      type: "object",
      properties: Object.fromEntries(Array.from({ length: 13 }, (_, i) => [`p${i}`, { type: "string" }])),
    }
    const tools = [1, 2].map((i) => ({ name: `f${i}`, parameters: loose, strict: true }))
    const many = Array.from({ length: 21 }, (_, i) => ({ ...strict, name: `g${i}` }))
    const count = (list: typeof many): number =>
      encode({ model: at({ strictTools: true }), context: { tools: list } }).body["tools"].filter(
        (one: { strict?: boolean }) => one.strict,
      ).length
    expect(count(tools as typeof many)).toBe(1)
    expect(count(many)).toBe(20)
  })

  test.each([
    [400, "speed: Extra inputs are not permitted"],
    [429, "Extra usage is required for fast mode."],
  ])("WO-43: fast mode that is refused is left out once and reported (%i)", (status, message) => {
    const fields: CallFields = { options: { serviceTier: "priority" } }
    expect(encode(fields)).toMatchObject({ body: { speed: "fast" }, betas: ["fast-mode-2026-02-01"] })
    const error = classify({ status, type: status === 429 ? "rate_limit_error" : "invalid_request_error", message })
    const known = { ...anthropicMessages.adapt?.(error, callOf(fields), [])?.learn?.facts }
    const again = encode({ ...fields, known })
    expect(again.body).not.toHaveProperty("speed")
    expect(again.betas).toEqual([])
    expect(again.losses).toContain("dropped options.serviceTier")
  })

  test("WO-44: a task budget brings its beta and leaves the level in place", () => {
    const task_budget = { type: "tokens", total: 100_000 }
    const { body, betas } = encode({
      model: at({}, ADAPTIVE),
      options: { reasoning: "high", wire: { "anthropic-messages": { output_config: { task_budget } } } },
    })
    expect(body["output_config"]).toEqual({ effort: "high", task_budget })
    expect(betas).toEqual(["effort-2025-11-24", "task-budgets-2026-03-13"])
  })

  test("WO-45: thinking is kept back only when the caller wants it so", () => {
    const omitted = encode({ model: at({}, ADAPTIVE), options: { reasoning: "high", showThinking: false } })
    expect(omitted.body["thinking"].display).toBe("omitted")
    expect(omitted.betas.join()).not.toContain("redact")
  })
})

describe("request: headers", () => {
  test("WO-46: betas of the caller join ours, whatever the spelling of the header", () => {
    const { betas } = encode({
      model: at({ betas: ["standing"] }, ADAPTIVE),
      options: {
        reasoning: "high",
        headers: { "Anthropic-Beta": "mine, standing" },
        wire: { "anthropic-messages": { betas: ["other"] } },
      },
    })
    expect(betas).toEqual(["standing", "effort-2025-11-24", "other", "mine"])
  })

  test("WO-55: the user's id is the caller's, byte for byte, and never made up", () => {
    const id = '{"device_id":"d","account_uuid":"","session_id":"s"}'
    expect(encode({ options: { user: id } }).body["metadata"]).toEqual({ user_id: id })
    expect(encode({ options: { metadata: { user_id: id, other: 1 } } })).toMatchObject({
      body: { metadata: { user_id: id } },
      losses: ["dropped options.metadata.other"],
    })
    expect(encode().body).not.toHaveProperty("metadata")
  })
})

describe("hosts", () => {
  test("WO-240: a level that only means adaptive is not spelled out", () => {
    const ladder: ThinkingLadder = { ...ADAPTIVE, effortMap: { high: "adaptive" } }
    const { body, betas } = encode({ model: at({}, ladder), options: { reasoning: "high" } })
    expect(body["thinking"].type).toBe("adaptive")
    expect(body).not.toHaveProperty("output_config")
    expect(betas).toEqual([])
  })
})
