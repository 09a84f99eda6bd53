import type { InboundCall, WireServer } from "../../contract/wire-server.ts"
import type { Mint } from "../../contract/wire-client.ts"
import { accept } from "./accept.ts"
import { failure } from "../openai/respond-failure.ts"
import { relay } from "./relay.ts"
import { ChatResponder } from "./respond.ts"
import { listing } from "./server-listing.ts"
import { API } from "./types.ts"

/** OpenAI's Chat Completions, server side. */
export const openaiCompletionsServer: WireServer = {
  api: API,
  routes: [{ method: "POST", path: "/v1/chat/completions", op: "generate" }],
  accept,
  responder: (call: InboundCall, mint: Mint) => new ChatResponder(call, mint),
  failure,
  relay,
  listing,
}
