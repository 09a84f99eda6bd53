import { codecOf } from "@sluice/catalog/core"
import type { AssistantMessage, Block, Opaque, StopDetails, TextBlock, ToolCallBlock } from "../../model/message.ts"
import { type Maker, seal, withIssuer } from "../server-seal.ts"
import { isCitation } from "./citations.ts"
import type { Losses } from "../../model/losses.ts"
import { API, type Obj } from "./types.ts"

/** The value of an opaque, where it is of this wire. */
function ownValue(opaque: Opaque, maker: Maker): string | undefined {
  return codecOf((opaque.issuer ?? maker).api) === API ? opaque.value : undefined
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
export function writeBlock(block: Block, path: string, maker: Maker, losses: Losses): Obj | undefined {
  switch (block.type) {
    case "text": {
      textLosses(block, path, losses)
      const citations = ownCitations(block.citations, path, losses)
      if (block.text === "" && citations.length === 0) return undefined
      return { type: "text", text: block.text, ...(citations.length > 0 ? { citations } : {}) }
    }
    case "thinking": {
      const signature = signatureOf(block.signature, maker)
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
      if (block.data.value === "") return undefined
      const hidden = { type: "redactedThinking" as const, opaque: withIssuer(block.data, maker) }
      return { type: "redacted_thinking", data: ownValue(block.data, maker) ?? seal({ thoughts: [hidden] }) }
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

/**
 * Hidden thinking that is nothing but the signature of the call behind it, which the wire has no field for. It cannot
 * stand behind the call: clients take what ends an answer for its result.
 */
export function callSignature(signature: Opaque | undefined, id: string, maker: Maker): Obj | undefined {
  if (!signature?.value) return undefined
  const sealed = { thoughts: [], own: withIssuer(signature, maker), of: { type: "toolCall" as const, id } }
  return { type: "redacted_thinking", data: seal(sealed) }
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
}

/** A signature of thinking to write, that of another wire in our seal; `""` where there is none. */
export function signatureOf(signature: Opaque | undefined, maker: Maker): string {
  if (!signature?.value) return ""
  return ownValue(signature, maker) ?? seal({ thoughts: [], own: withIssuer(signature, maker) })
}

/** Details of a stop that the wire has a reason for. */
const SPELLED: ReadonlySet<string> = new Set([
  "refusal",
  "pause_turn",
  "stop_sequence",
  "model_context_window_exceeded",
])

/** `stop_reason` and what goes with it. */
export interface WrittenStop extends Obj {
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

function refusal(details: StopDetails | undefined): Obj {
  return { type: "refusal", category: details?.category ?? null, explanation: details?.explanation ?? null }
}

/** Whether a message that failed is an answer all the same: the model declined. */
export function isRefusal(message: AssistantMessage): boolean {
  return message.stopDetails?.type === "refusal" && (message.error?.code ?? "content_blocked") === "content_blocked"
}
