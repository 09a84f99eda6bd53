import { classify, type AssistantMessage, type ChatCompat, type Effect } from "@sluice/ai"
import { openaiCompletions } from "@sluice/ai/wires/openai-completions"
import { openaiCompletionsServer } from "@sluice/ai/wires/openai-completions/server"
import { describe, expect, test } from "vitest"
import { countingMint } from "../../packages/ai/src/assemble/read-recording.ts"
import {
  answer,
  callOf,
  chunk,
  decoded,
  encoded,
  finish,
  textOf,
  toolLoop,
  WEATHER,
  type Obj,
} from "../support/openai-completions.ts"

const HEAD = { status: 200, headers: new Headers(), channel: "http" as const }

/** A sink that only says whether something moved. */
function effectsOf(chunks: readonly (Obj | string)[]): { effects: (readonly Effect[] | void)[]; alive: number } {
  let alive = 0
  const nothing = (): void => {}
  const sink = {
    meta: nothing,
    text: nothing,
    more: nothing,
    thinking: nothing,
    toolCall: nothing,
    args: nothing,
    attach: nothing,
    block: nothing,
    close: nothing,
    usage: nothing,
    stop: nothing,
    fail: nothing,
    loss: nothing,
    remember: nothing,
    alive: () => {
      alive++
    },
  }
  const decoder = openaiCompletions.decoder(callOf(), HEAD, sink)
  const effects = chunks.map((one) => decoder.push({ data: typeof one === "string" ? one : JSON.stringify(one) }))
  return { effects, alive }
}

const callDelta = (fields: Obj): Obj => chunk({ tool_calls: [fields] })
const calls = (message: AssistantMessage) => message.content.filter((block) => block.type === "toolCall")

