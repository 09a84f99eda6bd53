import type { InputBlock, Message, TextBlock, ToolResultMessage } from "../../model/message.ts"
import { lastAnswer } from "../../model/turns.ts"
import { nothingSaid } from "../openai/encoding.ts"
import { answerItems } from "./answer-items.ts"
import { itemWithoutReserved, withoutReserved } from "./harmony.ts"
import { InputItems, keepItems, takeItems } from "./kept-items.ts"
import { inputPart, inputParts, isPart, loseMark, textPart } from "./parts.ts"
import { API, learned, text, type Body, type Encoding } from "./types.ts"

/** What a host is told that insists on instructions, where there are none. */
const NO_INSTRUCTIONS = "You are a helpful assistant."
const BLANK_LINE = "\n\n"
const MEDIA_FOLLOW = "(see attached image)"
const MEDIA_HEADING = "Attached image(s) from tool result:"

/** The items of `input`, and the field `instructions`. */
export interface EncodedInput {
  items: InputItems
  instructions: Body
}

/**
 * Encodes a conversation. `chained`: what was encoded of it before is taken as it was, and each item is summed up.
 * `instruction` joins the system prompt.
 *
 * @throws SluiceError `invalid_request` when there is no item
 */
export function encodeInput(encoding: Encoding, chained: boolean, instruction?: string): EncodedInput {
  const { messages } = encoding.call.context
  const before: Body[] = []
  const prompt = systemPrompt(encoding, before, instruction) ?? requiredInstructions(encoding)
  const kept = chained ? takeItems(encoding, before) : undefined
  if (kept) {
    // Nothing changes any more in front of the latest answer.
    encodeMessages(encoding, kept, Math.max(lastAnswer(messages), kept.consumed))
    keepItems(encoding, before, kept)
  }
  const items = kept ? kept.fork() : new InputItems(before)
  encodeMessages(encoding, items, messages.length)
  for (const { losses } of kept ? [kept, items] : [items]) {
    for (const { field, kind, reason } of losses) encoding.lose(field, kind, reason)
  }
  const instructions = prompt === undefined ? {} : { instructions: prompt }
  if (items.length > before.length || (items.length > 0 && !encoding.compat.instructions)) {
    return { items, instructions }
  }
  return withoutMessages(encoding, before, prompt)
}

/** Instructions for a host that refuses a request without. */
function requiredInstructions({ call, compat, lose }: Encoding): string | undefined {
  if (!compat.instructions || call.context.messages.some(({ role }) => role === "developer")) return undefined
  lose("systemPrompt", "injected", "The host wants instructions: it was given the shortest there are.")
  return NO_INSTRUCTIONS
}

/** The API wants something to answer to: the last of the system prompt is said once more, or moves. */
function withoutMessages(encoding: Encoding, before: Body[], prompt: string | undefined): EncodedInput {
  const { compat } = encoding
  const instructions = prompt === undefined || !compat.instructions ? {} : { instructions: prompt }
  const last = before.at(-1)?.["content"] ?? (prompt === undefined ? undefined : [textPart(prompt)])
  if (last === undefined) throw nothingSaid("input")
  if (compat.instructions) {
    const reason = "The host wants a user's message: the last of the system prompt is one as well."
    encoding.lose("messages", "injected", reason)
  } else {
    encoding.lose("systemPrompt", "approximated", "The API wants input: the system prompt became a user's message.")
  }
  return { items: new InputItems([...before, { role: "user", content: last }]), instructions }
}

function encodeMessages(outer: Encoding, state: InputItems, end: number): void {
  const { messages } = outer.call.context
  const encoding: Encoding = { ...outer, losses: state.losses, lose: state.lose }
  const { custom } = state
  while (state.consumed < end) {
    const next = state.consumed
    const message = messages[next] as Message
    const field = `messages[${next}]`
    const input: Body[] = []
    let after = next + 1
    if (message.role === "toolResult") after = toolResults(encoding, next, custom, input)
    else if (message.role === "assistant") input.push(...answerItems(encoding, message, field, custom))
    else if (message.role === "developer") developer(encoding, message.content, field, input)
    else said(encoding, message.content, field, input)
    state.add(messages.slice(next, after), encoding.compat.escapesHarmony ? escaped(encoding, field, input) : input)
  }
}

function speaksDeveloper({ call, compat }: Encoding): boolean {
  return compat.developerRole === true && learned(call, "developerRole") !== false
}

/**
 * Models that think take the system prompt as developer messages, others as instructions, which are returned. Some
 * hosts want its first text as instructions and the rest as messages.
 */
