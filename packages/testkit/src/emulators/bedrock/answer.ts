import { isFields, type Fields } from "../check.ts"
import { argumentText, countWords, deltas } from "../script.ts"
import { eventMessage } from "./event-stream.ts"
import type { BedrockAnswer } from "./types.ts"

/** What an answer is made with. */
export interface ConverseAnswer {
  answer: BedrockAnswer
  /** Ids of the tool calls, in order. */
  callIds: readonly string[]
  /** Signature of the thinking; absent for models that sign none. */
  signature?: string | undefined
  usage: Fields
}

const PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/** Tokens of a request, by words. */
export function promptTokens(body: Fields): number {
  return countWords(body["system"]) + countWords(body["toolConfig"]) + countWords(body["messages"])
}

/** What an answer used, in words for tokens where the script does not say. */
export function usageOf({ usage = {}, ...answer }: BedrockAnswer, body: Fields): Fields {
  const cached = usage.cached ?? 0
  const written = usage.cacheWrite ?? 0
  const input = Math.max(0, (usage.prompt ?? promptTokens(body) + cached + written) - cached - written)
  const calls = (answer.toolCalls ?? []).reduce((sum, call) => sum + 1 + countWords(argumentText(call)), 0)
  const output = usage.output ?? countWords(answer.thinking ?? "") + countWords(answer.text ?? "") + calls
  const told = usage.cached !== undefined || usage.cacheWrite !== undefined
  return {
    inputTokens: input,
    outputTokens: output,
    totalTokens: input + cached + written + output,
    ...(told ? { cacheReadInputTokens: cached, cacheWriteInputTokens: written } : {}),
  }
}

function stopOf(answer: BedrockAnswer): string {
  return answer.stop ?? (answer.length ? "max_tokens" : answer.toolCalls?.length ? "tool_use" : "end_turn")
}

/** The answer's blocks as a whole answer has them; the input of a call is still a text. */
function blocksOf({ answer, callIds, signature }: ConverseAnswer): Fields[] {
  const blocks: Fields[] = []
  if (answer.thinking !== undefined) {
    const reasoningText = { text: answer.thinking, ...(signature === undefined ? {} : { signature }) }
    blocks.push({ reasoningContent: { reasoningText } })
  }
  if (answer.redactedThinking !== undefined) {
    blocks.push({ reasoningContent: { redactedContent: answer.redactedThinking } })
  }
  const text = answer.text ?? answer.refusal
  if (text !== undefined) blocks.push({ text })
  for (const [n, call] of (answer.toolCalls ?? []).entries()) {
    blocks.push({ toolUse: { toolUseId: callIds[n], name: call.name, input: argumentText(call) } })
  }
  return blocks
}

/** The whole answer as one document. */
export function document(whole: ConverseAnswer): Fields {
  const content = blocksOf(whole).map((block) => {
    const use = block["toolUse"]
    return isFields(use) ? { toolUse: { ...use, input: inputOf(use["input"] as string) } } : block
  })
  return {
    output: { message: { role: "assistant", content } },
    stopReason: stopOf(whole.answer),
    usage: whole.usage,
    metrics: { latencyMs: 1 },
    ...(whole.answer.trace ? { trace: whole.answer.trace } : {}),
  }
}

function inputOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

/** The answer as the messages of a stream. */
export function events(whole: ConverseAnswer): Buffer[] {
  const { answer } = whole
  const list: Buffer[] = []
  const add = (type: string, fields: Fields): void => {
    // Padding of changing length hides how long the words are.
    const padded = { ...fields, p: PADDING.slice(0, 1 + ((list.length * 7) % PADDING.length)) }
    list.push(
      eventMessage({ ":event-type": type, ":content-type": "application/json", ":message-type": "event" }, padded),
    )
  }
  add("messageStart", { role: "assistant" })
  for (const [contentBlockIndex, block] of blocksOf(whole).entries()) {
    const use = block["toolUse"]
    if (isFields(use)) {
      const { toolUseId, name } = use
      add("contentBlockStart", { contentBlockIndex, start: { toolUse: { toolUseId, name } } })
    }
    for (const delta of deltasOf(block, answer.pace?.chars)) add("contentBlockDelta", { contentBlockIndex, delta })
    add("contentBlockStop", { contentBlockIndex })
  }
  add("messageStop", { stopReason: stopOf(answer) })
  add("metadata", {
    usage: whole.usage,
    metrics: { latencyMs: 1 },
    ...(answer.trace ? { trace: answer.trace } : {}),
  })
  return list
}

function deltasOf(block: Fields, chars: number | undefined): Fields[] {
  const { text, toolUse: use, reasoningContent: reasoning } = block
  if (typeof text === "string") return deltas(text, chars).map((piece) => ({ text: piece }))
  if (isFields(use)) return deltas(use["input"] as string, chars).map((input) => ({ toolUse: { input } }))
  const told = (reasoning as Fields)["reasoningText"]
  if (!isFields(told)) return [{ reasoningContent: reasoning }]
  const { signature } = told
  return [
    ...deltas(told["text"] as string, chars).map((piece) => ({ reasoningContent: { text: piece } })),
    ...(signature === undefined ? [] : [{ reasoningContent: { signature } }]),
  ]
}
