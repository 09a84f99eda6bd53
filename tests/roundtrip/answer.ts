import type { AssistantMessage, Block, Loss, Usage } from "@sluice/ai"
import { open } from "../../packages/ai/src/wires/server-seal.ts"
import { ANY, SomeOf } from "./match.ts"
import { applyLosses, GONE } from "./paths.ts"

/**
 * How an answer is laid out on a wire: as blocks in their order, as items in their order, as parts without borders in
 * their order, or as one text, one thinking, calls and media side by side (`fields`), in `lines` with a refusal as the
 * end of the text.
 */
export type Layout = "blocks" | "items" | "parts" | "fields" | "lines"

/*
 * What an answer's layout leaves open, in words: both sides of a comparison are brought into this form.
 *
 * - Empty texts and empty thinking without a signature say nothing.
 * - On a wire without blocks (`fields`) texts are one text and thinking one thinking; the order of text, calls and
 *   media is not told; audio has the format of the request.
 * - On a wire of parts texts behind each other are one text, and so is thinking, with the last signature; a call
 *   that must not be run ends the answer as a failure; hidden thinking travels in our seal on another part: where it
 *   stood is not told, and a reader keeps one seal or signature of a text; the last block of an answer that failed
 *   has no signature; an id that comes twice is told once.
 * - Token counts that a wire insists on are 0 where they are unknown; totals, cost, provenance and the vendor's
 *   extras are not told.
 * - A refusal is a refusal, whether it came as a reason to stop or as a failure; `toolUse` without a call is `stop`.
 * - On a wire of items a refusal is said in the answer, as its last text; a signature is what stands encrypted in
 *   the thinking's item, out of our seal where it is sealed, and hidden thinking is an item of that alone; where a
 *   cap was met behind whole calls, they are to be run.
 * - On lines an answer that met its cap with nothing in it is a failure: the prompt filled the window.
 * - Who made the answer, when, its id, ids of items, the issuer of opaque values and the name of the thinking's
 *   field are the reader's own.
 */

/** What an answer is expected to be on the other side, given what was reported as lost. */
export function projectAnswer(message: AssistantMessage, losses: readonly Loss[], layout: Layout): unknown {
  const projected = canonAnswer(applyLosses(message, losses), layout)
  if (layout !== "parts") return projected
  const { content, ...rest } = projected as { content: { joined: readonly Entry[]; hidden: readonly unknown[] } }
  const open = content.hidden.length > 0
  const joined = content.joined.map((block) =>
    open && block !== ANY && block["type"] === "text" ? { ...block, signature: ANY } : block,
  )
  return { ...rest, content: { joined, hidden: new SomeOf(content.hidden) } }
}

type Fields = Record<string, unknown>
type Entry = Fields | typeof ANY

/** An answer in the form in which two of them are compared. */
export function canonAnswer(message: AssistantMessage, layout: Layout): unknown {
  const blocks = (message.content as (Block | typeof GONE | typeof ANY)[]).flatMap((block): Entry[] => {
    if (block === GONE) return []
    return block === ANY ? [block] : canonBlock(block)
  })
  return {
    content: laidOut(blocks, message, layout),
    stop: canonStop(message, known(blocks), layout),
    usage: canonUsage(message.usage, layout),
  }
}

function known(blocks: readonly Entry[]): readonly Fields[] {
  return blocks.filter((block) => block !== ANY)
}

function laidOut(blocks: readonly Entry[], message: AssistantMessage, layout: Layout): unknown {
  switch (layout) {
    case "fields":
      return asFields(known(blocks))
    case "lines":
      return asFields(withRefusal(known(blocks), message))
    case "items":
      return asItems(blocks, message)
    case "parts":
      return asParts(blocks, message)
    default:
      return resigned(blocks)
  }
}

function canonBlock(block: Block): Fields[] {
  switch (block.type) {
    case "text":
      if (block.text === "" && !block.citations) return []
      return [
        {
          type: "text",
          text: block.text,
          citations: listed(block.citations),
          logprobs: block.logprobs,
          signature: block.signature?.value,
        },
      ]
    case "thinking":
      if (block.thinking === "" && !block.signature) return []
      return [{ type: "thinking", thinking: block.thinking, signature: block.signature?.value }]
    case "redactedThinking":
      return [{ type: "redactedThinking", data: block.data.value }]
    case "toolCall": {
      const { type, id, name, arguments: args, rawArguments, custom, incomplete } = block
      return [{ type, id, name, arguments: args, rawArguments, custom, incomplete, signature: block.signature?.value }]
    }
    case "native":
      return [{ type: "native", api: block.api, item: block.item }]
    default:
      return [{ ...block }]
  }
}

