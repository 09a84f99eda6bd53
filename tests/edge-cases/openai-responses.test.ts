import type { Effect, MessageSink } from "@sluice/ai"
import { classify } from "@sluice/ai"
import { openaiResponses } from "@sluice/ai/wires/openai-responses"
import { describe, expect, test } from "vitest"
import {
  callItem,
  callsOf,
  decoded,
  decodedWhole,
  end,
  event,
  messageItem,
  callOf,
  textsOf,
  thinkingOf,
  type Obj,
} from "../support/openai-responses.ts"

const nothing = (): void => {}
const SINK: MessageSink = {
  meta: nothing,
  text: nothing,
  thinking: nothing,
  more: nothing,
  toolCall: nothing,
  args: nothing,
  attach: nothing,
  block: nothing,
  close: nothing,
  usage: nothing,
  stop: nothing,
  fail: nothing,
  loss: nothing,
  alive: nothing,
  remember: nothing,
}

/** What the decoder asks for at the last of these events. */
function lastEffect(events: readonly (Obj | string)[]): readonly Effect[] | void {
  const head = { status: 200, headers: new Headers(), channel: "http" as const }
  const decoder = openaiResponses.decoder(callOf(), head, SINK)
  return events.map((one) => decoder.push({ data: typeof one === "string" ? one : JSON.stringify(one) })).at(-1)
}

const added = (item: Obj, output_index?: number): Obj =>
  event("output_item.added", { item, ...(output_index === undefined ? {} : { output_index }) })
const done = (item: Obj, output_index?: number): Obj =>
  event("output_item.done", { item, ...(output_index === undefined ? {} : { output_index }) })
const text = (delta: string, fields: Obj = { output_index: 0 }): Obj =>
  event("output_text.delta", { delta, content_index: 0, ...fields })
const args = (delta: string, fields: Obj = {}): Obj => event("function_call_arguments.delta", { delta, ...fields })

describe("how an answer ends", () => {
  test("OF-116: a stream without a terminal event is an error that keeps what came", () => {
    for (const events of [[text("a")], [text("a"), "[DONE]"]]) {
      const { message } = decoded(events)
      expect([message.stopReason, message.error?.code, textsOf(message)]).toEqual(["error", "stream_incomplete", ["a"]])
    }
  })

  test.each(["completed", "incomplete", "failed", "done"])(
    "OF-117: after response.%s nothing more is read, though the host keeps the connection",
    (type) => {
      expect(lastEffect([text("a"), end({}, type)])).toEqual([{ do: "finish", withinMs: 0 }])
      expect(textsOf(decoded([text("a"), end({}, type), text("late")]).message)).toEqual(["a"])
    },
  )

  test("OF-118: `response.done` ends an answer like `response.completed`", () => {
    const { message } = decoded([text("a"), end({ status: "completed" }, "done")])
    expect([message.stopReason, message.usage.output]).toEqual(["stop", 5])
    expect(decoded([text("a"), event("done", { response: { id: "r" } })]).message.stopReason).toBe("stop")
  })

  test("OF-119: an answer that met the cap ends in `length`, with its usage", () => {
    const last = end({ incomplete_details: { reason: "max_output_tokens" } }, "incomplete")
    const { message } = decoded([text("a"), last])
    expect([message.stopReason, message.usage.input, message.usage.output]).toEqual(["length", 10, 5])
  })

  test("OF-120: an answer that a filter cut is an error", () => {
    const { message } = decoded([text("a"), end({ incomplete_details: { reason: "content_filter" } }, "incomplete")])
    expect([message.stopReason, message.error?.code, message.usage.output]).toEqual(["error", "content_blocked", 5])
  })

  test("OF-121: what a filter refused is not tried again by itself", () => {
    const { message } = decoded([end({ incomplete_details: { reason: "content_filter" } }, "incomplete")])
    expect(message.error?.retryable).toBe(false)
  })

  test("OF-122: the usage of a failed response is kept", () => {
    const { message } = decoded([end({ error: { code: "server_error", message: "It broke." } }, "failed")])
    expect(message).toMatchObject({
      stopReason: "error",
      error: { code: "server_error", message: "It broke.", retryable: true },
      usage: { input: 10, output: 5 },
    })
  })

  test("OF-123: a status that is not known ends in `stop` and is put on record", () => {
    const { message } = decoded([text("a"), end({ status: "resting" })])
    expect([message.stopReason, message.stopDetails]).toEqual(["stop", { type: "resting" }])
    expect(decoded([text("a"), end()]).message).not.toHaveProperty("stopDetails")
  })

  test("OF-125: the words of an error are read where the host put them", () => {
    const nested = { type: "error", error: { type: "tokens", code: "rate_limit_exceeded", message: "Slow down." } }
    expect(decoded([nested]).message.error).toMatchObject({ code: "rate_limited", message: "Slow down." })
    const flat = { type: "error", code: "rate_limit_exceeded", message: "Slow down.", param: null }
    expect(decoded([flat]).message.error).toMatchObject({ code: "rate_limited", message: "Slow down." })
    expect(decoded([{ error: { message: "Bare." } }]).message.error?.message).toBe("Bare.")
  })

  test("OF-126: a stream that the host could not read may be tried again", () => {
    expect(decoded([{ type: "error", message: "stream read error" }]).message.error?.retryable).toBe(true)
    expect(classify({ message: "stream read error", inStream: true }).retryable).toBe(true)
  })

  test("OF-127: a stream that broke before anything of it was shown can be asked for again unseen", () => {
    const cut = decoded([event("created", { response: { id: "resp_1" } }), added(messageItem(""), 0)], { cut: true })
    expect(cut.message.error).toMatchObject({ code: "stream_incomplete", retryable: true, delivered: "nothing" })
    expect(decoded([text("a")], { cut: true }).message.error?.delivered).toBe("content")
  })

  test("OF-149: an answer carries the api of its model", () => {
    const { message } = decoded([text("a"), end()], { model: { api: "brought-along", provider: "openrouter" } })
    expect([message.api, message.provider]).toEqual(["brought-along", "openrouter"])
  })

  test("OF-192: calls that came whole before the cap are delivered", () => {
    const last = end({ incomplete_details: { reason: "max_output_tokens" } }, "incomplete")
    const whole = decoded([added(callItem("call_1", ""), 0), done(callItem("call_1", '{"city":"Rome"}'), 0), last])
    expect([whole.message.stopReason, callsOf(whole.message)]).toEqual(["toolUse", [["call_1", { city: "Rome" }]]])
    const cut = decoded([added(callItem("call_1", ""), 0), args('{"city":', { output_index: 0 }), last])
    expect([cut.message.stopReason, cut.message.content[0]]).toMatchObject(["length", { rawArguments: '{"city":' }])
  })
})

