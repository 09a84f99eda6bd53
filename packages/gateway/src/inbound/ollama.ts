import { createHash } from "node:crypto"
import { type Model, SluiceError, VERSION } from "@sluice/ai"
import type { Context, Hono } from "hono"
import { FetchReply, fetchCaller } from "../http/fetch.ts"
import type { ListedName } from "../options.ts"
import type { Admitted } from "./access.ts"
import { readBody } from "./body.ts"

/** What the routes need. */
export interface OllamaRoutesParts {
  admit(c: Context): Promise<Admitted>
  listModels(): Promise<readonly ListedName[]>
  /** @throws SluiceError `model_not_found` */
  describe(name: string): Promise<Model>
}

/** The version of the API that is spoken: by it clients decide what they may ask for. */
const API_VERSION = "0.12.6"
/** Where nobody knows when a model was changed: the first second of 2024. */
const MODIFIED = new Date(1_704_067_200_000).toISOString()
/** Most bytes of a request that names a model. */
const MAX_BODY_BYTES = 65_536

/**
 * The routes by which clients of Ollama's own API look round before they ask: the models, what one of them can do,
 * which are loaded, and the version.
 *
 * @see https://github.com/ollama/ollama/blob/main/docs/api.md
 */
export function ollamaRoutes(app: Hono, { admit, listModels, describe }: OllamaRoutesParts): void {
  app.get("/api/version", (c) => c.json({ version: API_VERSION, server: `sluice/${VERSION}` }))

  app.get("/api/tags", async (c) => {
    await admit(c)
    return c.json({ models: (await listModels()).map(tagOf) })
  })

  app.get("/api/ps", async (c) => {
    await admit(c)
    return c.json({ models: [] })
  })

  app.post("/api/show", async (c) => {
    await admit(c)
    const { body } = await readBody(fetchCaller(c.req.raw, new FetchReply()), MAX_BODY_BYTES)
    return c.json(shown(await describe(nameIn(body))))
  })
}

function nameIn(body: unknown): string {
  const { model, name } = body as Record<string, unknown>
  const wanted = typeof model === "string" ? model : name
  if (typeof wanted === "string" && wanted !== "") return wanted.replace(/:latest$/, "")
  throw new SluiceError({
    code: "invalid_request",
    status: 400,
    param: "model",
    message: "model: must name a model.",
    hint: "GET /api/tags lists the models.",
  })
}

function tagOf({ id, provider }: ListedName): Record<string, unknown> {
  return {
    name: id,
    model: id,
    modified_at: MODIFIED,
    size: 0,
    digest: createHash("sha256").update(id).digest("hex"),
    details: detailsOf(provider),
  }
}

function detailsOf(provider: string): Record<string, unknown> {
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
function shown(model: Model): Record<string, unknown> {
  const sees = model.input.includes("image") || model.assumed !== undefined
  return {
    license: "",
    modelfile: "",
    parameters: "",
    template: "",
    details: detailsOf(model.provider),
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
