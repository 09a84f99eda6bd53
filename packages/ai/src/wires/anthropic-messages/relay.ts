import type { Model, Usage } from "@sluice/catalog/core"
import { spliceJson } from "../../assemble/json-splice.ts"
import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { Frame } from "../../contract/frame.ts"
import type { InboundCall, Relay, Tap, TapVerdict } from "../../contract/wire-server.ts"
import { sseBytes } from "../../framing/sse.ts"
import { parseObject } from "../../model/json.ts"
import { isSealed } from "../server-seal.ts"
import type { JsonSchema } from "../../model/tool.ts"
import { grammarSchema } from "../../schema/grammar.ts"
import { isSignOfLife } from "../sign-of-life.ts"
import { errorFacts } from "./errors.ts"
import { headers } from "./protocol.ts"
import { ANTHROPIC_VERSION, isObject, MESSAGES_PATH, type Obj } from "./types.ts"
import { readUsage } from "./usage.ts"

/** The last event, for hosts that leave it out. */
const MESSAGE_STOP: Frame = { event: "message_stop", data: '{"type":"message_stop"}' }

/** Passes requests and streams of this wire on as they are. */
export const relay: Relay = {
  path: MESSAGES_PATH,
  headers: ({ stream, request, forward }) => ({
    ...forward,
    ...headers(stream ? "text/event-stream" : "application/json"),
    "anthropic-version": request.headers.get("anthropic-version") ?? ANTHROPIC_VERSION,
  }),
  passes,
  opaque: /"(?:signature|data)"\s*:\s*"([^"\\]{8,})"/g,
  edit: (raw, set) => (set.model === undefined ? raw : spliceJson(raw, [{ path: ["model"], value: set.model }])),
  tap: () => new MessagesTap(),
}

/** A host of the same wire may be given the client's own bytes unless its entry asks for another spelling of them. */
function passes(call: InboundCall, model: Model): boolean {
  const { compat } = model
  const { sampling, effort, contextManagement, midConversationSystem } = compat.messages ?? {}
  const { betaHeader, toolResultId, extraBody, refusesForcedTool, schemas } = compat.messages ?? {}
  const body: Obj = isObject(call.request.body) ? call.request.body : {}
  const has = (name: string): boolean => body[name] !== undefined && body[name] !== null
  if (compat.textOnly || toolResultId || extraBody) return false
  if (sampling === false && (has("temperature") || has("top_p") || has("top_k"))) return false
  if (effort === false && isObject(body["output_config"]) && body["output_config"]["effort"] !== undefined) return false
  if (!contextManagement && has("context_management")) return false
  if (!midConversationSystem && call.context.messages.some(({ role }) => role === "developer")) return false
  // What we sealed is no host's.
  if (holdsSeal(body["messages"])) return false
  if (betaHeader === false && call.forward["anthropic-beta"] !== undefined) return false
  if (schemas && call.context.tools?.some((tool) => "parameters" in tool && !isInWords(tool.parameters))) return false
  const choice = isObject(body["tool_choice"]) ? body["tool_choice"]["type"] : undefined
  return !(refusesForcedTool && (choice === "any" || choice === "tool"))
}

/** Whether an answer in a request's messages has a value in it that was sealed here. */
function holdsSeal(messages: unknown): boolean {
  const blocks = listOf(messages).flatMap((message) =>
    message["role"] === "assistant" ? listOf(message["content"]) : [],
  )
  return blocks.some(({ signature, data }) => [signature, data].some((one) => typeof one === "string" && isSealed(one)))
}

function listOf(value: unknown): Obj[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function isInWords(schema: JsonSchema): boolean {
  return grammarSchema(schema) === schema
}

/** A delta without anything in it. Quotes within a text are escaped, so that a text cannot look like one. */
const EMPTY_DELTA = /"(?:text|thinking|partial_json)"\s*:\s*""/
const TYPE = /"type"\s*:\s*"([a-z_]+)"/

/** Watches a stream that is passed through. Only the few frames that carry usage or an error are parsed. */
class MessagesTap implements Tap {
  readonly #usage: Usage = { provenance: "absent" }
  #content = false
  /** The reason to stop was given. */
  #terminal = false
  #stopped = false
  #error: ErrorFacts | undefined

  push(frame: Frame): TapVerdict {
    const data = typeof frame.data === "string" ? frame.data : new TextDecoder().decode(frame.data)
    switch (frame.event ?? TYPE.exec(data.slice(0, 200))?.[1]) {
      case "content_block_delta":
        if (EMPTY_DELTA.test(data)) return this.#idle()
        return data.includes('"signature_delta"') ? this.#waiting() : this.#shown()
      case "content_block_start":
        return /"type"\s*:\s*"(?:text|thinking)"/.test(data.slice(0, 200)) ? this.#waiting() : this.#shown()
      case "message_start":
        this.#add(message(parseObject(data) ?? {})["usage"])
        return this.#waiting()
      case "message_delta":
        return this.#messageDelta(parseObject(data) ?? {})
      case "message_stop":
        this.#terminal = true
        this.#stopped = true
        return "end"
      case "message":
        this.#add(parseObject(data)?.["usage"])
        this.#terminal = true
        this.#stopped = true
        return "end"
      case "error":
        this.#error = { ...errorFacts(parseObject(data) ?? {}), inStream: true }
        return this.#waiting()
      case "content_block_stop":
        return this.#waiting()
      case "ping":
        return "alive"
      default:
        return isSignOfLife(data) ? "alive" : this.#idle()
    }
  }

  result(): ReturnType<Tap["result"]> {
    const usage = this.#usage
    if (usage.provenance === "reported") {
      if (!this.#terminal) usage.provenance = "partial"
      usage.totalTokens = (usage.input ?? 0) + (usage.output ?? 0) + (usage.cacheRead ?? 0) + (usage.cacheWrite ?? 0)
    }
    return {
      terminal: this.#terminal,
      ...(usage.provenance === "absent" ? {} : { usage }),
      ...(this.#error ? { error: this.#error } : {}),
      ...(this.#terminal && !this.#stopped ? { missing: sseBytes(MESSAGE_STOP) } : {}),
    }
  }

  #messageDelta(event: Obj): TapVerdict {
    this.#add(event["usage"])
    const delta = event["delta"]
    if (!isObject(delta) || typeof delta["stop_reason"] !== "string") return this.#waiting()
    this.#terminal = true
    return this.#shown()
  }

  #add(value: unknown): void {
    const usage = readUsage(value)
    Object.assign(this.#usage, usage)
    if (usage.input !== undefined || usage.output !== undefined) this.#usage.provenance = "reported"
  }

  /** Nothing that a client sees as an answer: kept back until there is some, so that a failure can still be told. */
  #waiting(): TapVerdict {
    return this.#content ? "pass" : "hold"
  }

  /** Nothing that brings the answer forward, and yet a part of the stream. */
  #idle(): TapVerdict {
    return this.#content ? "alive" : "hold"
  }

  #shown(): TapVerdict {
    this.#content = true
    return "content"
  }
}

function message(event: Obj): Obj {
  return isObject(event["message"]) ? event["message"] : {}
}