function systemPrompt(encoding: Encoding, input: Body[], instruction: string | undefined): string | undefined {
  const { systemPrompt: prompt = [] } = encoding.call.context
  const texts: string[] = []
  const entries = typeof prompt === "string" ? [prompt] : prompt
  entries.forEach((entry, i) => {
    const block: TextBlock = typeof entry === "string" ? { type: "text", text: entry } : entry
    loseMark(encoding, block.cache, `systemPrompt[${i}]`)
    const spelled = block.text.toWellFormed()
    const safe = encoding.compat.escapesHarmony ? withoutReserved(spelled) : spelled
    if (safe !== spelled) {
      encoding.lose(`systemPrompt[${i}]`, "approximated", "Words that the model's own format reserves were escaped.")
    }
    if (safe !== "") texts.push(safe)
  })
  if (instruction !== undefined) texts.push(instruction)
  if (encoding.compat.instructions && texts.length > 0) {
    for (const one of texts.slice(1)) {
      input.push({ type: "message", role: "developer", content: [textPart(one)] })
    }
    return texts[0]
  }
  if (!encoding.call.model.thinking || !speaksDeveloper(encoding)) {
    return texts.length === 0 ? undefined : texts.join(BLANK_LINE)
  }
  for (const one of texts) input.push({ role: "developer", content: [textPart(one)] })
  return undefined
}

function blocksOf(content: string | readonly InputBlock[]): readonly InputBlock[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : content
}

function developer(encoding: Encoding, content: string | readonly InputBlock[], field: string, input: Body[]): void {
  if (!speaksDeveloper(encoding)) {
    encoding.lose(field, "approximated", "The host has no developer role: this went as a user's message.")
    said(encoding, content, field, input)
    return
  }
  const parts = inputParts(encoding, blocksOf(content), `${field}.content`).filter((part) => {
    if (part["type"] !== "input_text") {
      encoding.lose(`${field}.content`, "dropped", "A developer's message carries text only.")
    }
    return part["type"] === "input_text"
  })
  if (parts.length > 0) input.push({ role: "developer", content: parts })
  else encoding.lose(field, "dropped", "The message is empty.")
}

/** A user's message. Native items in it, such as the answer to a question of the vendor, stand on their own. */
function said(encoding: Encoding, content: string | readonly InputBlock[], field: string, input: Body[]): void {
  const before = input.length
  let parts: Body[] = []
  const end = (): void => {
    if (parts.length > 0) input.push({ role: "user", content: parts })
    parts = []
  }
  blocksOf(content).forEach((block, i) => {
    const at = `${field}.content[${i}]`
    if (block.type !== "native" || block.api !== API || isPart(block.item)) {
      parts.push(...inputPart(encoding, block, at))
    } else if (text(block.item["type"]) === "item_reference") {
      encoding.lose(at, "dropped", "Nothing is stored with the vendor that could be referred to.")
    } else {
      end()
      input.push(encoding.compat.bareItems ? withoutId(block.item as Body) : (block.item as Body))
    }
  })
  end()
  if (input.length === before) encoding.lose(field, "dropped", "The message is empty.")
}

function escaped({ lose }: Encoding, field: string, items: readonly Body[]): Body[] {
  const safe = items.map(itemWithoutReserved)
  if (safe.some((item, i) => item !== items[i])) {
    lose(field, "approximated", "Words that the model's own format reserves were escaped.")
  }
  return safe
}

function withoutId({ id: _id, ...item }: Body): Body {
  return item
}

/** A run of results; media that the host does not take in them follow all of them. Returns where the run ends. */
function toolResults(encoding: Encoding, from: number, custom: ReadonlySet<string>, input: Body[]): number {
  const { messages } = encoding.call.context
  const media: Body[] = []
  let next = from
  for (; next < messages.length; next++) {
    const message = messages[next] as Message
    if (message.role !== "toolResult") break
    input.push(toolResult(encoding, message, `messages[${next}]`, custom, media))
  }
  if (media.length > 0) input.push({ role: "user", content: [textPart(MEDIA_HEADING), ...media] })
  return next
}

function toolResult(
  encoding: Encoding,
  message: ToolResultMessage,
  field: string,
  custom: ReadonlySet<string>,
  media: Body[],
): Body {
  const { compat, lose } = encoding
  const parts = inputParts(encoding, blocksOf(message.content), `${field}.content`)
  loseMark(encoding, message.cache, field)
  if (message.isError) lose(`${field}.isError`, "dropped", "The API has no field for it.")
  const spoken = parts.filter((part) => part["type"] === "input_text")
  const item: Body = {
    type: custom.has(message.toolCallId) ? "custom_tool_call_output" : "function_call_output",
    call_id: message.toolCallId,
  }
  if (compat.mediaInToolResult && (spoken.length < parts.length || parts.length > 1)) return { ...item, output: parts }
  if (spoken.length < parts.length) {
    media.push(...parts.filter((part) => part["type"] !== "input_text"))
    lose(`${field}.content`, "approximated", "Media of a tool's result follow in a user's message.")
  }
  if (spoken.length > 1) lose(`${field}.content`, "approximated", "The texts of the result were joined.")
  const output = spoken.map((part) => part["text"] as string).join("\n")
  return { ...item, output: output === "" && spoken.length < parts.length ? MEDIA_FOLLOW : output }
}
