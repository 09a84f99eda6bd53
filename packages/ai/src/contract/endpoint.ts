import type { Model } from "@sluice/catalog/core"
import type { SluiceError } from "../model/errors.ts"
import type { Loss } from "../model/message.ts"
import type { RetryOptions, Timeouts } from "../model/options.ts"
import type { Json } from "../model/tool.ts"
import type { Credential } from "./credential.ts"
import type { ChannelKind, Frame, Framer, Framing, HeaderMap } from "./frame.ts"
import type { HeadersView } from "./header-list.ts"
import type { Call, WireClient, WireRequest } from "./wire-client.ts"

/** A request with everything on it, ready for a transport. */
export interface HttpRequest {
  method: "GET" | "POST"
  url: string
  headers: HeaderMap
  body?: string | Uint8Array
}

/** A socket as an endpoint wants it: its key, and what its handshake is made of. */
export interface SocketTarget {
  key: string
  url: string
  headers: HeaderMap
}

/** Limits on waiting, by channel. */
export type EndpointTimeouts = Readonly<Partial<Record<ChannelKind, Timeouts>>>

/** What one host changes about a wire. What is absent is not changed; that decides what can be relayed. */
export interface Endpoint {
  id: string
  framing?: Framing
  /** The host answers with streams only. Default false. */
  streamsOnly?: boolean
  /** Brings the framer for a framing that only this endpoint needs, so that no other program carries it. */
  framer?(): Framer
  /** Absent: request bytes may pass. */
  body?(body: Json, headers: HeaderMap, call: Call): Json
  /** What of a call the wire can say and this host cannot be told. */
  losses?(request: WireRequest, call: Call): readonly Loss[]
  /** URL and credential. */
  dress(request: WireRequest, call: Call, credential: Credential): HttpRequest
  /**
   * A socket that is kept by key; absent or `undefined`: plain HTTP. Asked before a channel is open: the call's is a
   * `websocket` without memory. One key stands for one address and all that its handshake says about a conversation;
   * a changed credential needs no other key. Whether the channel is a socket in the end says the kind that `encode`
   * and `dress` see.
   */
  connect?(call: Call, credential: Credential): SocketTarget | undefined
  /** Limits on trying again, where the call sets none. */
  retry?: RetryOptions | ((model: Model) => RetryOptions)
  /** Limits on waiting over a channel, where the call sets none. */
  timeouts?: EndpointTimeouts
  /** Over the final bytes; the only asynchronous step. */
  sign?(request: HttpRequest, credential: Credential, now: number): Promise<HttpRequest>
  /** Absent: response bytes may pass. */
  unwrap?(frame: Frame): Frame | undefined
  adapt?: NonNullable<WireClient["adapt"]>
  /**
   * An error of this host in words that help a person. `headers`: of the response that was the error. `account`: whose
   * credential was in use.
   */
  explain?(error: SluiceError, at: { headers?: HeadersView; now: number; account?: string }): SluiceError
}
