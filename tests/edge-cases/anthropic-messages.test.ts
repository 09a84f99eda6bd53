import type { MessagesCompat, ThinkingLadder } from "@sluice/catalog"
import { classify, handoff, type ToolResultMessage } from "@sluice/ai"
import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { describe, expect, test } from "vitest"
import { serialise } from "../../packages/ai/src/assemble/serialise.ts"
import {
  assistant,
  callOf,
  closes,
  decode,
  delta,
  encode,
  ends,
  modelOf,
  opens,
  start,
  stop,
  textBlock,
  user,
  type CallFields,
} from "../support/anthropic-messages.ts"

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

  test("WO-26: an hour is asked for, with its beta, where the caller wants it and the host has it", () => {
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
      properties: { a: { type: "string", description: "A.", pattern: "^x", maxLength: 3, format: "date" } },
    })
    expect(schema["properties"]).toEqual({
      a: { type: "string", description: 'A.\n\n{pattern: "^x", maxLength: 3}', format: "date" },
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
    ["WO-39", "The compiled grammar is too large, which would cause performance issues."],
    ["WO-39", "Schema is too complex to compile."],
    ["WO-40", "structured_outputs not supported on this endpoint"],
    ["WO-41", "tools.0.custom.strict: Extra inputs are not permitted"],
  ])("%s: strict tools that are refused go out plain, once, and it is remembered", (_row, message) => {
    const fields: CallFields = { model: at({ strictTools: true }), context: { tools: [strict] } }
    const sent = encode(fields).body["tools"][0]
    expect(sent).toMatchObject({ strict: true, input_schema: { additionalProperties: false } })
    const error = classify({ status: 400, type: "invalid_request_error", message })
    const learned = anthropicMessages.adapt?.(error, callOf(fields), [])?.learn
    expect(learned?.where).toBe("host")
    const known = { ...learned?.facts }
    expect(encode({ ...fields, known }).body["tools"][0]).not.toHaveProperty("strict")
    expect(anthropicMessages.adapt?.(error, callOf({ ...fields, known }), [])).toBeUndefined()
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

describe("messages", () => {
  test("WO-57: tool calls stand last in their turn, in their order", () => {
    const { body } = encode({
      messages: [
        user("q"),
        assistant([
          { type: "toolCall", id: "1", name: "f", arguments: {} },
          { type: "text", text: "between" },
          { type: "toolCall", id: "2", name: "f", arguments: {} },
        ]),
        result("1"),
        result("2"),
      ],
    })
    expect(body["messages"][1].content.map((block: { id?: string; type: string }) => block.id ?? block.type)).toEqual([
      "text",
      "1",
      "2",
    ])
    expect(body["messages"]).toHaveLength(3)
    expect(body["messages"][2].content.map((block: { tool_use_id: string }) => block.tool_use_id)).toEqual(["1", "2"])
  })

  test("WO-58: an answer at the end is followed by a turn of the user, unless it was paused", () => {
    const said = [{ type: "text" as const, text: "a" }]
    const { body, losses } = encode({ messages: [user("q"), assistant(said)] })
    expect(body["messages"].at(-1)).toEqual({ role: "user", content: [{ type: "text", text: "Continue." }] })
    expect(losses).toEqual(["injected messages[2]"])
    const paused = assistant(said, { stopDetails: { type: "pause_turn" } })
    expect(encode({ messages: [user("q"), paused] }).body["messages"].at(-1).role).toBe("assistant")
  })

  test("WO-59: two answers in a row are kept apart", () => {
    const said = assistant([{ type: "text", text: "a" }])
    const roles = encode({ messages: [user("q"), said, user("  "), said, user("r")] }).body["messages"].map(
      (message: { role: string }) => message.role,
    )
    expect(roles).toEqual(["user", "assistant", "user", "assistant", "user"])
  })

  test("WO-60: instructions with an image, or in a place the API refuses, stay with the user", () => {
    const image = { type: "image" as const, source: { data: "AA==", mimeType: "image/png" } }
    const model = at({ midConversationSystem: true })
    const role = (messages: CallFields["messages"]): string =>
      encode({ model, messages: messages ?? [] }).body["messages"][1].role
    expect(role([user("q"), { role: "developer", content: "be brief" }])).toBe("system")
    expect(role([user("q"), { role: "developer", content: [image] }])).toBe("user")
    expect(role([user("q"), { role: "developer", content: "be brief" }, user("r")])).toBe("user")
    const { body, betas, losses } = encode({ messages: [user("q"), { role: "developer", content: "be brief" }] })
    expect(body["messages"][1].role).toBe("user")
    expect(betas).toEqual([])
    expect(losses).toContain("approximated messages[1].role")
    expect(encode({ model, messages: [user("q"), { role: "developer", content: "x" }] }).betas).toContain(
      "mid-conversation-system-2026-04-07",
    )
  })

  test("WO-61: a failed tool always says something", () => {
    const calls = assistant([{ type: "toolCall", id: "c", name: "f", arguments: {} }])
    for (const content of ["", " \n", [{ type: "text" as const, text: " " }], []]) {
      const { body } = encode({ messages: [user("q"), calls, result("c", { content, isError: true })] })
      expect(body["messages"][2].content[0]).toMatchObject({
        is_error: true,
        content: [{ type: "text", text: "Tool failed with no output." }],
      })
    }
  })

  test("WO-62: images of a failed tool stand behind all results of the turn", () => {
    const calls = assistant(["1", "2"].map((id) => ({ type: "toolCall" as const, id, name: "f", arguments: {} })))
    const image = { type: "image" as const, source: { data: "AA==", mimeType: "image/png" } }
    const { body } = encode({
      messages: [
        user("q"),
        calls,
        result("1", { content: [{ type: "text", text: "no" }, image], isError: true }),
        result("2", { content: [image] }),
      ],
    })
    const turn = body["messages"][2].content
    expect(turn.map((block: { type: string }) => block.type)).toEqual(["tool_result", "tool_result", "text", "image"])
    expect(turn[0].content).toEqual([{ type: "text", text: "no" }])
    expect(turn[1].content[0].type).toBe("image")
  })

  test("WO-63: image types are spelled as the API takes them; others become a note", () => {
    const image = (mimeType: string) => ({ type: "image" as const, source: { data: "AA==", mimeType } })
    const { body } = encode({ messages: [{ role: "user", content: [image("image/JPG"), image("image/svg+xml")] }] })
    expect(body["messages"][0].content).toMatchObject([
      { type: "image", source: { media_type: "image/jpeg" } },
      { type: "text", text: "[unsupported image: image/svg+xml]" },
    ])
  })

  test("WO-65: hosts that read a result's id under another name find it there", () => {
    const calls = assistant([{ type: "toolCall", id: "c", name: "f", arguments: {} }])
    const messages = [user("q"), calls, result("c")]
    expect(encode({ model: at({ toolResultId: true }), messages }).body["messages"][2].content[0].id).toBe("c")
    expect(encode({ messages }).body["messages"][2].content[0]).not.toHaveProperty("id")
  })

  test("WO-66: half a surrogate pair in arguments does not reach the wire", () => {
    const calls = assistant([{ type: "toolCall", id: "c", name: "f", arguments: { a: ["x\ud800"] } }])
    const request = anthropicMessages.encode(callOf({ messages: [user("q"), calls, result("c")] }))
    expect(serialise(request.body)).toContain('"x\ufffd"')
  })

  test("WO-67: signed thinking goes back byte for byte", () => {
    const thinking = "  odd \u00a0 spaces\n\n"
    const { body } = encode({
      messages: [
        user("q"),
        assistant([
          { type: "thinking", thinking, signature: { value: "SIG==" } },
          { type: "text", text: "a" },
        ]),
        user("r"),
      ],
    })
    expect(body["messages"][1].content[0]).toEqual({ type: "thinking", thinking, signature: "SIG==" })
  })

  test("WO-68: thinking of the latest answer stays as it was, also when its tool turn was given up", () => {
    const latest = assistant([
      {
        type: "thinking",
        thinking: "t",
        signature: { value: "s", issuer: { api: "anthropic-messages", provider: "anthropic", model: "claude-older" } },
      },
      { type: "toolCall", id: "c", name: "f", arguments: {} },
    ])
    const { context } = handoff({ messages: [user("q"), latest] }, modelOf(), anthropicMessages.traits)
    const { body } = encode({ context })
    expect(body["messages"][1].content[0]).toEqual({ type: "thinking", thinking: "t", signature: "s" })
  })

  test("WO-69: after an interruption only the last block's signature is distrusted", () => {
    const cut = assistant(
      [
        { type: "thinking", thinking: "done", signature: { value: "good" } },
        { type: "text", text: "said" },
        { type: "thinking", thinking: "half", signature: { value: "bad" } },
      ],
      { stopReason: "aborted" },
    )
    const { context } = handoff({ messages: [user("q"), cut, user("r")] }, modelOf(), anthropicMessages.traits)
    const text = JSON.stringify(encode({ context }).body)
    expect(text).toContain('"good"')
    expect(text).not.toContain('"bad"')
  })

  const unsigned = assistant(
    [
      { type: "thinking", thinking: "t" },
      { type: "text", text: "a" },
    ],
    { provider: "other", model: "m" },
  )

  test("WO-70: a host that does not sign gets its thinking back as thinking", () => {
    const { body } = encode({ messages: [user("q"), unsigned, user("r")] })
    expect(body["messages"][1].content[0]).toEqual({ type: "thinking", thinking: "t", signature: "" })
  })

  test("WO-71: a host that turns out to check signatures gets text instead, and then no thinking at all", () => {
    const fields: CallFields = { messages: [user("q"), unsigned, user("r")] }
    const error = classify({ status: 400, message: "messages.1.content.0: Invalid `signature` in `thinking` block" })
    const first = anthropicMessages.adapt?.(error, callOf(fields), [])?.learn
    expect(first?.where).toBe("host")
    const second = encode({ ...fields, known: { ...first?.facts } })
    expect(second.body["messages"][1].content[0]).toMatchObject({ type: "text", text: "t" })
    const signed: CallFields = {
      messages: [
        user("q"),
        assistant([
          { type: "thinking", thinking: "t", signature: { value: "s" } },
          { type: "text", text: "a" },
        ]),
        user("r"),
      ],
    }
    const last = anthropicMessages.adapt?.(error, callOf(signed), [])?.learn
    expect(last?.where).toBe("session")
    expect(JSON.stringify(encode({ ...signed, known: { ...last?.facts } }).body)).not.toContain('"signature"')
    expect(anthropicMessages.adapt?.(error, callOf({ ...signed, known: { ...last?.facts } }), [])).toBeUndefined()
  })

  test("WO-72: a signature of another provider does not go out", () => {
    const other = assistant(
      [
        {
          type: "thinking",
          thinking: "t",
          signature: { value: "foreign", issuer: { api: "anthropic-messages", provider: "other", model: "m" } },
        },
        { type: "toolCall", id: "c", name: "f", arguments: {} },
      ],
      { provider: "other", model: "m" },
    )
    const { context } = handoff({ messages: [user("q"), other, result("c")] }, modelOf(), anthropicMessages.traits)
    expect(JSON.stringify(encode({ context }).body)).not.toContain("foreign")
  })

  test("WO-73: between hosts that check nothing, thinking survives as thinking", () => {
    const other = assistant(
      [
        { type: "thinking", thinking: "t" },
        { type: "text", text: "a" },
      ],
      { api: "openai-completions", provider: "x", model: "y" },
    )
    const { body } = encode({ messages: [user("q"), other, user("r")] })
    expect(body["messages"][1].content[0].type).toBe("thinking")
  })

  test("WO-74: a checking host does not get the model's own unsigned thinking as text", () => {
    const own = assistant([
      { type: "thinking", thinking: "secret" },
      { type: "text", text: "a" },
    ])
    const { body, losses } = encode({ model: at({ verifiesSignatures: true }), messages: [user("q"), own, user("r")] })
    expect(JSON.stringify(body)).not.toContain("secret")
    expect(losses).toContain("dropped messages[1].content[0]")
    const foreign = encode({ model: at({ verifiesSignatures: true }), messages: [user("q"), unsigned, user("r")] })
    expect(foreign.body["messages"][1].content[0]).toMatchObject({ type: "text", text: "t" })
  })

  test("WO-75: thinking that became text does not end in white space", () => {
    const trailing = assistant([{ type: "thinking", thinking: "t \n" }], { provider: "other" })
    const { body } = encode({ model: at({ verifiesSignatures: true }), messages: [user("q"), trailing] })
    expect(body["messages"][1].content[0].text).toBe("t")
  })

  test("WO-76: a summary in tags is unwrapped and loses its signature", () => {
    const message = decode([
      start,
      opens(0, { type: "thinking", thinking: "", signature: "" }),
      delta(0, { type: "thinking_delta", thinking: "<thin" }),
      delta(0, { type: "thinking_delta", thinking: "king>\nfirst I <b>look</b>\n</thinking>" }),
      delta(0, { type: "signature_delta", signature: "sig" }),
      closes(0),
      ...textBlock(1, "a"),
      ends("end_turn"),
      stop,
    ])
    expect(message.content[0]).toEqual({ type: "thinking", thinking: "first I <b>look</b>" })
  })

  test("WO-77: a search of the provider goes back as it came, in its place", () => {
    const items = [
      { type: "server_tool_use", id: "s", name: "web_search", input: { query: "x" } },
      {
        type: "web_search_tool_result",
        tool_use_id: "s",
        content: [{ type: "web_search_result", encrypted_content: "zz" }],
      },
    ]
    const message = decode([
      start,
      ...textBlock(0, "Let me look."),
      ...items.flatMap((item, i) => [opens(i + 1, item), closes(i + 1)]),
      ...textBlock(3, "Found."),
      ends("end_turn"),
      stop,
    ])
    const { context } = handoff({ messages: [user("q"), message, user("r")] }, modelOf(), anthropicMessages.traits)
    expect(encode({ context, options: { cacheRetention: "none" } }).body["messages"][1].content).toEqual([
      { type: "text", text: "Let me look." },
      ...items,
      { type: "text", text: "Found." },
    ])
  })

  test("WO-78: interleaved thinking is asked for where the host's entry says so", () => {
    const betas = (compat: MessagesCompat): string[] =>
      encode({ model: at(compat, BUDGET), options: { reasoning: "low" } }).betas
    expect(betas({ interleavedThinking: true })).toEqual(["interleaved-thinking-2025-05-14"])
    expect(betas({})).toEqual([])
  })
})

describe("stream", () => {
  test("WO-79: an end without a reason and without message_stop is no answer", () => {
    const message = decode([start, ...textBlock(0, "half")])
    expect(message).toMatchObject({
      stopReason: "error",
      error: { code: "stream_incomplete" },
      content: [{ text: "half" }],
    })
    expect(decode([]).error?.code).toBe("stream_incomplete")
  })

  test("WO-80: a missing message_stop alone does no harm", () => {
    expect(decode([start, ...textBlock(0, "a"), ends("end_turn")])).toMatchObject({
      stopReason: "stop",
      content: [{ text: "a" }],
    })
  })

  test("WO-81: a second message_start changes nothing, and closed blocks stay closed", () => {
    const second = { type: "message_start", message: { id: "msg_2", usage: { input_tokens: 99, output_tokens: 99 } } }
    const message = decode([
      start,
      ...textBlock(0, "a"),
      second,
      ...textBlock(0, "again"),
      ...textBlock(1, "b"),
      ends("end_turn"),
      stop,
    ])
    expect(message).toMatchObject({ responseId: "msg_1", usage: { input: 7 }, content: [{ text: "a" }, { text: "b" }] })
  })

  test("WO-82: what a second envelope says of the end does not count", () => {
    const message = decode([
      start,
      opens(0, { type: "tool_use", id: "t", name: "f", input: {} }),
      delta(0, { type: "input_json_delta", partial_json: "{}" }),
      closes(0),
      ends("tool_use", 5),
      start,
      ends("max_tokens", 1),
      stop,
    ])
    expect(message).toMatchObject({ stopReason: "toolUse", usage: { output: 5 } })
  })

  test("WO-83: a call that was never closed is no call to run", () => {
    const open = [start, opens(0, { type: "tool_use", id: "t", name: "f", input: {} })]
    for (const events of [
      [...open, ends("tool_use"), stop],
      [...open, ends("tool_use")],
    ]) {
      const message = decode(events)
      expect(message.error?.code).toBe("stream_incomplete")
      expect(message.content[0]).toMatchObject({ type: "toolCall", incomplete: true })
    }
  })

  test("WO-84: a block of an unknown kind does not disturb the others", () => {
    const message = decode([
      start,
      opens(0, { type: "hologram", light: 1 }),
      delta(0, { type: "photon_delta", photon: "x" }),
      closes(0),
      ...textBlock(1, "a"),
      ends("end_turn"),
      stop,
    ])
    expect(message.content).toMatchObject([{ type: "native", item: { type: "hologram", photon: "x" } }, { text: "a" }])
  })

  test("WO-85: deltas without a block, second starts and deltas of another kind are passed over", () => {
    const message = decode([
      start,
      delta(7, { type: "text_delta", text: "nowhere" }),
      opens(0, { type: "text", text: "" }),
      opens(0, { type: "tool_use", id: "t", name: "f" }),
      delta(0, { type: "thinking_delta", thinking: "wrong" }),
      delta(0, { type: "text_delta", text: "a" }),
      closes(0),
      closes(9),
      ends("end_turn"),
      stop,
    ])
    expect(message.content).toEqual([{ type: "text", text: "a" }])
  })

  test("WO-86: missing usage and delta objects are survived", () => {
    const message = decode([
      { type: "message_start" },
      { type: "content_block_start", index: 0 },
      { type: "content_block_delta", index: 0 },
      ...textBlock(1, "a"),
      { type: "message_delta" },
      { type: "message_delta", usage: null, delta: { stop_reason: "end_turn" } },
      stop,
    ])
    expect(message).toMatchObject({ stopReason: "stop", content: [{ text: "a" }], usage: { provenance: "absent" } })
  })

  test("WO-87: an unknown reason is a stop that keeps its name; a full window is a length", () => {
    expect(decode([start, ...textBlock(0, "a"), ends("novel"), stop])).toMatchObject({
      stopReason: "stop",
      stopDetails: { type: "novel" },
    })
    expect(decode([start, ends("model_context_window_exceeded"), stop]).stopReason).toBe("length")
  })

  test("WO-88: a refusal without details is a refusal all the same", () => {
    const message = decode([start, ends("refusal"), stop])
    expect(message).toMatchObject({
      stopReason: "error",
      stopDetails: { type: "refusal" },
      error: { code: "content_blocked", type: "refusal" },
    })
    expect(message.error?.message).toContain("no details")
    expect(decode([start, ends("sensitive"), stop]).error?.message).toContain("safety filters")
  })

  test.each([
    ["overloaded_error", "overloaded", 529],
    ["rate_limit_error", "rate_limited", 429],
    ["api_error", "server_error", 500],
    ["authentication_error", "auth_invalid", 401],
    ["invalid_request_error", "invalid_request", 400],
  ])("WO-89: an error in the stream is read by its type (%s)", (type, code, status) => {
    const message = decode([
      start,
      ...textBlock(0, "a"),
      { type: "error", error: { type, message: "Said so." }, request_id: "req_1" },
    ])
    expect(message.error).toMatchObject({ code, status, message: "Said so.", type, requestId: "req_1" })
  })

  test.each([
    `data: {"error":{"message":"bare"}}\n\n`,
    `data: {"message":"bare"}\n\n`,
    `event: error\ndata: {"error":"bare"}\n\n`,
  ])("WO-89: hosts that leave the envelope out are understood (%s)", (frame) => {
    expect(decode([start, frame]).error?.message).toBe("bare")
  })

  test("WO-90: a ping is no progress", () => {
    const calls: string[] = []
    const sink = new Proxy({}, { get: (_target, name) => () => void calls.push(String(name)) })
    const decoder = anthropicMessages.decoder(
      callOf(),
      { status: 200, headers: new Headers(), channel: "http" },
      sink as never,
    )
    decoder.push({ event: "ping", data: '{"type":"ping"}' })
    expect(calls).toEqual(["alive"])
  })

  test("WO-105: a later report without the split of the cache keeps the earlier one", () => {
    const usage = { input_tokens: 1, cache_creation_input_tokens: 9, cache_creation: { ephemeral_1h_input_tokens: 9 } }
    const first = { type: "message_start", message: { id: "m", usage } }
    const later = (more: object): Record<string, unknown> => ({
      type: "message_delta",
      delta: { stop_reason: "end_turn" },
      usage: { output_tokens: 1, cache_creation_input_tokens: 9, ...more },
    })
    expect(decode([first, later({}), stop]).usage.cacheWrite1h).toBe(9)
    expect(decode([first, later({ cache_creation: null }), stop]).usage.cacheWrite1h).toBe(9)
    expect(decode([first, later({ cache_creation: { ephemeral_1h_input_tokens: 0 } }), stop]).usage.cacheWrite1h).toBe(
      0,
    )
  })

  test("WO-107: arguments that are no JSON are kept as text beside an empty object", () => {
    const message = decode([
      start,
      opens(0, { type: "tool_use", id: "t", name: "f", input: {} }),
      delta(0, { type: "input_json_delta", partial_json: '{"a": tru' }),
      closes(0),
      ends("tool_use"),
      stop,
    ])
    expect(message.content[0]).toMatchObject({ arguments: {}, rawArguments: '{"a": tru' })
    const { body, losses } = encode({ messages: [user("q"), message, result("t")] })
    expect(body["messages"][1].content[0].input).toEqual({ raw_arguments: '{"a": tru' })
    expect(losses).toContain("approximated messages[1].content[0].arguments")
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
