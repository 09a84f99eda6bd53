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
  #held: Uint8Array[] = []
  #heldBytes = 0

  push(bytes: Uint8Array): Frame[] {
    // A border may have begun in what is held: its last three bytes are looked at again, and all is joined only then.
    const tail = lastBytes(this.#held, 3)
    const seam = tail.length === 0 ? bytes : joined([tail, bytes])
    if (borderAfter(seam, 0) < 0) {
      this.#hold(bytes)
      return []
    }
    const all = this.#held.length === 0 ? bytes : joined([...this.#held, bytes])
    const frames: Frame[] = []
    let start = 0
    for (let end = borderAfter(all, Math.max(0, this.#heldBytes - 3)); end >= 0; end = borderAfter(all, end)) {
      frames.push(this.#frame(all.subarray(start, end)))
      start = end
    }
    this.#held = []
    this.#heldBytes = 0
    if (start < all.length) this.#hold(all.subarray(start))
    return frames
  }

  /** What is left when the input is over: an event without its blank line. */
  end(): Frame[] {
    const rest = joined(this.#held)
    this.#held = []
    this.#heldBytes = 0
    return rest.length === 0 ? [] : [this.#frame(rest)]
  }

  #hold(bytes: Uint8Array): void {
    this.#heldBytes += bytes.length
    if (this.#heldBytes > MAX_FRAME_BYTES) {
      throw new SluiceError({
        code: "stream_malformed",
        message: `An event of the stream is larger than ${MAX_FRAME_BYTES} bytes.`,
      })
    }
    this.#held.push(bytes.slice())
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

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** The last bytes of what the parts make together. */
function lastBytes(parts: readonly Uint8Array[], count: number): Uint8Array {
  const last: Uint8Array[] = []
  let missing = count
  for (let i = parts.length - 1; i >= 0 && missing > 0; i--) {
    const part = parts[i] as Uint8Array
    const taken = part.subarray(Math.max(0, part.length - missing))
    last.unshift(taken)
    missing -= taken.length
  }
  return last.length === 0 ? new Uint8Array(0) : joined(last)
}
