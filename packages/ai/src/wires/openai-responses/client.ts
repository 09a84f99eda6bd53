import type { TokenCount, WireClient } from "../../contract/wire-client.ts"
import { SluiceError } from "../../model/errors.ts"
import { isObject } from "../../model/json.ts"
import { listModels } from "../list-models.ts"
import { adapt } from "./adapt.ts"
import { ResponsesDecoder } from "./decode.ts"
import { readError } from "./errors.ts"
import { encode, encodeCount } from "./request.ts"
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
    toolName: { pattern: /^[A-Za-z0-9_-]+$/, maxLength: 128 },
    media: { image: true, document: true, audio: false, inAnswer: false },
    unsignedThinking: ({ compat }) => compat.responses?.replayThinkingText === true,
  },
  encode,
  decoder: (call, head, out) => new ResponsesDecoder(call, head, out),
  readError,
  adapt,
  operations: { countTokens: { encode: encodeCount, decode: decodeCount }, models: listModels },
}

function decodeCount(body: unknown): TokenCount {
  const tokens = isObject(body) ? body["input_tokens"] : undefined
  if (typeof tokens === "number") return { inputTokens: tokens, provenance: "reported" }
  throw new SluiceError({ code: "stream_malformed", message: "The answer to a token count has no input_tokens." })
}