describe("thinking", () => {
  const reasoning = (fields: Obj): Obj => ({ type: "reasoning", id: "rs_1", summary: [], ...fields })

  test("OF-128: thinking that is shown itself is streamed, though the summary stays empty", () => {
    const { message, events } = decoded([
      added(reasoning({}), 0),
      event("reasoning_text.delta", { output_index: 0, content_index: 0, delta: "Let me " }),
      event("reasoning_text.delta", { output_index: 0, content_index: 0, delta: "see." }),
      done(reasoning({ content: [{ type: "reasoning_text", text: "Let me see." }] }), 0),
      end(),
    ])
    expect(thinkingOf(message)).toEqual(["Let me see."])
    expect(events.filter(({ type }) => type === "thinking_delta")).toHaveLength(2)
  })

  test("OF-129: summaries are streamed as thinking, their parts with a blank line between them", () => {
    const summary = (delta: string, summary_index: number) =>
      event("reasoning_summary_text.delta", { output_index: 0, summary_index, delta })
    const parts = ["One.", "Two."].map((part) => ({ type: "summary_text", text: part }))
    const { message, events } = decoded([
      added(reasoning({}), 0),
      summary("One", 0),
      summary(".", 0),
      summary("Two.", 1),
      done(reasoning({ summary: parts, encrypted_content: "c2VhbGVk" }), 0),
      end(),
    ])
    const streamed = events.flatMap((one) => (one.type === "thinking_delta" ? [one.delta] : []))
    expect([thinkingOf(message), streamed.join("")]).toEqual([["One.\n\nTwo."], "One.\n\nTwo."])
    const [block] = message.content
    expect(block?.type === "thinking" && JSON.parse(block.signature?.value ?? "")).toEqual({
      type: "reasoning",
      id: "rs_1",
      summary: parts,
      encrypted_content: "c2VhbGVk",
    })
  })

  test("OF-130: an end without a summary leaves the thinking that was streamed", () => {
    const { message } = decoded([
      event("reasoning_summary_text.delta", { output_index: 0, summary_index: 0, delta: "Hm." }),
      done(reasoning({}), 0),
      end(),
    ])
    expect(thinkingOf(message)).toEqual(["Hm."])
  })

  test("OF-137: several items of thinking without an id each end their own block", () => {
    const bare = (summary: string[]): Obj => ({
      type: "reasoning",
      summary: summary.map((one) => ({ type: "summary_text", text: one })),
    })
    const delta = (output_index: number, part: string) =>
      event("reasoning_summary_text.delta", { output_index, summary_index: 0, delta: part })
    const { message } = decoded([
      added(bare([]), 0),
      delta(0, "A"),
      added(bare([]), 1),
      delta(1, "B"),
      done(bare(["B!"]), 1),
      done(bare(["A!"]), 0),
      end(),
    ])
    expect(thinkingOf(message)).toEqual(["A!", "B!"])
  })
})

