import { anthropicEndpoint, openaiEndpoint, type Endpoint, type Model, type WireClient } from "@sluice/ai"
import { googleEndpoint } from "@sluice/ai/endpoints/google"
import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { googleGenerativeAi } from "@sluice/ai/wires/google-generative-ai"
import { openaiCompletions } from "@sluice/ai/wires/openai-completions"
import { openaiResponses } from "@sluice/ai/wires/openai-responses"

/** One event of a stream with what it says, written down beside it so that no decoder is needed to know. */
export interface Piece {
  /** The event's bytes as text, blank line included. */
  event: string
  thinking?: string
  text?: string
  /** A piece of the arguments of the call with this number. */
  args?: readonly [call: number, piece: string]
  /** The call with this number begins. */
  opens?: number
  /** The call with this number is complete. */
  closes?: number
}

/** A wire as the fault tests see it. A new wire is one more row of `WIRES`. */
export interface WireCase {
  name: string
  /** First word of a model's name in front of a gateway. */
  host: "chat" | "messages" | "responses" | "google"
  wire: WireClient
  endpoint: Endpoint
  /** What stands between the server's URL and the wire's path. */
  base: string
  compat: Model["compat"]
  /** Thinking, text, two tool calls with arguments, usage. */
  pieces: readonly Piece[]
  /** Number of the event with which an answer is whole although its connection is broken off behind it. */
  wholeAt: number
  /** Number of the event with which an answer is whole when the host ends its body properly behind it. */
  wholeAtEnd: number
  /** An event that says nothing new after the end, and one that repeats the end. */
  late: readonly string[]
  /** Events before any content. */
  opening: string
  /** One event with this text. */
  says(text: string): string
  /** The events that end an answer. */
  ending: string
  /** An error as an event and as a body, in the vendor's words. */
  errorEvent(type: string, message: string): string
  errorBody(type: string, message: string): string
  /** Vendor's bodies by status, with the code that each stands for. */
  refusals: readonly Refusal[]
}

/** A wire that a gateway has a door for. */
export interface DoorWireCase extends WireCase {
  host: "chat" | "messages"
}

/** A status with the vendor's body. */
export interface Refusal {
  status: number
  body: string
  code: string
  /** The same request is sent again. */
  again?: boolean
}

export const THINKING = "Hm, grüß."
export const TEXT = "Two calls: 🌦 & “b”."
/** Arguments of the two calls; the characters of several bytes are there to be cut. */
export const CALLS = [
  { id: "call_1", name: "look", arguments: { city: "Köln", deep: [1, "}"] } },
  { id: "call_2", name: "note", arguments: { text: 'a "b" ☃' } },
] as const
const ARGS = CALLS.map((call) => JSON.stringify(call.arguments)) as [string, string]
const half = (text: string): [string, string] => [text.slice(0, 9), text.slice(9)]
const [A1, A2] = half(ARGS[0])
const [B1, B2] = half(ARGS[1])

const chunk = (fields: object): string => `data: ${JSON.stringify(fields)}\n\n`
const delta = (fields: object): string => chunk({ id: "c1", choices: [{ index: 0, delta: fields }] })
const call = (index: number, piece: string, more: object = {}): string =>
  delta({
    tool_calls: [
      { index, ...more, function: { ...("id" in more ? { name: CALLS[index]?.name } : {}), arguments: piece } },
    ],
  })
const finish = (reason: string): string =>
  chunk({ id: "c1", choices: [{ index: 0, delta: {}, finish_reason: reason }] })
const chatError = (type: string, message: string, code: string | null = null): string =>
  JSON.stringify({ error: { message, type, param: null, code } })

