import type { OllamaCompat } from "@sluice/catalog/core"
import { describe, expect, test } from "vitest"
import { countingMint } from "../../assemble/read-recording.ts"
import type { Call } from "../../contract/wire-client.ts"
import { SluiceError } from "../../model/errors.ts"
import type { AssistantMessage, Context } from "../../model/message.ts"
import type { CallOptions } from "../../model/options.ts"
import { adapt } from "./adapt.ts"
import { encode } from "./request.ts"

type Fields = Record<string, unknown>

const LEVELS = { mode: "effort" as const, efforts: ["low" as const, "medium" as const, "high" as const] }

function call(
  context: Partial<Context>,
  options: CallOptions = {},
  ollama: OllamaCompat = {},
  model: Partial<Call["model"]> = {},
): Call {
  return {
    op: "generate",
    model: {
      id: "m",
      provider: "p",
      api: "ollama-chat",
      baseUrl: "",
      input: [],
      output: [],
      compat: { ollama },
      ...model,
    },
    options,
    context: { messages: [{ role: "user", content: "hi" }], ...context },
    auth: { kind: "none" },
    stream: true,
    known: {},
    channel: { kind: "http", memory: {} },
    mint: countingMint(),
  }
}

const body = (...args: Parameters<typeof call>): Fields => encode(call(...args)).body as Fields
const lost = (...args: Parameters<typeof call>): string[] =>
  encode(call(...args)).losses.map(({ field, kind }) => `${kind} ${field}`)

function answer(content: AssistantMessage["content"]): AssistantMessage {
  const usage = { provenance: "absent" as const }
  return {
    role: "assistant",
    content,
    api: "ollama-chat",
    provider: "p",
    model: "m",
    usage,
    stopReason: "stop",
    timestamp: 0,
  }
}

describe("a request", () => {
  test("says whether it wants a stream, since a host that is not told streams", () => {
    const { path, headers } = encode(call({}))
    expect([path, headers["accept"]]).toEqual(["/api/chat", "application/x-ndjson"])
    expect(body({})).toEqual({ model: "m", messages: [{ role: "user", content: "hi" }], stream: true })
    const whole = encode({ ...call({}), stream: false })
    expect(whole.body).toMatchObject({ stream: false })
    expect(whole.headers["accept"]).toBe("application/json")
  })

  test("names sampling and limits as the runner does", () => {
    const options: CallOptions = {
      temperature: 0,
      topP: 0.5,
      topK: 4,
      minP: 0.1,
      presencePenalty: 1,
      frequencyPenalty: 2,
      repetitionPenalty: 1.1,
      seed: 7,
      stop: ["x", "y"],
      maxTokens: 9,
    }
    expect(body({}, options)["options"]).toEqual({
      temperature: 0,
      top_p: 0.5,
      top_k: 4,
      min_p: 0.1,
      presence_penalty: 1,
      frequency_penalty: 2,
      repeat_penalty: 1.1,
      seed: 7,
      stop: ["x", "y"],
      num_predict: 9,
    })
    expect(lost({}, options)).toEqual([])
  })

  test("sets the window and the time in memory that the model's entry names; the caller's own fields come last", () => {
    const compat: OllamaCompat = { contextWindow: 8192, keepAlive: "30m", extraBody: { truncate: false } }
    expect(body({}, { temperature: 1 }, compat)).toMatchObject({
      options: { num_ctx: 8192, temperature: 1 },
      keep_alive: "30m",
      truncate: false,
    })
    const own = { keep_alive: -1, truncate: undefined, options: { num_ctx: 100 } }
    const set = body({}, { temperature: 1, wire: { "ollama-chat": own } }, compat)
    expect(set).toMatchObject({ options: { num_ctx: 100, temperature: 1 }, keep_alive: -1 })
    expect(set).not.toHaveProperty("truncate")
  })

  test("asks for JSON, or holds the answer to a schema", () => {
    const schema = { type: "object", properties: { a: { type: "string" } } }
    expect(body({}, { output: { type: "json" } })["format"]).toBe("json")
    expect(body({}, { output: { type: "text" } })).not.toHaveProperty("format")
    expect(body({}, { output: { type: "jsonSchema", name: "n", schema } })["format"]).toBe(schema)
    expect(lost({}, { output: { type: "jsonSchema", name: "n", schema } })).toEqual(["dropped options.output.name"])
  })

  test("asks for log probabilities", () => {
    expect(body({}, { logprobs: 3 })).toMatchObject({ logprobs: true, top_logprobs: 3 })
    expect(body({}, { logprobs: true })).not.toHaveProperty("top_logprobs")
  })

  test("has one answer, and none that only warms a cache", () => {
    expect(() => encode(call({}, { candidates: 2 }))).toThrow(SluiceError)
    expect(() => encode({ ...call({}), op: "prewarm" })).toThrow(SluiceError)
  })

  test("says what has no field", () => {
    expect(lost({}, { user: "u", serviceTier: "x", verbosity: "low" }).sort()).toEqual([
      "dropped options.serviceTier",
      "dropped options.user",
      "dropped options.verbosity",
    ])
  })
})

