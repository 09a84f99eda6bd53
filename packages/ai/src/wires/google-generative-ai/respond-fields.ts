import type { Usage } from "@sluice/catalog/core"
import type { AssistantMessage } from "../../model/message.ts"
import type { Losses } from "../../model/losses.ts"
import type { Candidate, UsageMetadata } from "./types.ts"

/** The vendor's words for an answer that its filters ended. */
const FILTERED: ReadonlySet<string> = new Set([
  "SAFETY",
  "RECITATION",
  "LANGUAGE",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "SPII",
  "IMAGE_SAFETY",
  "IMAGE_PROHIBITED_CONTENT",
  "IMAGE_RECITATION",
])

/** Why an answer ended, in the vendor's words. `broken`: name of a call that could not be given. */
export function finishOf(
  message: Pick<AssistantMessage, "stopReason" | "stopDetails">,
  broken: string | undefined,
  losses: Losses,
): Pick<Candidate, "finishReason" | "finishMessage"> {
  const { stopReason, stopDetails } = message
  if (stopDetails?.type === "refusal") {
    const { category, explanation } = stopDetails
    const word = category?.toUpperCase()
    const known = word !== undefined && FILTERED.has(word)
    if (!known) losses.approximated("stopDetails.category", "The API has words of its own for what a filter takes.")
    return {
      finishReason: known ? word : "SAFETY",
      ...(explanation === undefined ? {} : { finishMessage: explanation }),
    }
  }
  if (stopDetails) losses.dropped("stopDetails", "The API has no such reason to stop.")
  if (stopReason === "length") return { finishReason: "MAX_TOKENS" }
  if (broken === undefined) return { finishReason: "STOP" }
  losses.approximated("stopDetails", "A call that must not be run ends the answer as a malformed one.")
  return { finishReason: "MALFORMED_FUNCTION_CALL", finishMessage: `The call of ${broken} is not complete.` }
}

/** Whether a message that failed is an answer all the same: the model declined, or a filter ended it. */
export function isRefusal(message: AssistantMessage): boolean {
  return message.stopDetails?.type === "refusal" && (message.error?.code ?? "content_blocked") === "content_blocked"
}

/** Our figures in the wire's spelling; `undefined` where nothing is known. Tokens of thinking are beside
 * the others, and what is 0 is left out but for the two that every answer has.
 */
export function writeUsage(usage: Usage, losses: Losses): UsageMetadata | undefined {
  const { input, output, cacheRead, cacheWrite, reasoningTokens } = usage
  if ([input, output, cacheRead, cacheWrite, reasoningTokens].every((figure) => figure === undefined)) return undefined
  if (cacheWrite) {
    losses.approximated("usage.cacheWrite", "Tokens that were written to a cache are part of the prompt.")
    losses.approximated("usage.input", "Tokens that were written to a cache are part of the prompt.")
  }
  const prompt = (input ?? 0) + (cacheRead ?? 0) + (cacheWrite ?? 0)
  const thoughts = reasoningTokens ?? 0
  return {
    promptTokenCount: prompt,
    ...(cacheRead ? { cachedContentTokenCount: cacheRead } : {}),
    candidatesTokenCount: Math.max(0, (output ?? 0) - thoughts),
    ...(thoughts > 0 ? { thoughtsTokenCount: thoughts } : {}),
    totalTokenCount: prompt + Math.max(output ?? 0, thoughts),
  }
}
