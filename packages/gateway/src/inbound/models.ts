import type { ListedName } from "../options.ts"
import type { Dialect } from "./dialect.ts"

/** When a listing does not know a model's age: the first second of 2024, which no client takes for an error. */
const CREATED = 1_704_067_200

/** A list of models in the shape that a client's library reads. */
export function modelList(models: readonly ListedName[], dialect: Dialect): unknown {
  switch (dialect) {
    case "anthropic":
      return {
        data: models.map(anthropicModel),
        has_more: false,
        first_id: models[0]?.id ?? null,
        last_id: models.at(-1)?.id ?? null,
      }
    case "google":
      return { models: models.map(googleModel) }
    default:
      return { object: "list", data: models.map(openaiModel) }
  }
}

/** One model in the shape that a client's library reads. */
export function modelEntry(model: ListedName, dialect: Dialect): unknown {
  if (dialect === "anthropic") return anthropicModel(model)
  return dialect === "google" ? googleModel(model) : openaiModel(model)
}

function openaiModel(model: ListedName): Record<string, unknown> {
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

function anthropicModel(model: ListedName): Record<string, unknown> {
  return {
    type: "model",
    id: model.id,
    display_name: model.name ?? model.id,
    created_at: new Date(CREATED * 1000).toISOString(),
  }
}

function googleModel(model: ListedName): Record<string, unknown> {
  return {
    name: `models/${model.id}`,
    displayName: model.name ?? model.id,
    supportedGenerationMethods: ["generateContent", "countTokens"],
    ...(model.contextWindow === undefined ? {} : { inputTokenLimit: model.contextWindow }),
    ...(model.maxTokens === undefined ? {} : { outputTokenLimit: model.maxTokens }),
  }
}
