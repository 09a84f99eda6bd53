import { codecOf } from "@sluice/catalog/core"
import { canonical } from "../model/canonical.ts"
import type { AssistantMessage, InputBlock, Issuer, Message, ToolCallBlock } from "../model/message.ts"

/** Makes a key of bounded length out of a text. Pure. */
export type Digest = (text: string) => string

/**
 * Keys under which what an answer held is kept and looked for, by its maker and the surest first; none for an answer
 * that shows nothing.
 *
 * An answer is known by its maker and by what is visible of it: its text without white space, since clients trim,
 * join and split texts, and its calls, whose arguments count as values, since clients write them anew. Two answers
 * may read alike, so that one more thing has to agree: what stands between the answer and the one before it, the ids
 * of its calls, or, under the first key, both. A client may drop ids, and agents shorten old results. Ids alone do
 * only where hosts make them up at random: others count, so that two conversations have the same.
 *
 * @param at where the answer stands in the conversation, or would stand
 */
export function keysOf(
  answer: Pick<AssistantMessage, "content">,
  messages: readonly Message[],
  at: number,
  digest: Digest,
): (maker: Issuer) => string[] {
  const calls = answer.content.filter((block) => block.type === "toolCall")
  const text = squeezed(answer.content.map((block) => (block.type === "text" ? block.text : "")).join(""))
  if (text === "" && calls.length === 0) return () => []
  const shown = digest(JSON.stringify([text, calls.map(called)]))
  const asked = digest(askedBefore(messages, at))
  const ids = calls.map(({ id }) => id)
  return ({ api, provider, model }) => {
    const key = (...more: unknown[]): string => digest(JSON.stringify([codecOf(api), provider, model, shown, ...more]))
    if (calls.length === 0) return [key(asked)]
    return [key(asked, ids), key(asked), ...(ids.every(isRandom) ? [key(null, ids)] : [])]
  }
}

/** Whether an id is none that a second conversation can have: many letters in a row, with digits among them. */
function isRandom(id: string): boolean {
  return /(?=[A-Za-z]*\d)[A-Za-z0-9]{16}/.test(id.replaceAll("-", ""))
}

/** A text as it is compared. */
function squeezed(text: string): string {
  return text.toWellFormed().normalize("NFC").replace(/\s+/gu, "")
}

function called({ name, arguments: args, rawArguments }: ToolCallBlock): unknown {
  return [name, rawArguments === undefined ? canonical(args) : squeezed(rawArguments)]
}

/**
 * What was said to the model since its answer before: the client's own words, which it repeats as they are. Ids and
 * names of results are left out: not every wire has them.
 */
function askedBefore(messages: readonly Message[], at: number): string {
  let from = at
  while (from > 0 && messages[from - 1]?.role !== "assistant") from--
  return messages
    .slice(from, at)
    .map(({ role, content }) => {
      const blocks: readonly (InputBlock | string)[] =
        typeof content === "string" ? [content] : (content as readonly InputBlock[])
      const text = blocks
        .map((block) => textOf(block) ?? "")
        .join("")
        .trim()
      const others = blocks.flatMap((block) => (typeof block === "string" || block.type === "text" ? [] : [block.type]))
      // With its length in front no text needs to be escaped: pages and files pass here with each request.
      return `${role === "developer" ? "user" : role} ${others.join(" ")} ${text.length}:${text}`
    })
    .join("")
}

function textOf(block: InputBlock | string): string | undefined {
  if (typeof block === "string") return block
  return block.type === "text" ? block.text : undefined
}
