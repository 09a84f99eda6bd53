import type { Mint, TokenCount } from "../../contract/wire-client.ts"
import type { InboundCall, WireServer } from "../../contract/wire-server.ts"
import { accept, COUNT_PATH } from "./accept.ts"
import { failure } from "./respond-failure.ts"
import { relay } from "./relay.ts"
import { ResponsesResponder } from "./respond.ts"
import { keeps } from "./server-keeps.ts"
import { socket } from "./server-socket.ts"
import { API } from "./types.ts"

/** OpenAI's Responses, server side. */
export const openaiResponsesServer: WireServer = {
  api: API,
  routes: [
    { method: "POST", path: "/v1/responses", op: "generate" },
    { method: "POST", path: COUNT_PATH, op: "countTokens" },
  ],
  accept,
  responder: (call: InboundCall, mint: Mint) => new ResponsesResponder(call, mint),
  counted: ({ inputTokens }: TokenCount) => ({ object: "response.input_tokens", input_tokens: inputTokens }),
  failure,
  relay,
  previous: "previous_response_id",
  socket,
  keeps,
}
