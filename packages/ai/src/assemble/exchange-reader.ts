import type { Endpoint } from "../contract/endpoint.ts"
import type { Effect, Frame, FrameReader, FrameRun, Framing, ResponseHead } from "../contract/frame.ts"
import type { Call, Decoder, WireClient } from "../contract/wire-client.ts"
import { createFramer, type Framer } from "../framing/index.ts"
import { framesOf } from "../framing/frame-run.ts"
import { isWholeFrame } from "../framing/whole.ts"
import { SluiceError } from "../model/errors.ts"
import { errorFacts, parseBody } from "../errors/error-body.ts"
import type { MessageBuilder } from "./message-builder.ts"

/** Largest JSON document or error body that is read. */
const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
const NONE: readonly Effect[] = []
const BRACKET = 0x5b

/** What an endpoint says about reading. */
export type ReadingEndpoint = Pick<Endpoint, "framing" | "framer" | "unwrap">

/** What reading one exchange needs. */
export interface ExchangeReaderInit {
  wire: WireClient
  call: Call
  head: ResponseHead
  builder: MessageBuilder
  endpoint?: ReadingEndpoint | undefined
  /** Framing of the body where it is not the wire's own. */
  framing?: Framing | undefined
  onFrame?: ((frame: Frame) => void) | undefined
  maxFrameBytes?: number | undefined
}

/**
 * Reads the body of one exchange into a builder: bytes to frames, frames to the wire's decoder.
 *
 * A body that begins like a JSON document where a stream was asked for is read as one. A head with an error status
 * makes the body an error.
 */
export class ExchangeReader {
  readonly #init: ExchangeReaderInit
  readonly #decoder: Decoder
  readonly #framer: Framer | undefined
  readonly #frameReader: DecodingReader
  readonly #failed: boolean
  /** Somebody looks at each frame. */
  readonly #single: boolean
  #document: Uint8Array[] | undefined
  #documentBytes = 0
  #sniffed: boolean

