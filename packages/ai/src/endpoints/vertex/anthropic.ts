import type { Endpoint } from "../../contract/endpoint.ts"
import type { HeaderMap } from "../../contract/frame.ts"
import { SluiceError } from "../../model/errors.ts"
import type { Json } from "../../model/tool.ts"
import { plainEndpoint } from "../plain.ts"
import { publisherUrl, type VertexSettings } from "./place.ts"

/** The version of the API that stands in the body here. */
const VERSION = "vertex-2023-10-16"
/** Headers that have their place in the body, and are refused as headers. */
const MOVED = ["anthropic-beta", "anthropic-version"] as const
const COUNT_PATH = "/v1/messages/count_tokens"

/**
 * Anthropic's Messages on Vertex. The model stands in the address, the version of the API and the betas stand in the
 * body. A count of tokens is a model of its own, and keeps the name of the one that is counted for in the body.
 *
 * @see https://docs.claude.com/en/api/claude-on-vertex-ai
 */
export function vertexAnthropicEndpoint(settings: VertexSettings = {}): Endpoint {
  const plain = plainEndpoint("google-vertex-anthropic", { scheme: () => "x-goog-api-key", merged: MOVED })
  return {
    id: "google-vertex-anthropic",
    body: moved,
    dress(request, call, credential) {
      if (request.method === "GET") {
        throw new SluiceError({ code: "unsupported", message: "Vertex does not list Anthropic's models this way." })
      }
      const counts = request.path === COUNT_PATH
      const model = counts ? "count-tokens" : (call.model.requestModelId ?? call.model.id)
      const method = call.stream && !counts ? "streamRawPredict" : "rawPredict"
      const baseUrl = publisherUrl(settings, "anthropic", call, credential)
      const body = counts ? request.body : withoutModel(request.body)
      const path = `/models/${encodeURIComponent(model).replaceAll("%40", "@")}:${method}`
      const headers: HeaderMap = { ...request.headers }
      for (const name of MOVED) delete headers[name]
      return plain.dress({ ...request, path, headers, body }, call, { ...credential, baseUrl })
    },
  }
}

/** The body with the version and the betas in it. */
function moved(body: Json, headers: HeaderMap): Json {
  if (!isObject(body)) return body
  const betas = (headers["anthropic-beta"] ?? "")
    .split(",")
    .map((beta) => beta.trim())
    .filter((beta) => beta !== "")
  const own = Array.isArray(body["anthropic_beta"]) ? body["anthropic_beta"] : []
  const all = [...new Set([...own, ...betas])]
  return { anthropic_version: VERSION, ...body, ...(all.length > 0 ? { anthropic_beta: all } : {}) }
}

function withoutModel(body: Json | Uint8Array): Json | Uint8Array {
  if (body instanceof Uint8Array || !isObject(body)) return body
  const { model: _model, ...rest } = body
  return rest
}

function isObject(value: Json | Uint8Array): value is { [key: string]: Json | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}
