import type {
  AssistantMessage,
  AudioBlock,
  Block,
  ImageBlock,
  Issuer,
  NativeBlock,
  Opaque,
  RedactedThinkingBlock,
  TextBlock,
  ThinkingBlock,
  ToolCallBlock,
} from "../model/message.ts"
import { isAbandoned } from "./assistant.ts"

/** A part of an answer that is kept: what the client may lose as a whole, and of what it shows the place alone. */
export type KeptPart =
  | ThinkingBlock
  | RedactedThinkingBlock
  | NativeBlock
  | (Pick<TextBlock, "type" | "itemId" | "phase" | "signature"> & {
      /** Characters of the text. */
      length: number
    })
  | Pick<ToolCallBlock, "type" | "itemId" | "signature">
  | Pick<ImageBlock | AudioBlock, "type" | "signature">

/** What an answer held besides its text and its calls, in its order. A plain value that survives JSON. */
export interface KeptState {
  maker: Issuer
  parts: readonly KeptPart[]
}

/** What is to be kept of an answer; `undefined` where it shows all that it holds, or is no whole answer. */
export function stateOf(answer: AssistantMessage): KeptState | undefined {
  const { api, provider, model, stopReason } = answer
  if (stopReason === "error" || stopReason === "aborted" || isAbandoned(answer)) return undefined
  const maker = { api, provider, model }
  const parts: KeptPart[] = []
  let holds = false
  for (const block of answer.content) {
    const part = partOf(block, maker)
    if (part === "unfinished") return undefined
    if (part === undefined) continue
    parts.push(part)
    holds ||= !isPlace(part) || part.signature !== undefined
  }
  return holds ? { maker, parts } : undefined
}

function partOf(block: Block, maker: Issuer): KeptPart | "unfinished" | undefined {
  switch (block.type) {
    case "text": {
      const { type, text, itemId, phase, signature } = block
      if (text === "" && !signature) return undefined
      return { type, length: text.length, ...given({ itemId, phase }), ...signed(signature, maker) }
    }
    case "toolCall": {
      const { type, itemId, signature, incomplete } = block
      return incomplete ? "unfinished" : { type, ...given({ itemId }), ...signed(signature, maker) }
    }
    case "thinking": {
      const { signature, ...rest } = block
      if (rest.thinking === "" && !signature) return undefined
      return { ...rest, ...signed(signature, maker) }
    }
    case "redactedThinking":
      return { ...block, data: issued(block.data, maker) }
    case "native":
      return block.issuer ? block : { ...block, issuer: maker }
    case "image":
    case "audio":
      return { type: block.type, ...signed(block.signature, maker) }
    default:
      return undefined
  }
}

/** Whether of a part only the place is kept, and what it was signed with. */
function isPlace(part: KeptPart): part is Extract<KeptPart, { type: "text" | "toolCall" | "image" | "audio" }> {
  return part.type === "text" || part.type === "toolCall" || part.type === "image" || part.type === "audio"
}

function signed(signature: Opaque | undefined, maker: Issuer): { signature?: Opaque } {
  return signature ? { signature: issued(signature, maker) } : {}
}

function issued({ value, issuer }: Opaque, maker: Issuer): Opaque {
  return { value, issuer: issuer ?? maker }
}

function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}

/**
 * Whether a client's history may lack what an answer held. One that has a signature or anything hidden in it comes
 * from a client that sends such things back.
 */
export function mayLack({ content }: AssistantMessage): boolean {
  return !content.some(
    (block) =>
      block.type === "redactedThinking" || block.type === "native" || ("signature" in block && block.signature),
  )
}

/**
 * An answer with what was kept of it in its place, as its maker gave it; `undefined` where it lacks nothing of that, or
 * what is kept does not fit it.
 */
export function withState(answer: AssistantMessage, { maker, parts }: KeptState): AssistantMessage | undefined {
  const calls = answer.content.filter((block) => block.type === "toolCall")
  const texts = answer.content.filter((block) => block.type === "text" && block.text !== "") as TextBlock[]
  const others = answer.content.filter((block) => !["text", "thinking", "toolCall"].includes(block.type))
  const thinks = answer.content.some((block) => block.type === "thinking" && block.thinking !== "")
  if (thinks && isOpen({ maker, parts })) return undefined
  if (parts.filter(({ type }) => type === "toolCall").length !== calls.length) return undefined
  const pieces = piecesOf(texts, parts)
  const content = parts.flatMap((part): Block[] => {
    switch (part.type) {
      case "text": {
        const { length, ...more } = part
        if (length === 0) return [{ ...more, text: "" }]
        const own = pieces.shift() ?? []
        return own.map((text, i) => (i === own.length - 1 ? { ...text, ...more } : text))
      }
      case "toolCall":
        return [{ ...(calls.shift() as ToolCallBlock), ...part }]
      case "image":
      case "audio": {
        // A client may have left it out altogether.
        const at = others.findIndex(({ type }) => type === part.type)
        return at < 0 ? [] : others.splice(at, 1).map((media) => ({ ...media, ...part }) as Block)
      }
      default:
        return [part]
    }
  })
  return { ...answer, ...maker, content: [...content, ...others] }
}

/** Whether a state is nothing but thinking in the open, which a client that shows it has. */
export function isOpen({ parts }: KeptState): boolean {
  return parts.every((part) => (part.type === "thinking" || isPlace(part)) && !part.signature)
}

/**
 * The texts of a client for each text that is kept: one by one, or, where the client joined all of them, cut as they
 * were. Where neither fits, the first has them all.
 */
function piecesOf(texts: readonly TextBlock[], parts: readonly KeptPart[]): TextBlock[][] {
  const lengths = parts.flatMap((part) => (part.type === "text" && part.length > 0 ? [part.length] : []))
  if (texts.length === lengths.length) return texts.map((text) => [text])
  const [only] = texts
  const whole = lengths.reduce((sum, length) => sum + length, 0)
  if (texts.length !== 1 || only?.text.length !== whole) return [[...texts]]
  const { cache, ...bare } = only
  let at = 0
  return lengths.map((length, i) => {
    const text = only.text.slice(at, (at += length))
    return [{ ...bare, text, ...(cache && i === lengths.length - 1 ? { cache } : {}) }]
  })
}