describe("thinking", () => {
  test("of a model that only thinks or does not is switched on without a level", () => {
    const toggle = { thinking: { mode: "effort" as const, efforts: ["high" as const] } }
    expect(body({}, { reasoning: "low" }, {}, toggle)["think"]).toBe(true)
    expect(lost({}, { reasoning: "low" }, {}, toggle)).toEqual(["approximated options.reasoning"])
  })

  test("that cannot be switched off is asked for at its lowest level", () => {
    const always = { thinking: { ...LEVELS, mandatory: true } }
    expect(body({}, { reasoning: "off" }, {}, always)["think"]).toBe("low")
  })

  test("of a model that is known not to think is not asked for, of an unknown one it is", () => {
    expect(body({}, { reasoning: "high" })).not.toHaveProperty("think")
    expect(lost({}, { reasoning: "high" })).toEqual(["dropped options.reasoning"])
    expect(body({}, { reasoning: "high" }, {}, { assumed: ["thinking: unknown"] })["think"]).toBe("high")
  })

  test("by a budget is the level that stands for it", () => {
    expect(body({}, { thinkingBudget: 5000 }, {}, { thinking: LEVELS })["think"]).toBe("medium")
    expect(lost({}, { thinkingBudget: 5000 }, {}, { thinking: LEVELS })).toEqual([
      "approximated options.thinkingBudget",
    ])
  })

  test("goes back as such, but not to a host that does not take it", () => {
    const messages: Context["messages"] = [
      { role: "user", content: "a" },
      answer([
        { type: "thinking", thinking: "hm" },
        { type: "text", text: "b" },
      ]),
      { role: "user", content: "c" },
    ]
    const [, told] = body({ messages })["messages"] as Fields[]
    expect(told).toEqual({ role: "assistant", content: "b", thinking: "hm" })
    const never: OllamaCompat = { replayThinking: "never" }
    expect((body({ messages }, {}, never)["messages"] as Fields[])[1]).not.toHaveProperty("thinking")
    expect(lost({ messages }, {}, never)).toEqual(["dropped messages[1].content[0]"])
  })

  test("of another model stands as text where the host takes none", () => {
    const other = {
      ...answer([
        { type: "thinking", thinking: "hm" },
        { type: "text", text: "b" },
      ]),
      model: "other",
    }
    const [told] = body({ messages: [{ ...other, provider: "elsewhere" }] }, {}, { replayThinking: "never" })[
      "messages"
    ] as Fields[]
    expect(told).toEqual({ role: "assistant", content: "hm\n\nb" })
  })

  test("at the highest level is asked for one lower where the host does not know that", () => {
    const asked = call({}, { reasoning: "max" }, {}, { thinking: { mode: "effort", efforts: ["low", "high", "max"] } })
    expect((encode(asked).body as Fields)["think"]).toBe("max")
    const message = 'invalid think value: "max" (must be "high", "medium", "low", true, or false)'
    const change = adapt(new SluiceError({ code: "invalid_request", status: 400, message }), asked, [])
    expect(change?.learn).toEqual({ where: "host", facts: { "ollama-chat.noThinkingMax": true } })
    const again: Call = { ...asked, known: { ...change?.learn?.facts } }
    const { body: second, losses } = encode(again)
    expect((second as Fields)["think"]).toBe("high")
    expect(losses).toMatchObject([{ field: "options.reasoning" }])
    const levels = 'think value "high" is not supported for this model'
    const next = adapt(new SluiceError({ code: "invalid_request", status: 400, message: levels }), again, [])
    expect(next?.learn?.facts).toEqual({ "ollama-chat.noThinkingLevels": true })
  })

  test("that a host refuses is asked for without a level, then not at all", () => {
    const asked = call({}, { reasoning: "high" }, {}, { thinking: LEVELS })
    const refusal = (message: string): SluiceError => new SluiceError({ code: "invalid_request", status: 400, message })
    const levels = refusal('think value "high" is not supported for this model')
    const first = adapt(levels, asked, [])
    expect(first?.learn).toEqual({ where: "host", facts: { "ollama-chat.noThinkingLevels": true } })
    const again: Call = { ...asked, known: { ...first?.learn?.facts } }
    expect((encode(again).body as Fields)["think"]).toBe(true)
    const second = adapt(refusal('"m" does not support thinking'), again, [])
    expect(second?.learn?.facts).toEqual({ "ollama-chat.noThinking": true })
    const last: Call = { ...again, known: { ...again.known, ...second?.learn?.facts } }
    expect(encode(last).body).not.toHaveProperty("think")
    expect(adapt(refusal('"m" does not support thinking'), last, [])).toBeUndefined()
    expect(adapt(refusal("model is required"), asked, [])).toBeUndefined()
  })
})

