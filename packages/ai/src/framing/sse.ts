import type { Frame, FrameReader } from "../contract/frame.ts"
import { SluiceError } from "../model/errors.ts"
import { runAt } from "./frame-run.ts"
import { MAX_FRAME_BYTES, type Framer } from "./framer.ts"

const LF = 0x0a
const CR = 0x0d
/** A character may be split between any two reads. */
const STREAM = { stream: true } as const

/**
 * Server-sent events, read as the HTML standard describes them: lines end in LF, CR or CRLF, a leading byte order
 * mark is skipped, several `data` lines are joined by LF. A comment becomes a frame without an event and with empty
 * data, so that a reader can tell a living host from a silent one. An event that the end of input cuts short of its
 * blank line is still given out by `end()`.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class SseFramer implements Framer {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true })
  readonly #max: number
  /** Text of the line whose end has not come yet. */
  #held: string[] = []
  #heldLength = 0
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
    this.read(bytes, collector(frames))
    return frames
  }

  read(bytes: Uint8Array, reader: FrameReader): void {
    const text = this.#decoder.decode(bytes, STREAM)
    const last = Math.max(text.lastIndexOf("\n"), text.lastIndexOf("\r"))
    if (last < 0) {
      this.#hold(text)
      return
    }
    const whole = text.slice(0, last + 1)
    this.#text(this.#heldLength === 0 ? whole : this.#release() + whole, reader)
    if (last + 1 < text.length) this.#hold(text.slice(last + 1))
  }

  end(): Frame[] {
    const frames: Frame[] = []
    const reader = collector(frames)
    const rest = this.#release() + this.#decoder.decode()
    if (rest !== "") this.#text(`${rest}\n`, reader)
    this.#dispatch(reader)
    return frames
  }

  #hold(text: string): void {
    if (text === "") return
    this.#heldLength += text.length
    this.#check(this.#heldLength)
    this.#held.push(text)
  }

  #release(): string {
    const text = this.#held.join("")
    this.#held = []
    this.#heldLength = 0
    return text
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
  #text(text: string, reader: FrameReader): void {
    let from = 0
    if (this.#first) {
      this.#first = false
      if (text.charCodeAt(0) === 0xfeff) from = 1
    }
    if (this.#afterCr && text.charCodeAt(from) === LF) from++
    this.#afterCr = text.charCodeAt(text.length - 1) === CR
    const whole = from === 0 ? text : text.slice(from)
    if (whole.includes("\r")) {
      this.#lines(whole.split(/\r\n|\n|\r/), reader)
      return
    }
    let at = 0
    while (at < whole.length) {
      const { form } = reader
      const found =
        typeof form === "object" && this.#data === undefined && this.#event === "" ? runAt(whole, at, form) : undefined
      if (found) {
        reader.run(found.run)
        at = found.to
        continue
      }
      // An event at a time while runs are looked for, else all lines at once.
      const border = form === undefined ? -1 : whole.indexOf("\n\n", at)
      const to = border < 0 ? whole.length : border + 2
      this.#lines(whole.slice(at, to).split("\n"), reader)
      at = to
    }
  }

  #lines(lines: readonly string[], reader: FrameReader): void {
    // What follows the last line end is no line.
    const count = lines.length - 1
    for (let i = 0; i < count; i++) {
      const line = lines[i] as string
      if (line === "") this.#dispatch(reader)
      else if (line.startsWith("data: ")) {
        if (this.#data === undefined && lines[i + 1] === "" && i + 1 < count) {
          const event = this.#event
          this.#event = ""
          reader.frame(event === "" ? { data: line.slice(6) } : { event, data: line.slice(6) })
          i++
        } else this.#addData(line.slice(6))
      } else if (line.startsWith("event: ")) this.#event = line.slice(7)
      else this.#line(line, reader)
    }
  }

  #line(line: string, reader: FrameReader): void {
    if (line.charCodeAt(0) === 0x3a) {
      reader.frame({ data: "" })
      return
    }
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

  #dispatch(reader: FrameReader): void {
    const data = this.#data
    const event = this.#event
    this.#event = ""
    if (data === undefined) return
    this.#data = undefined
    this.#size = 0
    reader.frame(event === "" ? { data } : { event, data })
  }
}

/** A reader that keeps the frames it is given, one by one. */
function collector(frames: Frame[]): FrameReader {
  return { form: undefined, frame: (frame) => frames.push(frame), run: () => {} }
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
