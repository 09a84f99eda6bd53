import type { GoogleCompat, Model, Usage } from "@sluice/catalog/core"
import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { Frame } from "../../contract/frame.ts"
import type { InboundCall, Relay, Tap, TapVerdict } from "../../contract/wire-server.ts"
import type { MessageSink } from "../../contract/builder.ts"
import { isObject, parseObject, type Obj } from "../../model/json.ts"
import { isSignOfLife } from "../sign-of-life.ts"
import { errorFacts } from "./errors.ts"
import { modelPath } from "./model-path.ts"
import { reportStop, UNSPECIFIED } from "./stop.ts"
import { AS_SSE, METHOD } from "./types.ts"
import { readUsage } from "./usage.ts"

/** Passes requests and streams of this wire on as they are. Model and mode stand in the path. */
export const relay: Relay = {
  path: ({ stream }, model) => `${modelPath(model)}:${stream ? METHOD.stream + AS_SSE : METHOD.generate}`,
  headers: ({ stream }) => ({
    "content-type": "application/json",
    accept: stream ? "text/event-stream" : "application/json",
  }),
  passes,
  opaque: /"thought_?[sS]ignature"\s*:\s*"([^"\\]{8,})"/g,
  edit: (raw) => raw,
  tap: (call) => new GenerateTap(call.options.candidates ?? 1),
}

/** A host of the same wire may be given the client's own bytes unless its entry asks for another spelling of them. */
function passes(call: InboundCall, { compat, thinking }: Model): boolean {
  const google = compat.google ?? {}
  const { options, context } = call
  if (compat.textOnly || google.extraBody) return false
  if (thinking?.mandatory && options.reasoning === "off") return false
  if (google.systemInstruction === false && context.systemPrompt !== undefined) return false
  if (google.sampling === false && SAMPLING.some((name) => options[name] !== undefined)) return false
  if (google.structuredOutput === false && options.output !== undefined) return false
  if (google.outputWithTools === false && options.output !== undefined && context.tools?.length) return false
  if (google.schemas === "openapi" && spells(call, JSON_SCHEMA)) return false
  if (options.serviceTier !== undefined) {
    if (google.tierHeader !== undefined || !google.serviceTiers?.includes(options.serviceTier)) return false
  }
  if (!google.labels && options.metadata !== undefined) return false
  if ((options.stop?.length ?? 0) > (google.maxStop ?? 5)) return false
  return turnsPass(call, google)
}

/** Whether a host takes what the conversation has of earlier calls, of their results and of thinking. */
function turnsPass(call: InboundCall, { callIds, needsSignatures, mediaInToolResult }: GoogleCompat): boolean {
  const { messages } = call.context
  if (messages.every(({ role }) => role === "user")) return true
  if (spells(call, SEALED) || (!callIds && spells(call, ID))) return false
  return messages.every((message) => {
    if (typeof message.content === "string") return true
    if (message.role === "toolResult") return mediaInToolResult || message.content.every(({ type }) => type === "text")
    if (message.role !== "assistant" || !needsSignatures) return true
    const calls = message.content.filter((block) => block.type === "toolCall")
    return calls.length === 0 || calls.some((block) => block.signature !== undefined)
  })
}

const SAMPLING = ["temperature", "topP", "topK"] as const
const TEXT = new TextDecoder()

/** A signature that was sealed here. */
const SEALED = /"thought_?[sS]ignature"\s*:\s*"c2x1aWNl/
/** An id, which calls and results alone have. */
const ID = /"id"\s*:\s*"/
/** A schema in one of the fields that not every host has. */
const JSON_SCHEMA = /"(?:parametersJsonSchema|parameters_json_schema|responseJsonSchema|response_json_schema)"/

/** Whether the client's own bytes have something in them. */
function spells({ request }: InboundCall, what: RegExp): boolean {
  return what.test(TEXT.decode(request.raw))
}