describe("the stream", () => {
  test("OF-37: `[DONE]` ends the answer and what follows is not read", () => {
    const { message } = decoded([chunk({ content: "a" }), finish("stop"), "[DONE]", chunk({ content: "late" })])
    expect([message.stopReason, textOf(message)]).toEqual(["stop", "a"])
    expect(effectsOf([chunk({ content: "a" }), "[DONE]"]).effects.at(-1)).toEqual([{ do: "finish", withinMs: 0 }])
  })

  test("OF-38: a host that finishes and falls silent is waited for only briefly", () => {
    expect(effectsOf([chunk({ content: "a" }), finish("stop")]).effects[1]).toEqual([{ do: "finish", withinMs: 2500 }])
    expect(decoded([chunk({ content: "a" }), finish("stop")]).message.stopReason).toBe("stop")
  })

  test("OF-39: usage in a chunk after the finish counts", () => {
    const usage = { prompt_tokens: 10, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 4 } }
    const { message } = decoded([chunk({ content: "a" }), finish("stop"), { choices: [], usage }])
    expect(message.usage).toMatchObject({ input: 6, cacheRead: 4, output: 2, provenance: "reported" })
    const { effects } = effectsOf([chunk({ content: "a" }), finish("stop"), { choices: [], usage }])
    expect(effects.at(-1)).toEqual([{ do: "finish", withinMs: 0 }])
  })

  test("OF-40: of several cache figures the one above zero counts", () => {
    const usage = {
      prompt_tokens: 9,
      completion_tokens: 1,
      cached_tokens: 0,
      prompt_tokens_details: { cached_tokens: 5 },
    }
    expect(decoded([chunk({ content: "a" }), finish("stop", { usage })]).message.usage).toMatchObject({
      input: 4,
      cacheRead: 5,
    })
  })

  test("OF-41: thinking is not added to an output that includes it, and is to one that does not", () => {
    const usage = (total: number): Obj => ({
      prompt_tokens: 10,
      completion_tokens: 7,
      total_tokens: total,
      completion_tokens_details: { reasoning_tokens: 5 },
    })
    const output = (total: number) =>
      decoded([chunk({ content: "a" }), finish("stop", { usage: usage(total) })]).message.usage.output
    expect([output(17), output(22)]).toEqual([7, 12])
  })

  test("OF-42: `finish_reason: error` is a failure that another try may cure", () => {
    const { error } = decoded([chunk({ content: "a" }), finish("error")]).message
    expect(error).toMatchObject({
      code: "server_error",
      retryable: true,
      message: "Provider returned error finish_reason",
    })
  })

  test.each(["content_filter", "network_error", "model_context_window_exceeded", "something_new"])(
    "OF-42: the finish reason %s is no success",
    (reason) => {
      const { message } = decoded([chunk({ content: "a" }), finish(reason)])
      expect([message.stopReason, textOf(message)]).toEqual(["error", "a"])
    },
  )

  test("OF-44, OF-45: what the host says of an error is kept by field", () => {
    const body = { error: { message: "bad value", type: "invalid_request_error", param: "tools[0]", code: "bad" } }
    const error = classify(openaiCompletions.readError({ ...HEAD, status: 400 }, body))
    expect(error).toMatchObject({ status: 400, message: "bad value", param: "tools[0]", type: "bad" })
  })

  test("OF-46, OF-47, OF-48, OF-49: arguments that come as objects merge and go out as one text", () => {
    const { message, events } = decoded([
      callDelta({ index: 0, id: "c", function: { name: "edit", arguments: { path: "a.ts", edits: [{ old: "x" }] } } }),
      callDelta({ index: 0, function: { arguments: { text: "one", nested: { a: 1 }, edits: [{ old: "y" }] } } }),
      callDelta({ index: 0, function: { arguments: { text: "one two", nested: { b: 2 }, constructor: { evil: 1 } } } }),
      finish("tool_calls"),
    ])
    const [call] = calls(message)
    expect(call?.arguments).toEqual({
      path: "a.ts",
      edits: [{ old: "x" }, { old: "y" }],
      text: "one two",
      nested: { a: 1, b: 2 },
    })
    const deltas = events.filter((event) => event.type === "toolcall_delta")
    expect(deltas.map((event) => JSON.parse(event.delta))).toEqual([call?.arguments])
  })

  test("OF-50: text between the pieces of a call does not end it", () => {
    const { message } = decoded([
      callDelta({ index: 0, id: "c", function: { name: "f", arguments: '{"a":' } }),
      chunk({ content: "thinking aloud" }),
      callDelta({ index: 0, function: { arguments: "1}" } }),
      finish("tool_calls"),
    ])
    expect(calls(message)).toMatchObject([{ id: "c", name: "f", arguments: { a: 1 } }])
  })

  test("OF-51: an id and a name that come late are filled in", () => {
    const { message } = decoded([
      callDelta({ index: 0, function: { arguments: '{"a":' } }),
      callDelta({ index: 0, id: "late", function: { name: "f", arguments: "1}" } }),
      finish("tool_calls"),
    ])
    expect(calls(message)).toMatchObject([{ id: "late", name: "f", arguments: { a: 1 } }])
  })

  test("OF-53, OF-54: chunks that bring nothing are signs of life, no progress", () => {
    const idle = [chunk({ role: "assistant", content: "" }), chunk({}), { id: "x", choices: [] }, "keep-alive"]
    expect(effectsOf(idle).alive).toBe(idle.length)
    expect(effectsOf([chunk({ content: "a" }), finish("stop")]).alive).toBe(0)
  })

  test.each<[string, unknown, string]>([
    ["a list of parts", [{ type: "text", text: "a" }, { type: "text", text: "b" }, { type: "odd" }], "ab"],
    ["one part", { type: "text", text: "a" }, "a"],
  ])("OF-90: content as %s is read, and never printed as an object", (_name, content, expected) => {
    expect(textOf(decoded([chunk({ content } as Obj), finish("stop")]).message)).toBe(expected)
  })

  test("OF-91: leaked control tokens are taken out of the text, also when they come in pieces", () => {
    const pieces = ["Hello<｜end", "▁of▁sentence｜> wor", "ld<|im_end|>", " a <b> <"]
    const { message } = decoded([...pieces.map((content) => chunk({ content })), finish("stop")], undefined, {
      heal: ["control-tokens"],
    })
    expect(textOf(message)).toBe("Hello world a <b> <")
  })

  test("OF-92: thinking that is also in the content, in tags, counts once", () => {
    const { message } = decoded([
      chunk({ content: "<think>hm", reasoning_content: "hm" }),
      chunk({ content: "yes" }),
      finish("stop"),
    ])
    expect(message.content).toMatchObject([
      { type: "thinking", thinking: "hm" },
      { type: "text", text: "yes" },
    ])
  })

  test("OF-93: thinking that repeats what came before becomes deltas, and no second block after the answer began", () => {
    const { message } = decoded(
      [
        chunk({ reasoning_content: "one" }),
        chunk({ reasoning_content: "one two" }),
        chunk({ content: "a", reasoning_content: "one two" }),
        chunk({ content: "b", reasoning_content: "one two" }),
        finish("stop"),
      ],
      { cumulativeThinking: true },
    )
    expect(message.content).toMatchObject([
      { type: "thinking", thinking: "one two" },
      { type: "text", text: "ab" },
    ])
  })

  test("OF-103: an empty answer that ended for length means a full window, where the host is known for it", () => {
    expect(decoded([finish("length")], { emptyLengthIsOverflow: true }).message.error?.code).toBe("context_overflow")
    expect(decoded([finish("length")]).message.stopReason).toBe("length")
  })

  test("OF-108: an index that comes back with another id is another call", () => {
    const { message } = decoded([
      callDelta({ index: 0, id: "a", function: { name: "f", arguments: "{}" } }),
      callDelta({ index: 0, id: "b", function: { name: "g", arguments: '{"x":1}' } }),
      finish("tool_calls"),
    ])
    expect(calls(message)).toMatchObject([
      { id: "a", name: "f", arguments: {} },
      { id: "b", name: "g", arguments: { x: 1 } },
    ])
  })

  test("OF-109: the host behind an aggregator is named", () => {
    const { message } = decoded([{ ...chunk({ content: "a" }), provider: "Groq" }, finish("stop")])
    expect(message.upstreamProvider).toBe("Groq")
  })

  test("OF-113: the host's own cost wins over the price list", () => {
    const usage = { prompt_tokens: 1, completion_tokens: 1, cost: 0.25 }
    const { message } = decoded([chunk({ content: "a" }), finish("stop", { usage })])
    expect(message.usage).toMatchObject({ reportedCost: 0.25, cost: { total: 0.25 } })
  })
})

