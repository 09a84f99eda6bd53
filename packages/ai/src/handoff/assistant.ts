import { codecOf, type Model } from "@sluice/catalog/core"
import type { Traits } from "../contract/wire-client.ts"
import type {
  AssistantMessage,
  AudioBlock,
  Block,
  ImageBlock,
  Issuer,
  Opaque,
  TextBlock,
  ThinkingBlock,
  ToolCallBlock,
} from "../model/message.ts"
import { readable, wellFormedText } from "./input.ts"
import type { Losses } from "../model/losses.ts"
import { soundSource } from "./media.ts"
import { spelledName } from "./tool-names.ts"

/** Where an earlier answer goes. */
export interface AssistantTarget {
  model: Model
  traits: Traits
  /** It is the latest answer of the conversation. */
  latest: boolean
  path: string
  losses: Losses
}

/**
 * An earlier answer as the target may see it; `undefined` when nothing of it is left.
 *
 * Opaque values go to the model that made them, or, in the latest answer, to another model of the same provider
 * and wire, which refuses a change there. Of an answer that was cut short the last kept block's signature is not
 * trusted, and none of one that ended in the middle of its calls, unless it is the latest of the same provider. Hidden
 * thinking does not stay where nothing of the thinking beside it does.
 */
export function rewriteAssistant(message: AssistantMessage, target: AssistantTarget): AssistantMessage | undefined {
  const cut = message.stopReason === "error" || message.stopReason === "aborted"
  const abandoned = isAbandoned(message) && !(target.latest && message.provider === target.model.provider)
  const rewrite = (block: Block, index: number, last: boolean): Block | undefined => {
    // A call comes with its signature in one piece.
    const partial = abandoned || (last && (block.type !== "toolCall" || block.incomplete === true))
    return rewriteBlock(block, message, target, `${target.path}.content[${index}]`, partial)
  }
  const rewritten = message.content.map((block, index) => rewrite(block, index, false))
  const dropHidden = (): void => {
    if (!thinks(message.content) || thinks(rewritten)) return
    rewritten.forEach((block, index) => {
      if (block?.type !== "redactedThinking") return
      const path = `${target.path}.content[${index}]`
      target.losses.dropped(path, "Hidden thinking does not go back without the thinking beside it.")
      rewritten[index] = undefined
    })
  }
  dropHidden()
  if (cut) {
    // The last block is the one that is left: what is handed over is handed over again as it is.
    message.content.findLast((block, index) => {
      if (!rewritten[index]) return false
      const kept = rewrite(block, index, true)
      rewritten[index] = kept
      dropHidden()
      return kept !== undefined
    })
  }
  const content = rewritten.filter((block) => block !== undefined)
  if (content.length === 0) return undefined
  const onlyThinking = content.every((block) => block.type === "thinking" || block.type === "redactedThinking")
  if (onlyThinking && (cut || message.stopReason === "length")) {
    target.losses.dropped(target.path, "The answer was cut short while the model was still thinking.")
    return undefined
  }
  return { ...message, content }
}

/** It ended for another reason than its calls, so that nobody knows whether it was whole. */
export function isAbandoned({ content, stopReason }: AssistantMessage): boolean {
  return (stopReason === "stop" || stopReason === "length") && content.some((block) => block.type === "toolCall")
}

/** Whether there is thinking that its maker signed. */
function thinks(content: readonly (Block | undefined)[]): boolean {
  return content.some((block) => block?.type === "thinking" && block.signature !== undefined)
}

/** A call that every host refuses, and that no result can be told to belong to. */
export function isMalformed({ id, name }: ToolCallBlock): boolean {
  return id.trim() === "" || name.trim() === ""
}

