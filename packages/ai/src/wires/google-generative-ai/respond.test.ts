import type { AssistantMessage, InboundCall } from "@sluice/ai"
import { SluiceError } from "@sluice/ai"
import { describe, expect, test } from "vitest"
import {
  checkGenerateError,
  checkGenerateResponse,
  checkGenerateStream,
} from "../../../../../tests/grammar/google-generate-stream.ts"
import { classify } from "../../errors/classify.ts"
import { MessageBuilder } from "../../assemble/message-builder.ts"
import { countingMint } from "../../assemble/read-recording.ts"
import { googleGenerativeAiServer } from "./server.ts"
import { isSealed, open } from "../server-seal.ts"
import type { GenerateResponse, Part } from "./types.ts"

const ANTHROPIC = "anthropic-messages"

function call(includeThoughts = true): InboundCall {
  return googleGenerativeAiServer.accept({
    route: "/v1/models/:call{.+:[A-Za-z]+}",
    params: { call: "asked/for:streamGenerateContent" },
    query: new URLSearchParams("alt=sse"),
    headers: new Headers(),
    body: {
      contents: [{ parts: [{ text: "hi" }] }],
      generationConfig: { thinkingConfig: { includeThoughts } },
    },
    raw: new Uint8Array(),
  })
}

interface Answered {
  pieces: GenerateResponse[]
  parts: Part[]
  last: GenerateResponse
  whole: GenerateResponse
  losses: string[]
}

/** Runs `write` event by event, as a driver does, and responds, both as a stream and as a document. */
function respond(
  write: readonly ((out: MessageBuilder) => void)[],
  { api = "google-generative-ai", shown = true }: { api?: string; shown?: boolean } = {},
): Answered {
  const mint = countingMint()
  const out = new MessageBuilder({
    api,
    provider: "p",
    model: "m",
    timestamp: 0,
    now: mint.now,
    mintId: mint.id,
    toError: (facts) => classify(facts),
  })
  const responder = googleGenerativeAiServer.responder(call(shown), countingMint())
  const pieces: GenerateResponse[] = []
  const drain = (): void => {
    for (const event of out.take()) {
      for (const frame of responder.push(event)) pieces.push(JSON.parse(String(frame.data)) as GenerateResponse)
    }
  }
  // A later word on the end wins.
  out.stop("stop")
  for (const step of write) {
    step(out)
    drain()
  }
  out.finish()
  drain()
  expect(checkGenerateStream(pieces.map((piece) => ({ data: JSON.stringify(piece) })))).toEqual([])
  const whole = wholeOf(out.message, shown)
  if (!out.message.error) expect(checkGenerateResponse(whole)).toEqual([])
  return {
    pieces,
    parts: pieces.flatMap((piece) => piece.candidates?.[0]?.content?.parts ?? []),
    last: pieces.at(-1) as GenerateResponse,
    whole,
    losses: responder.losses.map((loss) => `${loss.kind} ${loss.field}`),
  }
}

function wholeOf(message: AssistantMessage, shown = true): GenerateResponse {
  return googleGenerativeAiServer.responder(call(shown), countingMint()).whole(message) as GenerateResponse
}

const partsOf = (response: GenerateResponse): Part[] => response.candidates?.[0]?.content?.parts ?? []
const sealedIn = (part: Part | undefined): ReturnType<typeof open> => open(part?.thoughtSignature ?? "")

const say =
  (text: string, key = "t") =>
  (out: MessageBuilder): void =>
    out.text(key, text)
const think =
  (text: string, key = "h") =>
  (out: MessageBuilder): void =>
    out.thinking(key, text)
const sign =
  (signature: string, key = "h") =>
  (out: MessageBuilder): void => {
    out.attach(key, { signature })
    out.close(key)
  }
const callTool =
  (id: string, args = "{}", key = id) =>
  (out: MessageBuilder): void => {
    out.toolCall(key, { id, name: "f" })
    out.args(key, args)
    out.close(key)
  }

