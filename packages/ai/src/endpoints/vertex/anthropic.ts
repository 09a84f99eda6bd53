import type { Endpoint } from "../../contract/endpoint.ts"
import { SluiceError } from "../../model/errors.ts"
import { isObject } from "../../model/json.ts"
import type { Json } from "../../model/tool.ts"
import { MOVED_HEADERS, withoutMoved, withVersionAndBetas, type AnthropicBody } from "../anthropic-body.ts"
import { plainEndpoint } from "../plain.ts"
import { publisherUrl, type VertexSettings } from "./place.ts"

/** The version of the API that stands in the body here. */
const VERSION = "vertex-2023-10-16"
const COUNT_PATH = "/v1/messages/count_tokens"

/**
 * Anthropic's Messages on Vertex. The model stands in the address, the version of the API and the betas stand in the
 * body. A count of tokens is a model of its own, and keeps the name of the one that is counted for in the body.
 *
 * @see https://docs.claude.com/en/api/claude-on-vertex-ai
 */
export function vertexAnthropicEndpoint(settings: VertexSettings = {}): Endpoint {
  const plain = plainEndpoint("google-vertex-anthropic", { scheme: () => "x-goog-api-key", merged: MOVED_HEADERS })
  return {
    id: "google-vertex-anthropic",
    body: (body, headers) => (isBody(body) ? withVersionAndBetas(body, headers, VERSION) : body),
    dress(request, call, credential) {
      if (request.method === "GET") {
        throw new SluiceError({
          code: "unsupported",
          message: "Vertex does not list Anthropic's models this way.",
          hint: "Take a model's id from Vertex's Model Garden, or from the catalog of this library.",
        })
      }
      const counts = request.path === COUNT_PATH
      const model = counts ? "count-tokens" : (call.model.requestModelId ?? call.model.id)
      const method = call.stream && !counts ? "streamRawPredict" : "rawPredict"
      const baseUrl = publisherUrl(settings, "anthropic", call, credential)
      const body = counts ? request.body : withoutModel(request.body)
      const path = `/models/${encodeURIComponent(model).replaceAll("%40", "@")}:${method}`
      const headers = withoutMoved(request.headers)
      return plain.dress({ ...request, path, headers, body }, call, { ...credential, baseUrl })
    },
  }
}

function withoutModel(body: Json | Uint8Array): Json | Uint8Array {
  if (!isBody(body)) return body
  const { model: _model, ...rest } = body
  return rest
}

function isBody(value: Json | Uint8Array): value is AnthropicBody {
  return !(value instanceof Uint8Array) && isObject(value)
}
