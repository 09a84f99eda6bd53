import type { Api, Model, Usage } from "@sluice/catalog/core"
import type { SluiceError } from "../model/errors.ts"
import type { AssistantMessageEvent } from "../model/events.ts"
import type { AssistantMessage, Context, Loss } from "../model/message.ts"
import type { CallOptions } from "../model/options.ts"
import type { ErrorFacts } from "./error-facts.ts"
import type { Frame, Framing, HeaderMap } from "./frame.ts"
import type { HeadersView } from "./header-list.ts"
import type { Mint, TokenCount } from "./wire-client.ts"
import type { WireListing } from "./wire-listing.ts"

/** What a client asks for. */
export type InboundOp = "generate" | "prewarm" | "countTokens" | "embed" | "models"

/** A client's request as it arrived, before anything of it is understood. */
export interface InboundRequest {
  /** The route's path as it was declared. */
  route: string
  params: Record<string, string>
  query: URLSearchParams
  headers: HeadersView
  /** Parsed JSON. */
  body: unknown
  /** The bytes of the body as they came, decompressed. */
  raw: Uint8Array
}

/** A client's request in our data model. */
export interface InboundCall {
  op: InboundOp
  route: string
  /** As the client named it. */
  model: string
  context: Context
  options: CallOptions
  stream: boolean
  framing: Framing
  losses: Loss[]
  /** Headers that only a target of the same api may get. */
  forward: HeaderMap
  request: InboundRequest
  /** An earlier response that this one continues. */
  previous?: string
  /** A field that names something which its host alone has: such a call can be passed on as it is, or not at all. */
  onlyPassed?: { field: string; value: string }
  /** The client wants to come back to the answer by its id. Only for wires that have such answers. */
  keep?: boolean
  /** What keeps the conversation on one account. */
  affinity?: string
  /** Tokens of the prompt, estimated, for wires that name them at the start. */
  estimate?: TokenCount
  /** Whether the client asked for usage in the stream, on wires where that is a choice. */
  wantsUsage?: boolean
}

/** A wire, server side. Pure like the client side. */
export interface WireServer {
  api: Api
  routes: readonly { method: "GET" | "POST"; path: string; op: InboundOp }[]
  /** @throws SluiceError `invalid_request` with `param`, the path of the field at fault */
  accept(request: InboundRequest): InboundCall
  responder(call: InboundCall, mint: Mint): Responder
  /** A number of tokens as the wire answers it; absent: `{ input_tokens }`. */
  counted?(count: TokenCount): Readonly<Record<string, unknown>>
  /** An error in the client's own shape. */
  failure(error: SluiceError): WireFailure
  relay?: Relay
  /** The field of a request that names an earlier response, for errors about it. */
  previous?: string
  /** Where clients may speak over a WebSocket too. */
  socket?: WireSocket
  /** Clients come back to answers by their ids: whoever serves the wire keeps them, and joins what they go on from. */
  keeps?: WireKeeps
  /** How its clients look round; absent where another wire of the vendor says it. */
  listing?: WireListing
}

/** An error as a response in the client's own shape. */
export interface WireFailure {
  status: number
  headers: HeaderMap
  body: unknown
}

/** How a wire is spoken over a WebSocket: each message is a request, each frame of an answer is a message. */
export interface WireSocket {
  path: string
  op: InboundOp
  /**
   * The body of the request that a message stands for.
   * @throws SluiceError `invalid_request` for a message that is no request
   */
  body(message: Readonly<Record<string, unknown>>): Record<string, unknown>
  /** A refusal as a message, which has no status and no headers of its own. */
  refusal(failure: WireFailure): unknown
}

/** How clients come back to answers that are kept. */
export interface WireKeeps {
  routes: readonly KeptRoute[]
  /** The error for an id at which nothing is kept. */
  missing(id: string): SluiceError
}

/**
 * A way to one answer that is kept. The path has `:id` where its id stands; what is given back is the JSON that the
 * client gets.
 */
export type KeptRoute =
  | {
      method: "GET"
      path: string
      /** @throws SluiceError `invalid_request` or `unsupported` with `param`, the parameter at fault */
      show(kept: KeptDocument, query: URLSearchParams): unknown
    }
  | { method: "DELETE"; path: string; removed(id: string): unknown }

/** An answer as a client that comes back to it gets it. */
export interface KeptDocument {
  id: string
  value: unknown
  /** What the client sent for it, item by item. */
  input: readonly unknown[]
}

/** Writes one answer in the client's spelling. */
export interface Responder {
  push(event: AssistantMessageEvent): Frame[]
  /** The whole answer as one JSON document. */
  whole(message: AssistantMessage): unknown
  /** The answer as a client that comes back to it gets it; once `done` was pushed, or `whole` was called; of one that failed there is none, unless it counts as an answer. */
  document?(): KeptDocument | undefined
  /** Something that keeps a connection open and means nothing. */
  keepAlive(): Frame
  losses: readonly Loss[]
}

/**
 * What a relay thinks of a frame: keep it back until there is content, let it through, leave it out, let it through
 * as content, or let it through as the last one; `alive` is a sign of life, which brings nothing forward and passes
 * only once the stream is open.
 */
export type TapVerdict = "hold" | "pass" | "drop" | "content" | "end" | "alive"

/** Both sides speak the same wire: frames pass unparsed. */
export interface Relay {
  /** Path of the request at the host, behind the base URL. `model`: as the host calls it. */
  path: string | ((call: InboundCall, model: string) => string)
  /** Headers of the request besides the credential and the ones that the client may pass on. */
  headers(call: InboundCall): HeaderMap
  /** Whether a host may be given the client's own bytes: nothing about it needs to be spelled differently. */
  passes(call: InboundCall, model: Model): boolean
  /**
   * Whether a host asks in later requests for what it thought, and clients of the wire are known to leave it out. What
   * is passed on unread cannot be kept for them. Absent: clients send it back.
   */
  forgets?(call: InboundCall, model: Model): boolean
  /** The request's bytes with some fields set; spliced, never re-serialised. */
  edit(raw: Uint8Array, set: { model?: string; wantUsage?: boolean }): Uint8Array
  tap(call: InboundCall): Tap
  /**
   * Finds what only its maker reads in the text of an answer, or of a value that the wire's clients hand back: the
   * first group is the value. Global. Absent: the wire has no field for such values.
   */
  opaque?: RegExp
}

/** Watches a stream that is passed through. */
export interface Tap {
  push(frame: Frame): TapVerdict
  /**
   * `terminal`: the answer may be called complete; `goesOn`: only the end of the stream tells that it is; `missing`:
   * bytes that the client waits for and the host left out.
   */
  result(): { terminal: boolean; goesOn?: boolean; usage?: Usage; error?: ErrorFacts; missing?: Uint8Array }
}