describe("text", () => {
  test("OF-131: an end without content leaves the text that was streamed", () => {
    expect(textsOf(decoded([added(messageItem(""), 0), text("Hi"), done(messageItem(""), 0), end()]).message)).toEqual([
      "Hi",
    ])
  })

  test("OF-132: items that come at once are kept apart by their place, or by their ids", () => {
    for (const name of [(n: number): Obj => ({ output_index: n }), (n: number): Obj => ({ item_id: `item_${n}` })]) {
      const items = [0, 1].map((n) => callItem(`call_${n}`, "", { id: `item_${n}` }))
      const at = (n: number): number | undefined => name(n)["output_index"] as number | undefined
      const { message } = decoded([
        added(items[0] as Obj, at(0)),
        added(items[1] as Obj, at(1)),
        args('{"a":', name(0)),
        args('{"b":', name(1)),
        args("1}", name(0)),
        args("2}", name(1)),
        end(),
      ])
      expect(callsOf(message)).toEqual([
        ["call_0", { a: 1 }],
        ["call_1", { b: 2 }],
      ])
    }
  })

  test("OF-139: a part that was not announced is opened at its first piece, and streams", () => {
    const { message, events } = decoded([added(messageItem(""), 0), text("H"), text("i"), end()])
    expect(textsOf(message)).toEqual(["Hi"])
    expect(events.filter(({ type }) => type === "text_delta")).toHaveLength(2)
    expect(textsOf(decoded([text("x", { item_id: "msg_9" }), text("y", { item_id: "msg_9" }), end()]).message)).toEqual(
      ["xy"],
    )
  })

  test("OF-159: the phase of a text is kept", () => {
    const item = messageItem("Looking.", { phase: "commentary" })
    const { message, events } = decoded([
      added(messageItem("", { phase: "commentary" }), 0),
      text("Looking."),
      done(item, 0),
      end(),
    ])
    expect(message.content).toMatchObject([{ type: "text", phase: "commentary", itemId: "msg_1" }])
    expect(events.some(({ type }) => type === "text_start")).toBe(true)
  })
})