describe("the cap", () => {
  test("OF-58: a model's cap as large as its window is not asked for", () => {
    expect(encoded({ model: { maxTokens: 400_000, contextWindow: 400_000 } }).body["max_completion_tokens"]).toBe(
      64_000,
    )
  })

  test("OF-59: no cap is sent unless the caller sets one, where the host chooses by it", () => {
    const model = { maxTokens: 8000, chat: { maxTokensOnlyIfSet: true } }
    expect(encoded({ model }).body).not.toHaveProperty("max_completion_tokens")
    expect(encoded({ model, options: { maxTokens: 100 } }).body["max_completion_tokens"]).toBe(100)
  })

  test("OF-60: no cap is ever sent to a host that refuses it", () => {
    const { body, losses } = encoded({ model: { chat: { maxTokensField: "none" } }, options: { maxTokens: 9 } })
    expect(body).not.toHaveProperty("max_completion_tokens")
    expect(losses).toMatchObject([{ field: "options.maxTokens", kind: "dropped" }])
  })

  test("OF-61, OF-111: the id on the wire and the field for the cap follow the host", () => {
    const { body } = encoded({
      model: { requestModelId: "accounts/x/models/y", chat: { maxTokensField: "max_tokens" } },
      options: { maxTokens: 9 },
    })
    expect(body).toMatchObject({ model: "accounts/x/models/y", max_tokens: 9 })
  })
})

