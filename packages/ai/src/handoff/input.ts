import { codecOf, type Modality, type Model } from "@sluice/catalog/core"
import type { Traits } from "../contract/wire-client.ts"
import type {
  AudioBlock,
  DeveloperMessage,
  DocumentBlock,
  ImageBlock,
  InputBlock,
  ToolResultMessage,
  UserMessage,
} from "../model/message.ts"
import type { Losses } from "../model/losses.ts"
import { soundSource } from "./media.ts"

/** Half a surrogate pair becomes U+FFFD; all other text stays as it is. */
export function wellFormedText(text: string): string {
  return text.isWellFormed() ? text : text.toWellFormed()
}

/** A user's, a developer's or a tool's message without what the target cannot read. */
export function rewriteInput<M extends UserMessage | DeveloperMessage | ToolResultMessage>(
  message: M,
  model: Model,
  traits: Traits,
  path: string,
  losses: Losses,
): M {
  if (typeof message.content === "string") {
    return message.content.isWellFormed() ? message : { ...message, content: wellFormedText(message.content) }
  }
  const inResult = message.role === "toolResult"
  const content: InputBlock[] = []
  message.content.forEach((block, index) => {
    const kept = rewriteBlock(block, { model, traits, inResult, path: `${path}.content[${index}]`, losses })
    if (kept) content.push(kept)
  })
  return { ...message, content }
}

interface Target {
  model: Model
  traits: Traits
  inResult: boolean
  path: string
  losses: Losses
}

function rewriteBlock(block: InputBlock, target: Target): InputBlock | undefined {
  switch (block.type) {
    case "text":
      return block.text.isWellFormed() ? block : { ...block, text: wellFormedText(block.text) }
    case "native":
      if (codecOf(block.api) === codecOf(target.model.api)) return block
      target.losses.dropped(target.path, `Only ${block.api} knows this kind of content.`)
      return undefined
    default:
      return readable(block.type, target) ? sound(block, target) : note(block.type, reason(block.type, target), target)
  }
}

/** An unknown model is given what its wire can carry: the host knows better than we do. */
export function readable(
  kind: Exclude<Modality, "text">,
  { model, traits }: { model: Model; traits: Traits },
): boolean {
  if (!traits.media[kind]) return false
  if (kind === "image" && model.compat.textOnly) return false
  return model.assumed !== undefined || model.input.includes(kind)
}

/** A picture, a document or a sound with a source that hosts can read, or the note that stands for it, if any. */
function sound(block: ImageBlock | DocumentBlock | AudioBlock, target: Target): InputBlock | undefined {
  if ("text" in block.source) {
    const { text } = block.source
    if (text.trim() === "") {
      target.losses.dropped(target.path, "There is nothing in the document.")
      return undefined
    }
    return text.isWellFormed() ? block : ({ ...block, source: { text: wellFormedText(text) } } as DocumentBlock)
  }
  const found = soundSource(block.type, block.source)
  if ("why" in found) return note(block.type, found.why, target)
  if (found.source === block.source) return block
  target.losses.approximated(`${target.path}.source`, "The data was put into plain base64.")
  return { ...block, source: found.source }
}

function reason(kind: "image" | "document" | "audio", { model, traits }: Target): string {
  if (!traits.media[kind]) return `${model.api} cannot carry it`
  return kind === "image" ? "model does not support vision" : `model does not read ${kind} input`
}

function note(kind: "image" | "document" | "audio", why: string, target: Target): InputBlock {
  target.losses.approximated(target.path, `A note stands for the ${kind}: ${why}.`)
  return { type: "text", text: `[${kind} omitted: ${why}]` }
}
