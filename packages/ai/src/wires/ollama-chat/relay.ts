import type { Model, Usage } from "@sluice/catalog/core"
import { spliceJson } from "../../assemble/json-splice.ts"
import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { Frame } from "../../contract/frame.ts"
import type { InboundCall, Relay, Tap, TapVerdict } from "../../contract/wire-server.ts"
import { parseObject } from "../../model/json.ts"
import { ollamaSchema } from "../../schema/ollama.ts"
import { isSignOfLife } from "../sign-of-life.ts"
import { errorFacts, hasError } from "./errors.ts"
import { headers } from "./headers.ts"
import { EMPTY_LENGTH, isOverflow, noAnswer } from "./stop.ts"
import { isObject, type Obj } from "./types.ts"
import { readUsage } from "./usage.ts"

/** Something in a line that is content. Quotes within a text are escaped, so that a text cannot look like it. */
const HAS_CONTENT =
  /"(?:content|response|thinking|reasoning|reasoning_content|image)"\s*:\s*"[^"]|"(?:tool_calls|images)"\s*:\s*\[\s*[^\]\s]/
/** What a line must be parsed for. */
const MATTERS = /"done"\s*:\s*true|"error"\s*:/

/** Ollama's own API on both sides: conversations and prompts pass as they are. */
export const relay: Relay = {
  path: ({ route }) => route,
  headers: ({ stream }) => headers(stream),
  passes,
  edit: (raw, set) => (set.model === undefined ? raw : spliceJson(raw, [{ path: ["model"], value: set.model }])),
  tap: ({ options }) => new OllamaTap(options.maxTokens),
}

/** A host of the same API may be given the client's own bytes unless its entry asks for another spelling of them. */
function passes({ request: { body }, options, context }: InboundCall, model: Model): boolean {
  const { outputCap, maxTokensCeiling, contextWindow, keepAlive, effortMap, efforts, replayThinking, extraBody } =
    model.compat.ollama ?? {}
  if (!isObject(body) || typeof body["model"] !== "string" || model.compat.textOnly) return false
  if (contextWindow !== undefined || keepAlive !== undefined || extraBody) return false
  const most = outputCap === false ? 0 : Math.min(maxTokensCeiling ?? Infinity, model.maxTokens ?? Infinity)
  if (options.maxTokens !== undefined && options.maxTokens > most) return false
  if ((effortMap || efforts) && typeof body["think"] === "string") return false
  if (context.tools?.some((tool) => tool.type === undefined && ollamaSchema(tool.parameters) !== tool.parameters))
    return false
  return replayThinking !== "never" || !context.messages.some(thinks)
}

function thinks({ content }: InboundCall["context"]["messages"][number]): boolean {
  return typeof content !== "string" && content.some((block) => block.type === "thinking")
}

/** Watches a stream that is passed through. Only lines that may end it are parsed. */
class OllamaTap implements Tap {
  readonly #cap: number | undefined
  #content = false
  #terminal = false
  #usage: Usage | undefined
  #error: ErrorFacts | undefined

  constructor(cap: number | undefined) {
    this.#cap = cap
  }

  push(frame: Frame): TapVerdict {
    const data = typeof frame.data === "string" ? frame.data : new TextDecoder().decode(frame.data)
    if (isSignOfLife(data)) return "alive"
    const line = MATTERS.test(data) ? parseObject(data) : undefined
    if (line && hasError(line)) {
      this.#error = { ...errorFacts(line), inStream: true }
      return this.#content ? "pass" : "hold"
    }
    const content = HAS_CONTENT.test(data)
    if (content) this.#content = true
    if (line?.["done"] === true) return this.#end(line)
    if (content) return "content"
    return this.#content ? "alive" : "hold"
  }

  result(): ReturnType<Tap["result"]> {
    return {
      terminal: this.#terminal,
      ...(this.#usage ? { usage: this.#usage } : {}),
      ...(this.#error ? { error: this.#error } : {}),
    }
  }

  #end(line: Obj): TapVerdict {
    const read = readUsage(line)
    if (read.input !== undefined || read.output !== undefined) {
      this.#usage = { ...read, totalTokens: (read.input ?? 0) + (read.output ?? 0), provenance: "reported" }
    }
    const reason = line["done_reason"]
    const empty = reason === "length" && !this.#content && isOverflow(line, this.#cap)
    const failure = noAnswer(reason) ?? (empty ? EMPTY_LENGTH : undefined)
    if (failure) this.#error = { ...failure, inStream: true }
    else this.#terminal = true
    return "end"
  }
}