describe("a stream", () => {
  test("is a row of answers with what is new; the last one ends it and has the counts", () => {
    const { pieces, whole } = respond([
      (out) => out.meta({ responseId: "r1" }),
      think("hm"),
      (out) => out.close("h"),
      say("He"),
      say("llo"),
      callTool("c1", '{"a":1}'),
      (out) => out.usage({ input: 5, cacheRead: 2, output: 7, reasoningTokens: 3 }),
      (out) => out.stop("toolUse"),
    ])
    const head = { modelVersion: "asked/for", responseId: "r1" }
    const piece = (...parts: Part[]): object => ({
      candidates: [{ content: { parts, role: "model" }, index: 0 }],
      ...head,
    })
    const usageMetadata = {
      promptTokenCount: 7,
      cachedContentTokenCount: 2,
      candidatesTokenCount: 4,
      thoughtsTokenCount: 3,
      totalTokenCount: 14,
    }
    const functionCall = { id: "c1", name: "f", args: { a: 1 } }
    expect(pieces).toEqual([
      piece({ text: "hm", thought: true }),
      piece({ text: "He" }),
      piece({ text: "llo" }),
      piece({ functionCall }),
      {
        candidates: [{ content: { parts: [{ text: "" }], role: "model" }, finishReason: "STOP", index: 0 }],
        usageMetadata,
        ...head,
      },
    ])
    expect(whole).toEqual({
      candidates: [
        {
          content: { parts: [{ text: "hm", thought: true }, { text: "Hello" }, { functionCall }], role: "model" },
          finishReason: "STOP",
          index: 0,
        },
      ],
      usageMetadata,
      ...head,
    })
  })

  test("has one id also where the host gave none, and counts only where there are some", () => {
    const { pieces } = respond([say("a"), say("b")])
    expect(new Set(pieces.map((piece) => piece.responseId)).size).toBe(1)
    expect(pieces.at(-1)?.usageMetadata).toBeUndefined()
  })

  test("tells what was written to a cache as part of the prompt", () => {
    const { last, losses } = respond([say("a"), (out) => out.usage({ input: 1, cacheWrite: 4, output: 2 })])
    expect(last.usageMetadata).toEqual({ promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 })
    expect(losses).toEqual(["approximated usage.cacheWrite", "approximated usage.input"])
  })

  test("writes blocks in their order, also where the host mixes them", () => {
    const { parts } = respond([say("a1", "a"), think("t"), say("a2", "a"), (out) => out.close("a"), say("b", "b")])
    expect(parts).toEqual([{ text: "a1" }, { text: "a2" }, { text: "t", thought: true }, { text: "b" }, { text: "" }])
  })

  test("gives a call once it is whole, with an id of its own where it has none", () => {
    const { parts } = respond([
      (out) => out.toolCall("k", { name: "f" }),
      (out) => out.args("k", '{"a":'),
      say("behind"),
      (out) => out.args("k", "1}"),
      (out) => out.close("k"),
    ])
    expect(parts).toMatchObject([
      { functionCall: { id: expect.stringMatching(/^call_/), name: "f", args: { a: 1 } } },
      { text: "behind" },
      { text: "" },
    ])
  })

  test("stands still with nothing but a sign of life", () => {
    expect(googleGenerativeAiServer.responder(call(), countingMint()).keepAlive()).toEqual({ data: "" })
  })
})

