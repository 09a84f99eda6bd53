import type { ChannelKind, Frame, ResponseHead } from "./frame.ts"
import type { HttpRequest, SocketTarget } from "./endpoint.ts"

/** Carries bytes. One try each, no policy. */
export interface Transport {
  /**
   * Without a socket: plain HTTP. A socket is a wish: a transport that has none, or none left, gives plain HTTP, and
   * the channel's kind says so. A channel is ours alone until its exchange ends, and has one request. A host's
   * refusal of a handshake is no rejection but the exchange of the channel, with its status and body.
   */
  open(socket: SocketTarget | undefined, signal: AbortSignal): Promise<Channel>
  /**
   * Opens a socket ahead of its first request. Absent where there are none.
   * @throws SluiceError what `open` throws; a refusal is left to the request that follows
   */
  warm?(socket: SocketTarget, signal: AbortSignal): Promise<void>
}

/** Where the memory of a channel has the status that its handshake was refused with; absent where it was granted. */
export const REFUSED_WITH = "handshake.refused"

/** What requests go out over: plain HTTP, or a socket that is kept open with what was learned on it. */
export interface Channel {
  kind: ChannelKind
  memory: Map<string, unknown>
  /** @throws SluiceError `network` when no response came, the abort's reason when aborted */
  send(request: HttpRequest, signal: AbortSignal): Promise<Exchange>
  /** Lets go of a channel that had no request. */
  close(reason: string): void
}

/** One request and its response. */
export interface Exchange {
  head: ResponseHead
  /** Frames that were queued come before an error. Ends without one only if the peer ended it properly. */
  chunks: AsyncIterable<Uint8Array | Frame>
  send?(frame: Frame): void
  /**
   * Lets go. With a reason the socket is closed at once; without one nothing more is needed, and the transport may
   * let the rest run out for a moment so that its connection can be used again. May be called more than once and
   * after the end.
   */
  cancel(reason?: unknown): void
}
