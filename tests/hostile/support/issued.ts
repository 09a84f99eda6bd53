import type { Context, Issuer, Opaque } from "@sluice/ai"

/** What a provider really gave out of the opaque values of a conversation: each with the thinking that it is of. */
export function issuedBy(
  { messages }: Context,
  own: Issuer,
  sign: (thinking: string) => string,
): ReadonlyMap<string, string> {
  const issued = new Map<string, string>()
  const look = (opaque: Opaque | undefined, said: string): void => {
    if (opaque?.issuer?.provider === own.provider && opaque.value === sign(said)) issued.set(bare(opaque.value), said)
  }
  for (const message of messages) {
    if (message.role !== "assistant") continue
    for (const block of message.content) {
      if (block.type === "thinking") look(block.signature, block.thinking)
      else if (block.type === "redactedThinking") look(block.data, "redacted")
      else if (block.type === "toolCall" || block.type === "image" || block.type === "audio")
        look(block.signature, "call")
      else if (block.type === "text") look(block.signature, "text")
    }
  }
  return issued
}

/** The value as the host sees it: what stands in an encrypted item, else all of it. */
function bare(value: string): string {
  if (!value.startsWith("{")) return value
  const item = JSON.parse(value) as { encrypted_content?: string; data?: string }
  return item.encrypted_content ?? item.data ?? value
}
