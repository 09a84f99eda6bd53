import type { MessageSink } from "../../contract/builder.ts"
import type { Effect, Frame } from "../../contract/frame.ts"
import type { Decoder } from "../../contract/wire-client.ts"
import { frameObject } from "../../assemble/frame-json.ts"
import { errorFacts, hasError } from "./errors.ts"
import { typeOfImage } from "./media.ts"
import { EMPTY_LENGTH, isOverflow, noAnswer } from "./stop.ts"
import { thinkingIn } from "./thinking-field.ts"
import { isObject, type Obj } from "./types.ts"
import { readUsage } from "./usage.ts"

const STOP_NOW: readonly Effect[] = [{ do: "finish", withinMs: 0 }]

/**
 * Reads one answer: a line for each piece, the last with `done`, the reason to stop and the counts.
 *
 * Text and thinking get a new block whenever the kind changes. A tool call comes whole, its arguments as an object or,
 * from some hosts, as a text. Where a single prompt was asked with, the text stands beside the counts.
 *
 * @see https://github.com/ollama/ollama/blob/main/docs/api.md
 */
export class OllamaDecoder implements Decoder {
  readonly #out: MessageSink
  readonly #cap: number | undefined
  #kind: "none" | "text" | "thinking" = "none"
  #key = ""
  #blocks = 0
  #named = false
  #logprobs: readonly unknown[] | undefined
  #ended = false

  /** @param cap most tokens that were asked for */
  constructor(out: MessageSink, cap?: number) {
    this.#out = out
    this.#cap = cap
  }

  push(frame: Frame): readonly Effect[] | void {
    if (this.#ended) return undefined
    const chunk = frameObject(frame, this.#out)
    return chunk && this.#chunk(chunk)
  }

  /** A document is the last line with all of the answer in it; a list of lines is read as one. */
  whole(body: unknown): void {
    const list = Array.isArray(body) ? body : [body]
    for (const entry of list) if (isObject(entry) && !this.#ended) this.#chunk(entry)
    if (this.#ended) return
    const answered = list.some((entry) => isObject(entry) && messageIn(entry) !== undefined)
    const goesOn = list.some((entry) => isObject(entry) && entry["done"] === false)
    if (answered && goesOn) this.#out.fail({ is: "stream_incomplete" })
    else if (answered) this.#finish({ done_reason: "stop" })
    else this.#out.fail({ is: "stream_malformed", message: "The host's answer holds no message." })
  }

  end(): void {
    if (!this.#ended) this.#out.fail({ is: "stream_incomplete" })
  }

  #chunk(chunk: Obj): readonly Effect[] | void {
    if (hasError(chunk)) {
      this.#ended = true
      this.#out.fail(errorFacts(chunk))
      return STOP_NOW
    }
    if (!this.#named) this.#name(chunk)
    if (Array.isArray(chunk["logprobs"])) this.#logprobs = chunk["logprobs"]
    const message = messageIn(chunk)
    const moved = message !== undefined && this.#message(message)
    this.#logprobs = undefined
    if (chunk["done"] === true) return this.#finish(chunk)
    if (!moved) this.#out.alive()
    return undefined
  }

  #name(chunk: Obj): void {
    const { model, remote_host: remote } = chunk
    if (typeof model === "string" && model !== "") {
      this.#named = true
      this.#out.meta({ model, ...(typeof remote === "string" ? { upstreamProvider: remote } : {}) })
    }
  }

  /** Reads a piece of the message; says whether the answer came forward. */
  #message(message: Obj): boolean {
    const before = this.#blocks
    const { content, tool_calls: calls, images } = message
    const thinking = thinkingIn(message)
    const thought = thinking !== undefined
    const said = typeof content === "string" && content !== ""
    if (thought) {
      this.#open("thinking")
      this.#out.thinking(this.#key, thinking)
    }
    if (said) {
      this.#open("text")
      this.#out.text(this.#key, content)
    }
    if (this.#logprobs && this.#kind === "text") this.#out.attach(this.#key, { logprobs: this.#logprobs })
    for (const image of Array.isArray(images) ? images : []) {
      if (typeof image !== "string" || image === "") continue
      const source = { data: image, mimeType: typeOfImage(image) }
      this.#out.block(this.#next("none"), { type: "image", source })
    }
    for (const call of Array.isArray(calls) ? calls : []) if (isObject(call)) this.#call(call)
    return thought || said || this.#blocks > before
  }

  #call(call: Obj): void {
    const fn = isObject(call["function"]) ? call["function"] : {}
    const { name, arguments: args } = fn
    const key = this.#next("none")
    this.#out.toolCall(key, {
      ...(typeof call["id"] === "string" && call["id"] !== "" ? { id: call["id"] } : {}),
      ...(typeof name === "string" ? { name } : {}),
    })
    if (typeof args === "string") this.#out.args(key, args)
    else if (isObject(args)) this.#out.args(key, { path: [], value: args })
    this.#out.close(key)
  }

  #open(kind: "text" | "thinking"): void {
    if (this.#kind !== kind) this.#key = this.#next(kind)
  }

  /** The key of a new block, behind the end of the one that is open. */
  #next(kind: "none" | "text" | "thinking"): string {
    if (this.#kind !== "none") this.#out.close(this.#key)
    this.#kind = kind
    return `${kind === "none" ? "item" : kind}:${this.#blocks++}`
  }

  #finish(chunk: Obj): readonly Effect[] {
    this.#ended = true
    this.#out.usage(readUsage(chunk))
    const reason = chunk["done_reason"]
    const failure = noAnswer(reason)
    if (failure) {
      this.#out.fail(failure)
      return STOP_NOW
    }
    switch (reason) {
      case "length":
        if (this.#blocks === 0 && isOverflow(chunk, this.#cap)) this.#out.fail(EMPTY_LENGTH)
        else this.#out.stop("length")
        break
      case "tool_calls":
        this.#out.stop("toolUse")
        break
      case undefined:
      case null:
      case "":
      case "stop":
        this.#out.stop("stop")
        break
      default:
        this.#out.stop("stop", { type: typeof reason === "string" ? reason : JSON.stringify(reason) })
    }
    return STOP_NOW
  }
}

/** The piece of the message in a chunk, of a conversation or of a single prompt. */
function messageIn({ message, response: content, thinking, tool_calls }: Obj): Obj | undefined {
  if (isObject(message)) return message
  return typeof content === "string" ? { content, thinking, tool_calls } : undefined
}
