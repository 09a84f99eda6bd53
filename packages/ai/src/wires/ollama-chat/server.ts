import type { WireServer } from "../../contract/wire-server.ts"
import { accept } from "./accept.ts"
import { failure } from "./respond-failure.ts"
import { relay } from "./relay.ts"
import { OllamaResponder } from "./respond.ts"
import { listing } from "./server-listing.ts"
import { API, CHAT_PATH, GENERATE_PATH } from "./types.ts"

/**
 * Ollama's own API, server side: conversations and single prompts.
 *
 * @see https://github.com/ollama/ollama/blob/main/docs/api.md
 */
export const ollamaChatServer: WireServer = {
  api: API,
  routes: [
    { method: "POST", path: CHAT_PATH, op: "generate" },
    { method: "POST", path: GENERATE_PATH, op: "generate" },
  ],
  accept,
  responder: (call, mint) => new OllamaResponder(call, mint),
  failure,
  relay,
  listing,
}
