import type { AssistantMessage } from "@sluice/ai"
import { openaiResponses } from "@sluice/ai/wires/openai-responses"
import { conformance, type Expected } from "./harness.ts"

/**
 * What the recordings say beyond the common comparison: sources, and the items that the vendor ran. Those stand in
 * the order in which they ended, the recordings' list in that in which they began.
 */
function more(expected: Expected, message: AssistantMessage): string[] {
  const lines: string[] = []
  const cited = message.content.flatMap((block) => (block.type === "text" && block.citations) || [])
  if (expected.citations !== undefined && cited.length !== expected.citations) {
    lines.push(`citations: got ${cited.length}, expected ${expected.citations}`)
  }
  const items = message.content.flatMap((block) => (block.type === "native" ? [block.item] : []))
  const named = (list: readonly Record<string, unknown>[]) =>
    list
      .map(({ type, id }) => `${type} ${id}`)
      .sort()
      .join(", ")
  if (named(items) !== named(expected.server_items ?? [])) {
    lines.push(`items: got ${named(items)}, expected ${named(expected.server_items ?? [])}`)
  }
  return lines
}

conformance(openaiResponses, ["openai-responses"], { more })
