import type { Frame } from "../contract/frame.ts"
import { SluiceError } from "../model/errors.ts"
import { MAX_FRAME_BYTES, type Framer } from "./framer.ts"

const LF = 0x0a

/** One JSON value a line; blank lines are skipped, a last line without its end is still given out by `end()`. */
export class NdjsonFramer implements Framer {
  readonly #decoder = new TextDecoder()
  readonly #max: number
  #held: Uint8Array[] = []
  #heldBytes = 0

  constructor(options: { maxFrameBytes?: number } = {}) {
    this.#max = options.maxFrameBytes ?? MAX_FRAME_BYTES
  }

  push(bytes: Uint8Array): Frame[] {
    const last = bytes.lastIndexOf(LF)
    if (last < 0) {
      this.#hold(bytes)
      return []
    }
    this.#hold(bytes.subarray(0, last + 1))
    const frames = this.#flush()
    if (last + 1 < bytes.length) this.#hold(bytes.subarray(last + 1))
    return frames
  }

  end(): Frame[] {
    return this.#flush()
  }

  #hold(bytes: Uint8Array): void {
    this.#heldBytes += bytes.length
    if (this.#heldBytes > this.#max) {
      throw new SluiceError({
        code: "stream_malformed",
        message: `A line of the stream is larger than ${this.#max} bytes.`,
      })
    }
    this.#held.push(bytes.slice())
  }

  #flush(): Frame[] {
    const whole = new Uint8Array(this.#heldBytes)
    let at = 0
    for (const part of this.#held) {
      whole.set(part, at)
      at += part.length
    }
    this.#held = []
    this.#heldBytes = 0
    const frames: Frame[] = []
    for (const line of this.#decoder.decode(whole).split("\n")) {
      const data = line.trim()
      if (data !== "") frames.push({ data })
    }
    return frames
  }
}

/** A frame as a line; one without data is a blank line. */
export function ndjsonText({ data }: Frame): string {
  return `${typeof data === "string" ? data : new TextDecoder().decode(data)}\n`
}
