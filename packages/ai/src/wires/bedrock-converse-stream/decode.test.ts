import { describe, expect, test } from "vitest"
import {
  callOf,
  called,
  closes,
  decode,
  delta,
  event,
  exception,
  metadata,
  opens,
  result,
  assistant,
  start,
  stops,
  user,
  whole,
} from "../../../../../tests/support/bedrock-converse-stream.ts"
import { MessageBuilder } from "../../assemble/message-builder.ts"
import { classify } from "../../errors/classify.ts"
import { AwsEventStreamFramer } from "../../framing/aws-eventstream.ts"
import { bedrockConverseStream } from "./client.ts"

const text = (value: string, index = 0): Buffer => delta(index, { text: value })

describe("stop reasons", () => {
  test.each([
    ["end_turn", "stop", undefined],
    ["stop_sequence", "stop", "stop_sequence"],
    ["max_tokens", "length", undefined],
    ["model_context_window_exceeded", "length", "model_context_window_exceeded"],
    ["something_new", "stop", "something_new"],
  ])("%s is %s", (reason, wanted, details) => {
    for (const message of [
      decode([start, text("a"), closes(0), stops(reason), metadata()]),
      whole({ output: { message: { content: [{ text: "a" }] } }, stopReason: reason }),
    ]) {
      expect(message).toMatchObject({ stopReason: wanted, content: [{ text: "a" }] })
      expect(message.stopDetails?.type).toBe(details)
    }
  })

  test.each([
    ["content_filtered", "content_blocked"],
    ["guardrail_intervened", "content_blocked"],
    ["malformed_model_output", "server_error"],
    ["malformed_tool_use", "server_error"],
  ])("%s fails as %s in its own name, with what was said and used", (reason, code) => {
    const message = decode([start, text("Sorry."), closes(0), stops(reason), metadata()])
    expect(message).toMatchObject({
      stopReason: "error",
      stopDetails: { type: reason },
      error: { code, type: reason, message: expect.stringContaining(reason) },
      content: [{ text: "Sorry." }],
      usage: { input: 3, output: 2 },
    })
  })
})

