import OpenAI from "openai"
import { describe, expect, test } from "vitest"
import { classify } from "../../errors/classify.ts"
import { MessageBuilder } from "../../assemble/message-builder.ts"
import { countingMint } from "../../assemble/read-recording.ts"
import type { MessageSink } from "../../contract/builder.ts"
import type { InboundCall } from "../../contract/wire-server.ts"
import { sseText } from "../../framing/sse.ts"
import { SluiceError } from "../../model/errors.ts"
import type { AssistantMessage } from "../../model/message.ts"
import { accept } from "./accept.ts"
import { openaiResponsesServer as server } from "./server.ts"

type Event = OpenAI.Responses.ResponseStreamEvent
type Whole = Omit<OpenAI.Responses.Response, "output_text">

function inbound(body: object = {}): InboundCall {
  return server.accept({
    route: "/v1/responses",
    params: {},
    query: new URLSearchParams(),
    headers: new Headers(),
    body: { model: "alias", input: "hi", ...body },
    raw: new Uint8Array(),
  })
}

/** What an answer's events are, and what its document is. */
function answered(fill: (out: MessageSink) => void, body: object = {}, error?: SluiceError) {
  const call = inbound(body)
  const mint = { ...countingMint(), now: () => 5000 }
  const builder = new MessageBuilder({
    api: "mock",
    provider: "p",
    model: "m",
    timestamp: 0,
    now: mint.now,
    mintId: mint.id,
    toError: (facts) => classify(facts),
  })
  const responder = server.responder(call, mint)
  const frames = builder.take().flatMap((event) => responder.push(event))
  const sink = new Proxy(builder, {
    get(target, name) {
      const verb = Reflect.get(target, name) as unknown
      if (typeof verb !== "function") return verb
      return (...args: unknown[]) => {
        ;(verb as (...all: unknown[]) => void).apply(target, args)
        for (const event of target.take()) frames.push(...responder.push(event))
      }
    },
  })
  fill(sink)
  builder.finish(error)
  for (const event of builder.take()) frames.push(...responder.push(event))
  const events = frames.map(({ data }) => JSON.parse(data as string) as Event)
  return {
    text: frames.map(sseText).join(""),
    events,
    types: events.map(({ type }) => type.replace("response.", "")),
    last: (events.at(-1) as unknown as { response: Whole }).response,
    message: builder.message,
    losses: responder.losses.map(({ field }) => field),
  }
}

function whole(message: AssistantMessage, body: object = {}) {
  const responder = server.responder(inbound(body), countingMint())
  return { response: responder.whole(message) as Whole, losses: responder.losses.map(({ field }) => field) }
}

function sdk(body: string, type: string): OpenAI {
  const respond = async (): Promise<Response> => new Response(body, { headers: { "content-type": type } })
  return new OpenAI({ apiKey: "k", baseURL: "http://h.example/v1", fetch: respond, maxRetries: 0 })
}

function speak(out: MessageSink): void {
  out.thinking("t", "One.")
  out.thinking("t", "\n\n")
  out.thinking("t", "Two.")
  out.close("t")
  out.text("a", "Hel")
  out.text("a", "lo")
  out.close("a")
  out.toolCall("c", { id: "call_1", name: "look" })
  out.args("c", '{"city":')
  out.args("c", '"Köln"}')
  out.close("c")
  out.usage({ input: 5, cacheRead: 3, output: 9, reasoningTokens: 4 })
  out.stop("toolUse")
}

const stop = (out: MessageSink): void => out.stop("stop")

