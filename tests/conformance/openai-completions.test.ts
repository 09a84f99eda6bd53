import type { AssistantMessage, Frame, InboundCall } from "@sluice/ai"
import { sseText } from "@sluice/ai/framing"
import { openaiCompletions } from "@sluice/ai/wires/openai-completions"
import { openaiCompletionsServer } from "@sluice/ai/wires/openai-completions/server"
import { describe, expect, test } from "vitest"
import { countingMint } from "../../packages/ai/src/assemble/read-recording.ts"
import { absentWithout, conformance, corpus, decode, type Case, type Expected } from "./harness.ts"

/** Sources as the recordings count them: one for each page or address, one for each id of a reference. */
function citationsOf(message: AssistantMessage): number {
  let count = 0
  for (const block of message.content) {
    for (const citation of (block.type === "text" && block.citations) || []) {
      if (typeof citation === "string") count++
      const { type, reference_ids } = citation as { type?: string; reference_ids?: unknown[] }
      count += type === "reference" ? (reference_ids?.length ?? 0) : type === "url_citation" ? 1 : 0
    }
  }
  return count
}

function more(expected: Expected, message: AssistantMessage): string[] {
  const lines: string[] = []
  if (expected.citations !== undefined && citationsOf(message) !== expected.citations) {
    lines.push(`citations: got ${citationsOf(message)}, expected ${expected.citations}`)
  }
  const opaque = message.content.map((block) =>
    block.type === "redactedThinking"
      ? block.data.value
      : block.type === "thinking" || block.type === "toolCall"
        ? (block.signature?.value ?? "")
        : "",
  )
  if (expected.flags?.includes("reasoning_signature") && !opaque.some((value) => value.includes('"signature"'))) {
    lines.push("the signature of the thinking is lost")
  }
  if (
    expected.flags?.includes("reasoning_encrypted") &&
    !opaque.some((value) => value.includes("reasoning.encrypted"))
  ) {
    lines.push("the encrypted thinking is lost")
  }
  if (expected.refusal && message.stopDetails?.explanation !== expected.refusal) {
    lines.push(`refusal: got ${message.stopDetails?.explanation}, expected ${expected.refusal}`)
  }
  return lines
}

/** What is left of an answer after it was given on as Chat Completions and read again. */
function givenOn(one: Case, stream: boolean): { message: AssistantMessage; again: AssistantMessage } {
  const call: InboundCall = openaiCompletionsServer.accept({
    route: "/v1/chat/completions",
    params: {},
    query: new URLSearchParams(),
    headers: new Headers(),
    body: { model: "m", stream, stream_options: { include_usage: true }, messages: [{ role: "user", content: "hi" }] },
    raw: new Uint8Array(),
  })
  const responder = openaiCompletionsServer.responder(call, countingMint())
  const frames: Frame[] = []
  const message = decode(openaiCompletions, one, [one.bytes], {}, (event) => frames.push(...responder.push(event)))
  const body = stream ? frames.map(sseText).join("") : JSON.stringify(responder.whole(message))
  const recorded = { meta: { ...one.meta, streaming: stream, format: stream ? ("sse" as const) : ("json" as const) } }
  return { message, again: decode(openaiCompletions, recorded, [new TextEncoder().encode(body)]) }
}

const said = (message: AssistantMessage) => ({
  text: message.content.map((block) => (block.type === "text" ? block.text : "")).join(""),
  thinking: message.content.map((block) => (block.type === "thinking" ? block.thinking : "")).join(""),
  calls: message.content
    .filter((block) => block.type === "toolCall")
    .map(({ id, name, arguments: args }) => [id, name, args]),
  stop: [message.stopReason, message.stopDetails],
  usage: {
    ...message.usage,
    cacheRead: message.usage.cacheRead ?? 0,
    cost: undefined,
    reportedCost: undefined,
    serverTools: undefined,
    serviceTier: undefined,
  },
})

describe("recordings, given on and read again", () => {
  absentWithout("openai-chat")
  for (const one of [...corpus("openai-chat"), ...corpus("llama-server")]) {
    if (one.expected.outcome !== "complete" || one.meta.wire !== "openai-chat") continue
    test.each([true, false])(`${one.id} as a stream: %s`, (stream) => {
      const { message, again } = givenOn(one, stream)
      expect(said(again)).toEqual(said(message))
    })
  }
})

conformance(openaiCompletions, ["openai-chat", "llama-server"], { more })
