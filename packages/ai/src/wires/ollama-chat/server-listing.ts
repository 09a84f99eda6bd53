import type { Model } from "@sluice/catalog/core"
import type { ServedModel, WireListing } from "../../contract/wire-listing.ts"
import { SluiceError } from "../../model/errors.ts"
import { hash } from "../../model/hash.ts"
import { VERSION } from "../../version.ts"
import { TAGS_PATH } from "./types.ts"

/** The version of the API that is spoken: by it clients decide what they may ask for. */
const API_VERSION = "0.12.6"
/** Where nobody knows when a model was changed: the first second of 2024. */
const MODIFIED = new Date(1_704_067_200_000).toISOString()

/**
 * What clients of Ollama's own API look for before they ask: the models, what one of them can do, which are loaded,
 * and the version.
 *
 * @see https://github.com/ollama/ollama/blob/main/docs/api.md
 */
export const listing: WireListing = {
  knows: ({ headers, path }) => path.startsWith("/api/") || /^ollama\b/i.test(headers.get("user-agent") ?? ""),
  greeting: "Ollama is running",
  routes: [
    {
      op: "fixed",
      method: "GET",
      path: "/api/version",
      open: true,
      answer: { version: API_VERSION, server: `sluice/${VERSION}` },
    },
    { op: "list", method: "GET", path: TAGS_PATH, list: (models) => ({ models: models.map(tag) }) },
    { op: "fixed", method: "GET", path: "/api/ps", open: false, answer: { models: [] } },
    { op: "show", method: "POST", path: "/api/show", named, show },
  ],
}

function named({ model, name }: Readonly<Record<string, unknown>>): string {
  const wanted = typeof model === "string" ? model : name
  if (typeof wanted === "string" && wanted !== "") return wanted.replace(/:latest$/, "")
  throw new SluiceError({
    code: "invalid_request",
    status: 400,
    param: "model",
    message: "model: must name a model.",
    hint: `GET ${TAGS_PATH} lists the models.`,
  })
}

function tag({ id, provider }: ServedModel): Record<string, unknown> {
  return { name: id, model: id, modified_at: MODIFIED, size: 0, digest: digest(id), details: details(provider) }
}

/** 64 hexadecimal digits, as a client expects them; they tell models apart and prove nothing. */
function digest(id: string): string {
  return ["a", "b", "c", "d"].map((lane) => hash(lane + id)).join("")
}

function details(provider: string): Record<string, unknown> {
  return {
    parent_model: "",
    format: "",
    family: provider,
    families: [provider],
    parameter_size: "",
    quantization_level: "",
  }
}

/** A model as it is shown. What is not known of one that its host names only is not denied. */
function show(model: Model): Record<string, unknown> {
  const sees = model.input.includes("image") || model.assumed !== undefined
  return {
    license: "",
    modelfile: "",
    parameters: "",
    template: "",
    details: details(model.provider),
    model_info: {
      "general.architecture": "sluice",
      "general.basename": model.name ?? model.id,
      ...(model.contextWindow === undefined ? {} : { "sluice.context_length": model.contextWindow }),
    },
    capabilities: [
      "completion",
      "tools",
      ...(sees && !model.compat.textOnly ? ["vision"] : []),
      ...(model.thinking ? ["thinking"] : []),
    ],
    modified_at: MODIFIED,
  }
}