const chat: DoorWireCase = {
  name: "openai-completions",
  host: "chat",
  wire: openaiCompletions,
  endpoint: openaiEndpoint,
  base: "/v1",
  compat: {},
  pieces: [
    { event: delta({ role: "assistant", content: "" }) },
    { event: delta({ reasoning_content: THINKING }), thinking: THINKING },
    { event: delta({ content: TEXT.slice(0, 11) }), text: TEXT.slice(0, 11) },
    { event: ": still here\n\n" },
    { event: delta({ content: TEXT.slice(11) }), text: TEXT.slice(11) },
    // The two calls come in turns, as they may.
    { event: call(0, "", { id: "call_1", type: "function" }), opens: 0 },
    { event: call(0, A1), args: [0, A1] },
    { event: call(1, "", { id: "call_2", type: "function" }), opens: 1 },
    { event: call(1, B1), args: [1, B1] },
    { event: call(0, A2), args: [0, A2] },
    { event: call(1, B2), args: [1, B2] },
    { event: finish("tool_calls") },
    { event: chunk({ id: "c1", choices: [], usage: { prompt_tokens: 7, completion_tokens: 9, total_tokens: 16 } }) },
    { event: "data: [DONE]\n\n" },
  ],
  wholeAt: 11,
  wholeAtEnd: 11,
  late: [delta({ content: "late" }), finish("stop"), "data: [DONE]\n\n"],
  opening: delta({ role: "assistant", content: "" }),
  says: (text) => delta({ content: text }),
  ending: `${finish("stop")}data: [DONE]\n\n`,
  errorEvent: (type, message) => `data: ${chatError(type, message)}\n\n`,
  errorBody: (type, message) => chatError(type, message),
  refusals: [
    { status: 400, body: chatError("invalid_request_error", "Invalid value for 'messages'."), code: "invalid_request" },
    {
      status: 400,
      body: chatError(
        "invalid_request_error",
        "This model's maximum context length is 8192 tokens.",
        "context_length_exceeded",
      ),
      code: "context_overflow",
    },
    {
      status: 401,
      body: chatError("invalid_request_error", "Incorrect API key provided.", "invalid_api_key"),
      code: "auth_invalid",
    },
    { status: 402, body: chatError("insufficient_funds", "Insufficient Balance"), code: "billing" },
    {
      status: 403,
      body: chatError("invalid_request_error", "You are not allowed to sample from this model."),
      code: "permission_denied",
    },
    {
      status: 404,
      body: chatError("invalid_request_error", "The model `m` does not exist.", "model_not_found"),
      code: "model_not_found",
    },
    { status: 408, body: chatError("timeout", "Request timed out."), code: "timeout", again: true },
    { status: 413, body: chatError("invalid_request_error", "Request too large."), code: "context_overflow" },
    {
      status: 429,
      body: chatError("requests", "Rate limit reached for requests per min.", "rate_limit_exceeded"),
      code: "rate_limited",
      again: true,
    },
    {
      status: 429,
      body: chatError("insufficient_quota", "You exceeded your current quota.", "insufficient_quota"),
      code: "quota_exhausted",
    },
    { status: 500, body: chatError("server_error", "The server had an error."), code: "server_error", again: true },
    { status: 502, body: chatError("server_error", "Bad gateway."), code: "server_error", again: true },
    {
      status: 503,
      body: chatError("server_error", "The engine is currently overloaded."),
      code: "overloaded",
      again: true,
    },
    { status: 529, body: chatError("overloaded", "Overloaded"), code: "overloaded", again: true },
  ],
}

