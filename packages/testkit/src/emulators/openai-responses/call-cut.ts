import type { Fields } from "../check.ts"
import type { ResponsesAnswer } from "./types.ts"

/** An answer whose cut at a call is a cut after so many of these events. */
export function placed(answer: ResponsesAnswer, events: readonly Fields[]): ResponsesAnswer {
  const { cutAtCall } = answer
  if (!cutAtCall) return answer
  const how = cutAtCall.how === undefined ? {} : { how: cutAtCall.how }
  return { ...answer, cut: { afterEvents: cutPoint(events, cutAtCall.when), ...how } }
}

/** Where a cut at the first call comes, as a number of events. */
function cutPoint(events: readonly Fields[], when: "before" | "after"): number {
  const done = events.findIndex(
    ({ type }) => type === "response.function_call_arguments.done" || type === "response.custom_tool_call_input.done",
  )
  if (when === "before" || done < 0) return Math.max(0, done)
  const itemDone = events.findIndex(({ type }, n) => n > done && type === "response.output_item.done")
  return itemDone + 1
}
