import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { StopDetails, StopReason } from "../../model/message.ts"
import { answerError } from "./errors.ts"
import { isObject, text, type Obj } from "./types.ts"

/** What the items of an answer say of its end. */
export interface Seen {
  /** Calls of the caller's own tools. */
  calls: number
  /** Each of those calls came to its end. */
  callsWhole: boolean
  /** An item that the caller has to run and that is no call of one of its tools, e.g. a patch. */
  clientRun: boolean
  /** A question whether the vendor may go on. */
  approval: boolean
  refusal: string
  /** It has as many tokens as were asked for at most, on a host that does not say that it was cut there. */
  capMet: boolean
}

/** How an answer ended: a reason to stop, or a failure. */
export type End = { reason: StopReason; details?: StopDetails } | { fail: ErrorFacts; details?: StopDetails }

/** Status of a response at its end. `event` is the name of the last event, for hosts that give no status. */
function statusOf(response: Obj, event: string): string {
  return text(response["status"]) || event.replace(/^response\./, "") || "completed"
}

function whyIncomplete({ incomplete_details: details }: Obj): string {
  return isObject(details) ? text(details["reason"]) : ""
}

/** Whether a response ended in a failure: then a call whose end did not come was cut off. */
export function hasFailed(response: Obj, event: string): boolean {
  const status = statusOf(response, event)
  if (status === "failed" || status === "cancelled" || event === "response.failed") return true
  return whyIncomplete(response) === "content_filter"
}

/**
 * How an answer ended, out of the status of its response and of what it holds. A status that is not known
 * stands in the details.
 *
 * @see https://platform.openai.com/docs/api-reference/responses/object
 */
export function readEnd(response: Obj, event: string, seen: Seen): End {
  const status = statusOf(response, event)
  if (status === "failed" || status === "cancelled" || event === "response.failed") {
    const { error } = response
    if (isObject(error) || (typeof error === "string" && error !== "")) return { fail: answerError({ error }) }
    return { fail: { is: "server_error", message: `The response ended with the status ${status}.` } }
  }
  if (status === "incomplete" || event === "response.incomplete") return incomplete(response, seen)
  // Whether a call is whole is not known then: such a host calls a cut one completed too.
  if (seen.capMet) return { reason: "length" }
  const end = ended(seen, response["end_turn"] === false)
  return status === "completed" || status === "done" ? end : { details: { type: status }, ...end }
}

function incomplete(response: Obj, seen: Seen): End {
  if (whyIncomplete(response) === "content_filter") {
    const { refusal } = seen
    const fail: ErrorFacts = { is: "content_blocked", message: "The response is incomplete: content_filter" }
    return refusal === "" ? { fail } : { fail, details: { type: "refusal", explanation: refusal } }
  }
  // The cap was met behind the last call: nothing of what is to be run is missing.
  if (seen.calls > 0 && seen.callsWhole) return ended(seen)
  return { reason: "length" }
}

function ended(seen: Seen, goesOn = false): { reason: StopReason; details?: StopDetails } {
  const { calls, clientRun, approval, refusal } = seen
  const reason = calls > 0 || clientRun ? "toolUse" : "stop"
  if (clientRun || approval) return { reason, details: { type: "pause_turn" } }
  if (refusal !== "") return { reason, details: { type: "refusal", explanation: refusal } }
  // With calls it is their results that the turn waits for.
  return goesOn && calls === 0 ? { reason, details: { type: "pause_turn" } } : { reason }
}