const event = (type: string, fields: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
const begins = (index: number, block: object): string => event("content_block_start", { index, content_block: block })
const grows = (index: number, fields: object): string => event("content_block_delta", { index, delta: fields })
const ends = (index: number): string => event("content_block_stop", { index })
const input = (index: number, text: string): string => grows(index, { type: "input_json_delta", partial_json: text })
const started = event("message_start", {
  message: { id: "m1", role: "assistant", content: [], usage: { input_tokens: 7, output_tokens: 1 } },
})
const stopping = (reason: string): string =>
  event("message_delta", { delta: { stop_reason: reason }, usage: { output_tokens: 9 } })
const messagesError = (type: string, message: string): string =>
  JSON.stringify({ type: "error", error: { type, message } })

const messages: DoorWireCase = {
  name: "anthropic-messages",
  host: "messages",
  wire: anthropicMessages,
  endpoint: anthropicEndpoint,
  base: "",
  compat: { messages: { keyHeader: "x-api-key" } },
  pieces: [
    { event: started },
    { event: begins(0, { type: "thinking", thinking: "" }) },
    { event: grows(0, { type: "thinking_delta", thinking: THINKING }), thinking: THINKING },
    { event: grows(0, { type: "signature_delta", signature: "c2ln" }) },
    { event: ends(0) },
    { event: begins(1, { type: "text", text: "" }) },
    { event: grows(1, { type: "text_delta", text: TEXT }), text: TEXT },
    { event: ends(1) },
    { event: begins(2, { type: "tool_use", id: "call_1", name: "look", input: {} }), opens: 0 },
    { event: input(2, A1), args: [0, A1] },
    { event: input(2, A2), args: [0, A2] },
    { event: ends(2), closes: 0 },
    { event: begins(3, { type: "tool_use", id: "call_2", name: "note", input: {} }), opens: 1 },
    { event: event("ping") },
    { event: input(3, ARGS[1]), args: [1, ARGS[1]] },
    { event: ends(3), closes: 1 },
    { event: stopping("tool_use") },
    { event: event("message_stop") },
  ],
  wholeAt: 16,
  wholeAtEnd: 16,
  late: [
    begins(9, { type: "text", text: "late" }),
    grows(9, { type: "text_delta", text: "late" }),
    stopping("end_turn"),
    event("message_stop"),
  ],
  opening: started + begins(0, { type: "text", text: "" }),
  says: (text) => grows(0, { type: "text_delta", text }),
  ending: ends(0) + stopping("end_turn") + event("message_stop"),
  errorEvent: (type, message) => `event: error\ndata: ${messagesError(type, message)}\n\n`,
  errorBody: messagesError,
  refusals: [
    { status: 400, body: messagesError("invalid_request_error", "messages: required"), code: "invalid_request" },
    {
      status: 400,
      body: messagesError("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
      code: "context_overflow",
    },
    { status: 401, body: messagesError("authentication_error", "invalid x-api-key"), code: "auth_invalid" },
    { status: 402, body: messagesError("billing_error", "Your credit balance is too low."), code: "billing" },
    { status: 403, body: messagesError("permission_error", "Not permitted."), code: "permission_denied" },
    { status: 404, body: messagesError("not_found_error", "model: m"), code: "model_not_found" },
    { status: 408, body: messagesError("timeout_error", "Request timed out"), code: "timeout", again: true },
    {
      status: 413,
      body: messagesError("request_too_large", "Request exceeds the maximum size"),
      code: "context_overflow",
    },
    {
      status: 429,
      body: messagesError("rate_limit_error", "This request would exceed the limit of tokens per minute."),
      code: "rate_limited",
      again: true,
    },
    { status: 500, body: messagesError("api_error", "Internal server error"), code: "server_error", again: true },
    { status: 502, body: messagesError("api_error", "Bad gateway"), code: "server_error", again: true },
    { status: 503, body: messagesError("overloaded_error", "Overloaded"), code: "overloaded", again: true },
    { status: 529, body: messagesError("overloaded_error", "Overloaded"), code: "overloaded", again: true },
  ],
}

const said = (type: string, fields: object = {}): string => event(`response.${type}`, fields)
const item = (type: "added" | "done", output_index: number, fields: object): string =>
  said(`output_item.${type}`, { output_index, item: fields })
const callItem = (n: 0 | 1, args: string): object => ({
  type: "function_call",
  id: `fc_${n}`,
  call_id: CALLS[n].id,
  name: CALLS[n].name,
  arguments: args,
})
const piece = (n: 0 | 1, text: string): string =>
  said("function_call_arguments.delta", { output_index: n + 2, item_id: `fc_${n}`, delta: text })
const textPiece = (text: string, output_index = 1): string =>
  said("output_text.delta", { output_index, item_id: "msg_1", content_index: 0, delta: text })
const ended = (): string =>
  said("completed", {
    response: {
      id: "r1",
      status: "completed",
      output: [],
      usage: { input_tokens: 7, output_tokens: 9, total_tokens: 16 },
    },
  })
const created = said("created", { response: { id: "r1", status: "in_progress", output: [] } })

const responses: WireCase = {
  name: "openai-responses",
  host: "responses",
  wire: openaiResponses,
  endpoint: openaiEndpoint,
  base: "/v1",
  compat: {},
  pieces: [
    { event: created },
    { event: item("added", 0, { type: "reasoning", id: "rs_1", summary: [] }) },
    {
      event: said("reasoning_summary_text.delta", { output_index: 0, summary_index: 0, delta: THINKING }),
      thinking: THINKING,
    },
    { event: item("done", 0, { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: THINKING }] }) },
    { event: item("added", 1, { type: "message", id: "msg_1", role: "assistant", content: [] }) },
    { event: textPiece(TEXT.slice(0, 11)), text: TEXT.slice(0, 11) },
    { event: ": still here\n\n" },
    { event: textPiece(TEXT.slice(11)), text: TEXT.slice(11) },
    { event: item("done", 1, { type: "message", id: "msg_1", content: [{ type: "output_text", text: TEXT }] }) },
    // The two calls come in turns, as they may.
    { event: item("added", 2, callItem(0, "")), opens: 0 },
    { event: piece(0, A1), args: [0, A1] },
    { event: item("added", 3, callItem(1, "")), opens: 1 },
    { event: piece(1, B1), args: [1, B1] },
    { event: piece(0, A2), args: [0, A2] },
    { event: item("done", 2, callItem(0, ARGS[0])), closes: 0 },
    { event: piece(1, B2), args: [1, B2] },
    { event: item("done", 3, callItem(1, ARGS[1])), closes: 1 },
    { event: ended() },
  ],
  wholeAt: 17,
  wholeAtEnd: 17,
  late: [textPiece("late", 9), ended(), "data: [DONE]\n\n"],
  opening: created,
  says: (text) => textPiece(text),
  ending: ended(),
  errorEvent: (type, message) =>
    `event: error\ndata: ${JSON.stringify({ type: "error", error: { type, message } })}\n\n`,
  errorBody: (type, message) => chatError(type, message),
  refusals: chat.refusals,
}

