import { CatalogError } from "./catalog-error.ts"
import { describeModel, sameAddress, type DescribeOptions } from "./describe.ts"
import { baseUrlOfHost, isPrivateUrl, normaliseBaseUrl, urlOfResource } from "./hosts.ts"
import type { Api, Model } from "./model.ts"
import type { ModelData, ModelTable, Provider } from "./provider.ts"
import { custom, CUSTOM_ID } from "./providers/custom.ts"
import { findProvider, PROVIDER_IDS, PROVIDERS } from "./providers/index.ts"
import { didYouMean, nearest } from "./suggest.ts"
import { unknownProvider } from "./unknown-provider.ts"

/** Reads an environment variable, or whatever stands in for one. */
export type EnvironmentReader = (name: string) => string | undefined

/** What a caller fixes when a model is looked up. */
export interface ResolveOptions extends DescribeOptions {
  /** The provider, where the name is the model's id alone. */
  provider?: string
  /** Asked for variables that move a provider to another address. Default: none is set. */
  env?: EnvironmentReader
}

/**
 * The model that a name stands for.
 *
 * `provider/model`, where the model's id may itself hold slashes; a provider alone stands for its default model; an
 * id alone is taken where it can only be one vendor's. With `options.baseUrl` the name is the id of a model on that
 * host, slashes and all, unless it begins with a provider of kind `local` or with `custom/`; to put another host in
 * the place of a vendor's, name the vendor in `options.provider`. Models that the catalog does not know are accepted, and `assumed` says what was taken for granted.
 *
 * @throws CatalogError `invalid_model_name`, `unknown_provider`, `invalid_base_url`
 */
export async function resolveModel(name: string, options: ResolveOptions = {}): Promise<Model> {
  const { provider, id } = parseModelName(name, options)
  const found = lookUp(await loadModels(provider), id)
  const baseUrl = options.baseUrl ?? baseUrlFromEnvironment(provider, options.env)
  if (provider.id === CUSTOM_ID && baseUrl === undefined) {
    throw invalidName(name, "names a custom host, but no base URL is given")
  }
  const api = options.api ?? (provider.id === CUSTOM_ID ? apiOfUrl(baseUrl) : undefined)
  const described: DescribeOptions = { ...options }
  if (baseUrl !== undefined) described.baseUrl = baseUrl
  if (api !== undefined) described.api = api
  const headers = headersFromEnvironment(provider, baseUrl, options.env)
  if (headers) described.headers = { ...headers, ...options.headers }
  const query = queryFromEnvironment(provider, options.env)
  if (query) described.query = { ...query, ...options.query }
  const deployment = options.requestModelId ?? deploymentFromEnvironment(provider, id, options.env)
  if (deployment !== undefined) described.requestModelId = deployment
  const model = describeModel(provider, id, found?.data, described)
  if (found?.as !== undefined) model.assumed = [`limits and prices: as ${found.as}`]
  return model
}

/** The provider and the id that a name stands for. No model data is loaded. */
export function parseModelName(name: string, options: ResolveOptions = {}): { provider: Provider; id: string } {
  const text = name.trim()
  if (options.provider !== undefined) {
    const provider = options.provider === CUSTOM_ID ? custom : findProvider(options.provider)
    if (!provider) throw unknownProvider(options.provider)
    return { provider, id: requireId(text === "" ? provider.defaultModel : text, name) }
  }
  if (text === "" && options.baseUrl === undefined) throw invalidName(name, "is empty")
  const slash = text.indexOf("/")
  const head = slash < 0 ? text : text.slice(0, slash)
  const rest = slash < 0 ? "" : text.slice(slash + 1)
  if (head === CUSTOM_ID) {
    return { provider: custom, id: requireId(rest === "" ? custom.defaultModel : rest, name) }
  }
  const named = findProvider(head.toLowerCase())
  if (options.baseUrl !== undefined && named?.kind !== "local") return onHost(options.baseUrl, text, name)
  if (named) {
    if (slash >= 0 && rest === "") throw invalidName(name, "ends where the model's id should follow")
    return { provider: named, id: requireId(rest === "" ? named.defaultModel : rest, name) }
  }
  if (slash >= 0) throw unknownProvider(head, text)
  const owner = Object.values(PROVIDERS).find((provider) => provider.ownIds?.test(text))
  if (owner) return { provider: owner, id: requireId(text, name) }
  throw invalidName(name, "does not say whose model it is")
}

/**
 * A name on a host that is named by its address. The ids of such hosts often begin with a vendor's name, so nothing is
 * cut from them, and no vendor's key is taken for a host that is not the vendor's own.
 */
function onHost(baseUrl: string, text: string, name: string): { provider: Provider; id: string } {
  const provider = providerOfUrl(baseUrl) ?? custom
  const head = `${provider.id}/`
  const rest = text.startsWith(head) ? text.slice(head.length) : ""
  // `openrouter/auto` is an id of OpenRouter itself.
  const cut = rest !== "" && (provider.kind !== "aggregator" || rest.includes("/"))
  return { provider, id: requireId((cut ? rest : text) || provider.defaultModel, name) }
}

/**
 * The models that the catalog knows, of one provider or of all.
 *
 * @throws CatalogError `unknown_provider`
 */
