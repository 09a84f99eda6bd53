import type { MessageSink } from "../../contract/builder.ts"
import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { StopDetails } from "../../model/message.ts"
import { isObject, type Obj } from "./types.ts"

/** Why an answer ended, as the wire says it. */
export interface WireStop {
  reason: string
  /** The stop sequence that was hit. */
  sequence?: string
  details?: Obj
}

/** Reads `stop_reason`, `stop_sequence` and `stop_details`; `undefined` while there is no reason. */
export function readStop(value: unknown): WireStop | undefined {
  if (!isObject(value) || typeof value["stop_reason"] !== "string" || value["stop_reason"] === "") return undefined
  const stop: WireStop = { reason: value["stop_reason"] }
  if (typeof value["stop_sequence"] === "string") stop.sequence = value["stop_sequence"]
  if (isObject(value["stop_details"])) stop.details = value["stop_details"]
  return stop
}

/**
 * Reports why the answer ended. A refusal is a failure with the code `content_blocked`: its category stands in the
 * message's `stopDetails`, and what was said before it stays.
 */
export function reportStop(stop: WireStop, out: MessageSink): void {
  switch (stop.reason) {
    case "end_turn":
      out.stop("stop")
      return
    case "stop_sequence":
      out.stop("stop", { type: "stop_sequence", ...(stop.sequence === undefined ? {} : { sequence: stop.sequence }) })
      return
    case "tool_use":
      out.stop("toolUse")
      return
    case "max_tokens":
      out.stop("length")
      return
    case "model_context_window_exceeded":
      out.stop("length", { type: "model_context_window_exceeded" })
      return
    case "pause_turn":
    case "compaction":
      out.stop("stop", { type: "pause_turn" })
      return
    case "refusal":
    case "sensitive": {
      const details = refusalDetails(stop)
      out.stop("error", details)
      out.fail(refusalFacts(stop.reason, details))
      return
    }
    default:
      out.stop("stop", { type: stop.reason })
  }
}

function refusalDetails(stop: WireStop): StopDetails {
  const { category, explanation } = stop.details ?? {}
  return {
    type: "refusal",
    ...(typeof category === "string" ? { category } : {}),
    ...(typeof explanation === "string" ? { explanation } : {}),
  }
}

function refusalFacts(reason: string, { category, explanation }: StopDetails): ErrorFacts {
  const what = `The model declined to answer${category === undefined ? "" : ` (${category})`}`
  const why =
    explanation ??
    (reason === "sensitive" ? "the content was flagged by the safety filters." : "no details were given.")
  return { is: "content_blocked", type: reason, message: `${what}: ${why}` }
}