describe("thinking", () => {
  const foreign = [think("Let me."), sign("c2ln"), callTool("c1")]

  test("of this wire has its signature on a part of its own, as the vendor sends it", () => {
    const { parts } = respond([think("hm"), sign("c2ln"), callTool("c1")])
    expect(parts.slice(0, 3)).toEqual([
      { text: "hm", thought: true },
      { text: "", thought: true, thoughtSignature: "c2ln" },
      { functionCall: { id: "c1", name: "f", args: {} } },
    ])
  })

  test("of this wire that is not shown leaves its signature on the part behind it", () => {
    const { parts, whole } = respond([think("hm"), sign("c2ln"), say("a")], { shown: false })
    expect(parts).toEqual([{ text: "a", thoughtSignature: "c2ln" }, { text: "" }])
    expect(partsOf(whole)).toEqual([{ text: "a", thoughtSignature: "c2ln" }])
  })

  test.each([[true], [false]])("of another wire travels sealed on the call behind it, shown: %s", (shown) => {
    const { parts, whole } = respond(foreign, { api: ANTHROPIC, shown })
    const issuer = { api: ANTHROPIC, provider: "p", model: "m" }
    const thoughts = [{ type: "thinking", thinking: "Let me.", opaque: { value: "c2ln", issuer } }]
    expect(parts.some((part) => part.thought)).toBe(shown)
    for (const list of [parts, partsOf(whole)]) {
      const carrier = list.find((part) => part.functionCall)
      expect(sealedIn(carrier)).toEqual({ thoughts })
      expect(list.filter((part) => part.thoughtSignature)).toEqual([carrier])
    }
  })

  test("is sealed as base64 that any library reads", () => {
    const { parts } = respond([think("Let me 𝔘."), sign("c2ln"), callTool("c1")], { api: ANTHROPIC })
    const { thoughtSignature = "" } = parts.find((part) => part.functionCall) ?? {}
    expect(isSealed(thoughtSignature)).toBe(true)
    expect(Buffer.from(thoughtSignature, "base64").toString("base64")).toBe(thoughtSignature)
  })

  test("that is hidden altogether goes on the text behind it, or on the last part", () => {
    const hidden = (out: MessageBuilder): void => out.block("x", { type: "redactedThinking", data: { value: "aGk=" } })
    const on = respond([hidden, say("a"), say("b")], { api: ANTHROPIC })
    expect(on.parts.map((part) => sealedIn(part)?.thoughts[0]?.type)).toEqual([
      "redactedThinking",
      undefined,
      undefined,
    ])
    const behind = respond([say("a"), hidden], { api: ANTHROPIC })
    expect(behind.parts.map((part) => sealedIn(part)?.thoughts.length)).toEqual([undefined, 1])
    expect(partsOf(behind.whole).map((part) => sealedIn(part)?.thoughts.length)).toEqual([undefined, 1])
  })

  test("that nobody signed and that is not shown goes along with a call, and not with a text", () => {
    const withCall = respond([think("hm"), (out) => out.close("h"), callTool("c1")], { api: ANTHROPIC, shown: false })
    expect(sealedIn(withCall.parts[0])).toEqual({ thoughts: [{ type: "thinking", thinking: "hm" }] })
    const withText = respond([think("hm"), (out) => out.close("h"), say("a")], { api: ANTHROPIC, shown: false })
    expect(withText.parts).toEqual([{ text: "a" }, { text: "" }])
    const shown = respond([think("hm"), (out) => out.close("h"), callTool("c1")], { api: ANTHROPIC })
    expect(shown.parts.find((part) => part.functionCall)?.thoughtSignature).toBeUndefined()
  })

  test("WO-120: a call's signature stands on the call, and a text's on a part behind it", () => {
    const signedCall = (out: MessageBuilder): void => {
      out.toolCall("c", { id: "c1", name: "f" })
      out.attach("c", { signature: "Y2FsbA==" })
      out.close("c")
    }
    const { parts } = respond([say("a"), sign("dGV4dA==", "t"), signedCall])
    expect(parts).toEqual([
      { text: "a" },
      { text: "", thoughtSignature: "dGV4dA==" },
      { functionCall: { id: "c1", name: "f", args: {} }, thoughtSignature: "Y2FsbA==" },
      { text: "" },
    ])
    const sealed = respond([signedCall], { api: "openai-completions" })
    expect(sealedIn(sealed.parts[0])).toMatchObject({ thoughts: [], own: { value: "Y2FsbA==" } })
  })
})