describe("a stream", () => {
  test("has every event of the vendor's, in its order", () => {
    const { types, events } = answered(speak)
    expect(types).toEqual([
      "created",
      "in_progress",
      "output_item.added",
      "reasoning_summary_part.added",
      "reasoning_summary_text.delta",
      "reasoning_summary_text.done",
      "reasoning_summary_part.done",
      "reasoning_summary_part.added",
      "reasoning_summary_text.delta",
      "reasoning_summary_text.done",
      "reasoning_summary_part.done",
      "output_item.done",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "output_item.added",
      "function_call_arguments.delta",
      "function_call_arguments.delta",
      "function_call_arguments.done",
      "output_item.done",
      "completed",
    ])
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, i) => i))
    expect(events[14]).toEqual({
      type: "response.output_text.delta",
      item_id: "msg_0000000000000003",
      output_index: 1,
      content_index: 0,
      delta: "Hel",
      logprobs: [],
      sequence_number: 14,
    })
  })

  test("ends with the whole response", () => {
    expect(answered(speak, { instructions: "Be brief.", temperature: 1, metadata: { a: "b" } }).last).toMatchObject({
      object: "response",
      created_at: 5,
      completed_at: 5,
      status: "completed",
      model: "alias",
      error: null,
      incomplete_details: null,
      instructions: "Be brief.",
      temperature: 1,
      top_p: null,
      metadata: { a: "b" },
      parallel_tool_calls: true,
      tool_choice: "auto",
      tools: [],
      store: true,
      text: { format: { type: "text" } },
      output: [
        {
          type: "reasoning",
          summary: [
            { type: "summary_text", text: "One." },
            { type: "summary_text", text: "Two." },
          ],
        },
        {
          type: "message",
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text: "Hello", annotations: [], logprobs: [] }],
        },
        { type: "function_call", call_id: "call_1", name: "look", arguments: '{"city":"Köln"}', status: "completed" },
      ],
      usage: {
        input_tokens: 8,
        input_tokens_details: { cached_tokens: 3 },
        output_tokens: 9,
        output_tokens_details: { reasoning_tokens: 4 },
        total_tokens: 17,
      },
    })
  })

  test("OF-129: is read by the vendor's library, thinking included", async () => {
    const { text } = answered(speak)
    const stream = sdk(text, "text/event-stream").responses.stream({ model: "alias", input: "hi" })
    let thinking = ""
    for await (const event of stream)
      if (event.type === "response.reasoning_summary_text.delta") thinking += event.delta
    const final = await stream.finalResponse()
    expect({ thinking, text: final.output_text }).toEqual({ thinking: "One.Two.", text: "Hello" })
    expect(final.output.map((item) => item.type)).toEqual(["reasoning", "message", "function_call"])
  })

  test("blocks that overlap are written one after the other", () => {
    const { types, last } = answered((out) => {
      out.toolCall("a", { id: "call_a" })
      out.toolCall("b", { id: "call_b", name: "g" })
      out.args("b", '{"b":1}')
      out.text("t", "late")
      out.toolCall("a", { name: "f" })
      out.args("a", '{"a":1}')
      out.close("b")
      out.close("t")
      out.close("a")
      out.stop("toolUse")
    })
    expect(types.filter((type) => type.startsWith("output_item"))).toEqual(
      Array.from({ length: 3 }, () => ["output_item.added", "output_item.done"]).flat(),
    )
    expect(last.output).toMatchObject([
      { call_id: "call_a", name: "f", arguments: '{"a":1}' },
      { call_id: "call_b", name: "g", arguments: '{"b":1}' },
      { type: "message", content: [{ text: "late" }] },
    ])
  })

  test("texts that came in one message of the host go out in one, and keep its id", () => {
    const { last } = answered((out) => {
      for (const [key, text, itemId] of [
        ["a", "One.", "msg_x"],
        ["b", "Two.", "msg_x"],
        ["c", "Three.", "msg_y"],
        ["d", "Four.", "msg_x"],
      ] as const) {
        out.text(key, "")
        out.attach(key, { itemId })
        out.text(key, text)
        out.close(key)
      }
      stop(out)
    })
    expect(last.output).toMatchObject([
      { id: "msg_x", content: [{ text: "One." }, { text: "Two." }] },
      { id: "msg_y", content: [{ text: "Three." }] },
      { id: expect.stringMatching(/^msg_0/), content: [{ text: "Four." }] },
    ])
  })

  test("a grammar tool's call has its own events", () => {
    const { events, types, last } = answered((out) => {
      out.toolCall("c", { id: "call_1", name: "patch", custom: true })
      out.args("c", "*** Be")
      out.args("c", "gin")
      out.close("c")
      out.stop("toolUse")
    })
    expect(types.slice(2, -1)).toEqual([
      "output_item.added",
      "custom_tool_call_input.delta",
      "custom_tool_call_input.delta",
      "custom_tool_call_input.done",
      "output_item.done",
    ])
    expect(events[5]).toMatchObject({ input: "*** Begin", item_id: expect.stringMatching(/^ctc_/) })
    expect(last.output).toMatchObject([{ type: "custom_tool_call", call_id: "call_1", input: "*** Begin" }])
  })

  test("a call without arguments has an empty object; one that is no JSON is not complete", () => {
    const { events, last } = answered((out) => {
      out.toolCall("a", { id: "call_a", name: "f" })
      out.close("a")
      out.toolCall("b", { id: "call_b", name: "f" })
      out.args("b", '{"a":')
      out.close("b")
      out.stop("length")
    })
    expect(events.find((event) => event.type === "response.function_call_arguments.done")).toMatchObject({
      arguments: "{}",
    })
    expect(last).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      output: [
        { arguments: "{}", status: "completed" },
        { arguments: '{"a":', status: "incomplete" },
      ],
    })
  })

  test("annotations are told one by one, those of other wires are spelled anew or reported", () => {
    const own = { type: "url_citation", url: "u", title: "t", start_index: 0, end_index: 1 }
    const logprob = { token: "x", logprob: -1, bytes: [120], top_logprobs: [] }
    const { events, last, losses } = answered((out) => {
      out.text("a", "x")
      out.attach("a", { citations: [own, { type: "url_citation", url_citation: { url: "v" } }], logprobs: [logprob] })
      out.close("a")
      out.text("b", "y")
      out.attach("b", { citations: [{ type: "char_location" }, "https://x.invalid"] })
      out.close("b")
      stop(out)
    })
    const told = events.filter((event) => event.type === "response.output_text.annotation.added")
    expect(told).toMatchObject([
      { annotation: own, annotation_index: 0 },
      { annotation: { type: "url_citation", url: "v" }, annotation_index: 1 },
    ])
    expect(events.find((event) => event.type === "response.output_text.done")).toMatchObject({ logprobs: [logprob] })
    expect(last.output).toMatchObject([
      { content: [{ annotations: [own, { url: "v" }], logprobs: [logprob] }] },
      { content: [{ annotations: [] }] },
    ])
    expect(losses).toEqual(["content[0].citations[1]", "content[1].citations[0]", "content[1].citations[1]"])
  })

  test("items of this wire pass whole, those of others are reported", () => {
    const search = { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search" } }
    const picture = { type: "image_generation_call", id: "ig_1", status: "completed", result: "AA==" }
    const { events, last, losses } = answered((out) => {
      out.block("a", { type: "native", api: "openai-responses", item: search })
      out.block("b", { type: "native", api: "anthropic-messages", item: { type: "server_tool_use" } })
      out.block("c", { type: "native", api: "openai-responses", item: picture })
      out.block("d", { type: "image", source: { data: "BB==", mimeType: "image/png" } })
      out.block("e", { type: "audio", source: { data: "AA==", mimeType: "audio/wav" } })
      stop(out)
    })
    expect(last.output).toMatchObject([search, picture, { type: "image_generation_call", result: "BB==" }])
    expect(events[2]).toMatchObject({ item: { ...search, status: "in_progress" } })
    expect(events[4]).toMatchObject({ item: { ...picture, status: "in_progress", result: null } })
    expect(losses).toEqual(["content[1]", "content[3]", "content[4]"])
  })
})