describe("blocks", () => {
  test("a picture that the model made is one, streamed in pieces and whole", () => {
    const source = { bytes: Buffer.from("abcdefgh").toString("base64") }
    const picture = { type: "image", source: { data: source.bytes, mimeType: "image/png" } }
    const piece = (bytes: string): Buffer =>
      delta(0, { image: { source: { bytes: Buffer.from(bytes).toString("base64") } } })
    const streamed = decode([
      start,
      opens(0, { image: { format: "png" } }),
      piece("abcd"),
      piece("efgh"),
      closes(0),
      stops("end_turn"),
      metadata(),
    ])
    expect(streamed.content).toEqual([picture])
    const told = (image: object): unknown =>
      whole({ output: { message: { content: [{ image }] } }, stopReason: "end_turn" }).content
    expect(told({ format: "png", source })).toEqual([picture])
    expect(told({ format: "webp", source: { s3Location: { uri: "s3://a/b" } } })).toEqual([
      { type: "image", source: { url: "s3://a/b", mimeType: "image/webp" } },
    ])
    expect(told({ format: "png", error: { message: "It broke." } })).toMatchObject([{ type: "native" }])
  })

  test("text and thinking open with their first delta, and an index that changes its kind ends a block", () => {
    const message = decode([
      start,
      delta(0, { reasoningContent: { text: "hm" } }),
      delta(0, { reasoningContent: { text: " ok" } }),
      delta(0, { reasoningContent: { signature: "s1" } }),
      delta(0, { reasoningContent: { signature: "s2" } }),
      text("a"),
      text("b"),
      closes(0),
      stops("end_turn"),
      metadata(),
    ])
    expect(message.content).toMatchObject([
      { type: "thinking", thinking: "hm ok", signature: { value: "s1s2" } },
      { type: "text", text: "ab" },
    ])
  })

  test("a signature without a text is kept: the model keeps its thinking back", () => {
    const message = decode([
      start,
      delta(0, { reasoningContent: { signature: "sig" } }),
      closes(0),
      text("a", 1),
      closes(1),
      stops("end_turn"),
      metadata(),
    ])
    expect(message.content).toMatchObject([
      { type: "thinking", thinking: "", signature: { value: "sig" } },
      { text: "a" },
    ])
  })

  test("hidden thinking in pieces is one run of bytes, however each is padded", () => {
    const message = decode([
      start,
      delta(0, { reasoningContent: { redactedContent: btoa("ab") } }),
      delta(0, { reasoningContent: { redactedContent: btoa("cde") } }),
      closes(0),
      stops("end_turn"),
      metadata(),
    ])
    expect(message.content).toMatchObject([{ type: "redactedThinking", data: { value: btoa("abcde") } }])
    const document = whole({
      output: { message: { content: [{ reasoningContent: { redactedContent: "YWI=" } }] } },
      stopReason: "end_turn",
    })
    expect(document.content).toMatchObject([{ type: "redactedThinking", data: { value: "YWI=" } }])
  })

  test("an empty delta opens no block", () => {
    const message = decode([start, text(""), closes(0), text("a", 1), closes(1), stops("end_turn"), metadata()])
    expect(message.content).toEqual([{ type: "text", text: "a" }])
  })

  test("calls whose pieces come in turns", () => {
    const use = (toolUseId: string) => ({ toolUse: { toolUseId, name: "f" } })
    const message = decode([
      start,
      opens(0, use("a")),
      opens(1, use("b")),
      delta(0, { toolUse: { input: '{"n":' } }),
      delta(1, { toolUse: { input: "" } }),
      delta(0, { toolUse: { input: "1}" } }),
      closes(1),
      closes(0),
      stops("tool_use"),
      metadata(),
    ])
    expect(message).toMatchObject({
      stopReason: "toolUse",
      content: [
        { id: "a", name: "f", arguments: { n: 1 } },
        { id: "b", name: "f", arguments: {} },
      ],
    })
  })

  test("blocks that are never stopped are ended with the answer, but not a call that lacks its end", () => {
    const open = [start, text("a"), opens(1, { toolUse: { toolUseId: "a", name: "f" } })]
    const end = [stops("tool_use"), metadata()]
    const done = decode([...open, delta(1, { toolUse: { input: "{}" } }), ...end])
    expect(done).toMatchObject({ stopReason: "toolUse", content: [{ text: "a" }, { id: "a", arguments: {} }] })
    expect(done.error).toBeUndefined()
    const cut = decode([...open, delta(1, { toolUse: { input: '{"a":' } }), ...end])
    expect(cut).toMatchObject({ stopReason: "error", error: { code: "stream_incomplete" } })
    const capped = decode([...open, delta(1, { toolUse: { input: '{"a":' } }), stops("max_tokens"), metadata()])
    expect(capped).toMatchObject({ stopReason: "length" })
  })

  test("what the provider ran itself is an item of its own and no call", () => {
    const message = decode([
      start,
      opens(0, { toolUse: { toolUseId: "s", name: "nova_grounding", type: "server_tool_use" } }),
      delta(0, { toolUse: { input: '{"q":' } }),
      delta(0, { toolUse: { input: '"x"}' } }),
      closes(0),
      opens(1, { toolResult: { toolUseId: "s", status: "success" } }),
      delta(1, { toolResult: [{ json: { found: 1 } }] }),
      closes(1),
      text("a", 2),
      delta(2, { citation: { location: { web: { url: "https://x" } } } }),
      closes(2),
      stops("end_turn"),
      metadata(),
    ])
    expect(message).toMatchObject({
      stopReason: "stop",
      content: [
        { type: "native", item: { toolUse: { toolUseId: "s", type: "server_tool_use", input: { q: "x" } } } },
        { type: "native", item: { toolResult: { toolUseId: "s", content: [{ json: { found: 1 } }] } } },
        { type: "text", text: "a", citations: [{ location: { web: { url: "https://x" } } }] },
      ],
    })
  })

  test("cited text of a whole answer", () => {
    const cited = { content: [{ text: "a" }, { text: "b" }], citations: [{ title: "t" }] }
    const message = whole({ output: { message: { content: [{ citationsContent: cited }] } }, stopReason: "end_turn" })
    expect(message.content).toEqual([{ type: "text", text: "ab", citations: [{ title: "t" }] }])
  })
})

