import type { LoopbackServer } from "../../loopback.ts"
import type { Fields } from "../check.ts"
import type { ResponsesAnswer, ResponsesError } from "../openai-responses/types.ts"

/** One answer of the Codex backend. Faults that count events count frames over a WebSocket. */
export interface CodexAnswer extends ResponsesAnswer {
  /** Whether the turn is over; `false` asks the client to sample again. Default: not said. */
  endTurn?: boolean
  /** Header `x-codex-turn-state`; over a WebSocket it comes in a frame `response.metadata`. */
  turnState?: string
  /** Header `x-models-etag`; over a WebSocket it comes in a frame `response.metadata`. */
  modelsEtag?: string
  /** A frame `response.metadata` with this under `metadata`. */
  metadata?: Fields
  /** A frame in place of an answer over a WebSocket: what is known of the chain has gone. */
  stale?: boolean | { code?: string; message?: string }
  /** The connection has reached its age or its number of requests; after so many frames of the answer. */
  connectionLimit?: { afterEvents?: number }
  /** The socket is closed by the server right after the last frame. */
  eagerClose?: boolean
  /** Frames are sent as binary messages. */
  binary?: boolean
  /** Frames that do not belong here, each before the frame of that number. */
  inject?: readonly { before: number; frame: Fields | string }[]
}

/** How the server answers one wish for a WebSocket. */
export interface CodexHandshake {
  /** An answer over HTTP in place of the connection. Status 426 is what a host without WebSockets says. */
  refuse?: ResponsesError
  /** The handshake is never answered. */
  silent?: boolean
  /** Milliseconds before the answer. */
  delayMs?: number
  /** Headers of the answer, such as `x-codex-turn-state` and `x-models-etag`. */
  headers?: Readonly<Record<string, string>>
  /** Pings are not answered. */
  noPong?: boolean
}

/** How the emulator of the Codex backend is set up. */
export interface CodexOptions {
  /** Default: a greeting for every request. A list that is used up answers with an error. */
  script?: readonly CodexAnswer[] | ((call: CodexCall) => CodexAnswer | Promise<CodexAnswer>)
  /** Answers to wishes for a WebSocket, one each; those after the list's end are granted. */
  handshakes?: readonly CodexHandshake[] | ((connection: CodexConnection) => CodexHandshake)
  /** The only token that is good. Default: every one of the right form that has not expired. */
  token?: string | (() => string)
  /** The originator that the token was made for; another one is refused with 401. Default: any. */
  originator?: string
  /** Models as the backend lists them. Default: `gpt-5.5`. */
  models?: readonly Fields[]
  /** The tag of that list. Default `"emulated"`. */
  modelsEtag?: string
  /** Ids of items and SSE without a beta are accepted, as the vendor's own client of today sends them. Default false. */
  lenient?: boolean
  /** Encrypted reasoning that this server did not give out is refused. Default true. */
  verifyReasoning?: boolean
}

/** A request for a response as the backend saw it, over either transport. */
export interface CodexCall {
  /** Counted from 0 per server. */
  index: number
  transport: "sse" | "websocket"
  /** Of the connection that it came over, where it is a WebSocket. */
  connection?: number
  /** Names in lower case, of the request or of the handshake. Secrets are in it. */
  headers: Readonly<Record<string, string>>
  body: Fields
  /** A request that only warms the connection up. */
  prewarm: boolean
  /** How many items of a kept conversation came before its input. */
  continued: number
  /** Id of the response, once it was given one. */
  responseId?: string
  /** What it was refused with. */
  refused?: { status: number; message: string }
}

/** A WebSocket as the server saw it. */
export interface CodexConnection {
  /** Counted from 0 per server. */
  index: number
  headers: Readonly<Record<string, string>>
  /** Milliseconds since the server began to listen. */
  openedAtMs: number
  /** Status that the handshake was refused with. */
  refused?: number
  /** Messages of the client, oldest first; as text where they are no JSON. */
  received: unknown[]
  /** Frames that were sent to it. */
  sent: string[]
  pings: number
  /** How it ended; `undefined` while it is open. A client that went without a close frame has 1006. */
  closed?: { by: "client" | "server"; code: number; reason: string }
}

/** The Codex backend on a port of its own. */
export interface CodexEmulator extends LoopbackServer {
  /** Requests for responses, oldest first. `requests` has those over HTTP as they came. */
  calls: readonly CodexCall[]
  /** Every wish for a WebSocket, oldest first. */
  connections: readonly CodexConnection[]
  /** Base URL of a client: `http://127.0.0.1:<port>/backend-api` */
  baseUrl: string
}