describe("what signs thinking", () => {
  const item = {
    type: "reasoning",
    id: "rs_1",
    summary: [{ type: "summary_text", text: "hm" }],
    content: [{ type: "reasoning_text", text: "hmmm" }],
    encrypted_content: "gAAA",
  }
  const message = (block: AssistantMessage["content"][number]): AssistantMessage => ({
    ...answered(stop).message,
    content: [block],
  })

  test("of this wire goes out as it came", () => {
    const issuer = { api: "openai-responses", provider: "p", model: "m" }
    const signature = { value: JSON.stringify(item), issuer }
    const { response } = whole(message({ type: "thinking", thinking: "hm", signature, itemId: "rs_1" }))
    expect(response.output).toEqual([item])
  })

  test("of another wire is sealed, and comes back whole", () => {
    const { last, losses } = answered((out) => {
      out.thinking("t", "Long thought.")
      out.attach("t", { signature: "sig" })
      out.close("t")
      out.block("r", { type: "redactedThinking", data: { value: "hidden" } })
      stop(out)
    })
    expect(losses).toEqual([])
    expect(last.output).toMatchObject([
      { summary: [{ text: "Long thought." }], encrypted_content: expect.stringMatching(/^c2x1aWNl/) },
      { summary: [], encrypted_content: expect.stringMatching(/^c2x1aWNl/) },
    ])
    const again = accept({ ...inbound().request, body: { model: "m", input: last.output } })
    const issuer = { api: "mock", provider: "p", model: "m" }
    expect(again.context.messages).toMatchObject([
      {
        content: [
          { type: "thinking", thinking: "Long thought.", signature: { value: "sig", issuer } },
          { type: "redactedThinking", data: { value: "hidden", issuer } },
        ],
      },
    ])
  })

  test("thinking that is only signed is an item all the same", () => {
    const { types } = answered((out) => {
      out.thinking("t", "")
      out.attach("t", { signature: "sig" })
      out.close("t")
      stop(out)
    })
    expect(types.slice(2, -1)).toEqual(["output_item.added", "output_item.done"])
  })
})

