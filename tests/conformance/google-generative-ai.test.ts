import type { AssistantMessage } from "@sluice/ai"
import { googleGenerativeAi } from "@sluice/ai/wires/google-generative-ai"
import { conformance, type Expected } from "./harness.ts"

/** Parts that the host runs itself, as the expectations describe them. */
function serverItems(message: AssistantMessage): Record<string, unknown>[] {
  return message.content.flatMap((block): Record<string, unknown>[] => {
    if (block.type !== "native") return []
    const { executableCode, codeExecutionResult, functionResponse } = block.item as Record<
      string,
      Record<string, unknown>
    >
    if (executableCode) return [{ type: "executableCode", language: executableCode["language"] }]
    if (codeExecutionResult) return [{ type: "codeExecutionResult", outcome: codeExecutionResult["outcome"] }]
    return functionResponse ? [{ type: "functionResponse", name: functionResponse["name"] }] : []
  })
}

function signatures(message: AssistantMessage): number {
  return message.content.filter(
    (block) => "signature" in block || (block.type === "native" && block.item["thoughtSignature"] !== undefined),
  ).length
}

/** Items of the host's own tools, citations, media; that no signature is lost and each names its issuer. */
function more(expected: Expected, message: AssistantMessage): string[] {
  if (expected.outcome !== "complete") return []
  const lines: string[] = []
  const got = JSON.stringify(serverItems(message))
  const want = JSON.stringify(expected.server_items ?? [])
  if (got !== want) lines.push(`items of the host: got ${got}, expected ${want}`)
  const cited = message.content.reduce((sum, one) => sum + (one.type === "text" ? (one.citations?.length ?? 0) : 0), 0)
  if (cited !== (expected["citations"] ?? 0))
    lines.push(`citations: got ${cited}, expected ${String(expected["citations"] ?? 0)}`)
  const media = (expected.blocks ?? []).filter((block) => block["type"] === "media").length
  const shown = message.content.filter((block) => block.type === "image" || block.type === "audio").length
  if (media !== shown) lines.push(`media: got ${shown}, expected ${media}`)
  if (expected.flags?.includes("thought_signature") && signatures(message) === 0) lines.push("signatures: none is left")
  for (const block of message.content) {
    const issuer = "signature" in block ? block.signature?.issuer : undefined
    if ("signature" in block && issuer?.api !== "google-generative-ai") lines.push(`${block.type}: no issuer`)
  }
  return lines
}

conformance(googleGenerativeAi, ["google-generate"], { more })