  constructor(init: ExchangeReaderInit) {
    this.#init = init
    this.#failed = init.head.status >= 300
    this.#single = init.onFrame !== undefined || init.endpoint?.unwrap !== undefined
    this.#decoder = init.wire.decoder(init.call, init.head, init.builder)
    const framing = init.framing ?? init.endpoint?.framing ?? init.wire.framing
    const framed = !this.#failed && framing !== "messages" && init.call.stream
    this.#framer = framed
      ? (init.endpoint?.framer?.() ??
        createFramer(framing, init.maxFrameBytes === undefined ? {} : { maxFrameBytes: init.maxFrameBytes }))
      : undefined
    this.#frameReader = new DecodingReader(this.#decoder, (frame) => this.#frame(frame))
    if (!this.#framer) this.#document = []
    // No binary message is so long that its length begins like a document.
    this.#sniffed = (framing !== "sse" && framing !== "aws-eventstream") || !this.#framer
  }

  /** The wire's decoder, for drivers that answer its questions. */
  get decoder(): Decoder {
    return this.#decoder
  }

  push(chunk: Uint8Array | Frame): readonly Effect[] {
    if (!(chunk instanceof Uint8Array)) {
      // What comes as frames already is no document.
      if (!this.#failed) this.#document = undefined
      return this.#frame(chunk) ?? NONE
    }
    if (!this.#sniffed) this.#sniff(chunk)
    if (this.#document) {
      this.#keep(chunk)
      return NONE
    }
    const framer = this.#framer as Framer
    if (!framer.read || this.#single) return this.#frames(framer.push(chunk))
    framer.read(chunk, this.#frameReader)
    return this.#frameReader.take()
  }

  /**
   * The body ended as it should.
   * @param enough the answer was there before: what was cut short behind it is left out
   */
  end(enough = false): void {
    const { builder } = this.#init
    if (this.#document) this.#endDocument()
    else {
      if (this.#framer) this.#frames(this.#rest(this.#framer, enough))
      this.#decoder.end()
    }
    builder.finish()
  }

  /** What of the last frames was sent completely. */
  #rest(framer: Framer, enough: boolean): readonly Frame[] {
    try {
      return framer.end().filter(isWholeFrame)
    } catch (error) {
      if (enough) return []
      throw error
    }
  }

  #frames(frames: readonly Frame[]): readonly Effect[] {
    let effects = NONE
    for (const frame of frames) effects = both(effects, this.#frame(frame))
    return effects
  }

  #frame(frame: Frame): readonly Effect[] | void {
    const { onFrame, endpoint, builder } = this.#init
    if (onFrame) onFrame(frame)
    if (frame.data === "" && frame.event === undefined) {
      builder.alive()
      return undefined
    }
    const unwrapped = endpoint?.unwrap ? endpoint.unwrap(frame) : frame
    if (!unwrapped) return undefined
    const { data } = unwrapped
    // The usual end of a stream is no list; to find that out by parsing it costs more than a frame does.
    if (typeof data === "string" && data.charCodeAt(0) === BRACKET && data !== "[DONE]") {
      return this.#list(unwrapped, data)
    }
    return this.#decoder.push(unwrapped)
  }

  /** Some hosts put their objects into a list. */
  #list(frame: Frame, data: string): readonly Effect[] | void {
    const list = parseBody(data)
    const objects =
      Array.isArray(list) && list.length > 0 && list.every((entry) => typeof entry === "object" && entry !== null)
    if (!objects) return this.#decoder.push(frame)
    return (list as readonly unknown[]).flatMap(
      (json) => this.#decoder.push({ ...frame, data: JSON.stringify(json), json }) ?? [],
    )
  }

  /** The first byte that is not white space tells a document from a stream. */
  #sniff(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (
        byte === 0x20 ||
        byte === 0x0a ||
        byte === 0x0d ||
        byte === 0x09 ||
        byte === 0xef ||
        byte === 0xbb ||
        byte === 0xbf
      )
        continue
      this.#sniffed = true
      if (byte === 0x7b || byte === 0x5b) this.#document = []
      return
    }
  }

  #keep(chunk: Uint8Array): void {
    this.#documentBytes += chunk.length
    if (this.#documentBytes > MAX_DOCUMENT_BYTES) {
      throw new SluiceError({
        code: "stream_malformed",
        message: `The answer is larger than ${MAX_DOCUMENT_BYTES} bytes.`,
      })
    }
    this.#document?.push(chunk.slice())
  }

  #endDocument(): void {
    const { wire, head, builder } = this.#init
    const bytes = new Uint8Array(this.#documentBytes)
    let at = 0
    for (const part of this.#document ?? []) {
      bytes.set(part, at)
      at += part.length
    }
    const body = parseBody(new TextDecoder().decode(bytes))
    if (this.#failed) {
      builder.fail(errorFacts(wire, head, body, builder.message.timestamp))
      return
    }
    if (typeof body === "object" && body !== null) this.#decoder.whole(body)
    else builder.fail({ is: body === "" ? "stream_incomplete" : "stream_malformed", inStream: true })
  }
}

/**
 * Gives a decoder what a framer cuts. It is a class so that all streams share one shape: an object with an accessor of
 * its own would have another for each stream, and every place that meets it would be slow.
 */
class DecodingReader implements FrameReader {
  readonly #decoder: Decoder
  readonly #read: (frame: Frame) => readonly Effect[] | void
  /** What the frames of one read have asked for. */
  #effects = NONE

  constructor(decoder: Decoder, read: (frame: Frame) => readonly Effect[] | void) {
    this.#decoder = decoder
    this.#read = read
  }

  get form(): FrameReader["form"] {
    return this.#decoder.form
  }

  frame(frame: Frame): void {
    this.#effects = both(this.#effects, this.#read(frame))
  }

  run(run: FrameRun): void {
    if (this.#decoder.run?.(run)) return
    for (const frame of framesOf(run)) this.frame(frame)
  }

  take(): readonly Effect[] {
    const effects = this.#effects
    this.#effects = NONE
    return effects
  }
}

function both(effects: readonly Effect[], more: readonly Effect[] | void): readonly Effect[] {
  if (!more || more.length === 0) return effects
  return effects.length === 0 ? more : [...effects, ...more]
}
