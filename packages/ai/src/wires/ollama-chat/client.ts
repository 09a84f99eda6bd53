import type { ListedModel, WireClient } from "../../contract/wire-client.ts"
import { SluiceError } from "../../model/errors.ts"
import { healed } from "../../tools/healing/healed-sink.ts"
import { adapt } from "./adapt.ts"
import { OllamaDecoder } from "./decode.ts"
import { readError } from "./errors.ts"
import { encode } from "./request.ts"
import { API, isObject, TAGS_PATH } from "./types.ts"

/**
 * Ollama's own API, client side: a server on this machine or network, and Ollama's cloud.
 *
 * @see https://github.com/ollama/ollama/blob/main/docs/api.md
 */
export const ollamaChat: WireClient = {
  api: API,
  framing: "ndjson",
  traits: {
    toolCallId: { pattern: /^[A-Za-z0-9_-]+$/, maxLength: 64 },
    toolName: { pattern: /\S/, maxLength: 256 },
    media: { image: true, document: false, audio: false, inAnswer: false },
    unsignedThinking: ({ compat }) => compat.ollama?.replayThinking !== "never",
  },
  encode,
  decoder: (call, _head, out) => new OllamaDecoder(healed(call, out, { oneText: true }), call.options.maxTokens),
  readError,
  adapt,
  operations: {
    models: {
      encode: () => ({
        method: "GET",
        path: TAGS_PATH,
        headers: { accept: "application/json" },
        body: null,
        losses: [],
      }),
      decode: decodeModels,
    },
  },
}

function decodeModels(body: unknown): ListedModel[] {
  const list = isObject(body) ? body["models"] : undefined
  if (!Array.isArray(list)) {
    throw new SluiceError({ code: "stream_malformed", message: "The list of models has no models." })
  }
  return list.flatMap((entry): ListedModel[] => {
    const id = isObject(entry) ? (entry["model"] ?? entry["name"]) : undefined
    return typeof id === "string" && id !== "" ? [{ id }] : []
  })
}
