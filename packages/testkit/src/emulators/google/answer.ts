import { isFields, type Fields } from "../check.ts"
import { argumentText, countWords, deltas } from "../script.ts"
import type { Signatures } from "./signatures.ts"
import type { GoogleAnswer, GoogleCall } from "./types.ts"

/** What an answer is made with. */
export interface AnswerParts {
  call: GoogleCall
  answer: GoogleAnswer
  /** Ids of the answer and of calls that have none. */
  id: string
  callId: () => string
  /** Calls carry their ids. */
  callIds: boolean
  signatures: Signatures
}

/** Tokens of a request, by words. */
export function promptTokens(body: Fields): number {
  return countWords(body["contents"]) + countWords(body["systemInstruction"]) + countWords(body["tools"])
}

/** The answer as the chunks of a stream. */
export function chunksOf(parts: AnswerParts): Fields[] {
  const { answer, call } = parts
  const head = { modelVersion: call.model, responseId: parts.id }
  if (answer.noEvents) return []
  if (answer.blockReason !== undefined) {
    const prompt = promptTokens(call.body)
    return [
      {
        promptFeedback: { blockReason: answer.blockReason },
        usageMetadata: { promptTokenCount: prompt, totalTokenCount: prompt },
        ...head,
      },
    ]
  }
  const pieces = piecesOf(parts)
  const usage = usageOf(answer, call.body)
  const reason = reasonOf(answer)
  const ending = {
    finishReason: reason,
    ...(answer.finishMessage === undefined ? {} : { finishMessage: answer.finishMessage }),
  }
  if (pieces.length === 0) pieces.push({ text: "" })
  return pieces.map((piece, n) => ({
    candidates: [
      {
        content: { parts: [piece], role: "model" },
        index: 0,
        ...(n === pieces.length - 1 ? ending : {}),
      },
    ],
    usageMetadata: usage,
    ...head,
  }))
}

/** The answer as one document: the texts of one kind that follow each other are one part. */
export function documentOf(parts: AnswerParts): Fields {
  const chunks = chunksOf(parts)
  const last = chunks.at(-1) ?? {}
  const joined: Fields[] = []
  let ending: Fields = {}
  for (const chunk of chunks) {
    const [candidate] = (chunk["candidates"] as Fields[] | undefined) ?? []
    if (!candidate) return chunk
    ending = candidate
    const [part] = (candidate["content"] as { parts: Fields[] }).parts
    if (part) join(joined, part)
  }
  return { ...last, candidates: [{ ...ending, content: { parts: joined, role: "model" } }] }
}

function join(joined: Fields[], part: Fields): void {
  const before = joined.at(-1)
  const same =
    before !== undefined &&
    typeof before["text"] === "string" &&
    typeof part["text"] === "string" &&
    before["thought"] === part["thought"] &&
    before["thoughtSignature"] === undefined
  if (!same) joined.push({ ...part })
  else Object.assign(before, part, { text: `${String(before["text"])}${String(part["text"])}` })
}

function piecesOf({ answer, call, callId, callIds, signatures }: AnswerParts): Fields[] {
  if (answer.nothing) return [{ text: "" }]
  const config = isFields(call.body["generationConfig"]) ? call.body["generationConfig"] : {}
  const thinking = isFields(config["thinkingConfig"]) ? config["thinkingConfig"] : {}
  const pieces: Fields[] = []
  if (answer.thinking !== undefined && thinking["includeThoughts"] === true) {
    for (const text of deltas(answer.thinking, answer.pace?.chars)) pieces.push({ text, thought: true })
  }
  for (const text of deltas(answer.text ?? answer.refusal ?? "", answer.pace?.chars)) pieces.push({ text })
  const signs = answer.thinking !== undefined || signatures.required(call.model)
  const calls = answer.toolCalls ?? []
  calls.forEach((one, n) => {
    const id = callIds ? { id: one.id ?? callId() } : {}
    // Of calls that are made at once the first carries the signature.
    const signature = signs && n === 0 ? { thoughtSignature: signatures.make(call.model) } : {}
    pieces.push({
      functionCall: { name: one.name, args: JSON.parse(argumentText(one)) as unknown, ...id },
      ...signature,
    })
  })
  for (const data of answer.pictures ?? []) {
    const signature = signs ? { thoughtSignature: signatures.make(call.model) } : {}
    pieces.push({ inlineData: { mimeType: "image/png", data }, ...signature })
  }
  // A text's signature comes behind it, with an empty text of its own.
  if (calls.length === 0 && !answer.pictures?.length && signs && pieces.length > 0) {
    pieces.push({ text: "", thoughtSignature: signatures.make(call.model) })
  }
  return pieces
}

function reasonOf(answer: GoogleAnswer): string {
  return answer.stop ?? (answer.length ? "MAX_TOKENS" : answer.refusal === undefined ? "STOP" : "SAFETY")
}

function usageOf(answer: GoogleAnswer, body: Fields): Fields {
  const { usage = {} } = answer
  const prompt = usage.prompt ?? promptTokens(body)
  const thoughts = usage.reasoning ?? countWords(answer.thinking ?? "")
  const calls = (answer.toolCalls ?? []).reduce((sum, call) => sum + 1 + countWords(argumentText(call)), 0)
  const words = countWords(answer.text ?? answer.refusal ?? "") + calls
  const candidates = usage.output === undefined ? words : Math.max(0, usage.output - thoughts)
  return {
    promptTokenCount: prompt,
    candidatesTokenCount: candidates,
    totalTokenCount: prompt + candidates + thoughts,
    ...(usage.cached === undefined ? {} : { cachedContentTokenCount: usage.cached }),
    ...(thoughts > 0 ? { thoughtsTokenCount: thoughts } : {}),
  }
}
