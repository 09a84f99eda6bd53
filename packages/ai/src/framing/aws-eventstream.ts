import type { Frame } from "../contract/frame.ts"
import { SluiceError } from "../model/errors.ts"
import { MAX_FRAME_BYTES, type Framer } from "./framer.ts"

/** Total length, length of the headers, and a checksum over both. */
const PRELUDE_BYTES = 12
const CHECKSUM_BYTES = 4
const EMPTY = new Uint8Array(0)

/**
 * AWS event streams: binary messages of headers and a payload, each guarded by two checksums. A frame's `meta` holds
 * the headers as text, its `event` the kind of event or exception, its `data` the payload as text.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html
 */
export class AwsEventStreamFramer implements Framer {
  readonly #decoder = new TextDecoder()
  readonly #max: number
  /** Room for the beginning of a message, and how much of it is used. */
  #held: Uint8Array = EMPTY
  #heldBytes = 0
  /** How many bytes there must be before they are looked at again. */
  #needed = PRELUDE_BYTES
  #failure: Error | undefined

  constructor(options: { maxFrameBytes?: number } = {}) {
    this.#max = options.maxFrameBytes ?? MAX_FRAME_BYTES
  }

  push(bytes: Uint8Array): Frame[] {
    this.#throwLate()
    if (this.#heldBytes + bytes.length < this.#needed) {
      this.#hold(bytes)
      return []
    }
    const all = this.#heldBytes === 0 ? bytes : this.#release(bytes)
    const frames: Frame[] = []
    let at = 0
    this.#needed = PRELUDE_BYTES
    try {
      while (all.length - at >= PRELUDE_BYTES) {
        const total = this.#checkedLength(all, at)
        if (all.length - at < total) {
          this.#needed = total
          break
        }
        frames.push(this.#frame(all.subarray(at, at + total)))
        at += total
      }
    } catch (error) {
      this.#failure = error as Error
      if (frames.length === 0) throw error
      return frames
    }
    if (at < all.length) this.#hold(all.subarray(at))
    return frames
  }

  /** Keeps a piece. The room for it doubles, so that a large message in small pieces is copied only a few times. */
  #hold(bytes: Uint8Array): void {
    const size = this.#heldBytes + bytes.length
    if (size > this.#held.length) {
      const room = new Uint8Array(Math.max(size, this.#held.length * 2))
      room.set(this.#held.subarray(0, this.#heldBytes))
      this.#held = room
    }
    this.#held.set(bytes, this.#heldBytes)
    this.#heldBytes = size
  }

  /** What was kept, with what comes behind it. */
  #release(bytes: Uint8Array): Uint8Array {
    this.#hold(bytes)
    const all = this.#held.subarray(0, this.#heldBytes)
    this.#held = EMPTY
    this.#heldBytes = 0
    return all
  }

  /** What was whole before a fault is given out first, however the bytes were cut. */
  #throwLate(): void {
    if (this.#failure) throw this.#failure
  }

  end(): Frame[] {
    this.#throwLate()
    if (this.#heldBytes === 0) return []
    throw new SluiceError({ code: "stream_incomplete", message: "The stream ended inside a message." })
  }

  /** The length of the message at `at`, once its prelude is known to be whole. */
  #checkedLength(bytes: Uint8Array, at: number): number {
    const view = viewOf(bytes)
    const total = view.getUint32(at)
    const headers = view.getUint32(at + 4)
    if (crc32(bytes.subarray(at, at + 8)) !== view.getUint32(at + 8)) throw malformed("its prelude's checksum is wrong")
    if (total < PRELUDE_BYTES + headers + CHECKSUM_BYTES) throw malformed("its lengths contradict each other")
    if (total > this.#max) throw malformed(`it is larger than ${this.#max} bytes`)
    return total
  }

  #frame(message: Uint8Array): Frame {
    const body = message.length - CHECKSUM_BYTES
    const view = viewOf(message)
    if (crc32(message.subarray(0, body)) !== view.getUint32(body)) throw malformed("its checksum is wrong")
    const end = PRELUDE_BYTES + view.getUint32(4)
    const meta = this.#headers(message.subarray(PRELUDE_BYTES, end))
    const event = meta[":event-type"] ?? meta[":exception-type"] ?? meta[":error-code"]
    return { ...(event === undefined ? {} : { event }), data: this.#decoder.decode(message.subarray(end, body)), meta }
  }

  #headers(bytes: Uint8Array): Record<string, string> {
    const meta: Record<string, string> = {}
    let at = 0
    const take = (length: number): Uint8Array => {
      if (at + length > bytes.length) throw malformed("a header is cut short")
      at += length
      return bytes.subarray(at - length, at)
    }
    while (at < bytes.length) {
      const name = this.#decoder.decode(take(take(1)[0] as number))
      const type = take(1)[0] as number
      const size = type === 6 || type === 7 ? viewOf(take(2)).getUint16(0) : SIZES[type]
      if (size === undefined) throw malformed(`a header has the unknown type ${type}`)
      const value = take(size)
      Object.defineProperty(meta, name, { value: this.#value(type, value), enumerable: true, configurable: true })
    }
    return meta
  }

  #value(type: number, bytes: Uint8Array): string {
    const view = viewOf(bytes)
    switch (type) {
      case 0:
      case 1:
        return String(type === 0)
      case 2:
        return String(view.getInt8(0))
      case 3:
        return String(view.getInt16(0))
      case 4:
        return String(view.getInt32(0))
      case 5:
      case 8:
        return String(view.getBigInt64(0))
      case 7:
        return this.#decoder.decode(bytes)
      default:
        return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
    }
  }
}

/** Bytes of a header's value by its type, where the type decides: two truth values, five numbers, a UUID. */
const SIZES: Readonly<Record<number, number>> = { 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16 }

const TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1
  return value >>> 0
})

/** CRC-32 as gzip has it. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function malformed(why: string): SluiceError {
  return new SluiceError({ code: "stream_malformed", message: `A message of the stream cannot be read: ${why}.` })
}
