import type { Frame } from "../contract/frame.ts"
import { SluiceError } from "../model/errors.ts"
import { MAX_FRAME_BYTES } from "./framer.ts"

const LF = 0x0a

/**
 * Lines of JSON with the bytes they came in, for passing on what is not changed. `raw` of a frame is its line with the
 * line's end, so that the frames' bytes in a row are the stream; a blank line is a frame without data.
 */
export class RawNdjsonFramer {
  readonly #decoder = new TextDecoder()
  #held: Uint8Array[] = []
  #heldBytes = 0

  push(bytes: Uint8Array): Frame[] {
    const last = bytes.lastIndexOf(LF)
    if (last < 0) {
      this.#hold(bytes)
      return []
    }
    const whole = this.#held.length === 0 ? bytes.subarray(0, last + 1) : this.#joined(bytes.subarray(0, last + 1))
    if (last + 1 < bytes.length) this.#hold(bytes.subarray(last + 1))
    const frames: Frame[] = []
    for (let start = 0, end = whole.indexOf(LF); end >= 0; start = end + 1, end = whole.indexOf(LF, start)) {
      frames.push(this.#frame(whole.subarray(start, end + 1)))
    }
    return frames
  }

  /** What is left when the input is over: a line without its end. */
  end(): Frame[] {
    return this.#held.length === 0 ? [] : [this.#frame(this.#joined(new Uint8Array(0)))]
  }

  #frame(raw: Uint8Array): Frame {
    return { data: this.#decoder.decode(raw).trim(), raw }
  }

  #joined(more: Uint8Array): Uint8Array {
    const all = new Uint8Array(this.#heldBytes + more.length)
    let at = 0
    for (const part of [...this.#held, more]) {
      all.set(part, at)
      at += part.length
    }
    this.#held = []
    this.#heldBytes = 0
    return all
  }

  #hold(bytes: Uint8Array): void {
    this.#heldBytes += bytes.length
    if (this.#heldBytes > MAX_FRAME_BYTES) {
      throw new SluiceError({
        code: "stream_malformed",
        message: `A line of the stream is larger than ${MAX_FRAME_BYTES} bytes.`,
      })
    }
    this.#held.push(bytes.slice())
  }
}
