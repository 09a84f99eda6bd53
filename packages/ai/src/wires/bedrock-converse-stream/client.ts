import type { TokenCount, WireClient } from "../../contract/wire-client.ts"
import { SluiceError } from "../../model/errors.ts"
import { isObject } from "../../model/json.ts"
import { adapt } from "./adapt.ts"
import { takesUnsigned } from "./assistant.ts"
import { ConverseDecoder } from "./decode.ts"
import { readError } from "./errors.ts"
import { outputTool } from "./output.ts"
import { encode, encodeCount } from "./request.ts"
import { placeholderTool } from "./tools.ts"
import { API } from "./types.ts"

/**
 * Bedrock's Converse, client side: `ConverseStream`, `Converse` and `CountTokens`.
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
 */
export const bedrockConverseStream: WireClient = {
  api: API,
  framing: "aws-eventstream",
  traits: {
    toolCallId: { pattern: /^[a-zA-Z0-9_-]{1,64}$/, maxLength: 64 },
    toolName: { pattern: /^[a-zA-Z0-9_-]+$/, maxLength: 64 },
    media: { image: true, document: true, audio: false, inAnswer: false },
    unsignedThinking: ({ compat }) => takesUnsigned(compat.converse ?? {}),
  },
  encode,
  decoder: (call, _head, out) =>
    new ConverseDecoder(out, { outputTool: outputTool(call), placeholderTool: placeholderTool(call) }),
  readError,
  adapt,
  operations: { countTokens: { encode: encodeCount, decode: decodeCount } },
}

function decodeCount(body: unknown): TokenCount {
  const tokens = isObject(body) ? body["inputTokens"] : undefined
  if (typeof tokens === "number") return { inputTokens: tokens, provenance: "reported" }
  throw new SluiceError({ code: "stream_malformed", message: "The answer to a token count has no inputTokens." })
}