describe("what else an answer holds", () => {
  test("media, and the parts that only this wire knows", () => {
    const code = { executableCode: { language: "PYTHON", code: "1" } }
    const { parts, losses } = respond([
      (out) => out.block("i", { type: "image", source: { data: "AA==", mimeType: "image/png" } }),
      (out) => out.block("u", { type: "image", source: { url: "https://x.invalid/a.png", mimeType: "image/png" } }),
      (out) => out.block("a", { type: "audio", source: { data: "AA==", mimeType: "audio/wav" }, transcript: "hum" }),
      (out) => out.block("n", { type: "native", api: "google-generative-ai", item: code }),
      (out) => out.block("o", { type: "native", api: ANTHROPIC, item: {} }),
      (out) => out.block("f", { type: "image", source: { fileId: "f" } }),
    ])
    expect(parts.slice(0, -1)).toEqual([
      { inlineData: { mimeType: "image/png", data: "AA==" } },
      { fileData: { mimeType: "image/png", fileUri: "https://x.invalid/a.png" } },
      { inlineData: { mimeType: "audio/wav", data: "AA==" } },
      code,
    ])
    expect(losses).toEqual(["dropped content[2].transcript", "dropped content[4]", "dropped content[5]"])
  })

  test("a picture has its signature, sealed where another API made it", () => {
    const source = { data: "AA==", mimeType: "image/png" }
    const by = (maker?: Partial<AssistantMessage>) =>
      respond([(out) => out.block("i", { type: "image", source, signature: { value: "c2ln" } })], maker).parts[0]
    expect(by()).toEqual({ inlineData: source, thoughtSignature: "c2ln" })
    expect(sealedIn(by({ api: "openai-completions" }))).toMatchObject({ own: { value: "c2ln" } })
  })

  test("sources and log probabilities beside the text, what it rests on at the end", () => {
    const source = { startIndex: 0, endIndex: 1, uri: "https://x.invalid" }
    const support = { segment: {}, groundingChunkIndices: [0] }
    const logprobsResult = { chosenCandidates: [] }
    const groundingMetadata = { groundingSupports: [support] }
    const { pieces, whole, losses } = respond([
      say("a"),
      (out) => out.attach("t", { citations: [source, support], logprobs: [logprobsResult] }),
      (out) => out.close("t"),
      (out) => out.block("g", { type: "native", api: "google-generative-ai", item: { groundingMetadata } }),
    ])
    const beside = { citationMetadata: { citationSources: [source] }, logprobsResult }
    expect(pieces[1]?.candidates?.[0]).toMatchObject({ content: { parts: [{ text: "" }] }, ...beside })
    expect(pieces[2]?.candidates?.[0]).toMatchObject({ finishReason: "STOP", groundingMetadata })
    expect(whole.candidates?.[0]).toMatchObject({ ...beside, groundingMetadata })
    expect(losses).toEqual([])
  })

  test("what came behind a text is told with the sources of the others", () => {
    const [early, late] = [{ uri: "early" }, { uri: "late" }]
    const citationMetadata = { citations: [late] }
    const { pieces, whole, losses } = respond([
      say("a"),
      (out) => out.attach("t", { citations: [early] }),
      (out) => out.close("t"),
      (out) => out.block("c", { type: "native", api: "google-generative-ai", item: { citationMetadata } }),
    ])
    expect(pieces.at(-1)?.candidates?.[0]).toMatchObject({ citationMetadata: { citationSources: [late] } })
    expect(whole.candidates?.[0]?.citationMetadata).toEqual({ citationSources: [early, late] })
    expect(losses).toEqual([])
  })

  test("those of other wires are lost, and that is told", () => {
    const { losses } = respond([
      say("a"),
      (out) => out.attach("t", { citations: [{ type: "char_location" }], logprobs: [{ token: "a" }] }),
      (out) => out.close("t"),
    ])
    expect(losses).toEqual(["dropped content[0].citations", "dropped content[0].logprobs"])
  })

  test("a call of a grammar tool is one with a field", () => {
    const { parts, losses } = respond([
      (out) => {
        out.toolCall("c", { id: "c1", name: "grep", custom: true })
        out.args("c", "a.*b")
        out.close("c")
      },
    ])
    expect(parts[0]).toEqual({ functionCall: { id: "c1", name: "grep", args: { input: "a.*b" } } })
    expect(losses).toEqual(["dropped content[0].custom"])
  })
})