/** A list without what is gone of it; none for an empty one. */
function listed(list: readonly unknown[] | undefined): unknown {
  if (!Array.isArray(list)) return list
  const left = list.filter((entry) => entry !== GONE)
  return left.length === 0 ? undefined : left
}

/** Blocks as items: what stands encrypted in those of thinking, and a refusal as the last text. */
function asItems(blocks: readonly Entry[], { stopDetails }: AssistantMessage): unknown[] {
  const items: unknown[] = resigned(
    blocks.map((block) => (block !== ANY && block["type"] === "thinking" ? thinkingItem(block) : block)),
  )
  if (stopDetails?.type !== "refusal") return items
  const explanation: unknown = stopDetails.explanation
  if (explanation === ANY) return [...items, ANY]
  const last = blocks.at(-1)
  const said = last !== undefined && last !== ANY && last["type"] === "text" && last["text"] === explanation
  return said || explanation === undefined ? items : [...items, { type: "text", text: explanation }]
}

function thinkingItem(block: Fields): Fields {
  const { signature } = block
  if (typeof signature !== "string" || !signature.startsWith('{"type":"reasoning",')) return block
  const { encrypted_content: encrypted } = JSON.parse(signature) as { encrypted_content: string }
  const sealed = open(encrypted)
  if (!sealed) return { ...block, signature: encrypted }
  const [thought] = sealed.thoughts
  if (!thought) return { ...block, signature: encrypted }
  const value = thought.opaque?.value
  return thought.type === "redactedThinking"
    ? { type: "redactedThinking", data: value }
    : { ...block, signature: value }
}

/** Blocks without those that are nothing but the signature of the text before them, or of what follows, which then has it. */
function resigned(blocks: readonly Entry[]): Entry[] {
  const left: Entry[] = []
  const signs: { value: string; type: string; at: number }[] = []
  for (const block of blocks) {
    const carried = block === ANY ? undefined : (block["data"] ?? block["signature"])
    const sealed = typeof carried === "string" ? open(carried) : undefined
    if (sealed?.own && sealed.of) signs.push({ value: sealed.own.value, type: sealed.of.type, at: left.length })
    else left.push(block === ANY ? block : { ...block })
  }
  for (const { value, type, at } of signs) {
    const meant = left[type === "text" ? at - 1 : at]
    if (meant && meant !== ANY && meant["type"] === type) meant["signature"] = value
  }
  return left
}

/** Blocks with the text of a refusal behind them. */
function withRefusal(blocks: readonly Fields[], { stopDetails }: AssistantMessage): readonly Fields[] {
  const explanation = stopDetails?.explanation
  return explanation === undefined ? blocks : [...blocks, { type: "text", text: explanation }]
}

/** Parts have no borders: what is of one kind and behind each other is one. What was sealed is taken out again. */
function asParts(blocks: readonly Entry[], { error, stopDetails }: AssistantMessage): unknown {
  const joined: Entry[] = []
  const hidden: unknown[] = []
  const ids = new Set<unknown>()
  for (const given of blocks) {
    const block = given === ANY ? given : unsealed(given, hidden)
    if (block === undefined) continue
    if (block !== ANY && block["type"] === "toolCall") {
      joined.push(ids.has(block["id"]) ? { ...block, id: ANY } : block)
      ids.add(block["id"])
      continue
    }
    const last = joined.at(-1)
    if (block !== ANY && last !== undefined && last !== ANY && goOn(last, block))
      joined[joined.length - 1] = both(last, block)
    else joined.push(block === ANY ? block : { ...block })
  }
  const failed = error !== undefined || (stopDetails as unknown) === ANY || stopDetails?.type === "refusal"
  const last = joined.at(-1)
  if (failed && last !== undefined && last !== ANY) delete last["signature"]
  return { joined, hidden }
}