describe("messages", () => {
  test("OF-63: several system texts are one message, except where the host keeps them apart", () => {
    const context = { systemPrompt: ["a", "b"], messages: [{ role: "user" as const, content: "hi" }] }
    expect(encoded({ context }).body["messages"]).toMatchObject([
      { role: "system", content: "a\n\nb" },
      { role: "user" },
    ])
    expect(encoded({ context, model: { chat: { multipleSystem: true } } }).body["messages"]).toMatchObject([
      { role: "system", content: "a" },
      { role: "system", content: "b" },
      { role: "user" },
    ])
  })

  test("OF-64: a turn of calls alone has an empty text, not null", () => {
    expect((encoded({ context: toolLoop() }).body["messages"] as Obj[])[1]?.["content"]).toBe("")
  })

  const thinking = { type: "thinking" as const, thinking: "hm", field: "reasoning" }
  const replayed = (chat: ChatCompat, content: AssistantMessage["content"], options = {}) =>
    (
      encoded({ context: toolLoop(content), model: { chat, thinking: { mode: "effort", efforts: ["low"] } }, options })
        .body["messages"] as Obj[]
    )[1]

  test("OF-67: thinking that is empty goes back in the field it came in", () => {
    expect(replayed({}, [{ ...thinking, thinking: "", field: "reasoning_content" }])).toHaveProperty(
      "reasoning_content",
      "",
    )
  })

  test("OF-68: a field that the host demands is filled although there was no thinking", () => {
    expect(replayed({ thinkingPlaceholder: "" }, [])).toHaveProperty("reasoning_content", "")
    expect(replayed({ thinkingPlaceholder: "." }, [])).toHaveProperty("reasoning_content", ".")
    expect(replayed({}, [])).not.toHaveProperty("reasoning_content")
  })

  test("OF-69, OF-99: thinking goes back in the field it came in, word for word", () => {
    expect(replayed({}, [thinking])).toHaveProperty("reasoning", "hm")
  })

  test("OF-70: thinking is renamed to the field that the host reads", () => {
    const turn = replayed({ thinkingField: "reasoning_content" }, [thinking])
    expect(turn).toHaveProperty("reasoning_content", "hm")
    expect(turn).not.toHaveProperty("reasoning")
  })

  test("OF-71: with thinking switched off no thinking goes back", () => {
    expect(replayed({}, [thinking], { reasoning: "off" })).not.toHaveProperty("reasoning")
  })

  test("OF-72: turns without calls carry thinking only where the host wants it", () => {
    const turn = (chat: ChatCompat) => {
      const messages = [
        { role: "user" as const, content: "a" },
        answer([thinking, { type: "text", text: "b" }]),
        { role: "user" as const, content: "c" },
      ]
      return (encoded({ context: { messages }, model: { chat } }).body["messages"] as Obj[])[1]
    }
    expect(turn({})).not.toHaveProperty("reasoning")
    expect(turn({ replayThinking: "all" })).toHaveProperty("reasoning", "hm")
  })

  test("OF-85: a cache mark never stands on an empty text", () => {
    const messages = [
      { role: "user" as const, content: "first" },
      answer([
        { type: "text" as const, text: "" },
        { type: "toolCall" as const, id: "c", name: "f", arguments: {} },
      ]),
      { role: "toolResult" as const, toolCallId: "c", content: "" },
    ]
    const { body } = encoded({ context: { messages }, model: { chat: { cacheControl: true } } })
    expect((body["messages"] as Obj[])[0]?.["content"]).toEqual([
      { type: "text", text: "first", cache_control: { type: "ephemeral" } },
    ])
    expect(JSON.stringify(body).match(/cache_control/g)).toHaveLength(1)
  })

  test("OF-86: cache marks follow the host's data, whatever its name", () => {
    expect(JSON.stringify(encoded({ model: { chat: { cacheControl: true } } }).body)).toContain("cache_control")
    expect(JSON.stringify(encoded().body)).not.toContain("cache_control")
  })

  test("OF-89: thinking as text joins an answer whose content is one text", () => {
    const turn = replayed({ thinkingAsText: true }, [thinking, { type: "text", text: "so" }])
    expect(turn?.["content"]).toBe("hm\nso")
  })

  test("OF-101: thinking that came without a field of ours goes back as thinking", () => {
    expect(replayed({}, [{ type: "thinking", thinking: "hm" }])).toHaveProperty("reasoning_content", "hm")
  })

  test("OF-108: calls whose ids a host's form would make one stay apart", () => {
    const ids = [
      "call-with-a-long-id-0000000000000000000000000-one",
      "call-with-a-long-id-0000000000000000000000000-two",
    ]
    const messages = [
      answer(ids.map((id) => ({ type: "toolCall" as const, id, name: "f", arguments: {} }))),
      ...ids.map((toolCallId) => ({ role: "toolResult" as const, toolCallId, content: toolCallId })),
    ]
    for (const toolCallIds of ["max-40", "nine-alphanumerics"] as const) {
      const sent = encoded({ context: { messages }, model: { chat: { toolCallIds } } }).body["messages"] as Obj[]
      const made = ((sent[0] as Obj)["tool_calls"] as Obj[]).map(({ id }) => id as string)
      expect(new Set(made).size).toBe(2)
      expect(sent.slice(1).map((message) => message["tool_call_id"])).toEqual(made)
      for (const id of made) {
        expect(id).toMatch(toolCallIds === "max-40" ? /^[\w-]{1,40}$/ : /^[A-Za-z0-9]{9}$/)
      }
    }
  })

  test("OF-115: a conversation of system messages alone gets a user's message", () => {
    const { body } = encoded({ context: { systemPrompt: "be brief", messages: [] } })
    expect(body["messages"]).toMatchObject([{ role: "user", content: "be brief" }])
  })
})

