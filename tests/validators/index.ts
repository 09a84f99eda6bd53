import type { Violation } from "@sluice/testkit/rules"
import { validateMessages } from "./anthropic-messages.ts"
import type { Asked } from "./asked.ts"
import { validateConverse } from "./bedrock-converse-stream.ts"
import { validateGoogle } from "./google-generative-ai.ts"
import { validateOllama } from "./ollama-chat.ts"
import { validateChat } from "./openai-completions.ts"
import { validateResponses } from "./openai-responses.ts"

export type { Violation } from "@sluice/testkit/rules"
export type { Asked } from "./asked.ts"

/** A validator for each codec. None knows anything of how Sluice spells a request. */
export const VALIDATORS: Readonly<Record<string, (asked: Asked) => Violation[]>> = {
  "openai-completions": validateChat,
  "openai-responses": validateResponses,
  "anthropic-messages": validateMessages,
  "google-generative-ai": validateGoogle,
  "bedrock-converse-stream": validateConverse,
  "ollama-chat": validateOllama,
}
