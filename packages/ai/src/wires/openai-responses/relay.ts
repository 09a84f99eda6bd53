import type { Usage } from "@sluice/catalog/core"
import { spliceJson } from "../../assemble/json-splice.ts"
import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { Frame } from "../../contract/frame.ts"
import type { Relay, Tap, TapVerdict } from "../../contract/wire-server.ts"
import { isSignOfLife } from "../sign-of-life.ts"
import { parseObject } from "../../model/json.ts"
import { requestHeaders } from "../openai/headers.ts"
import { reportedUsage } from "../openai/relay-request.ts"
import { answerError } from "./errors.ts"
import { passes } from "./relay-passes.ts"
import { readEnd, type Seen } from "./stop.ts"
import { isObject, type Obj } from "./types.ts"
import { readUsage } from "./usage.ts"

/** Passes requests and streams of this wire on as they are. */
export const relay: Relay = {
  path: "/responses",
  headers: ({ stream }) => requestHeaders(stream),
  passes,
  opaque: /"encrypted_content"\s*:\s*"([^"\\]{8,})"/g,
  edit: (raw, set) => (set.model === undefined ? raw : spliceJson(raw, [{ path: ["model"], value: set.model }])),
  tap: () => new ResponsesTap(),
}

const TYPE = /"type"\s*:\s*"([a-z_.]+)"/
/** A delta without anything in it. Quotes within a text are escaped, so that a text cannot look like one. */
const EMPTY_DELTA = /"delta"\s*:\s*""/
/** An item that shows nothing by itself: its text comes in deltas. */
const QUIET_ITEM = /"item"\s*:\s*\{[^{}[\]]*"type"\s*:\s*"(?:message|reasoning)"/

/** A relay does not look at what an answer holds: only at whether it failed. */
const NOTHING_SEEN: Seen = { calls: 0, callsWhole: true, clientRun: false, approval: false, refusal: "", capMet: false }

/** Watches a stream that is passed through. Only the few events that carry usage or an error are parsed. */
class ResponsesTap implements Tap {
  #content = false
  #terminal = false
  #usage: Usage | undefined
  #error: ErrorFacts | undefined

  push(frame: Frame): TapVerdict {
    const data = typeof frame.data === "string" ? frame.data : new TextDecoder().decode(frame.data)
    const type = typeOf(frame.event, data)
    switch (type) {
      case "response.completed":
      case "response.incomplete":
      case "response.done":
      case "response.failed":
      case "response.cancelled":
        return this.#end(responseOf(parseObject(data) ?? {}), type)
      case "error":
        this.#error = { inStream: true, ...answerError(parseObject(data) ?? {}) }
        return this.#waiting()
      case "response.created":
      case "response.queued":
      case "response.in_progress":
      case "response.content_part.added":
      case "response.reasoning_summary_part.added":
        return this.#waiting()
      case "response.output_item.added":
      case "response.output_item.done":
        return QUIET_ITEM.test(data) || isQuiet(parseObject(data) ?? {}) ? this.#waiting() : this.#shown()
      case undefined:
        return isSignOfLife(data) ? "alive" : this.#waiting()
      default:
        if (!type.startsWith("response.")) return this.#idle()
        if (!type.endsWith(".delta")) return this.#content ? "pass" : "hold"
        return EMPTY_DELTA.test(data) ? this.#idle() : this.#shown()
    }
  }

  result(): ReturnType<Tap["result"]> {
    return {
      terminal: this.#terminal,
      ...(this.#usage ? { usage: this.#usage } : {}),
      ...(this.#error ? { error: this.#error } : {}),
    }
  }

  #end(response: Obj, event: string): TapVerdict {
    this.#count(response)
    const end = readEnd(response, event, NOTHING_SEEN)
    if ("fail" in end) {
      this.#error = { inStream: true, ...end.fail }
      return this.#waiting()
    }
    this.#terminal = true
    this.#content = true
    return "end"
  }

  #count({ usage }: Obj): void {
    if (!isObject(usage)) return
    this.#usage = reportedUsage(readUsage(usage))
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

function isQuiet(event: Obj): boolean {
  const { item } = event
  return isObject(item) && (item["type"] === "message" || item["type"] === "reasoning")
}

function responseOf(event: Obj): Obj {
  return isObject(event["response"]) ? event["response"] : {}
}

/** The type of an event: its name where the host gives it one, else what its JSON says; an error may have none. */
function typeOf(name: string | undefined, data: string): string | undefined {
  if (name !== undefined && isType(name)) return name
  const first = TYPE.exec(data.slice(0, 200))?.[1]
  if (first !== undefined && isType(first)) return first
  const { type, error } = parseObject(data) ?? {}
  if (typeof type === "string") return type
  return isObject(error) ? "error" : undefined
}

function isType(word: string): boolean {
  return word === "error" || word.startsWith("response.")
}
