import type { Frame } from "../contract/frame.ts"
import { SluiceError } from "../model/errors.ts"
import { MAX_FRAME_BYTES, type Framer } from "./framer.ts"

const LF = 0x0a
const CR = 0x0d
const EMPTY = new Uint8Array(0)

/**
 * Server-sent events, read as the HTML standard describes them: lines end in LF, CR or CRLF, a leading byte order
 * mark is skipped, several `data` lines are joined by LF. A comment becomes a frame without an event and with empty
 * data, so that a reader can tell a living host from a silent one. An event that the end of input cuts short of its
 * blank line is still given out by `end()`.
 *
 * Only whole lines are decoded, so a character may be split between any two pushes.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class SseFramer implements Framer {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true })
  readonly #max: number
  #held: Uint8Array[] = []
  #heldBytes = 0
  #first = true
  #afterCr = false
  #event = ""
  #data: string | undefined
  #size = 0

  constructor(options: { maxFrameBytes?: number } = {}) {
    this.#max = options.maxFrameBytes ?? MAX_FRAME_BYTES
  }

  push(bytes: Uint8Array): Frame[] {
    const frames: Frame[] = []
    const lf = bytes.lastIndexOf(LF)
    const last = lf + 1 + bytes.subarray(lf + 1).lastIndexOf(CR)
    if (last < 0) {
      this.#hold(bytes)
      return frames
    }
    const head = bytes.subarray(0, last + 1)
    const text = this.#decoder.decode(this.#heldBytes === 0 ? head : this.#joined(head))
    this.#lines(text, frames)
    const rest = bytes.subarray(last + 1)
    if (rest.length > 0) this.#hold(rest)
    return frames
  }

  end(): Frame[] {
    const frames: Frame[] = []
    if (this.#heldBytes > 0) this.#lines(`${this.#decoder.decode(this.#joined(EMPTY))}\n`, frames)
    this.#dispatch(frames)
    return frames
  }

  #hold(bytes: Uint8Array): void {
    this.#heldBytes += bytes.length
    this.#check(this.#heldBytes)
    this.#held.push(bytes.slice())
  }

  #joined(tail: Uint8Array): Uint8Array {
    const whole = new Uint8Array(this.#heldBytes + tail.length)
    let at = 0
    for (const part of this.#held) {
      whole.set(part, at)
      at += part.length
    }
    whole.set(tail, at)
    this.#held = []
    this.#heldBytes = 0
    return whole
  }

  #check(size: number): void {
    if (size <= this.#max) return
    throw new SluiceError({
      code: "stream_malformed",
      message: `An event of the stream is larger than ${this.#max} bytes.`,
      hint: "Raise maxFrameBytes if the host really sends events of this size.",
    })
  }

  /** `text` ends with a line end. */
  #lines(text: string, frames: Frame[]): void {
    let at = 0
    if (this.#first) {
      this.#first = false
      if (text.charCodeAt(0) === 0xfeff) at = 1
    }
    if (this.#afterCr && text.charCodeAt(at) === LF) at++
    this.#afterCr = text.charCodeAt(text.length - 1) === CR
    let cr = text.indexOf("\r", at)
    while (at < text.length) {
      let end = text.indexOf("\n", at)
      let next = end + 1
      if (cr >= 0 && (end < 0 || cr < end)) {
        end = cr
        next = text.charCodeAt(cr + 1) === LF ? cr + 2 : cr + 1
        cr = nextCr(text, next)
      }
      if (end === at) this.#dispatch(frames)
      else this.#line(text, at, end, frames)
      at = next
    }
  }

  #line(text: string, from: number, to: number, frames: Frame[]): void {
    const first = text.charCodeAt(from)
    if (first === 0x64 && text.startsWith("data:", from)) {
      const value = text.slice(text.charCodeAt(from + 5) === 0x20 ? from + 6 : from + 5, to)
      this.#addData(value)
      return
    }
    if (first === 0x3a) {
      frames.push({ data: "" })
      return
    }
    const line = text.slice(from, to)
    const colon = line.indexOf(":")
    const field = colon < 0 ? line : line.slice(0, colon)
    let value = colon < 0 ? "" : line.slice(colon + 1)
    if (value.charCodeAt(0) === 0x20) value = value.slice(1)
    if (field === "event") this.#event = value
    else if (field === "data") this.#addData(value)
  }

  #addData(value: string): void {
    this.#size += value.length
    this.#check(this.#size)
    this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
  }

  #dispatch(frames: Frame[]): void {
    const data = this.#data
    const event = this.#event
    this.#event = ""
    if (data === undefined) return
    this.#data = undefined
    this.#size = 0
    frames.push(event === "" ? { data } : { event, data })
  }
}

/** A function of its own: within the loop the search would be done for every line, also where no CR is left. */
function nextCr(text: string, from: number): number {
  return text.indexOf("\r", from)
}

const encoder = new TextEncoder()

/** One server-sent event as text. Data with line breaks becomes several `data` lines. */
export function sseText(frame: Frame): string {
  const data = typeof frame.data === "string" ? frame.data : new TextDecoder().decode(frame.data)
  if (data === "" && frame.event === undefined) return ":\n\n"
  const lines = data.includes("\n") || data.includes("\r") ? data.split(/\r\n|\n|\r/).join("\ndata: ") : data
  return frame.event === undefined ? `data: ${lines}\n\n` : `event: ${frame.event}\ndata: ${lines}\n\n`
}

/** One server-sent event as bytes. */
export function sseBytes(frame: Frame): Uint8Array {
  return encoder.encode(sseText(frame))
}
