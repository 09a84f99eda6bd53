import type { Frame } from "../contract/frame.ts"
import { SluiceError } from "../model/errors.ts"
import { MAX_FRAME_BYTES } from "./framer.ts"

const LF = 0x0a
const CR = 0x0d
const BORDER = "\n\n"

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
    if (this.#held.length === 0) return this.#cut(bytes, 0)
    // A border may have begun in what is held: its last three bytes are looked at again, and all is joined only then.
    const seam = joined([lastBytes(this.#held, 3), bytes])
    if (borderAfter(seam, 0) < 0) {
      this.#hold(bytes)
      return []
    }
    const from = Math.max(0, this.#heldBytes - 3)
    const all = joined([...this.#held, bytes])
    this.#held = []
    this.#heldBytes = 0
    return this.#cut(all, from)
  }

  /** The whole events of `bytes`, whose first border is not before `from`; what is left is held. */
  #cut(bytes: Uint8Array, from: number): Frame[] {
    const text = this.#decoder.decode(bytes)
    // Where a byte is a character, the text has its borders where the bytes have them, and is cut itself.
    if (text.length === bytes.length && !text.includes("\r")) return this.#cutText(text, bytes, from)
    const frames: Frame[] = []
    let start = 0
    for (let end = borderAfter(bytes, from); end >= 0; end = borderAfter(bytes, end)) {
      const raw = bytes.subarray(start, end)
      frames.push(frameOf(this.#decoder.decode(raw), raw))
      start = end
    }
    if (start < bytes.length) this.#hold(bytes.subarray(start))
    return frames
  }

  #cutText(text: string, bytes: Uint8Array, from: number): Frame[] {
    const frames: Frame[] = []
    let start = 0
    for (let end = text.indexOf(BORDER, from); end >= 0; end = text.indexOf(BORDER, start)) {
      frames.push(frameOf(text.slice(start, end + 2), bytes.subarray(start, end + 2)))
      start = end + 2
    }
    if (start < bytes.length) this.#hold(start === 0 ? bytes : bytes.subarray(start))
    return frames
  }

  /** What is left when the input is over: an event without its blank line. */
  end(): Frame[] {
    const rest = joined(this.#held)
    this.#held = []
    this.#heldBytes = 0
    return rest.length === 0 ? [] : [frameOf(this.#decoder.decode(rest), rest)]
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
}

/** The event that a text spells, with its bytes. */
function frameOf(text: string, raw: Uint8Array): Frame {
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
