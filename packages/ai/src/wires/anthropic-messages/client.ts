import type { ListedModel, TokenCount, WireClient } from "../../contract/wire-client.ts"
import { SluiceError } from "../../model/errors.ts"
import { adapt } from "./adapt.ts"
import { takesUnsigned } from "./assistant.ts"
import { MessagesDecoder } from "./decode.ts"
import { readError } from "./errors.ts"
import { outputTool } from "./output.ts"
import { headers } from "./protocol.ts"
import { encode, encodeCount } from "./request.ts"
import { API, isObject, MODELS_PATH } from "./types.ts"

/**
 * Anthropic's Messages, client side: Anthropic itself, and every host that speaks it.
 * @see https://platform.claude.com/docs/en/api/messages
 */
export const anthropicMessages: WireClient = {
  api: API,
  framing: "sse",
  traits: {
    toolCallId: { pattern: /^[A-Za-z0-9_-]{1,64}$/, maxLength: 64 },
    toolName: { pattern: /^[A-Za-z0-9_-]+$/, maxLength: 128 },
    media: { image: true, document: true, audio: false, inAnswer: false },
    unsignedThinking: ({ compat }) => takesUnsigned(compat.messages ?? {}),
  },
  encode,
  decoder: (call, _head, out) => new MessagesDecoder(out, { outputTool: outputTool(call) }),
  readError,
  adapt,
  operations: {
    countTokens: { encode: encodeCount, decode: decodeCount },
    models: {
      encode: () => ({
        method: "GET",
        path: `${MODELS_PATH}?limit=1000`,
        headers: headers("application/json"),
        body: null,
        losses: [],
      }),
      decode: decodeModels,
    },
  },
}

function decodeCount(body: unknown): TokenCount {
  // Bedrock, which serves this API too, has its own spelling of the number.
  const tokens = isObject(body) ? (body["input_tokens"] ?? body["inputTokens"]) : undefined
  if (typeof tokens === "number") return { inputTokens: tokens, provenance: "reported" }
  throw new SluiceError({ code: "stream_malformed", message: "The answer to a token count has no input_tokens." })
}

function decodeModels(body: unknown): ListedModel[] {
  const data = isObject(body) ? (body["data"] ?? body["models"]) : body
  if (!Array.isArray(data)) {
    throw new SluiceError({ code: "stream_malformed", message: "The list of models has no data." })
  }
  return data.filter(isObject).flatMap((entry): ListedModel[] => {
    const { id, display_name: name, owned_by: ownedBy, max_input_tokens: window, max_tokens: maxTokens } = entry
    if (typeof id !== "string") return []
    return [
      {
        id,
        ...(typeof name === "string" ? { name } : {}),
        ...(typeof ownedBy === "string" ? { ownedBy } : {}),
        ...(typeof window === "number" ? { contextWindow: window } : {}),
        ...(typeof maxTokens === "number" ? { maxTokens } : {}),
      },
    ]
  })
}