describe("how an answer ends", () => {
  const said = (out: MessageSink): void => {
    out.text("a", "Hello")
    out.close("a")
  }

  test("OF-119: at the cap on tokens it is incomplete, with its usage", () => {
    const { types, last } = answered((out) => {
      said(out)
      out.usage({ input: 1, output: 2 })
      out.stop("length")
    })
    expect(types.at(-1)).toBe("incomplete")
    expect(last).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      usage: { total_tokens: 3 },
    })
  })

  test("a refusal that was given as text is not given again", () => {
    const { events, losses } = answered((out) => {
      out.text("t", "I cannot.")
      out.stop("stop", { type: "refusal", explanation: "I cannot." })
    })
    const final = (events.at(-1) as { response?: { output: unknown[] } }).response
    expect(final?.output).toMatchObject([{ content: [{ type: "output_text", text: "I cannot." }] }])
    expect(final?.output).toHaveLength(1)
    expect(losses).toEqual(["stopDetails"])
  })

  test("a refusal is a part of its own", async () => {
    const { text, last, losses } = answered((out) => {
      said(out)
      out.stop("stop", { type: "refusal", category: "bio", explanation: "I cannot." })
    })
    expect(last).toMatchObject({
      status: "completed",
      output: [{}, { content: [{ type: "refusal", refusal: "I cannot." }] }],
    })
    expect(losses).toEqual(["stopDetails.category"])
    const final = await sdk(text, "text/event-stream").responses.stream({ model: "m", input: "hi" }).finalResponse()
    expect(final.output.at(-1)).toMatchObject({ content: [{ type: "refusal", refusal: "I cannot." }] })
  })

  test("a turn that goes on says so, other words are reported", () => {
    const paused = answered((out) => {
      said(out)
      out.stop("stop", { type: "pause_turn" })
    })
    expect(paused.last).toMatchObject({ status: "completed", end_turn: false })
    expect(paused.losses).toEqual([])
    const stopped = answered((out) => {
      said(out)
      out.stop("stop", { type: "stop_sequence", sequence: "x" })
    })
    expect(stopped.losses).toEqual(["stopDetails"])
    expect(stopped.last).not.toHaveProperty("end_turn")
  })

  test("a turn that pauses at a call waits for its result: that it goes on is reported as left out", () => {
    const { last, losses } = answered((out) => {
      out.toolCall("c", { id: "call_1", name: "f" })
      out.close("c")
      out.stop("stop", { type: "pause_turn" })
    })
    expect(last).not.toHaveProperty("end_turn")
    expect(losses).toEqual(["stopDetails"])
  })

  test("what waited behind a call that was cut off is reported when the answer fails", () => {
    const { last, losses } = answered((out) => {
      said(out)
      out.toolCall("c", { id: "call_1", name: "f" })
      out.args("c", '{"a')
      out.text("t", "behind it")
      out.fail({ is: "content_blocked", message: "Filtered." })
    })
    expect(last.output).toMatchObject([{ type: "message", content: [{ text: "Hello" }] }])
    expect(losses).toEqual(["content[2]"])
  })

  test("a failure is a response that failed; what is finished stays", () => {
    const { types, last } = answered((out) => {
      said(out)
      out.toolCall("c", { id: "call_1", name: "f" })
      out.args("c", '{"a')
      out.fail({ is: "rate_limited", message: "Slow down." })
    })
    expect(types.at(-1)).toBe("failed")
    expect(types).not.toContain("function_call_arguments.done")
    expect(last).toMatchObject({
      status: "failed",
      error: { code: "rate_limit_exceeded", message: "Slow down." },
      output: [{ type: "message", content: [{ text: "Hello" }] }],
    })
  })

  test("an answer that was filtered is incomplete, unless a call was cut", () => {
    const filtered = (cut: boolean) =>
      answered((out) => {
        said(out)
        if (cut) {
          out.toolCall("c", { id: "call_1", name: "f" })
          out.args("c", '{"a')
        }
        out.fail({ is: "content_blocked", message: "Filtered." })
      })
    expect(filtered(false).last).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "content_filter" },
      error: null,
    })
    expect(filtered(true).last).toMatchObject({ status: "failed", error: { code: "invalid_prompt" } })
  })

  test("OF-125: before the response has begun a failure is the event `error`, which the library throws", async () => {
    const responder = server.responder(inbound(), countingMint())
    const builder = answered(() => {}, {}, new SluiceError({ code: "overloaded", message: "Busy." })).message
    const frames = responder.push({ type: "error", reason: "error", error: builder })
    const [frame] = frames
    expect(frames).toHaveLength(1)
    expect(JSON.parse(frame?.data as string)).toMatchObject({
      type: "error",
      message: "Busy.",
      code: "overloaded",
      param: null,
      error: { message: "Busy." },
      sequence_number: 0,
    })
    const stream = await sdk(frames.map(sseText).join(""), "text/event-stream").responses.create({
      model: "m",
      input: "hi",
      stream: true,
    })
    const read = async (): Promise<void> => {
      for await (const _ of stream);
    }
    await expect(read()).rejects.toThrow("Busy.")
  })

  test("nothing follows the end, and a sign of life is a comment", () => {
    const { message } = answered(stop)
    const responder = server.responder(inbound(), countingMint())
    expect(responder.push({ type: "done", reason: "stop", message })).toHaveLength(3)
    expect(responder.push({ type: "done", reason: "stop", message })).toEqual([])
    expect(sseText(responder.keepAlive())).toBe(":\n\n")
  })
})

