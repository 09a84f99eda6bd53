import type { AssistantMessage, Block, Opaque, StopDetails, TextBlock, ToolCallBlock } from "../../model/message.ts"
import { isCitation } from "./citations.ts"
import type { Losses } from "../losses.ts"
import { API, type Item } from "./types.ts"

/** The value of an opaque, where it is of this wire. */
export function ownValue(opaque: Opaque | undefined): string | undefined {
  if (!opaque || opaque.value === "") return undefined
  return opaque.issuer && opaque.issuer.api !== API ? undefined : opaque.value
}

/** The citations of a text that this wire can spell; the others are a loss. */
export function ownCitations(
  citations: readonly unknown[] | undefined,
  path: string,
  losses: Losses,
): readonly unknown[] {
  if (!citations?.length) return []
  const own = citations.filter(isCitation)
  if (own.length < citations.length) losses.dropped(`${path}.citations`, "Citations of another wire cannot be spelled.")
  return own
}

/**
 * A block of an answer as the wire writes it whole; `undefined` where there is nothing to write, or no way to.
 * A text or thinking that is empty is left out, because clients send it back and are refused.
 */
export function writeBlock(block: Block, path: string, losses: Losses): Item | undefined {
  switch (block.type) {
    case "text": {
      textLosses(block, path, losses)
      const citations = ownCitations(block.citations, path, losses)
      if (block.text === "" && citations.length === 0) return undefined
      return { type: "text", text: block.text, ...(citations.length > 0 ? { citations } : {}) }
    }
    case "thinking": {
      const signature = signatureOf(block.signature, path, losses)
      if (block.thinking === "" && signature === "") return undefined
      return { type: "thinking", thinking: block.thinking, signature }
    }
    case "toolCall":
      callLosses(block, path, losses)
      if (block.rawArguments !== undefined) {
        losses.dropped(`${path}.rawArguments`, "The model's text was no JSON object, and a call takes nothing else.")
      }
      return { type: "tool_use", id: block.id, name: block.name, input: block.arguments }
    case "redactedThinking": {
      const data = ownValue(block.data)
      if (data !== undefined) return { type: "redacted_thinking", data }
      losses.dropped(path, "Hidden thinking of another wire cannot be spelled.")
      return undefined
    }
    case "native":
      if (block.api === API) return block.item
      losses.dropped(path, `Only ${block.api} knows this kind of content.`)
      return undefined
    default:
      losses.dropped(path, `An answer of this wire holds no ${block.type}.`)
      return undefined
  }
}

/** Names what of a text the wire has no field for. */
export function textLosses(block: TextBlock, path: string, losses: Losses): void {
  if (block.logprobs?.length) losses.dropped(`${path}.logprobs`, "The API has no field for them.")
  if (block.signature) losses.dropped(`${path}.signature`, "The API has no field for a text's signature.")
}

/** Names what of a call the wire has no field for. */
export function callLosses(block: ToolCallBlock, path: string, losses: Losses): void {
  if (block.custom) losses.dropped(`${path}.custom`, "A call of a grammar tool stands as one with the field `input`.")
  if (block.incomplete) losses.dropped(`${path}.incomplete`, "A call that was cut off cannot be told from a whole one.")
  if (block.signature) losses.dropped(`${path}.signature`, "The API has no field for a call's signature.")
}

/** A signature to write; `""` where there is none of this wire. */
export function signatureOf(signature: Opaque | undefined, path: string, losses: Losses): string {
  const own = ownValue(signature)
  if (own === undefined && signature?.value) {
    losses.dropped(`${path}.signature`, "A signature of another wire cannot be spelled.")
  }
  return own ?? ""
}

/** Details of a stop that the wire has a reason for. */
const SPELLED: ReadonlySet<string> = new Set([
  "refusal",
  "pause_turn",
  "stop_sequence",
  "model_context_window_exceeded",
])

/** `stop_reason` and what goes with it. */
export interface WrittenStop extends Item {
  stop_reason: string
  stop_sequence: string | null
}

/**
 * Why an answer ended, in the wire's words. `tool_use` is only said where a call was written: a client that is told
 * so waits for calls.
 */
export function writeStop(
  message: Pick<AssistantMessage, "stopReason" | "stopDetails">,
  hasCalls: boolean,
  losses: Losses,
): WrittenStop {
  const { stopReason, stopDetails } = message
  if (stopDetails && !SPELLED.has(stopDetails.type)) {
    losses.dropped("stopDetails", "The API has no such reason to stop.")
  }
  const sequence = stopDetails?.type === "stop_sequence" ? (stopDetails.sequence ?? null) : null
  const stop = { stop_reason: wireReason(stopReason, stopDetails, hasCalls), stop_sequence: sequence }
  return stop.stop_reason === "refusal" ? { ...stop, stop_details: refusal(stopDetails) } : stop
}

function wireReason(
  reason: AssistantMessage["stopReason"],
  details: StopDetails | undefined,
  hasCalls: boolean,
): string {
  switch (details?.type) {
    case "refusal":
      return "refusal"
    case "pause_turn":
      return "pause_turn"
    case "stop_sequence":
      return "stop_sequence"
    case "model_context_window_exceeded":
      return "model_context_window_exceeded"
  }
  if (reason === "length") return "max_tokens"
  return hasCalls ? "tool_use" : "end_turn"
}

function refusal(details: StopDetails | undefined): Item {
  return { type: "refusal", category: details?.category ?? null, explanation: details?.explanation ?? null }
}

/** Whether a message that failed is an answer all the same: the model declined. */
export function isRefusal(message: AssistantMessage): boolean {
  return message.stopDetails?.type === "refusal" && (message.error?.code ?? "content_blocked") === "content_blocked"
}
