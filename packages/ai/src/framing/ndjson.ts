import type { Frame } from "../contract/frame.ts"
import { SluiceError } from "../model/errors.ts"
import { MAX_FRAME_BYTES, type Framer } from "./framer.ts"
import { JsonArrayFramer } from "./json-array.ts"

const LF = 0x0a
/** A line that begins an object or a list and cannot end it. */
const GOES_ON = /^[{[](?:.*[{[,:])?$/su

/**
 * One JSON value a line; blank lines are skipped, a last line without its end is still given out by `end()`. Some hosts
 * answer with a document that is indented for people: where the first line cannot end what it begins, each object is a
 * frame, however many lines it takes.
 */
export class NdjsonFramer implements Framer {
  readonly #decoder = new TextDecoder()
  readonly #max: number
  #held: Uint8Array[] = []
  #heldBytes = 0
  #begun = false
  #indented: JsonArrayFramer | undefined

  constructor(options: { maxFrameBytes?: number } = {}) {
    this.#max = options.maxFrameBytes ?? MAX_FRAME_BYTES
  }

  push(bytes: Uint8Array): Frame[] {
    if (this.#indented) return this.#indented.push(bytes)
    const last = bytes.lastIndexOf(LF)
    if (last < 0) {
      this.#hold(bytes)
      return []
    }
    this.#hold(bytes.subarray(0, last + 1))
    const frames = this.#flush()
    return last + 1 === bytes.length ? frames : [...frames, ...this.#begin(bytes.subarray(last + 1))]
  }

  /** What stands behind the last end of a line. */
  #begin(bytes: Uint8Array): Frame[] {
    if (this.#indented) return this.#indented.push(bytes)
    this.#hold(bytes)
    return []
  }

  end(): Frame[] {
    return this.#indented ? this.#indented.end() : this.#flush()
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
      if (data === "") continue
      if (!this.#begun && GOES_ON.test(data)) {
        this.#indented = new JsonArrayFramer({ maxFrameBytes: this.#max })
        return this.#indented.push(whole)
      }
      this.#begun = true
      frames.push({ data })
    }
    return frames
  }
}

/** A frame as a line; one without data is a blank line. */
export function ndjsonText({ data }: Frame): string {
  return `${typeof data === "string" ? data : new TextDecoder().decode(data)}\n`
}
