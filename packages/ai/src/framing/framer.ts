import type { Frame } from "../contract/frame.ts"

/** Cuts bytes into frames. Holds no more than what the next frame needs. */
export interface Framer {
  /** @throws SluiceError `stream_malformed` when a frame is larger than allowed or is not in the framing's form */
  push(bytes: Uint8Array): Frame[]
  /** The input is over: what can still be read of it. */
  end(): Frame[]
}

/** Largest frame in bytes that is read unless told otherwise: 64 MiB, as an image may come in one. */
export const MAX_FRAME_BYTES: number = 64 * 1024 * 1024