describe("the end", () => {
  test.each([
    ["stop", undefined, { finishReason: "STOP" }, []],
    ["length", undefined, { finishReason: "MAX_TOKENS" }, []],
    ["stop", { type: "pause_turn" }, { finishReason: "STOP" }, ["dropped stopDetails"]],
    [
      "stop",
      { type: "refusal", category: "RECITATION", explanation: "no" },
      { finishReason: "RECITATION", finishMessage: "no" },
      [],
    ],
    ["stop", { type: "refusal", category: "cyber" }, { finishReason: "SAFETY" }, ["approximated stopDetails.category"]],
  ] as const)("%s with %j", (reason, details, finish, lost) => {
    const { last, losses } = respond([say("a"), (out) => out.stop(reason, details)])
    const { content: _content, index: _index, ...rest } = last.candidates?.[0] ?? {}
    expect(rest).toEqual(finish)
    expect(losses).toEqual(lost)
  })

  test.each([
    ["arguments that are no JSON object", "[1]", true],
    ["arguments that were cut off", '{"a":', false],
  ])("a call with %s is not given to be run", (_what, args, closed) => {
    const { parts, last, losses } = respond([
      callTool("c1"),
      (out) => {
        out.toolCall("x", { id: "c2", name: "g" })
        out.args("x", args)
        if (closed) out.close("x")
      },
      (out) => out.stop("toolUse"),
    ])
    expect(parts.filter((part) => part.functionCall)).toHaveLength(1)
    expect(last.candidates?.[0]).toMatchObject({ finishReason: "MALFORMED_FUNCTION_CALL" })
    expect(last.candidates?.[0]?.finishMessage).toContain("g")
    expect(losses).toEqual(["dropped content[1]", "approximated stopDetails"])
  })

  test("WO-114: a prompt that a filter took has no candidate", () => {
    const blocked = (out: MessageBuilder): void => {
      out.stop("error", { type: "refusal", category: "PROHIBITED_CONTENT", explanation: "no" })
      out.fail({ is: "content_blocked", message: "no" })
    }
    const { pieces } = respond([blocked])
    expect(pieces).toMatchObject([
      { promptFeedback: { blockReason: "PROHIBITED_CONTENT", blockReasonMessage: "no" }, modelVersion: "asked/for" },
    ])
    const later = respond([say("a"), blocked])
    expect(later.last.candidates?.[0]).toMatchObject({ finishReason: "PROHIBITED_CONTENT", finishMessage: "no" })
  })

  test("a failure is an error behind what was said, and no reason to stop", () => {
    const { pieces } = respond([say("a"), (out) => out.fail({ is: "overloaded", message: "Busy." })])
    expect(pieces).toHaveLength(2)
    expect(pieces[1]).toMatchObject({ error: { code: 503, status: "UNAVAILABLE", message: "Busy." } })
  })
})

describe("an error", () => {
  const failed = (error: SluiceError): { status: number; headers: object; body: unknown } => {
    const answer = googleGenerativeAiServer.failure(error)
    expect(checkGenerateError(answer.body)).toEqual([])
    return answer
  }

  test.each([
    ["invalid_request", undefined, 400, "INVALID_ARGUMENT"],
    ["auth_invalid", undefined, 401, "UNAUTHENTICATED"],
    ["billing", undefined, 402, "FAILED_PRECONDITION"],
    ["permission_denied", undefined, 403, "PERMISSION_DENIED"],
    ["model_not_found", undefined, 404, "NOT_FOUND"],
    ["rate_limited", undefined, 429, "RESOURCE_EXHAUSTED"],
    ["overloaded", undefined, 503, "UNAVAILABLE"],
    ["overloaded", 529, 529, "UNAVAILABLE"],
    ["timeout", undefined, 504, "DEADLINE_EXCEEDED"],
    ["network", undefined, 502, "UNAVAILABLE"],
    ["aborted", undefined, 499, "CANCELLED"],
    ["invalid_request", 413, 413, "INVALID_ARGUMENT"],
    ["server_error", 599, 599, "INTERNAL"],
  ] as const)("%s with the status %s", (code, given, status, word) => {
    const error = new SluiceError({ code, message: "x", ...(given === undefined ? {} : { status: given }) })
    expect(failed(error)).toMatchObject({ status, body: { error: { code: status, message: "x", status: word } } })
  })

  test("says what field it is, when to come back, and which request it was", () => {
    const error = new SluiceError({
      code: "rate_limited",
      message: "x",
      param: "contents",
      retryAfterMs: 1500,
      requestId: "req_1",
    })
    const type = (name: string): string => `type.googleapis.com/google.rpc.${name}`
    const { headers, body } = failed(error)
    expect(headers).toMatchObject({ "retry-after": "2" })
    expect(body).toMatchObject({
      error: {
        details: [
          { "@type": type("ErrorInfo"), reason: "RATE_LIMITED", domain: "sluice" },
          { "@type": type("BadRequest"), fieldViolations: [{ field: "contents", description: "x" }] },
          { "@type": type("RetryInfo"), retryDelay: "2s" },
          { "@type": type("RequestInfo"), requestId: "req_1" },
        ],
      },
    })
  })

  test("says of a conversation that is too long what clients look for, once", () => {
    const words = "The input token count exceeds the maximum number of tokens allowed"
    const of = (message: string): unknown =>
      (failed(new SluiceError({ code: "context_overflow", message })).body as { error: { message: string } }).error
        .message
    expect(of("prompt is too long")).toBe(`${words}: prompt is too long`)
    expect(of("The input token count (9) exceeds the maximum (8).")).toBe(
      "The input token count (9) exceeds the maximum (8).",
    )
  })
})
