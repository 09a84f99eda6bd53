import type { Usage } from "@sluice/catalog/core"
import type { ErrorFacts } from "../contract/error-facts.ts"
import type { Block, StopDetails, StopReason } from "../model/message.ts"
import type { MockAnswer, MockCall, MockPace, MockToolCall } from "./types.ts"
import { countWords, promptWords } from "./words.ts"

/** What the mock's wire says: one JSON object a frame. */
export type MockFrame =
  | { type: "meta"; responseId: string; model?: string }
  | { type: "text" | "thinking" | "args"; key: string; delta: string }
  | { type: "toolCall"; key: string; id: string; name: string; custom?: boolean }
  | {
      type: "attach"
      key: string
      signature?: string
      citations?: readonly unknown[]
      logprobs?: readonly unknown[]
      itemId?: string
    }
  | { type: "block"; key: string; block: Block }
  | { type: "close"; key: string }
  | { type: "usage"; usage: Partial<Usage> }
  | { type: "error"; error: ErrorFacts }
  /** The last frame of an answer that is complete. */
  | { type: "stop"; reason: StopReason; details?: StopDetails }

/** A frame with what happens before it. */
export interface TimedFrame {
  frame: MockFrame
  /** It is a piece of content: paced, and counted for errors and silences. */
  piece: boolean
}

/** Ids of one mock. */
export interface Counter {
  toolCall(): string
}

/** The frames of an answer, in order, without the waits between them. */
export function framesOf(answer: MockAnswer, call: MockCall, pace: MockPace, ids: Counter): TimedFrame[] {
  const frames: TimedFrame[] = []
  const add = (frame: MockFrame, piece = false): void => void frames.push({ frame, piece })
  add({
    type: "meta",
    responseId: answer.responseId ?? `mock-${call.index + 1}`,
    ...(answer.servedModel ? { model: answer.servedModel } : {}),
  })
  const blocks = contentOf(answer)
  for (let n = 0; n < blocks.length; n++) blockFrames(blocks[n] as Content, String(n), pace, ids, add)
  if (answer.error && answer.status === undefined) return failing(frames, answer.error, answer.errorAfter ?? 0)
  if (answer.usage !== false) {
    add({ type: "usage", usage: answer.usage ? { ...answer.usage, provenance: "reported" } : counted(blocks, call) })
  }
  if (answer.cut) return frames
  const calls = blocks.some((block) => block.type === "toolCall")
  add({
    type: "stop",
    reason: answer.stopReason ?? (calls ? "toolUse" : "stop"),
    ...(answer.stopDetails ? { details: answer.stopDetails } : {}),
  })
  return frames
}

type Content =
  | Exclude<Block, { type: "toolCall" }>
  | ({ type: "toolCall"; signature?: { value: string } } & MockToolCall)

function contentOf(answer: MockAnswer): Content[] {
  const content: Content[] = []
  if (answer.thinking !== undefined) content.push({ type: "thinking", thinking: answer.thinking })
  if (answer.text !== undefined) content.push({ type: "text", text: answer.text })
  content.push(...(answer.images ?? []))
  for (const call of answer.toolCalls ?? []) content.push({ ...call, type: "toolCall" })
  for (const block of answer.blocks ?? []) {
    if (block.type !== "toolCall") content.push(block)
    else content.push({ ...block, arguments: block.rawArguments ?? block.arguments })
  }
  return content
}

function blockFrames(
  block: Content,
  key: string,
  pace: MockPace,
  ids: Counter,
  add: (frame: MockFrame, piece?: boolean) => void,
): void {
  switch (block.type) {
    case "text": {
      for (const delta of pieces(block.text, pace.chunk)) add({ type: "text", key, delta }, true)
      const { citations, logprobs, itemId } = block
      if (citations || logprobs || itemId !== undefined) {
        add({
          type: "attach",
          key,
          ...(citations ? { citations } : {}),
          ...(logprobs ? { logprobs } : {}),
          ...(itemId === undefined ? {} : { itemId }),
        })
      }
      break
    }
    case "thinking":
      for (const delta of pieces(block.thinking, pace.chunk)) add({ type: "thinking", key, delta }, true)
      if (block.signature) add({ type: "attach", key, signature: block.signature.value })
      break
    case "toolCall": {
      const custom = block.custom ? { custom: true } : {}
      add({ type: "toolCall", key, id: block.id ?? ids.toolCall(), name: block.name, ...custom }, true)
      for (const delta of pieces(argumentText(block), pace.chunk)) add({ type: "args", key, delta }, true)
      if (block.signature) add({ type: "attach", key, signature: block.signature.value })
      break
    }
    default:
      add({ type: "block", key, block }, true)
      return
  }
  add({ type: "close", key })
}

function argumentText(call: MockToolCall): string {
  const args = call.arguments
  if (typeof args === "string") return args
  if (call.custom && typeof args?.["input"] === "string") return args["input"]
  return JSON.stringify(args ?? {})
}

/** Cuts a text; at least one piece, no surrogate pair is parted. */
export function pieces(text: string, chunk: number | "word" | undefined): string[] {
  if (chunk === undefined || text === "") return [text]
  if (chunk === "word") return text.match(/^\s+|\S+\s*/g) ?? [text]
  const size = Math.max(1, Math.floor(chunk))
  const cut: string[] = []
  for (let at = 0; at < text.length;) {
    let end = Math.min(at + size, text.length)
    const last = text.charCodeAt(end - 1)
    if (last >= 0xd800 && last < 0xdc00 && end < text.length) end++
    cut.push(text.slice(at, end))
    at = end
  }
  return cut
}

function failing(frames: TimedFrame[], error: ErrorFacts, after: number): TimedFrame[] {
  let seen = 0
  let at = 1
  while (at < frames.length && seen < after) if ((frames[at++] as TimedFrame).piece) seen++
  return [...frames.slice(0, at), { frame: { type: "error", error }, piece: false }]
}

function counted(blocks: readonly Content[], call: MockCall): Partial<Usage> {
  let output = 0
  let reasoningTokens = 0
  for (const block of blocks) {
    if (block.type === "text") output += countWords(block.text)
    else if (block.type === "thinking") reasoningTokens += countWords(block.thinking)
    else if (block.type === "toolCall") output += 1 + countWords(argumentText(block).replace(/[{}[\]",:]+/g, " "))
    else output += 100
  }
  return {
    input: promptWords(call.context),
    output: output + reasoningTokens,
    cacheRead: 0,
    cacheWrite: 0,
    ...(reasoningTokens > 0 ? { reasoningTokens } : {}),
    provenance: "reported",
  }
}
