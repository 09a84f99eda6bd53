import { createHash } from "node:crypto"
import type { AssistantMessage } from "@sluice/ai"
import { bedrockReading } from "@sluice/ai/endpoints/bedrock"
import { bedrockConverseStream } from "@sluice/ai/wires/bedrock-converse-stream"
import { conformance, type Expected } from "./harness.ts"

/** Length and first 16 digits of the SHA-256 of a text, as the expectations give them. */
function digest(text: string): { len: number; sha256_16: string } {
  return { len: text.length, sha256_16: createHash("sha256").update(text).digest("hex").slice(0, 16) }
}

/** Signatures and hidden thinking in their order, with their issuer; citations. */
function more(expected: Expected, message: AssistantMessage): string[] {
  if (expected.outcome === "http_error") return []
  const lines: string[] = []
  const got = message.content.flatMap((block): unknown[] => {
    if (block.type === "redactedThinking") return [{ type: "redacted_thinking", data: digest(block.data.value) }]
    if (block.type === "thinking" && block.signature)
      return [{ type: "thinking", signature: digest(block.signature.value) }]
    return []
  })
  const want = (expected.blocks ?? []).flatMap(({ type, data, signature }): unknown[] => {
    if (type === "redacted_thinking") return [{ type, data }]
    return signature === undefined ? [] : [{ type, signature }]
  })
  if (JSON.stringify(got) !== JSON.stringify(want)) {
    lines.push(`opaque blocks: got ${JSON.stringify(got)}, expected ${JSON.stringify(want)}`)
  }
  for (const block of message.content) {
    const opaque =
      block.type === "thinking" ? block.signature : block.type === "redactedThinking" ? block.data : undefined
    if (opaque && opaque.issuer?.api !== "bedrock-converse-stream") lines.push(`${block.type}: no issuer`)
  }
  const citations = message.content.reduce(
    (sum, block) => sum + (block.type === "text" ? (block.citations?.length ?? 0) : 0),
    0,
  )
  if (citations !== (expected.citations ?? 0)) lines.push(`citations: got ${citations}, expected ${expected.citations}`)
  const native = message.content.filter(({ type }) => type === "native").length
  if (native !== (expected.server_items?.length ?? 0)) lines.push(`items of the provider: got ${native}`)
  return lines
}

conformance(bedrockConverseStream, ["bedrock-converse-stream", "bedrock-converse"], { more, endpoint: bedrockReading })