describe("thinking", () => {
  const ladder = { mode: "effort" as const, efforts: ["minimal", "low", "medium", "high", "xhigh"] as const }
  const asked = (chat: ChatCompat, options: object, context = {}) =>
    encoded({
      model: { chat, thinking: ladder },
      options,
      context: { messages: [{ role: "user", content: "hi" }], ...context },
    }).body

  test("OF-66: a level is spelled as the host spells it", () => {
    expect(asked({ effortMap: { xhigh: "max" } }, { reasoning: "xhigh" })["reasoning_effort"]).toBe("max")
  })

  test("OF-73: a host that takes no tool choice is not sent one, and its switch and cap are its own", () => {
    const body = asked(
      {
        toolChoice: "none",
        thinkingFormat: "thinking-type",
        thinkingTypeEffort: true,
        maxTokensField: "max_tokens",
        effortMap: { low: "high" },
      },
      { reasoning: "low", toolChoice: "auto", maxTokens: 5 },
      { tools: [WEATHER] },
    )
    expect(body).toMatchObject({ thinking: { type: "enabled" }, reasoning_effort: "high", max_tokens: 5 })
    expect(body).not.toHaveProperty("tool_choice")
  })

  const forced = { toolChoice: { name: "weather" }, reasoning: "high" }

  test("OF-74: a forced tool stays and thinking is switched off where the two do not go together", () => {
    const body = asked({ thinkingFormat: "thinking-type", thinkingOffWithToolChoice: "forced" }, forced, {
      tools: [WEATHER],
    })
    expect(body).toMatchObject({
      thinking: { type: "disabled" },
      tool_choice: { type: "function", function: { name: "weather" } },
    })
  })

  test("OF-75: an aggregator is not told to switch off what it cannot switch beside a forced tool", () => {
    const body = asked({ thinkingFormat: "openrouter", thinkingOffWithToolChoice: "forced" }, forced, {
      tools: [WEATHER],
    })
    expect(body).not.toHaveProperty("reasoning")
  })

  test.each([
    ["openai", { reasoning_effort: "none" }],
    ["thinking-type", { thinking: { type: "disabled" } }],
    ["enable-thinking", { enable_thinking: false }],
    ["chat-template", { chat_template_kwargs: { enable_thinking: false } }],
  ] as const)("OF-76: a tool choice switches thinking off in the format %s", (thinkingFormat, fields) => {
    for (const when of ["forced", "any"] as const) {
      const chat = { thinkingFormat, effortOff: "none", thinkingOffWithToolChoice: when }
      expect(asked(chat, forced, { tools: [WEATHER] })).toMatchObject(fields)
    }
  })

  test("OF-77: thinking that is switched off is switched off at an aggregator", () => {
    expect(asked({ thinkingFormat: "openrouter" }, { reasoning: "off" })["reasoning"]).toEqual({ enabled: false })
  })

  test("OF-78: a host that thinks by default is told either way", () => {
    const chat = { thinkingFormat: "thinking-type", thinkingExplicit: true } as const
    expect(asked(chat, {})["thinking"]).toEqual({ type: "disabled" })
    expect(asked(chat, { reasoning: "low" })["thinking"]).toEqual({ type: "enabled" })
  })

  test("OF-79, OF-96, OF-100: a host's own fields join the ones that are made", () => {
    const kwargs = { chat_template_kwargs: { preserve_thinking: true } }
    expect(asked({ thinkingFormat: "chat-template", extraBody: kwargs }, { reasoning: "off" })).toMatchObject({
      chat_template_kwargs: { preserve_thinking: true, enable_thinking: false },
    })
    const keep = { thinking: { keep: "all" } }
    expect(asked({ thinkingFormat: "thinking-type", extraBody: keep }, { reasoning: "low" })).toMatchObject({
      thinking: { type: "enabled", keep: "all" },
    })
    expect(asked({ extraBody: kwargs }, {})).toMatchObject(kwargs)
  })
})