const candidate = (parts: readonly object[], more: object = {}, rest: object = {}): string =>
  chunk({ candidates: [{ content: { role: "model", parts }, index: 0, ...more }], ...rest })
const functionCall = (n: 0 | 1): object => ({
  functionCall: { id: CALLS[n].id, name: CALLS[n].name, args: CALLS[n].arguments },
})
const stops = candidate(
  [{ text: "" }],
  { finishReason: "STOP" },
  { usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 9, totalTokenCount: 16 } },
)
const googleError = (status: string, message: string, code?: number): string =>
  JSON.stringify({ error: { ...(code === undefined ? {} : { code }), message, status } })

const google: WireCase = {
  name: "google-generative-ai",
  host: "google",
  wire: googleGenerativeAi,
  endpoint: googleEndpoint,
  base: "/v1beta",
  compat: {},
  pieces: [
    { event: candidate([{ text: THINKING, thought: true }]), thinking: THINKING },
    { event: candidate([{ text: TEXT.slice(0, 11) }]), text: TEXT.slice(0, 11) },
    { event: ": still here\n\n" },
    { event: candidate([{ text: TEXT.slice(11) }]), text: TEXT.slice(11) },
    { event: candidate([functionCall(0)]), opens: 0, args: [0, ARGS[0]], closes: 0 },
    { event: candidate([functionCall(1)]), opens: 1, args: [1, ARGS[1]], closes: 1 },
    { event: stops },
  ],
  wholeAt: 6,
  wholeAtEnd: 6,
  late: [candidate([{ text: "" }]), stops, ": late\n\n"],
  opening: candidate([]),
  says: (text) => candidate([{ text }]),
  ending: stops,
  errorEvent: (type, message) => `data: ${googleError(type, message)}\n\n`,
  errorBody: (type, message) => googleError(type, message),
  refusals: [
    {
      status: 400,
      body: googleError("INVALID_ARGUMENT", "Invalid value at 'contents'.", 400),
      code: "invalid_request",
    },
    {
      status: 400,
      body: googleError(
        "INVALID_ARGUMENT",
        "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).",
        400,
      ),
      code: "context_overflow",
    },
    { status: 401, body: googleError("UNAUTHENTICATED", "Missing credentials.", 401), code: "auth_invalid" },
    { status: 403, body: googleError("PERMISSION_DENIED", "The caller may not.", 403), code: "permission_denied" },
    { status: 404, body: googleError("NOT_FOUND", "models/m is not found.", 404), code: "model_not_found" },
    {
      status: 429,
      body: googleError("RESOURCE_EXHAUSTED", "Resource has been exhausted.", 429),
      code: "rate_limited",
      again: true,
    },
    {
      status: 429,
      body: googleError("RESOURCE_EXHAUSTED", "You have exhausted your capacity on this model.", 429),
      code: "quota_exhausted",
    },
    {
      status: 500,
      body: googleError("INTERNAL", "An internal error occurred.", 500),
      code: "server_error",
      again: true,
    },
    { status: 503, body: googleError("UNAVAILABLE", "The model is overloaded.", 503), code: "overloaded", again: true },
    { status: 504, body: googleError("DEADLINE_EXCEEDED", "Deadline expired.", 504), code: "timeout", again: true },
  ],
}

