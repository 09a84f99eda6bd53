import { codecOf, type Model } from "@sluice/catalog/core"
import type { AssistantMessage } from "../model/message.ts"

/**
 * Whether a model's host takes thinking back that nobody has signed. What it does not take is not put back: it would
 * be left out again, and named as a loss of something that the client never sent.
 */
export function takesOpenThinking({ api, compat }: Model, { content }: Pick<AssistantMessage, "content">): boolean {
  switch (codecOf(api)) {
    case "openai-completions": {
      const { thinkingAsText, replayThinking = "tool-calls" } = compat.chat ?? {}
      if (thinkingAsText || replayThinking === "never") return false
      return replayThinking === "all" || content.some(({ type }) => type === "toolCall")
    }
    case "openai-responses":
      return compat.responses?.replayThinkingText === true
    case "anthropic-messages":
      return compat.messages?.unsignedThinking ?? !compat.messages?.verifiesSignatures
    case "bedrock-converse-stream":
      return compat.converse?.replayThinking === "always"
    case "ollama-chat":
      return compat.ollama?.replayThinking !== "never"
    case "google-generative-ai":
      return false
    default:
      return true
  }
}