describe("the end", () => {
  test("a stream that ends between messages without messageStop is no whole answer", () => {
    const message = decode([start, text("a"), closes(0)])
    expect(message).toMatchObject({
      stopReason: "error",
      error: { code: "stream_incomplete" },
      content: [{ text: "a" }],
    })
  })

  test("without usage behind the end the answer is whole; the usage may also come before", () => {
    const late = decode([start, text("a"), closes(0), stops("end_turn")])
    expect(late).toMatchObject({ stopReason: "stop", usage: { provenance: "absent" } })
    const early = decode([start, text("a"), metadata(), closes(0), stops("end_turn")])
    expect(early).toMatchObject({ stopReason: "stop", usage: { input: 3 }, content: [{ text: "a" }] })
  })

  test("the usage is waited for a moment, and nothing once it is there", () => {
    const { decoder } = pushing()
    expect(decoder.push(frameOf(stops("end_turn")))).toEqual([{ do: "finish", withinMs: 2500 }])
    expect(decoder.push(frameOf(metadata()))).toEqual([{ do: "finish", withinMs: 0 }])
    expect(decoder.push(frameOf(text("late")))).toBeUndefined()
  })

  test("usage with a cache, the tier, the model behind a router, and what a guardrail says", () => {
    const { decoder, builder } = pushing()
    const usage = {
      inputTokens: 1,
      outputTokens: 2,
      cacheReadInputTokens: 3,
      cacheWriteInputTokens: 9,
      cacheDetails: [
        { inputTokens: 5, ttl: "5m" },
        { inputTokens: 4, ttl: "1h" },
      ],
    }
    const trace = { guardrail: { outputAssessments: {} }, promptRouter: { invokedModelId: "arn:x" } }
    decoder.push(frameOf(stops("end_turn")))
    expect(decoder.push(frameOf(metadata(usage, { trace, serviceTier: { type: "flex" } })))).toEqual([
      { do: "moderation", value: trace.guardrail },
      { do: "finish", withinMs: 0 },
    ])
    builder.finish()
    expect(builder.message).toMatchObject({
      servedModel: "arn:x",
      usage: {
        input: 1,
        output: 2,
        cacheRead: 3,
        cacheWrite: 9,
        cacheWrite1h: 4,
        serviceTier: "flex",
        totalTokens: 15,
      },
    })
  })
})

function frameOf(bytes: Uint8Array) {
  return new AwsEventStreamFramer().push(bytes)[0]!
}

function pushing() {
  const builder = new MessageBuilder({
    api: "bedrock-converse-stream",
    provider: "p",
    model: "m",
    timestamp: 0,
    now: () => 0,
    mintId: (prefix) => `${prefix}1`,
    toError: classify,
  })
  const head = { status: 200, headers: new Headers(), channel: "http" as const }
  return { builder, decoder: bedrockConverseStream.decoder(callOf(), head, builder) }
}

describe("failures", () => {
  test.each([
    ["throttlingException", "rate_limited", 429, true],
    ["serviceUnavailableException", "overloaded", 503, true],
    ["internalServerException", "server_error", 500, true],
    ["modelStreamErrorException", "server_error", 424, true],
    ["validationException", "invalid_request", 400, false],
    ["modelTimeoutException", "timeout", 408, true],
  ])("%s in the stream is %s, with what came before it", (type, code, status, retryable) => {
    const message = decode([start, text("a"), exception(type, "why")])
    expect(message).toMatchObject({
      stopReason: "error",
      content: [{ text: "a" }],
      error: { code, status, type, retryable, message: "why" },
    })
  })

  test("an error of the transport's, an unknown exception, and an event nobody knows", async () => {
    const { eventMessage } = await import("../../../../testkit/src/emulators/bedrock/event-stream.ts")
    const error = eventMessage(
      { ":message-type": "error", ":error-code": "InternalError", ":error-message": "broke" },
      {},
    )
    expect(decode([start, error]).error).toMatchObject({ message: "broke", type: "InternalError", retryable: true })
    expect(decode([start, exception("newException", "x")]).error).toMatchObject({
      code: "server_error",
      type: "newException",
    })
    const tolerant = decode([start, event("newEvent", { a: 1 }), text("a"), closes(0), stops("end_turn"), metadata()])
    expect(tolerant).toMatchObject({ stopReason: "stop", content: [{ text: "a" }] })
  })

  test.each([
    [403, "ExpiredTokenException:http://x", "auth_expired"],
    [403, "UnrecognizedClientException", "auth_invalid"],
    [403, "com.amazon.coral.service#AccessDeniedException", "permission_denied"],
    [429, "ThrottlingException", "rate_limited"],
    [429, "ModelNotReadyException", "overloaded"],
    [424, "ModelErrorException", "server_error"],
  ])("a response %i of %s is %s", (status, type, code) => {
    const message = whole(
      { message: "why" },
      { status, headers: { "x-amzn-errortype": type, "x-amzn-requestid": "r-1" } },
    )
    expect(message.error).toMatchObject({ code, status, requestId: "r-1", message: "why" })
  })

  test.each([
    ["Input is too long for requested model.", "context_overflow"],
    ["The provided model identifier is invalid.", "model_not_found"],
    ["Invocation of model ID x with on-demand throughput isn’t supported.", "model_not_found"],
    ["Malformed input request", "invalid_request"],
  ])("a 400 that says %s", (message, code) => {
    for (const headers of [{}, { "x-amzn-errortype": "ValidationException" }]) {
      expect(whole({ message }, { status: 400, headers }).error?.code).toBe(code)
    }
  })

  test("an allowance of tokens for the day is no passing limit", () => {
    const headers = { "x-amzn-errortype": "ThrottlingException" }
    const body = { message: "Too many tokens per day, please wait before trying again." }
    expect(whole(body, { status: 429, headers }).error?.code).toBe("quota_exhausted")
  })

  test.each([[{}], [{ output: {} }], ["text"], [null]])("a document that is no answer: %j", (body) => {
    expect(whole(body).error?.code).toBe("stream_malformed")
  })
})

