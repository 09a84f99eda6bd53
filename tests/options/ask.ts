import {
  type Call,
  type CallOptions,
  type Context,
  type Credential,
  handoff,
  type HttpRequest,
  type Loss,
  type Model,
} from "@sluice/ai"
import { autoWires } from "@sluice/ai/auto"
import { findProvider, listModels, PROVIDER_IDS, resolveModel } from "@sluice/catalog"
import { callTo, user, WEATHER } from "../support/call.ts"

const CREDENTIAL: Credential = { kind: "key", id: "k", origin: "test", secret: "sk-test", projectId: "p-1" }

/** A way to a model, up to the request as its host would get it. */
export interface Target {
  name: string
  model: Model
  /** What comes of settings, with tools or without. Asked for the same it gives the same. */
  ask(options: CallOptions, tools: boolean): Asked
}

/** What would go out, as one text, or why nothing would. */
export interface Asked {
  request: string
  losses: readonly Loss[]
  refused?: string
}

/** A request, and what is lost on the way to it. */
interface Built {
  http: HttpRequest
  losses: readonly Loss[]
}

async function builderTo(model: Model): Promise<(options: CallOptions, context: Partial<Context>) => Built> {
  const entry = await autoWires[model.api]?.()
  if (!entry || !("wire" in entry)) throw new Error(`There is no wire for ${model.api}.`)
  const { wire, endpoint } = entry
  return (options, given) => {
    const handed = handoff({ messages: [user("hi")], systemPrompt: "Be brief.", ...given }, model, wire.traits)
    const auth: Call["auth"] = { kind: "key", projectId: "p-1" }
    const call: Call = { ...callTo(model, { options, context: handed.context }), auth }
    const request = wire.encode(call)
    const body = endpoint.body ? endpoint.body(request.body as never, request.headers, call) : request.body
    const more = endpoint.losses?.(request, call) ?? []
    return {
      http: endpoint.dress({ ...request, body }, call, CREDENTIAL),
      losses: [...handed.losses, ...request.losses, ...more],
    }
  }
}

function textOf({ body }: HttpRequest): string {
  return typeof body === "string" ? body : new TextDecoder().decode(body)
}

/** The body that a host would get. */
export async function bodyOf(model: Model, options: CallOptions, context: Partial<Context> = {}): Promise<never> {
  return JSON.parse(textOf((await builderTo(model))(options, context).http)) as never
}

/** What is lost on the way to a host, in short; what is only added is not. */
export async function lossesTo(model: Model, options: CallOptions, context: Partial<Context> = {}): Promise<string[]> {
  const { losses } = (await builderTo(model))(options, context)
  return losses.filter(({ kind }) => kind !== "injected").map(({ kind, field }) => `${kind} ${field}`)
}

/** The way to a model over its API. */
export async function targetOf(model: Model): Promise<Target> {
  const build = await builderTo(model)
  const kept = new Map<string, Asked>()
  const ask = (options: CallOptions, tools: boolean): Asked => {
    try {
      const { http, losses } = build(options, tools ? { tools: [WEATHER, { ...WEATHER, name: "news" }] } : {})
      return { request: `${http.url}\n${JSON.stringify(http.headers)}\n${textOf(http)}`, losses }
    } catch (error) {
      return { request: "", losses: [], refused: String(error) }
    }
  }
  return {
    name: `${model.provider}/${model.id} (${model.api})`,
    model,
    ask(options, tools) {
      const key = JSON.stringify([options, tools])
      const asked = kept.get(key) ?? ask(options, tools)
      kept.set(key, asked)
      return asked
    },
  }
}

/** Every model of the catalog over every API that its provider has it on, one of those that are alike in all they take. */
export async function targets(alike: (model: Model) => unknown): Promise<Target[]> {
  const found = new Map<string, Model>()
  for (const id of PROVIDER_IDS) {
    const provider = findProvider(id)
    for (const { api } of provider?.apis ?? []) {
      const listed = (await listModels(id)).map((model) => model.id)
      for (const one of listed.length > 0 ? listed : [provider?.defaultModel ?? "some-model"]) {
        const model = await resolveModel(`${id}/${one}`, { api })
        // A cloud has one maker's API for that maker's models alone.
        if (/^(?:google-vertex|bedrock)-anthropic/.test(api) && !one.includes("claude")) continue
        const at = api.startsWith("azure") ? { ...model, baseUrl: "https://a.openai.azure.com/openai/v1" } : model
        const key = JSON.stringify(alike(at))
        if (api !== "mock" && !found.has(key)) found.set(key, at)
      }
    }
  }
  return Promise.all([...found.values()].map(targetOf))
}
