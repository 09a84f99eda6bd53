import type { SeenRequest } from "../loopback.ts"
import { wait } from "../wait.ts"

/** A tool call that the emulated model makes. */
export interface EmulatedCall {
  /** Default: an id in the vendor's form. */
  id?: string
  name: string
  /** An object, or the exact text that the model writes. */
  arguments?: Readonly<Record<string, unknown>> | string
}

/** Tokens as the emulated vendor counts them. What is absent is counted by words. */
export interface EmulatedUsage {
  /** All tokens of the prompt, those from the cache included. */
  prompt?: number
  /** Of the prompt: read from the cache. */
  cached?: number
  /** Of the prompt: written to the cache, where the vendor tells that. */
  cacheWrite?: number
  output?: number
  /** Of the output: spent on thinking. */
  reasoning?: number
}

/** An error as the vendor words it. Status, type and message follow from each other where only some are given. */
export interface EmulatedError {
  status?: number
  type?: string
  code?: string | null
  param?: string | null
  message?: string
  headers?: Record<string, string>
}

/** One answer of an emulated model. Its content stands in the order thinking, text, tool calls. */
export interface EmulatedAnswer {
  thinking?: string
  text?: string
  toolCalls?: readonly EmulatedCall[]
  /** The model declines in these words. */
  refusal?: string
  /** Why the answer ends, in the vendor's own word. Default: as the content has it. */
  stop?: string
  /** The limit on tokens was reached. */
  length?: boolean
  usage?: EmulatedUsage
  headers?: Record<string, string>
  /** An error response in place of the answer. */
  error?: EmulatedError
  /** An error inside the stream after so many events; not streamed it is an error response. */
  streamError?: EmulatedError & { afterEvents?: number }
  /** Silence after so many events; `ms` is for ever by default. */
  stall?: { afterEvents: number; ms?: number }
  /** The socket is closed after so many events. */
  cut?: { afterEvents: number; how?: "reset" | "end" }
  /** The stream ends properly after so many events, without those that should follow. */
  endEarly?: { afterEvents: number }
  /** Characters of a delta (default: four pieces a block) and the wait between events. */
  pace?: { chars?: number; ms?: number }
  /** Wait before the head. */
  delayMs?: number
}

/** A list of answers, one a request, or a function that makes each. */
export type EmulatorScript =
  | readonly EmulatedAnswer[]
  | ((request: SeenRequest) => EmulatedAnswer | Promise<EmulatedAnswer>)

/** What an emulator without a script answers. */
export function greeting(): EmulatedAnswer {
  return { text: "Hello from the emulator." }
}

/** Gives requests their answers; a list that is used up gives `undefined`. */
export class ScriptedAnswers<Answer = EmulatedAnswer, Request = SeenRequest> {
  readonly #script: readonly Answer[] | ((request: Request) => Answer | Promise<Answer>)
  #next = 0

  constructor(script: readonly Answer[] | ((request: Request) => Answer | Promise<Answer>)) {
    this.#script = script
  }

  async take(request: Request): Promise<Answer | undefined> {
    if (typeof this.#script === "function") return await this.#script(request)
    return this.#script[this.#next++]
  }
}

/** Cuts a text into deltas. */
export function deltas(text: string, chars: number | undefined): string[] {
  if (text === "") return []
  const points = [...text]
  const size = Math.max(1, chars ?? Math.ceil(points.length / 4))
  const cut: string[] = []
  for (let at = 0; at < points.length; at += size) cut.push(points.slice(at, at + size).join(""))
  return cut
}

/** The arguments of a call as JSON. */
export function argumentText(call: EmulatedCall): string {
  return typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments ?? {})
}

/** Words of a value, which stand for its tokens. */
export function countWords(value: unknown): number {
  const text = typeof value === "string" ? value : JSON.stringify(value ?? "")
  return text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0
}

/** One event of a stream, spelled out. */
export type EventText = string

/** How a stream of events ended. */
export type Streamed = "end" | "cut"

/** Writes events and does what the answer says goes wrong between them. */
export async function writeEvents<Event extends string | Uint8Array = EventText>(
  events: readonly Event[],
  answer: EmulatedAnswer,
  write: (event: Event) => Promise<void>,
  errorEvent: (error: EmulatedError) => Event,
  signal: AbortSignal,
): Promise<Streamed> {
  let { stall } = answer
  for (let n = 0; n <= events.length; n++) {
    if (answer.streamError && n >= (answer.streamError.afterEvents ?? 0)) {
      await write(errorEvent(answer.streamError))
      return "end"
    }
    if (stall && n >= stall.afterEvents) {
      const { ms } = stall
      stall = undefined
      await wait(ms ?? Infinity, signal)
    }
    if (answer.cut && n >= answer.cut.afterEvents) return "cut"
    if (answer.endEarly && n >= answer.endEarly.afterEvents) return "end"
    const event = events[n]
    if (event === undefined) break
    if (n > 0 && answer.pace?.ms) await wait(answer.pace.ms, signal)
    await write(event)
  }
  return "end"
}
