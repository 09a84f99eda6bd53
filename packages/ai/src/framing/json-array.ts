import type { Frame } from "../contract/frame.ts"
import { SluiceError } from "../model/errors.ts"
import { MAX_FRAME_BYTES, type Framer } from "./framer.ts"

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN = 0x7b
const CLOSE = 0x7d
const COMMA = 0x2c

/**
 * One JSON array that grows: each object in it is a frame, as soon as it is closed. An object that stands alone, as an
 * error does, is one frame too. An object whose end is missing is given out by `end()` as far as it came.
 *
 * Bytes of UTF-8 beyond ASCII are no part of the syntax, so that the input may be cut anywhere.
 */
export class JsonArrayFramer implements Framer {
  readonly #decoder = new TextDecoder()
  readonly #max: number
  #held: Uint8Array[] = []
  #heldBytes = 0
  /** Brackets that are open within the frame; 0 between frames. */
  #depth = 0
  #inString = false
  #escaped = false
  #failure: Error | undefined

  constructor(options: { maxFrameBytes?: number } = {}) {
    this.#max = options.maxFrameBytes ?? MAX_FRAME_BYTES
  }

  push(bytes: Uint8Array): Frame[] {
    if (this.#failure) throw this.#failure
    const frames: Frame[] = []
    let from = 0
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (byte === BACKSLASH) this.#escaped = true
        else if (byte === QUOTE) this.#inString = false
        continue
      }
      if (this.#depth === 0) {
        if (byte === OPEN) {
          this.#depth = 1
          from = at
        } else if (!isBetween(byte)) {
          // What was whole before a fault is given out first, however the bytes were cut.
          if (frames.length === 0) throw malformed()
          this.#failure = malformed()
          return frames
        }
        continue
      }
      if (byte === QUOTE) this.#inString = true
      else if (byte === OPEN || byte === OPEN_LIST) this.#depth++
      else if ((byte === CLOSE || byte === CLOSE_LIST) && --this.#depth === 0) {
        this.#hold(bytes.subarray(from, at + 1))
        frames.push(this.#flush())
      }
    }
    if (this.#depth > 0) this.#hold(bytes.subarray(from))
    return frames
  }

  end(): Frame[] {
    if (this.#failure) throw this.#failure
    return this.#heldBytes > 0 ? [this.#flush()] : []
  }

  #hold(bytes: Uint8Array): void {
    this.#heldBytes += bytes.length
    if (this.#heldBytes > this.#max) {
      throw new SluiceError({
        code: "stream_malformed",
        message: `An object of the stream is larger than ${this.#max} bytes.`,
      })
    }
    this.#held.push(bytes.slice())
  }

  #flush(): Frame {
    const whole = new Uint8Array(this.#heldBytes)
    let at = 0
    for (const part of this.#held) {
      whole.set(part, at)
      at += part.length
    }
    this.#held = []
    this.#heldBytes = 0
    return { data: this.#decoder.decode(whole) }
  }
}

/** What may stand between two frames: the array's own signs, white space, a byte order mark. */
function isBetween(byte: number): boolean {
  return (
    byte === COMMA ||
    byte === OPEN_LIST ||
    byte === CLOSE_LIST ||
    byte === 0x20 ||
    byte === 0x0a ||
    byte === 0x0d ||
    byte === 0x09 ||
    byte === 0xef ||
    byte === 0xbb ||
    byte === 0xbf
  )
}

function malformed(): SluiceError {
  return new SluiceError({
    code: "stream_malformed",
    message: "The stream was to be a list of JSON objects and holds something else.",
  })
}