describe("calls", () => {
  test("OF-133: pieces that go by `fc_` and the call's id reach a call that has only that id", () => {
    const bare: Obj = { type: "function_call", call_id: "abc", name: "weather", arguments: "" }
    const { message } = decoded([added(bare), args('{"city":"Rome"}', { item_id: "fc_abc" }), end()])
    expect(callsOf(message)).toEqual([["abc", { city: "Rome" }]])
  })

  test("OF-134: parallel calls under one and the same id all get their arguments", () => {
    const item = (n: number, given: string): Obj => callItem(`call_${n}`, given, { id: "fc_call_0" })
    const { message } = decoded([
      added(item(0, ""), 0),
      done(item(0, '{"n":0}'), 0),
      added(item(1, ""), 1),
      event("function_call_arguments.done", { item_id: "fc_call_0", output_index: 1, arguments: '{"n":1}' }),
      done(item(1, '{"n":1}'), 1),
      end(),
    ])
    expect(callsOf(message)).toEqual([
      ["call_0", { n: 0 }],
      ["call_1", { n: 1 }],
    ])
    const unplaced = decoded([
      added(item(0, "")),
      added(item(1, "")),
      done(item(0, '{"n":0}')),
      done(item(1, '{"n":1}')),
      end(),
    ])
    expect(callsOf(unplaced.message)).toEqual(callsOf(message))
  })

  test("OF-135: arguments that say nothing of their call go to the open calls in order", () => {
    const { message } = decoded([
      added(callItem("call_0", "")),
      added(callItem("call_1", "")),
      event("function_call_arguments.done", { arguments: '{"n":0}' }),
      event("function_call_arguments.done", { arguments: '{"n":1}' }),
      end(),
    ])
    expect(callsOf(message)).toEqual([
      ["call_0", { n: 0 }],
      ["call_1", { n: 1 }],
    ])
    const pieces = decoded([
      added(callItem("call_0", "")),
      added(callItem("call_1", "")),
      args('{"n":{"x":"}'),
      args('{"}}'),
      args('{"n":'),
      args("1}"),
      end(),
    ])
    expect(callsOf(pieces.message)).toEqual([
      ["call_0", { n: { x: "}{" } }],
      ["call_1", { n: 1 }],
    ])
  })

  test("OF-136: a late piece for a call that has ended is dropped, and reaches no other", () => {
    const { message } = decoded([
      added(callItem("call_0", ""), 0),
      added(callItem("call_1", ""), 1),
      done(callItem("call_0", '{"n":0}'), 0),
      args('{"late":true}', { output_index: 0 }),
      args('{"late":true}', { item_id: "fc_call_0" }),
      args('{"n":1}', { output_index: 1 }),
      done(callItem("call_1", ""), 1),
      end(),
    ])
    expect(callsOf(message)).toEqual([
      ["call_0", { n: 0 }],
      ["call_1", { n: 1 }],
    ])
  })

  test("OF-138: a call that was not announced is there at its end, and one that only the last event lists too", () => {
    const item = callItem("call_1", '{"n":1}')
    for (const events of [[done(item, 0), end()], [done(item), end()], [end({ output: [item] })]]) {
      const { message } = decoded(events)
      expect(callsOf(message)).toEqual([["call_1", { n: 1 }]])
      expect(message.stopReason).toBe("toolUse")
    }
    expect(callsOf(decoded([done(item, 0), end({ output: [item] })]).message)).toHaveLength(1)
  })

  test("OF-140: a call whose end was lost is read to its end at the end of the answer", () => {
    const { message } = decoded([added(callItem("call_1", ""), 0), args('{"n":1}', { output_index: 0 }), end()])
    expect(message.content).toEqual([
      { type: "toolCall", id: "call_1", name: "weather", arguments: { n: 1 }, itemId: "fc_call_1" },
    ])
  })

  test("OF-141: a grammar tool's call ends with its whole input and nothing else", () => {
    const item: Obj = { type: "custom_tool_call", id: "ctc_1", call_id: "call_1", name: "patch", input: "" }
    const { message } = decoded([
      added(item, 0),
      event("custom_tool_call_input.delta", { output_index: 0, delta: "*** Beg" }),
      event("custom_tool_call_input.done", { output_index: 0, input: "*** Begin" }),
      done({ ...item, input: "*** Begin" }, 0),
      end(),
    ])
    expect(message.content).toEqual([
      {
        type: "toolCall",
        id: "call_1",
        name: "patch",
        arguments: { input: "*** Begin" },
        custom: true,
        itemId: "ctc_1",
      },
    ])
  })

  test(
    "OF-142: arguments of many pieces are read in time that grows with their length alone",
    { timeout: 10_000 },
    () => {
      const pieces = Array.from({ length: 60_000 }, () => args("abcdefgh", { output_index: 0 }))
      const { message } = decoded([
        added(callItem("call_1", ""), 0),
        args('{"text":"', { output_index: 0 }),
        ...pieces,
        args('"}', { output_index: 0 }),
        end(),
      ])
      const [block] = message.content
      expect(block?.type === "toolCall" && (block.arguments["text"] as string).length).toBe(480_000)
    },
  )

  test("OF-152: a picture that was made is kept whatever its status says", () => {
    const item: Obj = { type: "image_generation_call", id: "ig_1", status: "generating", result: "iVBORw0K" }
    expect(decoded([done(item, 0), end()]).message.content).toMatchObject([{ type: "native", item }])
  })
})

describe("whole documents", () => {
  test("an answer, a failure and an error are read like their streams", () => {
    const body = { id: "resp_1", object: "response", status: "completed", output: [messageItem("Hi")] }
    expect(textsOf(decodedWhole(body))).toEqual(["Hi"])
    expect(
      decodedWhole({ ...body, status: "failed", error: { code: "server_error", message: "No." } }).error?.message,
    ).toBe("No.")
    expect(decodedWhole({ error: { message: "Denied.", code: "invalid_api_key" } }).error).toMatchObject({
      code: "auth_invalid",
      message: "Denied.",
    })
  })
})