const HAS_FINISH = /"finish_?[rR]eason"\s*:\s*"[^"]/
const HAS_ERROR = /"error"\s*:\s*[{"]/
const HAS_BLOCK = /"block_?[rR]eason"\s*:\s*"[^"]/
const HAS_USAGE = /"usageMetadata"\s*:\s*\{/
/** A part with something in it. Quotes within a text are escaped, so that a text cannot look like one. */
const HAS_CONTENT =
  /"text"\s*:\s*"[^"]|"(?:functionCall|inlineData|fileData|executableCode|codeExecutionResult|functionResponse|toolCall|toolResponse)"\s*:\s*\{/

/** The object of a frame. Errors come in lists as well. */
function firstObject(data: string): Obj | undefined {
  if (!data.trimStart().startsWith("[")) return parseObject(data)
  try {
    const list: unknown = JSON.parse(data)
    return Array.isArray(list) ? list.find(isObject) : undefined
  } catch {
    return undefined
  }
}

/**
 * Watches a stream that is passed through. Once there is content, only frames that may matter are parsed.
 *
 * A reason to stop is no end: where the host runs tools itself, the model stops for them, too, and goes on.
 */
class GenerateTap implements Tap {
  /** How many answers were asked for. */
  readonly #wanted: number
  /** Indexes of the candidates that have a reason to stop. */
  readonly #ended = new Set<unknown>()
  #content = false
  #blocked = false
  #error: ErrorFacts | undefined
  /** The latest frame with counts, which stand for all of the answer. */
  #counts: string | undefined

  constructor(wanted: number) {
    this.#wanted = wanted
  }

  push(frame: Frame): TapVerdict {
    const data = typeof frame.data === "string" ? frame.data : TEXT.decode(frame.data)
    if (HAS_USAGE.test(data)) this.#counts = data
    const content = HAS_CONTENT.test(data)
    const matters = HAS_FINISH.test(data) || HAS_ERROR.test(data) || HAS_BLOCK.test(data)
    if (!matters) {
      if (content) return this.#shown()
      if (isSignOfLife(data)) return "alive"
      return this.#content ? "alive" : "hold"
    }
    const chunk = firstObject(data)
    if (!chunk) return this.#content ? "pass" : "hold"
    if (isObject(chunk["error"]) || (typeof chunk["error"] === "string" && chunk["error"] !== "")) {
      this.#error = { ...errorFacts(chunk), inStream: true }
      return this.#content ? "pass" : "hold"
    }
    if (this.#ends(chunk)) return this.#shown()
    return content ? this.#shown() : this.#content ? "alive" : "hold"
  }

  result(): ReturnType<Tap["result"]> {
    const usage = this.#usage()
    return {
      terminal: this.#terminal,
      goesOn: true,
      ...(usage ? { usage } : {}),
      ...(this.#error ? { error: this.#error } : {}),
    }
  }

  get #terminal(): boolean {
    return this.#blocked || this.#ended.size >= this.#wanted
  }

  /** Whether a piece has a reason to stop. One that is a failure is the client's to read, too. */
  #ends(chunk: Obj): boolean {
    const { promptFeedback } = chunk
    const candidates = Array.isArray(chunk["candidates"]) ? chunk["candidates"].filter(isObject) : []
    const told: string[] = []
    for (const { finishReason, index = 0 } of candidates) {
      if (typeof finishReason !== "string" || finishReason === "" || finishReason === UNSPECIFIED) continue
      this.#ended.add(index)
      told.push(finishReason)
    }
    const silent = candidates.every(({ content, finishReason }) => !content && !finishReason)
    const blocked = isObject(promptFeedback) ? promptFeedback["blockReason"] : undefined
    if (silent && typeof blocked === "string" && blocked !== "") {
      told.push(blocked)
      this.#blocked = true
    }
    const failure = told.find((reason) => reason !== "STOP" && reason !== "MAX_TOKENS")
    if (failure !== undefined) this.#error = { ...stopFacts(failure), inStream: true }
    return told.length > 0
  }

  #usage(): Usage | undefined {
    const counts = this.#counts === undefined ? undefined : parseObject(this.#counts)?.["usageMetadata"]
    const read = isObject(counts) ? readUsage(counts) : undefined
    if (!read) return undefined
    const totalTokens = (read.input ?? 0) + (read.output ?? 0) + (read.cacheRead ?? 0)
    return { ...read, totalTokens, provenance: this.#terminal ? "reported" : "partial" }
  }

  #shown(): TapVerdict {
    this.#content = true
    return "content"
  }
}

/** The facts of a reason to stop, as the wire's own reader has them. */
function stopFacts(reason: string): ErrorFacts {
  let facts: ErrorFacts = { type: reason }
  const sink: Pick<MessageSink, "stop" | "fail"> = { stop() {}, fail: (given) => void (facts = given) }
  reportStop(reason, undefined, sink as MessageSink)
  return facts
}