/** A block without our seal. Hidden thinking that was in it is told apart. */
function unsealed(block: Fields, hidden: unknown[]): Fields | undefined {
  if (block["type"] === "redactedThinking") {
    hidden.push(block["data"])
    return undefined
  }
  const item = block["type"] === "native" ? (block["item"] as Fields) : undefined
  const signature = item ? item["thoughtSignature"] : block["signature"]
  const sealed = typeof signature === "string" ? open(signature) : undefined
  if (!sealed) return block
  for (const { opaque } of sealed.thoughts) hidden.push(opaque?.value)
  return item ? undefined : { ...block, signature: sealed.own?.value }
}

function goOn(last: Fields, next: Fields): boolean {
  return last["type"] === next["type"] && (next["type"] === "text" || next["type"] === "thinking")
}

function both(last: Fields, next: Fields): Fields {
  const field = String(next["type"])
  return {
    ...last,
    ...Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined)),
    [field]: `${String(last[field])}${String(next[field])}`,
    citations: bothLists(last["citations"], next["citations"]),
    logprobs: bothLists(last["logprobs"], next["logprobs"]),
  }
}

function bothLists(last: unknown, next: unknown): unknown {
  const all = lists([last, next].filter((one) => one !== undefined)) as readonly unknown[]
  return Array.isArray(all) && all.length === 0 ? undefined : all
}

/** Blocks on a wire that has none. */
function asFields(blocks: readonly Fields[]): Fields {
  const of = (type: string): Fields[] => blocks.filter((block) => block["type"] === type)
  const joined = (type: string, field: string): string =>
    of(type)
      .map((block) => block[field])
      .join("")
  return {
    text: joined("text", "text"),
    thinking: joined("thinking", "thinking"),
    signatures: of("thinking").flatMap((block) => block["signature"] ?? []),
    citations: lists(of("text").map((block) => block["citations"])),
    logprobs: lists(of("text").map((block) => block["logprobs"])),
    calls: of("toolCall"),
    images: of("image"),
    audio: of("audio").map((block) => {
      const source = block["source"] as { data?: string }
      return { data: source.data, transcript: block["transcript"] }
    }),
    others: blocks.filter(
      (block) => !["text", "thinking", "toolCall", "image", "audio"].includes(String(block["type"])),
    ),
  }
}

/** Several lists as one; as one of which some entries are gone, where that holds for any of them. */
function lists(all: readonly unknown[]): unknown {
  const part = all.some((one) => one instanceof SomeOf)
  const list = all.flatMap((one) => (one instanceof SomeOf ? one.list : ((one as readonly unknown[]) ?? [])))
  return part ? new SomeOf(list) : list
}

function canonStop({ stopReason, stopDetails }: AssistantMessage, blocks: readonly Fields[], layout: Layout): unknown {
  const details = stopDetails as unknown
  if (details === ANY) return ANY
  if (stopDetails?.type === "refusal") return { ...stopDetails }
  const calls = blocks.some((block) => block["type"] === "toolCall")
  const whole = blocks.every((block) => block["rawArguments"] === undefined && !block["incomplete"])
  if (layout === "items" && stopReason === "length" && calls && whole) return { reason: "toolUse", ...stopDetails }
  if (layout === "lines" && stopReason === "length" && blocks.every(isUnsaid)) return { reason: "error" }
  // Its explanation is the end of the text, and its kind is lost.
  const rest = layout === "lines" && stopDetails && !("type" in stopDetails) ? {} : stopDetails
  const reason =
    stopReason === "toolUse" && !calls
      ? "stop"
      : stopReason === "stop" && calls && stopDetails?.type !== "pause_turn"
        ? "toolUse"
        : stopReason
  return { reason, ...rest }
}

/** Whether nothing of a block is told on lines. */
function isUnsaid(block: Fields): boolean {
  return !["text", "thinking", "toolCall", "image"].includes(String(block["type"]))
}

function canonUsage(usage: Usage, layout: Layout): unknown {
  const { input = 0, output = 0, cacheRead = 0, cacheWrite = 0, reasoningTokens } = usage
  const thought = layout === "items" || layout === "parts" ? (reasoningTokens ?? 0) : reasoningTokens
  return { input, output, cacheRead, cacheWrite, reasoningTokens: thought }
}
