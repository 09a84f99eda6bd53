import type { WireClient } from "../../contract/wire-client.ts"
import { listModels } from "../list-models.ts"
import { adapt } from "./adapt.ts"
import { ResponsesDecoder } from "./decode.ts"
import { readError } from "./errors.ts"
import { encode } from "./request.ts"
import { API } from "./types.ts"

/**
 * OpenAI's Responses API and the hosts that speak it, client side.
 *
 * @see https://platform.openai.com/docs/api-reference/responses
 */
export const openaiResponses: WireClient = {
  api: API,
  framing: "sse",
  traits: {
    toolCallId: { pattern: /^[A-Za-z0-9_-]+$/, maxLength: 64 },
    roles: { developer: true, system: "first" },
    media: { image: true, document: true, audio: false, inToolResult: true, inAnswer: false },
    thinking: { replay: true, signature: true, redacted: false },
  },
  encode,
  decoder: (call, head, out) => new ResponsesDecoder(call, head, out),
  readError,
  adapt,
  operations: { models: listModels },
}
