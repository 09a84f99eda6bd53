import type { ToolResultMessage } from "../model/message.ts"
import type { HeadersView } from "./header-list.ts"

/** How an exchange is cut into frames. It belongs to the exchange, not to the wire: one wire meets several. */
export type Framing = "sse" | "ndjson" | "json-array" | "aws-eventstream" | "connect" | "messages"

/** One unit of a stream. */
export interface Frame {
  event?: string
  data: string | Uint8Array
  /** `data` as JSON, where somebody has parsed it already. */
  json?: unknown
  /** Headers or trailers that travel with a frame. */
  meta?: Readonly<Record<string, string>>
  /** The frame's own bytes, borders included, for relaying. */
  raw?: Uint8Array
}

/** What the data of many frames has in common: the same text before and behind a middle of its own. */
export interface FrameForm {
  readonly before: string
  readonly behind: string
}

/** Frames of one form without another between them, still in one piece: most of an answer is read so. */
export interface FrameRun {
  form: FrameForm
  /** The event of each. */
  event?: string
  /** What stands between the form's two texts in each frame: at least one, none empty. */
  middles: readonly string[]
  /** The middles as one text. */
  text: string
}

/** Takes frames as they are cut. */
export interface FrameReader {
  /**
   * The form that the next frames may have in common. It is looked at again after each frame while it is being
   * learned; `undefined`: there is none, and none will be.
   */
  readonly form: FrameForm | "learning" | undefined
  frame(frame: Frame): void
  run(run: FrameRun): void
}

/** Cuts bytes into frames. Holds no more than what the next frame needs. */
export interface Framer {
  /** @throws SluiceError `stream_malformed` when a frame is larger than allowed or is not in the framing's form */
  push(bytes: Uint8Array): Frame[]
  /** The same for a reader that can take frames of a form together. @throws SluiceError as `push` does */
  read?(bytes: Uint8Array, reader: FrameReader): void
  /** The input is over: what can still be read of it. */
  end(): Frame[]
}

/** Over what a channel runs. */
export type ChannelKind = "http" | "websocket" | "http2"

/** The head of a response. */
export interface ResponseHead {
  status: number
  headers: HeadersView
  channel: ChannelKind
}

/** Header names in lower case; the last one wins; `undefined` deletes. */
export type HeaderMap = Record<string, string | undefined>

/** Merges header maps from left to right, names compared without case, `undefined` deleting what was there. */
export function mergeHeaders(
  ...maps: readonly (Readonly<Record<string, string | undefined>> | undefined)[]
): HeaderMap {
  const merged: HeaderMap = {}
  for (const map of maps) {
    if (!map) continue
    for (const name of Object.keys(map)) {
      const value = map[name]
      if (value === undefined) delete merged[name.toLowerCase()]
      else merged[name.toLowerCase()] = value
    }
  }
  return merged
}

/** What a decoder wants done. It never does it itself. */
export type Effect =
  | { do: "send"; frame: Frame }
  /** A question that must be answered for the stream to go on. */
  | { do: "ask"; id: string; name: string; input: unknown }
  /** What a filter of the host says beside the answer, for the observer of it. */
  | { do: "moderation"; value: unknown }
  /** The answer is there: 0 stops reading now, n waits n milliseconds for late usage. */
  | { do: "finish"; withinMs: number }
  /** The answer goes on although it was said to be there. */
  | { do: "resume" }

/** An answer to an `ask`. */
export type Answer = ToolResultMessage | "unavailable" | "rejected"

/** Small facts that were learned, by name. Values survive JSON. */
export type Facts = Readonly<Record<string, unknown>>