describe("messages", () => {
  test("of a tool loop: arguments as an object, the result by the tool's name", () => {
    const messages: Context["messages"] = [
      { role: "user", content: "a" },
      answer([{ type: "toolCall", id: "c1", name: "f", arguments: { x: 1 } }]),
      { role: "toolResult", toolCallId: "c1", content: "sunny" },
    ]
    expect((body({ messages })["messages"] as Fields[]).slice(1)).toEqual([
      { role: "assistant", content: "", tool_calls: [{ id: "c1", function: { name: "f", arguments: { x: 1 } } }] },
      { role: "tool", content: "sunny", tool_name: "f", tool_call_id: "c1" },
    ])
  })

  test("without a user's get one: of the last instructions that are not at the head", () => {
    expect(body({ messages: [], systemPrompt: "s" })["messages"]).toEqual([{ role: "user", content: "s" }])
    const messages: Context["messages"] = [
      { role: "developer", content: "head" },
      answer([{ type: "text", text: "x" }]),
      { role: "developer", content: "go on" },
    ]
    expect((body({ messages })["messages"] as Fields[]).map(({ role }) => role)).toEqual([
      "system",
      "assistant",
      "user",
    ])
    expect(lost({ messages })).toEqual(["approximated messages[2]"])
  })

  test("carry an image that has no data as its address", () => {
    const messages: Context["messages"] = [
      { role: "user", content: [{ type: "image", source: { url: "https://x.invalid/a.png" } }] },
    ]
    expect(body({ messages })["messages"]).toEqual([{ role: "user", content: "[image: https://x.invalid/a.png]" }])
    expect(lost({ messages })).toEqual(["approximated messages[0].content[0]"])
  })
})

describe("tools", () => {
  const tools = [{ name: "f", description: "d", parameters: { type: "object" } }]

  test("are functions; none of them is offered where none may be called", () => {
    expect(body({ tools })["tools"]).toEqual([
      { type: "function", function: { name: "f", description: "d", parameters: { type: "object" } } },
    ])
    expect(body({ tools }, { toolChoice: "none" })).not.toHaveProperty("tools")
    expect(body({ tools }, { toolChoice: "required" })["tool_choice"]).toBe("required")
    expect(body({ tools }, { toolChoice: "auto" })).not.toHaveProperty("tool_choice")
  })

  test("with a grammar are functions with one text", () => {
    const custom = [{ type: "custom" as const, name: "g" }]
    expect(body({ tools: custom })["tools"]).toMatchObject([
      { function: { name: "g", parameters: { required: ["input"] } } },
    ])
    expect(lost({ tools: custom })).toEqual(["approximated tools[0]"])
  })

  test("with a union of types beside one of schemas keep both", () => {
    const parameters = { type: "object", properties: { a: { type: ["string", "number"], anyOf: [{ minLength: 1 }] } } }
    const [tool] = body({ tools: [{ name: "f", parameters }] })["tools"] as { function: Fields }[]
    expect(tool?.function["parameters"]).toEqual({
      type: "object",
      properties: {
        a: { anyOf: [{ minLength: 1 }], allOf: [{ anyOf: [{ type: "string" }, { type: "number" }] }] },
      },
    })
  })
})
