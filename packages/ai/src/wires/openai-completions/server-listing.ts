import type { ServedModel, WireListing } from "../../contract/wire-listing.ts"

/** Where nobody knows how old a model is: the first second of 2024, which no client takes for an error. */
const CREATED = 1_704_067_200

/**
 * The models as OpenAI's clients look for them, whichever of its APIs they speak.
 *
 * @see https://platform.openai.com/docs/api-reference/models
 */
export const listing: WireListing = {
  routes: [
    {
      op: "list",
      method: "GET",
      path: "/v1/models",
      list: (models) => ({ object: "list", data: models.map(entry) }),
    },
    { op: "entry", method: "GET", path: "/v1/models/:model{.+}", entry },
  ],
}

function entry(model: ServedModel): Record<string, unknown> {
  return {
    id: model.id,
    object: "model",
    created: CREATED,
    owned_by: model.provider,
    ...(model.name === undefined ? {} : { display_name: model.name }),
    ...(model.contextWindow === undefined ? {} : { context_length: model.contextWindow }),
    ...(model.maxTokens === undefined ? {} : { max_output_tokens: model.maxTokens }),
  }
}
