import type { Usage } from "@sluice/catalog/core"
import { spliceJson, type Splice } from "../../assemble/json-splice.ts"
import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { Frame } from "../../contract/frame.ts"
import type { Relay, Tap, TapVerdict } from "../../contract/wire-server.ts"
import { isSignOfLife } from "../sign-of-life.ts"
import { errorFacts } from "../host-errors.ts"
import { parseObject } from "../../model/json.ts"
import { requestHeaders } from "../openai/headers.ts"
import { reportedUsage } from "../openai/relay-request.ts"
import { readFinish } from "./finish.ts"
import { forgets, passes } from "./relay-passes.ts"
import { isObject, THINKING_FIELDS, type Obj } from "./types.ts"
import { readUsage } from "./usage.ts"

const HAS_USAGE = /"usage"\s*:\s*\{/
const HAS_FINISH = /"finish_reason"\s*:\s*"[^"]/
const HAS_ERROR = /"error"\s*:\s*[{"]/
/** A field of a delta with something in it. Quotes within a text are escaped, so that a text cannot look like one. */
const HAS_CONTENT =
  /"(?:content|refusal|reasoning_content|reasoning|reasoning_text)"\s*:\s*"[^"]|"(?:tool_calls|content|images|reasoning_details)"\s*:\s*\[\s*[^\]\s]|"(?:function_call|audio)"\s*:\s*\{/
/** Any of the above but content, or an index that may be another choice's: what a frame must be parsed for. */
const MATTERS = /"(?:usage"\s*:\s*\{|finish_reason"\s*:\s*"[^"]|error"\s*:\s*[{"]|index"\s*:\s*[1-9])/
const DONE = new TextEncoder().encode("data: [DONE]\n\n")

/** Chat Completions on both sides. */
export const relay: Relay = {
  path: "/chat/completions",
  headers: ({ stream }) => requestHeaders(stream),
  passes,
  forgets,
  edit(raw, set) {
    const splices: Splice[] = []
    if (set.model !== undefined) splices.push({ path: ["model"], value: set.model })
    if (set.wantUsage !== undefined) splices.push({ path: ["stream_options", "include_usage"], value: set.wantUsage })
    return splices.length > 0 ? spliceJson(raw, splices) : raw
  },
  tap: (call) => new ChatTap(call.wantsUsage !== false, call.options.candidates ?? 1),
}

/** Watches a stream that is passed through. Once there is content, only frames that may matter are parsed. */
class ChatTap implements Tap {
  readonly #wantsUsage: boolean
  /** How many answers were asked for. */
  readonly #wanted: number
  #content = false
  /** Indexes of the choices that appeared, and of those that ended as they should. */
  readonly #seen = new Set<number>()
  readonly #ended = new Set<number>()
  #done = false
  #usage: Usage | undefined
  #error: ErrorFacts | undefined

  constructor(wantsUsage: boolean, wanted: number) {
    this.#wantsUsage = wantsUsage
    this.#wanted = wanted
  }

  push(frame: Frame): TapVerdict {
    const data = typeof frame.data === "string" ? frame.data : new TextDecoder().decode(frame.data)
    if (data.length < 16 && data.trim() === "[DONE]") {
      this.#done = true
      return "end"
    }
    if (this.#content && frame.event !== "error" && !MATTERS.test(data) && HAS_CONTENT.test(data)) return "pass"
    const usage = HAS_USAGE.test(data)
    const finish = HAS_FINISH.test(data)
    const error = HAS_ERROR.test(data) || frame.event === "error"
    if (isSignOfLife(data)) return "alive"
    const chunk = parseObject(data)
    if (!chunk) return this.#waiting()
    if (error && this.#failed(chunk, frame.event === "error")) return this.#waiting()
    const choices = Array.isArray(chunk["choices"]) ? chunk["choices"].filter(isObject) : []
    for (const choice of choices) this.#seen.add(indexOf(choice))
    if (usage) this.#count(chunk, choices)
    const finished = finish && this.#finish(choices)
    const onlyUsage = choices.length === 0 && isObject(chunk["usage"])
    if (onlyUsage && !this.#wantsUsage) return "drop"
    const moves = finish || onlyUsage || choices.some(isContent)
    if (this.#content) return moves ? "pass" : "alive"
    if (!finished && !choices.some(isContent)) return "hold"
    this.#content = true
    return "content"
  }

  result(): { terminal: boolean; usage?: Usage; error?: ErrorFacts; missing?: Uint8Array } {
    const terminal = this.#error === undefined && this.#complete()
    return {
      terminal,
      ...(this.#usage ? { usage: this.#usage } : {}),
      ...(this.#error ? { error: this.#error } : {}),
      ...(terminal && !this.#done ? { missing: DONE } : {}),
    }
  }

  /**
   * Whether every choice has ended: those that appeared, and as many as were asked for. A host that says `[DONE]`
   * sends no more of them, and one that names no reason for any choice ends them all by it.
   */
  #complete(): boolean {
    if (this.#ended.size === 0) return this.#done && this.#content
    return this.#ended.size === this.#seen.size && (this.#done || this.#ended.size >= this.#wanted)
  }

  #waiting(): TapVerdict {
    return this.#content ? "pass" : "hold"
  }

  #failed(chunk: Obj, named: boolean): boolean {
    const choices = Array.isArray(chunk["choices"]) ? chunk["choices"] : []
    const holder = chunk["error"] || named ? chunk : choices.find((choice) => isObject(choice) && choice["error"])
    if (!holder) return false
    this.#error = { inStream: true, ...errorFacts(holder) }
    return true
  }

  #count(chunk: Obj, choices: readonly Obj[]): void {
    const groq = chunk["x_groq"]
    const own = chunk["usage"] ?? choices[0]?.["usage"] ?? (isObject(groq) ? groq["usage"] : undefined)
    if (!isObject(own)) return
    this.#usage = { ...this.#usage, ...reportedUsage(readUsage(own)) }
  }

  /** Whether a choice ends as it should. */
  #finish(choices: readonly Obj[]): boolean {
    let ended = false
    for (const choice of choices) {
      const word = choice["finish_reason"]
      if (typeof word !== "string" || word === "") continue
      const finish = readFinish(word)
      if ("fail" in finish) this.#error = { inStream: true, ...finish.fail }
      else {
        this.#ended.add(indexOf(choice))
        ended = true
      }
    }
    return ended
  }
}

function indexOf(choice: Obj): number {
  return typeof choice["index"] === "number" ? choice["index"] : 0
}

function isContent(choice: Obj): boolean {
  const delta = choice["delta"] ?? choice["message"]
  if (!isObject(delta)) return false
  const filled = (value: unknown): boolean =>
    (typeof value === "string" && value !== "") || (Array.isArray(value) && value.length > 0)
  if (filled(delta["content"]) || filled(delta["tool_calls"]) || filled(delta["refusal"])) return true
  if (THINKING_FIELDS.some((field) => filled(delta[field])) || filled(delta["reasoning_details"])) return true
  return isObject(delta["function_call"]) || isObject(delta["audio"]) || filled(delta["images"])
}