test("an answer as a document where a stream was asked for", () => {
  const body = { output: { message: { content: [{ text: "a" }] } }, stopReason: "end_turn", usage: { inputTokens: 1 } }
  const message = decode([new TextEncoder().encode(` ${JSON.stringify(body)}`)])
  expect(message).toMatchObject({ stopReason: "stop", content: [{ text: "a" }], usage: { input: 1 } })
})

describe("tools that stand in", () => {
  function read(call: Parameters<typeof callOf>[0], frames: readonly Uint8Array[]) {
    const { builder } = pushing()
    const decoder = bedrockConverseStream.decoder(
      callOf(call),
      { status: 200, headers: new Headers(), channel: "http" },
      builder,
    )
    for (const frame of frames) decoder.push(frameOf(frame))
    decoder.end()
    builder.finish()
    return builder.message
  }

  test("calls of the one that stands for no tools are swallowed, and their stop is an end", () => {
    const messages = [user("q"), assistant([called("a")], { stopReason: "toolUse" }), result("a"), user("w")]
    const message = read({ messages }, [
      start,
      text("a"),
      opens(1, { toolUse: { toolUseId: "x", name: "__no_tools__" } }),
      delta(1, { toolUse: { input: "{}" } }),
      closes(1),
      stops("tool_use"),
      metadata(),
    ])
    expect(message).toMatchObject({ stopReason: "stop", content: [{ type: "text", text: "a" }] })
    expect(message.content).toHaveLength(1)
  })

  test("the input of the one that stands for an output format is the answer's text", () => {
    const schema = { type: "object", properties: { a: { type: "number" } } }
    const message = read({ options: { output: { type: "jsonSchema", schema } } }, [
      start,
      opens(0, { toolUse: { toolUseId: "x", name: "structured_output" } }),
      delta(0, { toolUse: { input: '{"a":' } }),
      delta(0, { toolUse: { input: "1}" } }),
      closes(0),
      stops("tool_use"),
      metadata(),
    ])
    expect(message).toMatchObject({ stopReason: "stop", content: [{ type: "text", text: '{"a":1}' }] })
  })
})

test("a whole answer that does not say why it ends is none", () => {
  const message = whole({ output: { message: { content: [{ text: "a" }] } } })
  expect(message.error).toMatchObject({ code: "stream_incomplete" })
})

test("thinking that streams as whole answers have it, and a start that says nothing new", () => {
  const reasoningText = { text: "hm", signature: "c2ln" }
  const message = decode([
    start,
    delta(0, { reasoningContent: { reasoningText } }),
    closes(0),
    text("a", 1),
    closes(1),
    stops("end_turn"),
    metadata(),
  ])
  expect(message.content).toMatchObject([{ thinking: "hm", signature: { value: "c2ln" } }, { text: "a" }])
})

test("arguments of a call that was not announced are no answer", () => {
  const message = decode([start, delta(0, { toolUse: { input: "{}" } }), closes(0), stops("tool_use"), metadata()])
  expect(message.error).toMatchObject({ code: "stream_malformed" })
})
