import type { ListingRoute, ServedModel, WireListing } from "../../contract/wire-listing.ts"

/** Versions in the paths of clients; they ask the same of each. Previews are asked for in the last one. */
export const VERSIONS = ["v1", "v1beta", "v1alpha"] as const
/** Those that no other vendor has. */
const OWN = VERSIONS.filter((version) => version !== "v1").map((version) => `/${version}/`)

const KEY_HEADER = "x-goog-api-key"
const CLIENT_HEADER = "x-goog-api-client"
const KEY_PARAMETER = "key"

/**
 * The models as clients of the Gemini API look for them. Its version `v1` is in other vendors' paths as well.
 *
 * @see https://ai.google.dev/api/models
 */
export const listing: WireListing = {
  knows: ({ headers, path, query }) =>
    headers.has(KEY_HEADER) ||
    headers.has(CLIENT_HEADER) ||
    query.has(KEY_PARAMETER) ||
    OWN.some((version) => path.startsWith(version)),
  keyHeaders: [KEY_HEADER],
  keyParameter: KEY_PARAMETER,
  headers: [CLIENT_HEADER],
  routes: VERSIONS.flatMap((version): ListingRoute[] => [
    {
      op: "list",
      method: "GET",
      path: `/${version}/models`,
      list: (models) => ({ models: models.map(entry) }),
    },
    { op: "entry", method: "GET", path: `/${version}/models/:model{.+}`, entry },
  ]),
}

function entry(model: ServedModel): Record<string, unknown> {
  return {
    name: `models/${model.id}`,
    displayName: model.name ?? model.id,
    supportedGenerationMethods: ["generateContent", "countTokens"],
    ...(model.contextWindow === undefined ? {} : { inputTokenLimit: model.contextWindow }),
    ...(model.maxTokens === undefined ? {} : { outputTokenLimit: model.maxTokens }),
  }
}
