import type { Frame } from "../contract/frame.ts"
import { SluiceError } from "../model/errors.ts"
import { MAX_FRAME_BYTES } from "./framer.ts"

const LF = 0x0a
const CR = 0x0d

/**
 * Server-sent events with the bytes they came in, for passing on what is not changed.
 *
 * `raw` of a frame holds all bytes from the end of the frame before it to its own blank line, so that the frames'
 * bytes in a row are the stream. Comments between events belong to the event that follows them.
 */
export class RawSseFramer {
  readonly #decoder = new TextDecoder()
  #held: Uint8Array = new Uint8Array(0)
  #scanned = 0

  push(bytes: Uint8Array): Frame[] {
    const all = this.#held.length === 0 ? bytes : joined(this.#held, bytes)
    const frames: Frame[] = []
    let start = 0
    let at = this.#scanned
    for (;;) {
      const end = borderAfter(all, at)
      if (end < 0) break
      frames.push(this.#frame(all.subarray(start, end)))
      start = end
      at = end
    }
    const rest = all.subarray(start)
    if (rest.length > MAX_FRAME_BYTES) {
      throw new SluiceError({
        code: "stream_malformed",
        message: `An event of the stream is larger than ${MAX_FRAME_BYTES} bytes.`,
      })
    }
    this.#held = rest.length === 0 ? rest : rest.slice()
    // The last three bytes may be the beginning of a border.
    this.#scanned = Math.max(0, rest.length - 3)
    return frames
  }

  /** What is left when the input is over: an event without its blank line. */
  end(): Frame[] {
    const rest = this.#held
    this.#held = new Uint8Array(0)
    this.#scanned = 0
    return rest.length === 0 ? [] : [this.#frame(rest)]
  }

  #frame(raw: Uint8Array): Frame {
    const text = this.#decoder.decode(raw)
    const last = text.length - 2
    // Nearly every event is one line of data.
    if (text.startsWith("data: ") && text.indexOf("\n") === last && text.endsWith("\n\n") && !text.includes("\r")) {
      return { data: text.slice(6, last), raw }
    }
    let event = ""
    let data: string | undefined
    for (const line of text.split(/\r\n|\n|\r/)) {
      if (line === "data") data = data === undefined ? "" : `${data}\n`
      else if (line.startsWith("data:")) {
        const value = line.slice(line.charCodeAt(5) === 0x20 ? 6 : 5)
        data = data === undefined ? value : `${data}\n${value}`
      } else if (line.startsWith("event:")) event = line.slice(line.charCodeAt(6) === 0x20 ? 7 : 6)
    }
    return event === "" ? { data: data ?? "", raw } : { event, data: data ?? "", raw }
  }
}

/** Where the blank line that ends an event ends itself, from `from` on; -1 if there is none yet. */
function borderAfter(bytes: Uint8Array, from: number): number {
  for (let i = bytes.indexOf(LF, from); i >= 0; i = bytes.indexOf(LF, i + 1)) {
    if (bytes[i + 1] === LF) return i + 2
    if (bytes[i + 1] === CR && bytes[i + 2] === LF) return i + 3
  }
  for (let i = bytes.indexOf(CR, from); i >= 0; i = bytes.indexOf(CR, i + 1)) {
    if (bytes[i + 1] === CR) return i + 2
  }
  return -1
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length)
  whole.set(a)
  whole.set(b, a.length)
  return whole
}