describe("tools", () => {
  const other = { ...WEATHER, name: "other" }
  const chosen = (chat: ChatCompat, toolChoice: "required" | { name: string }) =>
    encoded({
      model: { chat },
      options: { toolChoice },
      context: { messages: [{ role: "user", content: "hi" }], tools: [WEATHER, other] },
    })

  test("OF-80: a host that refuses a forced tool may choose, and the caller is told", () => {
    const { body, losses } = chosen({ refusesForcedTool: true }, "required")
    expect(body["tool_choice"]).toBe("auto")
    expect(body["tools"]).toHaveLength(2)
    expect(losses).toMatchObject([{ field: "options.toolChoice", kind: "approximated" }])
  })

  test("OF-81: a forced tool that is not offered is not asked for", () => {
    const { body, losses } = chosen({}, { name: "missing" })
    expect(body).not.toHaveProperty("tool_choice")
    expect(losses).toMatchObject([{ field: "options.toolChoice", kind: "dropped" }])
  })

  test("OF-82, OF-83, OF-84: where only words are taken, the forced tool is the only one and required", () => {
    const { body } = chosen({ toolChoice: "strings" }, { name: "other" })
    expect(body["tool_choice"]).toBe("required")
    expect(body["tools"]).toMatchObject([{ function: { name: "other" } }])
  })

  test("OF-107: what the author says of strictness is kept", () => {
    const strict = (chat: ChatCompat, value: boolean) => {
      const tools = [{ ...WEATHER, strict: value }]
      const { body } = encoded({ model: { chat }, context: { messages: [{ role: "user", content: "hi" }], tools } })
      const [tool] = body["tools"] as [Obj]
      return (tool["function"] as Obj)["strict"]
    }
    expect([strict({ strictTools: "per-tool" }, true), strict({ strictTools: "per-tool" }, false)]).toEqual([
      true,
      false,
    ])
    expect(strict({ strictTools: "none" }, true)).toBeUndefined()
  })

  test("OF-112: a model without sampling gets no sampling parameter", () => {
    const options = { temperature: 1, topP: 0.5, presencePenalty: 1, frequencyPenalty: 1 }
    const { body, losses } = encoded({ model: { chat: { sampling: false } }, options })
    for (const field of ["temperature", "top_p", "presence_penalty", "frequency_penalty"]) {
      expect(body).not.toHaveProperty(field)
    }
    expect(losses.map(({ field }) => field)).toEqual(Object.keys(options).map((name) => `options.${name}`))
  })
})

describe("a second try", () => {
  const strictModel = { chat: { strictTools: "per-tool" as const } }
  const context = { messages: [{ role: "user" as const, content: "hi" }], tools: [WEATHER] }

  test.each([
    ["OF-87", "compiled grammar is too large"],
    ["OF-104", "wrong_api_format: mixed values of strict"],
    ["OF-105", "Invalid schema for function 'weather': 'format' is not permitted"],
    ["OF-106", "Provider returned error"],
  ])("%s: tools that are refused go without strict, and stay so", (_row, message) => {
    const error = classify({ status: 400, type: "invalid_request_error", message })
    const call = callOf({ model: strictModel, context })
    const adaptation = openaiCompletions.adapt?.(error, call, [])
    expect(adaptation?.change).toBe("without strict tools")
    const facts = adaptation?.learn?.facts ?? {}
    const again = encoded({ model: strictModel, context, known: facts }).body
    expect(JSON.stringify(again)).not.toContain("strict")
    const past = [{ error, delivered: "nothing" as const, channel: "http" as const, change: "without strict tools" }]
    expect(openaiCompletions.adapt?.(error, { ...call, known: facts }, past)).toBeUndefined()
  })

  test("OF-97: an effort that is refused goes out as the nearest that the host names", () => {
    const model = { thinking: { mode: "effort" as const, efforts: ["minimal", "low", "high"] as const } }
    const init = { model, options: { reasoning: "minimal" as const } }
    const message =
      "Unsupported value: 'minimal' for 'reasoning_effort'. Supported values are: 'low', 'medium' and 'high'."
    const error = classify({ status: 400, param: "reasoning_effort", code: "unsupported_value", message })
    const adaptation = openaiCompletions.adapt?.(error, callOf(init), [])
    const known = adaptation?.learn?.facts ?? {}
    expect(encoded({ ...init, known }).body["reasoning_effort"]).toBe("low")
    const none = classify({ status: 400, message: "reasoning_effort is not supported by this model" })
    const dropped = openaiCompletions.adapt?.(none, callOf(init), [])?.learn?.facts ?? {}
    expect(encoded({ ...init, known: dropped }).body).not.toHaveProperty("reasoning_effort")
  })
})