export const WIRES: readonly WireCase[] = [chat, messages, responses, google]

/** The wires that a gateway has doors for. */
export const DOOR_WIRES: readonly DoorWireCase[] = [chat, messages]

/** A model of a wire at a server. */
export function modelAt(at: WireCase, url: string, more: Partial<Model> = {}): Model {
  return {
    id: "m",
    provider: at.host,
    api: at.wire.api,
    baseUrl: url + at.base,
    input: ["text"],
    output: ["text"],
    compat: at.compat,
    ...more,
  }
}

/** The whole stream of a wire, and where its events end, in bytes. */
export function streamOf(pieces: readonly Piece[]): { bytes: Uint8Array; ends: readonly number[] } {
  let at = 0
  const ends = pieces.map(({ event: text }) => (at += Buffer.byteLength(text)))
  return { bytes: Buffer.from(pieces.map(({ event: text }) => text).join("")), ends }
}

/** What a reader may know once so many bytes have come. */
export interface Told {
  thinking: string
  text: string
  /** Arguments by call, as far as they have come; only of calls that have begun. */
  args: string[]
  /** Calls that are complete. */
  closed: ReadonlySet<number>
  /** Something was told. */
  content: boolean
  whole: boolean
}

/** `proper`: the body ended as it should, so that a last event without its blank line counts. */
export function toldAt(at: WireCase, bytes: number, proper: boolean): Told {
  const { ends: borders } = streamOf(at.pieces)
  const told = { thinking: "", text: "", args: [] as string[], closed: new Set<number>(), content: false, whole: false }
  at.pieces.forEach((piece, n) => {
    if ((borders[n] as number) - (proper ? 2 : 0) > bytes) return
    told.thinking += piece.thinking ?? ""
    told.text += piece.text ?? ""
    if (piece.opens !== undefined) told.args[piece.opens] = ""
    if (piece.args) told.args[piece.args[0]] += piece.args[1]
    if (piece.closes !== undefined) told.closed.add(piece.closes)
    if (piece.thinking || piece.text || piece.opens !== undefined) told.content = true
    if (n === (proper ? at.wholeAtEnd : at.wholeAt)) told.whole = true
  })
  if (told.whole) CALLS.forEach((_, n) => told.closed.add(n))
  return told
}
