import type { Endpoint } from "../../contract/endpoint.ts"
import { plainEndpoint } from "../plain.ts"
import { GLOBAL_FACT, mayLeave, publisherUrl, type VertexSettings } from "./place.ts"

/** The version that lists models. */
const LISTING = "v1beta1"

/**
 * Google's own models on Vertex. A key goes into `x-goog-api-key` and needs no project; a token goes out as a bearer, to
 * the project and the location that the settings name.
 *
 * With a key, a model that is not served in a location which the machine merely happens to have is asked for once more
 * on the global host.
 *
 * @see https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference
 */
export function vertexEndpoint(settings: VertexSettings = {}): Endpoint {
  const plain = plainEndpoint("google-vertex", { scheme: () => "x-goog-api-key" })
  return {
    id: "google-vertex",
    dress(request, call, credential) {
      const lists = request.method === "GET"
      const baseUrl = publisherUrl(settings, "google", call, credential, lists ? { version: LISTING, bare: true } : {})
      return plain.dress(request, call, { ...credential, baseUrl })
    },
    adapt(error, call) {
      if (error.status !== 404 || call.auth.kind !== "key" || !mayLeave(settings, call)) return undefined
      return { change: "on the global host", learn: { where: "host", facts: { [GLOBAL_FACT]: true } } }
    },
  }
}
