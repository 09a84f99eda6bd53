import { createHash } from "node:crypto"
import { readRecording, type AssistantMessage, type Block } from "@sluice/ai"
import { bedrockInvokeReading } from "@sluice/ai/endpoints/bedrock-invoke"
import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { describe, expect, test } from "vitest"
import {
  absentWithout,
  byteByByte,
  commonDifferences,
  conformance,
  corpus,
  cutPlaces,
  differences,
  plainModel,
  type Case,
  type Expected,
} from "./harness.ts"

/** Length and first 16 digits of the SHA-256 of a text, as the expectations give them. */
function digest(text: string): { len: number; sha256_16: string } {
  return { len: text.length, sha256_16: createHash("sha256").update(text).digest("hex").slice(0, 16) }
}

/** A block as the expectations describe it; `undefined` for text and calls, which the common comparison covers. */
function described(block: Block): Record<string, unknown> | undefined {
  switch (block.type) {
    case "thinking":
      return {
        type: "thinking",
        ...(block.signature ? { signature: digest(block.signature.value) } : {}),
        sha256_16: digest(block.thinking).sha256_16,
      }
    case "redactedThinking":
      return { type: "redacted_thinking", data: digest(block.data.value) }
    case "native":
      return { type: "server_item", item: describedItem(block.item) }
    default:
      return undefined
  }
}

function describedItem(item: Record<string, unknown>): Record<string, unknown> {
  const { type, id, name, input, tool_use_id, content } = item
  if (type === "server_tool_use" || type === "mcp_tool_use") return { type, id, name, args: input }
  if (type === "compaction") return { type, text: content }
  return { type, tool_use_id }
}

function wanted(block: Record<string, unknown>): Record<string, unknown> | undefined {
  switch (block["type"]) {
    case "thinking":
      return {
        type: "thinking",
        ...(block["signature"] ? { signature: block["signature"] } : {}),
        sha256_16: block["sha256_16"],
      }
    case "redacted_thinking":
      return { type: block["type"], data: block["data"] }
    case "server_item":
      return block
    default:
      return undefined
  }
}

function citationsOf(message: AssistantMessage): number {
  return message.content.reduce((sum, block) => sum + (block.type === "text" ? (block.citations?.length ?? 0) : 0), 0)
}

/** Signatures, hidden thinking and provider-run blocks in their order; citations; that opaque values name their issuer. */
function more(expected: Expected, message: AssistantMessage): string[] {
  if (expected.outcome === "http_error") return []
  const lines: string[] = []
  const got = JSON.stringify(message.content.map(described).filter(Boolean))
  const want = JSON.stringify((expected.blocks ?? []).map(wanted).filter(Boolean))
  if (got !== want) lines.push(`opaque blocks: got ${got}, expected ${want}`)
  if (citationsOf(message) !== (expected.citations ?? 0)) {
    lines.push(`citations: got ${citationsOf(message)}, expected ${expected.citations ?? 0}`)
  }
  for (const block of message.content) {
    const opaque =
      block.type === "thinking" ? block.signature : block.type === "redactedThinking" ? block.data : undefined
    if (opaque && opaque.issuer?.api !== "anthropic-messages") lines.push(`${block.type}: no issuer`)
  }
  if (expected.stop?.normalized === "refusal" && message.stopDetails?.type !== "refusal") {
    lines.push("refusal: stopDetails do not say so")
  }
  return lines
}

conformance(anthropicMessages, ["anthropic-messages", "llama-server"], {
  more,
  // Those in AWS's binary framing follow below.
  elsewhere: ({ meta }) => meta.format === "bin",
})

function decodeBinary(recorded: Case, chunks: readonly Uint8Array[]): AssistantMessage {
  return readRecording(
    anthropicMessages,
    plainModel("anthropic-messages"),
    { status: recorded.meta.http_status, stream: true, framing: "aws-eventstream", chunks },
    { endpoint: bedrockInvokeReading },
  )
}

describe("the same events in AWS's binary framing", () => {
  absentWithout("anthropic-messages")
  for (const one of corpus("anthropic-messages").filter(({ meta }) => meta.format === "bin")) {
    test(one.id, { timeout: 120_000 }, () => {
      const whole = decodeBinary(one, [one.bytes])
      expect([
        ...differences(one.expected, whole),
        ...commonDifferences(one.expected, whole),
        ...more(one.expected, whole),
      ]).toEqual([])
      expect(decodeBinary(one, byteByByte(one.bytes))).toEqual(whole)
      for (const at of cutPlaces(one.bytes)) {
        expect(decodeBinary(one, [one.bytes.subarray(0, at), one.bytes.subarray(at)])).toEqual(whole)
      }
    })
  }
})
