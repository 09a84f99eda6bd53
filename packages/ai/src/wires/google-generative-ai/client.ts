import type { Call, ListedModel, TokenCount, WireClient } from "../../contract/wire-client.ts"
import { SluiceError } from "../../model/errors.ts"
import { adapt } from "./adapt.ts"
import { GenerateDecoder } from "./decode.ts"
import { readError } from "./errors.ts"
import { encode, encodeCount } from "./request.ts"
import { API, isObject, MODELS_PATH } from "./types.ts"

/**
 * Google's `generateContent`, client side: the Gemini API, Vertex, and every host that speaks it.
 * @see https://ai.google.dev/api/generate-content
 */
export const googleGenerativeAi: WireClient = {
  api: API,
  framing: "sse",
  traits: {
    toolCallId: { pattern: /^[A-Za-z0-9_-]{1,64}$/, maxLength: 64 },
    toolName: { pattern: /^[A-Za-z_][A-Za-z0-9_.:-]*$/, maxLength: 64 },
    media: { image: true, document: true, audio: true, inAnswer: true },
    unsignedThinking: () => false,
  },
  encode,
  decoder: (call, _head, out) => new GenerateDecoder(out, call.mint, { hostTools: offersHostTools(call) }),
  readError,
  adapt,
  operations: {
    countTokens: { encode: encodeCount, decode: decodeCount },
    models: {
      encode: () => ({
        method: "GET",
        path: `${MODELS_PATH}?pageSize=1000`,
        headers: { accept: "application/json" },
        body: null,
        losses: [],
      }),
      decode: decodeModels,
    },
  },
}

/** Whether a request has tools that the host runs itself. */
function offersHostTools({ context, options }: Call): boolean {
  return context.tools?.some(({ type }) => type === "native") || options.wire?.[API]?.["tools"] !== undefined
}

function decodeCount(body: unknown): TokenCount {
  const tokens = isObject(body) ? body["totalTokens"] : undefined
  if (typeof tokens === "number") return { inputTokens: tokens, provenance: "reported" }
  throw new SluiceError({ code: "stream_malformed", message: "The answer to a token count has no totalTokens." })
}

/** Models that can be talked to. Their names begin with the collection that they are in. */
function decodeModels(body: unknown): ListedModel[] {
  const list = isObject(body) ? (body["models"] ?? body["publisherModels"]) : undefined
  if (!Array.isArray(list)) {
    throw new SluiceError({ code: "stream_malformed", message: "The list of models has no models." })
  }
  return list.filter(isObject).flatMap((entry): ListedModel[] => {
    const { name, displayName, inputTokenLimit, outputTokenLimit, supportedGenerationMethods: methods } = entry
    const id = typeof name === "string" ? (name.split("/").at(-1) as string) : ""
    if (id === "" || (Array.isArray(methods) && !methods.includes("generateContent"))) return []
    return [
      {
        id,
        ...(typeof displayName === "string" ? { name: displayName } : {}),
        ...(typeof inputTokenLimit === "number" ? { contextWindow: inputTokenLimit } : {}),
        ...(typeof outputTokenLimit === "number" ? { maxTokens: outputTokenLimit } : {}),
      },
    ]
  })
}
