import type { WireServer } from "../../contract/wire-server.ts"
import { accept } from "./accept.ts"
import { failure } from "./respond-failure.ts"
import { relay } from "./relay.ts"
import { MessagesResponder } from "./respond.ts"
import { listing } from "./server-listing.ts"
import { API, COUNT_TOKENS_PATH, MESSAGES_PATH } from "./types.ts"

/**
 * Anthropic's Messages, server side: what its clients ask and how they are answered.
 * @see https://platform.claude.com/docs/en/api/messages
 */
export const anthropicMessagesServer: WireServer = {
  api: API,
  routes: [
    { method: "POST", path: MESSAGES_PATH, op: "generate" },
    { method: "POST", path: COUNT_TOKENS_PATH, op: "countTokens" },
  ],
  accept,
  responder: (call, mint) => new MessagesResponder(call, mint),
  failure,
  relay,
  previous: "thread",
  listing,
}
