import { SluiceError } from "../model/errors.ts"
import { networkError } from "./fetch.ts"

// The errors of WebSockets. `type` is a word of our own that does not change, for `adapt` to go by.

/** The reader is so far behind that nothing more is kept for it. */
export function overflow(capacity: number): SluiceError {
  return new SluiceError({
    code: "network",
    type: "WS_QUEUE_OVERFLOW",
    message: `More than ${capacity} frames of the WebSocket waited to be read.`,
    hint: "Read the stream faster, or raise queueCapacity of the WebSocket transport.",
  })
}

/** The peer is gone, or the way to it. */
export function pongTimeout(ms: number): SluiceError {
  return new SluiceError({
    code: "network",
    type: "WS_PONG_TIMEOUT",
    message: `The host did not answer a ping on the WebSocket for ${ms} ms (pong timeout).`,
    hint: "The connection is dead; try again. pongTimeoutMs of the WebSocket transport sets the limit, 0 switches it off.",
  })
}

/** A second request while one is under way, which hosts refuse. */
export function inProgress(): SluiceError {
  return new SluiceError({
    code: "concurrency_limited",
    scope: "local",
    type: "WS_IN_PROGRESS",
    message: "A request is already in progress on this WebSocket.",
    hint: "Open a channel for each request, or wait until the other one has ended.",
  })
}

/** The error of a closed socket. `type` holds the code of the closing, for endpoints that know what their host means by it. */
export function socketClosed(code: number, reason: string, early: boolean): SluiceError {
  const said = reason === "" ? `${code}` : `${code}, ${reason}`
  return new SluiceError({
    code: "network",
    type: early ? "WS_NOT_OPENED" : `WS_CLOSED_${code}`,
    message: early
      ? `The WebSocket was closed before it was open (${said}).`
      : `The host closed the WebSocket (${said}).`,
  })
}

/** The error of a socket that was let go on this side. */
export function closedByUs(reason: string): SluiceError {
  return new SluiceError({
    code: "network",
    type: "WS_LET_GO",
    message: `The WebSocket was closed on this side (${reason}).`,
  })
}

/** The protocol's own failures have a code by `ws`; all others are the connection's. */
export function socketError(error: Error & { code?: unknown }): SluiceError {
  const { code } = error
  if (typeof code !== "string" || !code.startsWith("WS_ERR_")) return networkError(error)
  return new SluiceError(
    {
      code: "stream_malformed",
      type: code,
      message:
        code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"
          ? "The host sent a frame that is larger than allowed."
          : `The host broke the rules of the WebSocket protocol (${code}).`,
    },
    { cause: error },
  )
}

/** The handshake took too long. */
export function connectTimeout(ms: number): SluiceError {
  return new SluiceError({
    code: "network",
    type: "WS_CONNECT_TIMEOUT",
    message: `The WebSocket was not open within ${ms} ms.`,
    hint: "Raise connectTimeoutMs of the WebSocket transport if the host is known to be this slow.",
  })
}

/** An answer to the handshake that is no refusal and no agreement. */
export function notUpgraded(status: number): SluiceError {
  return new SluiceError({
    code: "network",
    type: "WS_NOT_UPGRADED",
    retryable: false,
    message: `The host answered the WebSocket handshake with status ${status} in place of 101.`,
    hint: "The host, or a proxy before it, has no WebSocket at this address: use plain HTTP.",
  })
}

/** The socket did not take what was written. */
export function sendFailed(error: Error): SluiceError {
  return new SluiceError(
    { code: "network", type: "WS_SEND_FAILED", message: "The request could not be written to the WebSocket." },
    { cause: error },
  )
}
