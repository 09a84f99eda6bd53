import type { Usage } from "@sluice/catalog/core"
import { spliceJson, type Splice } from "../../assemble/json-splice.ts"
import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { Frame } from "../../contract/frame.ts"
import type { Relay, Tap, TapVerdict } from "../../contract/wire-server.ts"
import { errorFacts } from "./errors.ts"
import { readFinish } from "./finish.ts"
import { passes } from "./passes.ts"
import { isObject, THINKING_FIELDS, type Obj } from "./types.ts"
import { readUsage } from "./usage.ts"

const HAS_USAGE = /"usage"\s*:\s*\{/
const HAS_FINISH = /"finish_reason"\s*:\s*"[^"]/
const HAS_ERROR = /"error"\s*:\s*[{"]/
const DONE = new TextEncoder().encode("data: [DONE]\n\n")

/** Chat Completions on both sides. */
export const relay: Relay = {
  path: "/chat/completions",
  headers: (call) => ({
    "content-type": "application/json",
    accept: call.stream ? "text/event-stream" : "application/json",
  }),
  passes,
  edit(raw, set) {
    const splices: Splice[] = []
    if (set.model !== undefined) splices.push({ path: ["model"], value: set.model })
    if (set.wantUsage !== undefined) splices.push({ path: ["stream_options", "include_usage"], value: set.wantUsage })
    return splices.length > 0 ? spliceJson(raw, splices) : raw
  },
  tap: (call) => new ChatTap(call.wantsUsage !== false),
}

/** Watches a stream that is passed through. Once there is content, only frames that may matter are parsed. */
class ChatTap implements Tap {
  readonly #wantsUsage: boolean
  #content = false
  #finished = false
  #done = false
  #usage: Usage | undefined
  #error: ErrorFacts | undefined

  constructor(wantsUsage: boolean) {
    this.#wantsUsage = wantsUsage
  }

  push(frame: Frame): TapVerdict {
    const data = typeof frame.data === "string" ? frame.data : new TextDecoder().decode(frame.data)
    if (data.length < 16) {
      if (data.trim() !== "[DONE]") return this.#waiting()
      this.#done = true
      return "end"
    }
    const usage = HAS_USAGE.test(data)
    const finish = HAS_FINISH.test(data)
    const error = HAS_ERROR.test(data) || frame.event === "error"
    if (this.#content && !usage && !finish && !error) return "pass"
    const chunk = parse(data)
    if (!chunk) return this.#waiting()
    if (error && this.#failed(chunk, frame.event === "error")) return this.#waiting()
    const choices = Array.isArray(chunk["choices"]) ? chunk["choices"].filter(isObject) : []
    if (usage) this.#count(chunk, choices)
    const finished = finish && this.#finish(choices)
    if (choices.length === 0 && isObject(chunk["usage"]) && !this.#wantsUsage) return "drop"
    if (this.#content) return "pass"
    if (!finished && !choices.some(isContent)) return "hold"
    this.#content = true
    return "content"
  }

  result(): { terminal: boolean; usage?: Usage; error?: ErrorFacts; missing?: Uint8Array } {
    const terminal = this.#error === undefined && (this.#finished || (this.#done && this.#content))
    return {
      terminal,
      ...(this.#usage ? { usage: this.#usage } : {}),
      ...(this.#error ? { error: this.#error } : {}),
      ...(terminal && !this.#done ? { missing: DONE } : {}),
    }
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
    const read = readUsage(own)
    const totalTokens = (read.input ?? 0) + (read.output ?? 0) + (read.cacheRead ?? 0) + (read.cacheWrite ?? 0)
    this.#usage = { ...this.#usage, ...read, totalTokens, provenance: "reported" }
  }

  /** Whether a choice ends as it should. */
  #finish(choices: readonly Obj[]): boolean {
    const word = choices.find((choice) => choice["finish_reason"])?.["finish_reason"]
    if (typeof word !== "string") return false
    const finish = readFinish(word)
    if ("fail" in finish) {
      this.#error = { inStream: true, ...finish.fail }
      return false
    }
    this.#finished = true
    return true
  }
}

function isContent(choice: Obj): boolean {
  const delta = choice["delta"] ?? choice["message"]
  if (!isObject(delta)) return false
  const filled = (value: unknown): boolean =>
    (typeof value === "string" && value !== "") || (Array.isArray(value) && value.length > 0)
  if (filled(delta["content"]) || filled(delta["tool_calls"]) || filled(delta["refusal"])) return true
  if (THINKING_FIELDS.some((field) => filled(delta[field]))) return true
  return isObject(delta["function_call"]) || isObject(delta["audio"]) || filled(delta["images"])
}

function parse(data: string): Obj | undefined {
  try {
    const value: unknown = JSON.parse(data)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