export async function listModels(provider?: string, options: DescribeOptions = {}): Promise<Model[]> {
  const ids = provider === undefined ? PROVIDER_IDS : [provider]
  const lists = await Promise.all(
    ids.map(async (id) => {
      const found = findProvider(id)
      if (!found) throw unknownProvider(id)
      const table = await loadModels(found)
      return Object.entries(table).map(([model, data]) => describeModel(found, model, data, options))
    }),
  )
  return lists.flat()
}

/**
 * The address that the environment gives a provider, if any. Invalid values are errors that name the variable.
 *
 * @throws CatalogError `invalid_base_url`
 */
export function baseUrlFromEnvironment(provider: Provider, env: EnvironmentReader | undefined): string | undefined {
  if (!env) return undefined
  for (const variable of provider.baseUrlEnv) {
    const value = env(variable.name)?.trim()
    if (!value) continue
    const home = provider.apis[0].baseUrl
    if (variable.form === "host") return baseUrlOfHost(value, home, variable.name)
    const url = variable.form === "resource" ? urlOfResource(value, home, variable.name) : value
    return normaliseBaseUrl(url, provider.apis[0].api, variable.name)
  }
  return undefined
}

/** The parameters behind each path that the environment sets for a provider. */
function queryFromEnvironment(
  provider: Provider,
  env: EnvironmentReader | undefined,
): Record<string, string> | undefined {
  const set = (provider.query ?? []).flatMap(({ name, env: variable }): [string, string][] => {
    const value = env?.(variable)?.trim()
    return value ? [[name, value]] : []
  })
  return set.length > 0 ? Object.fromEntries(set) : undefined
}

/** What an id stands for on the wire, where the environment says so. Entries that are none are passed over. */
function deploymentFromEnvironment(
  provider: Provider,
  id: string,
  env: EnvironmentReader | undefined,
): string | undefined {
  const text = provider.deploymentsEnv === undefined ? undefined : env?.(provider.deploymentsEnv)
  for (const entry of text?.split(",") ?? []) {
    const at = entry.indexOf("=")
    if (at > 0 && entry.slice(0, at).trim() === id) return entry.slice(at + 1).trim() || undefined
  }
  return undefined
}

/** The headers that the environment adds for a host in the provider's place. Entries that are no header are passed over. */
export function headersFromEnvironment(
  provider: Provider,
  baseUrl: string | undefined,
  env: EnvironmentReader | undefined,
): Record<string, string> | undefined {
  const text = provider.headersEnv === undefined ? undefined : env?.(provider.headersEnv)
  if (!text || baseUrl === undefined || provider.apis.some((own) => sameAddress(own.baseUrl, baseUrl))) return undefined
  const headers: Record<string, string> = {}
  for (const entry of text.split(/[\n,]/)) {
    const match = /^\s*([!#$%&'*+.^_`|~\w-]+)\s*:\s*(.*?)\s*$/.exec(entry)
    if (match) headers[(match[1] as string).toLowerCase()] = match[2] as string
  }
  return Object.keys(headers).length > 0 ? headers : undefined
}

/** The vendor or aggregator whose own address this is. Addresses in private networks are nobody's. */
export function providerOfUrl(baseUrl: string): Provider | undefined {
  if (isPrivateUrl(baseUrl)) return undefined
  const wanted = baseUrl.trim().replace(/\/v1\/*$/, "")
  return Object.values(PROVIDERS).find((provider) =>
    provider.apis.some((entry) => sameAddress(entry.baseUrl.replace(/\/v1$/, ""), wanted)),
  )
}

async function loadModels(provider: Provider): Promise<ModelTable> {
  return provider.models ? await provider.models() : {}
}

/** An entry by its id; by another spelling of it; or, for a dated or marked variant, the entry that it is a variant of. */
function lookUp(table: ModelTable, id: string): { data: ModelData; as?: string } | undefined {
  if (Object.hasOwn(table, id)) return { data: table[id] as ModelData }
  const spelled = spelling(id)
  for (const known of Object.keys(table)) {
    if (spelling(known) === spelled) return { data: { requestModelId: known, ...table[known] } }
  }
  const base = id.replace(/(?:[-@](?:\d{8}|\d{4}-\d{2}-\d{2})|:[a-z]+|\[\w+\])$/i, "")
  if (base !== id && Object.hasOwn(table, base)) return { data: table[base] as ModelData, as: base }
  return undefined
}

function spelling(id: string): string {
  return id.toLowerCase().replaceAll(".", "-")
}

/** The API that a base URL looks like. */
function apiOfUrl(baseUrl: string | undefined): Api | undefined {
  return baseUrl !== undefined && /\/anthropic(?:\/v1)?\/*$/i.test(baseUrl) ? "anthropic-messages" : undefined
}

function requireId(id: string, name: string): string {
  // oxlint-disable-next-line no-control-regex
  if (/[\s\u0000-\u001f\u007f]/.test(id)) throw invalidName(name, "holds white space or control characters")
  return id
}

function invalidName(name: string, what: string): CatalogError {
  const suggestions = nearest(name, PROVIDER_IDS)
  return new CatalogError(
    "invalid_model_name",
    `The model name ${JSON.stringify(name.slice(0, 200))} ${what}.${didYouMean(suggestions)}`,
    { suggestions, hint: "Write provider/model, for example openai/gpt-5.5 or ollama/qwen3:8b." },
  )
}