describe("the server side", () => {
  const accepted = (body: Obj) =>
    openaiCompletionsServer.accept({
      route: "/v1/chat/completions",
      params: {},
      query: new URLSearchParams(),
      headers: new Headers(),
      body,
      raw: new Uint8Array(),
    })

  test("OF-52: an id and a name that were not known at the start of a call follow in a chunk", () => {
    const call = accepted({ model: "m", stream: true, messages: [{ role: "user", content: "hi" }] })
    const responder = openaiCompletionsServer.responder(call, countingMint())
    const { events } = decoded([
      callDelta({ index: 0, function: { arguments: '{"a":' } }),
      callDelta({ index: 0, function: { arguments: "1}" } }),
      callDelta({ index: 0, id: "late", function: { name: "f" } }),
      finish("tool_calls"),
    ])
    // The builder's message is live: its events are told apart as they come.
    const sent: Obj[] = []
    for (const event of events) {
      const block = event.type === "toolcall_start" ? event.partial.content[0] : undefined
      const known = block?.type === "toolCall" ? { id: block.id, name: block.name } : undefined
      if (block?.type === "toolCall") Object.assign(block, { id: "", name: "" })
      for (const frame of responder.push(event))
        if (frame.data !== "[DONE]") sent.push(JSON.parse(frame.data as string))
      if (block?.type === "toolCall" && known) Object.assign(block, known)
    }
    const pieces = sent.flatMap((one) => {
      const delta = (one["choices"] as Obj[])[0]?.["delta"] as Obj
      return (delta["tool_calls"] as Obj[] | undefined) ?? []
    })
    expect(pieces.map((piece) => piece["id"] ?? "").join("")).toBe("late")
    expect(pieces.map((piece) => (piece["function"] as Obj)?.["name"] ?? "").join("")).toBe("f")
    expect(pieces.map((piece) => (piece["function"] as Obj)?.["arguments"] ?? "").join("")).toBe('{"a":1}')
  })

  test("OF-65: a turn of calls whose content is null is accepted", () => {
    const { context } = accepted({
      model: "m",
      messages: [
        { role: "user", content: "hi" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: '{"a":1}' } }],
        },
        { role: "tool", tool_call_id: "c", content: "ok" },
      ],
    })
    expect(context.messages).toMatchObject([
      { role: "user" },
      { role: "assistant", content: [{ type: "toolCall", id: "c", name: "f", arguments: { a: 1 } }] },
      { role: "toolResult", toolCallId: "c", toolName: "f", content: "ok" },
    ])
  })

  test("OF-110: thinking of an earlier turn comes in as thinking and goes out as it came", () => {
    const turn = {
      role: "assistant",
      content: "",
      reasoning_content: "hm",
      tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
    }
    const messages = [{ role: "user", content: "hi" }, turn, { role: "tool", tool_call_id: "c", content: "ok" }]
    const { context } = accepted({ model: "m", messages })
    expect(context.messages[1]).toMatchObject({
      content: [{ type: "thinking", thinking: "hm", field: "reasoning_content" }, { type: "toolCall" }],
    })
    expect(encoded({ context }).body["messages"]).toEqual(messages)
  })
})