describe("a document", () => {
  test("OF-166: has all that the vendor's has, null included", async () => {
    const { message } = answered(speak)
    const { response } = whole(message, { tools: [{ type: "function", name: "f" }] })
    expect(response).toMatchObject({
      incomplete_details: null,
      error: null,
      instructions: null,
      previous_response_id: null,
    })
    expect(response.tools).toEqual([{ type: "function", name: "f", parameters: null, strict: null }])
    const read = await sdk(JSON.stringify(response), "application/json").responses.create({ model: "m", input: "hi" })
    expect(read.output_text).toBe("Hello")
  })

  test("OF-159: what a text is to its answer stays with it", () => {
    const { message } = answered(stop)
    const content = [
      { type: "text" as const, text: "I look.", phase: "commentary", itemId: "msg_1" },
      { type: "text" as const, text: "Again.", phase: "commentary", itemId: "msg_1" },
      { type: "text" as const, text: "Done.", phase: "final_answer", itemId: "msg_1" },
    ]
    expect(whole({ ...message, content }).response.output).toMatchObject([
      { id: "msg_1", phase: "commentary", content: [{ text: "I look." }, { text: "Again." }] },
      { phase: "final_answer", content: [{ text: "Done." }] },
    ])
  })

  test("figures that nobody knows are the estimate or 0", () => {
    const call = inbound()
    call.estimate = { inputTokens: 12, provenance: "estimated" }
    const response = server.responder(call, countingMint()).whole(answered(stop).message)
    expect(response).toMatchObject({ usage: { input_tokens: 12, output_tokens: 0, total_tokens: 12 } })
  })
})