function rewriteBlock(
  block: Block,
  message: AssistantMessage,
  target: AssistantTarget,
  path: string,
  partial: boolean,
): Block | undefined {
  const { losses } = target
  switch (block.type) {
    case "text":
      return rewriteText(block, message, target, path, partial)
    case "thinking":
      return rewriteThinking(block, message, target, path, partial)
    case "redactedThinking":
      if (block.data.value.trim() !== "" && mayRead(block.data, message, target)) return block
      losses.dropped(path, "Hidden thinking can only be read by the model that made it.")
      return undefined
    case "toolCall":
      if (isMalformed(block)) {
        losses.dropped(path, "A tool call without an id or a name is refused by every host.")
        return undefined
      }
      return named(readableSignature(block, message, target, path, partial), target, path)
    case "image":
    case "audio":
      if (target.traits.media.inAnswer && readable(block.type, target)) {
        const sound = soundSource(block.type, block.source)
        if ("source" in sound) {
          const kept = sound.source === block.source ? block : { ...block, source: sound.source }
          if (kept !== block) losses.approximated(`${path}.source`, "The data was put into plain base64.")
          return readableSignature(kept, message, target, path, partial)
        }
      }
      if (block.type === "audio" && block.transcript?.trim()) {
        losses.approximated(path, "What was said goes back as its transcript.")
        return { type: "text", text: wellFormedText(block.transcript) }
      }
      losses.dropped(path, `An answer's ${block.type} cannot be sent back.`)
      return undefined
    case "native":
      if (
        mayRead(
          { value: "", ...(block.issuer ? { issuer: block.issuer } : {}) },
          { ...message, api: block.api },
          target,
        )
      )
        return block
      losses.dropped(path, "What a provider ran itself can only be replayed to that provider.")
      return undefined
    default:
      losses.dropped(path, `An answer's ${block.type} cannot be sent back.`)
      return undefined
  }
}

function rewriteText(
  block: TextBlock,
  message: AssistantMessage,
  target: AssistantTarget,
  path: string,
  partial: boolean,
): Block | undefined {
  const { signature, ...bare } = block
  const keep = signature !== undefined && !partial && mayRead(signature, message, target)
  if (block.text.trim() === "" && !block.citations && !keep) return undefined
  if (signature !== undefined && !keep)
    target.losses.dropped(`${path}.signature`, "A signature goes back to its issuer only.")
  const kept = keep || signature === undefined ? block : bare
  return kept.text.isWellFormed() ? kept : { ...kept, text: wellFormedText(kept.text) }
}

/** A call by the name that the target is told of its tool. */
function named(call: ToolCallBlock, { traits, losses }: AssistantTarget, path: string): ToolCallBlock {
  const name = spelledName(call.name, traits.toolName)
  if (name === call.name) return call
  losses.approximated(`${path}.name`, `The host does not take this name: it is told ${name}.`)
  return { ...call, name }
}

/** A block, without a signature that the target cannot read. */
function readableSignature<B extends ToolCallBlock | ImageBlock | AudioBlock>(
  block: B,
  message: AssistantMessage,
  target: AssistantTarget,
  path: string,
  partial: boolean,
): B {
  if (!block.signature || (!partial && mayRead(block.signature, message, target))) return block
  target.losses.dropped(`${path}.signature`, "A signature goes back to its issuer only.")
  const { signature: _signature, ...bare } = block
  return bare as B
}

function rewriteThinking(
  block: ThinkingBlock,
  message: AssistantMessage,
  target: AssistantTarget,
  path: string,
  partial: boolean,
): Block | undefined {
  const { signature, ...bare } = block
  const keep = signature !== undefined && !partial && mayRead(signature, message, target)
  if (signature !== undefined && !keep)
    target.losses.dropped(`${path}.signature`, "A signature goes back to its issuer only.")
  if (keep) return block
  if (block.thinking.trim() === "") return signature === undefined && block.field ? bare : undefined
  return block.thinking.isWellFormed() ? bare : { ...bare, thinking: wellFormedText(block.thinking) }
}

function mayRead(opaque: Opaque, message: AssistantMessage, target: AssistantTarget): boolean {
  const { model } = target
  const issuer: Issuer | undefined = opaque.issuer
  if (!issuer) return codecOf(message.api) === codecOf(model.api)
  if (codecOf(issuer.api) !== codecOf(model.api) || issuer.provider !== model.provider) return false
  return issuer.model === model.id || target.latest
}
