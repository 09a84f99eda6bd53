import type { ServedModel, WireListing } from "../../contract/wire-listing.ts"
import { MODELS_PATH } from "./types.ts"

/** Where nobody knows how old a model is: the first second of 2024, which no client takes for an error. */
const CREATED = new Date(1_704_067_200_000).toISOString()

/**
 * The models as Anthropic's clients look for them, and the sign of life that its command asks for.
 *
 * @see https://platform.claude.com/docs/en/api/models-list
 */
export const listing: WireListing = {
  knows: ({ headers }) => headers.has("anthropic-version"),
  keyHeaders: ["x-api-key"],
  headers: ["anthropic-version", "anthropic-beta", "anthropic-dangerous-direct-browser-access"],
  routes: [
    {
      op: "list",
      method: "GET",
      path: MODELS_PATH,
      list: (models) => ({
        data: models.map(entry),
        has_more: false,
        first_id: models[0]?.id ?? null,
        last_id: models.at(-1)?.id ?? null,
      }),
    },
    { op: "entry", method: "GET", path: `${MODELS_PATH}/:model{.+}`, entry },
    { op: "fixed", method: "GET", path: "/api/hello", open: true, answer: { ok: true } },
  ],
}

function entry(model: ServedModel): Record<string, unknown> {
  return { type: "model", id: model.id, display_name: model.name ?? model.id, created_at: CREATED }
}
