import { codecOf } from "@sluice/catalog/core"
import { canonical } from "../model/canonical.ts"
import type { AssistantMessage, InputBlock, Issuer, Message, ToolCallBlock } from "../model/message.ts"

/** Makes a key of bounded length out of a text. Pure. */
export type Digest = (text: string) => string

/**
 * Keys under which what an answer held is kept and looked for, the surest first; none for an answer that shows nothing.
 *
 * An answer is known by its maker and by what is visible of it: its text without white space, since clients trim,
 * join and split texts, and its calls, whose arguments count as values, since clients write them anew. Two answers
 * may read alike, so that one more thing has to agree: what stands between the answer and the one before it, the ids
 * of its calls, or, under the first key, both. A client may drop ids, and agents shorten old results.
 *
 * @param at where the answer stands in the conversation, or would stand
 */
export function keysOf(
  answer: Pick<AssistantMessage, "content">,
  maker: Issuer,
  messages: readonly Message[],
  at: number,
  digest: Digest,
): string[] {
  const calls = answer.content.filter((block) => block.type === "toolCall")
  const text = squeezed(answer.content.map((block) => (block.type === "text" ? block.text : "")).join(""))
  if (text === "" && calls.length === 0) return []
  const about = [codecOf(maker.api), maker.provider, maker.model, text, calls.map(called)]
  const before = calls.length === 0 ? [] : calls.map(({ id }) => id)
  const asked = askedBefore(messages, at)
  const key = (...more: unknown[]): string => digest(JSON.stringify([...about, ...more]))
  if (calls.length === 0) return [key(asked)]
  return [key(asked, before), key(asked), key(null, before)]
}

/** A text as it is compared. */
function squeezed(text: string): string {
  return text.toWellFormed().normalize("NFC").replace(/\s+/gu, "")
}

function called({ name, arguments: args, rawArguments }: ToolCallBlock): unknown {
  return [name, rawArguments === undefined ? canonical(args) : squeezed(rawArguments)]
}

/** What was said to the model since its answer before. Ids and names of results are left out: not every wire has them. */
function askedBefore(messages: readonly Message[], at: number): unknown[] {
  let from = at
  while (from > 0 && messages[from - 1]?.role !== "assistant") from--
  return messages.slice(from, at).map(({ role, content }) => {
    const blocks: readonly unknown[] =
      typeof content === "string" ? [squeezed(content)] : saidIn(content as readonly InputBlock[])
    return [role === "developer" ? "user" : role, ...blocks]
  })
}

function saidIn(content: readonly InputBlock[]): unknown[] {
  const text = squeezed(content.map((block) => (block.type === "text" ? block.text : "")).join(""))
  return [text, ...content.flatMap((block) => (block.type === "text" ? [] : [block.type]))]
}
