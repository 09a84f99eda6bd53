import { isPrivateUrl, LOCAL_COMPAT, normaliseBaseUrl } from "./hosts.ts"
import type { Compat } from "./compat.ts"
import { mergeCompat } from "./merge-compat.ts"
import { codecOf, type Api, type Modality, type Model } from "./model.ts"
import type { ModelData, ModelTraits, Provider } from "./provider.ts"
import { findProvider, PROVIDERS } from "./providers/index.ts"
import { custom, CUSTOM_ID } from "./providers/custom.ts"
import { unknownProvider } from "./unknown-provider.ts"

/** What a caller fixes about a model's description. */
export interface DescribeOptions {
  /** Another API than the provider's first. */
  api?: Api
  /** Another address than the provider's own. */
  baseUrl?: string
  /** Wins over everything that the catalog says. */
  overrides?: ModelTraits
  /** Headers that every request to the host carries. Never a credential. */
  headers?: Readonly<Record<string, string>>
  /** Parameters behind the path of every request; each over the provider's default for it. */
  query?: Readonly<Record<string, string>>
  /** Id on the wire; it wins over the catalog's. */
  requestModelId?: string
}

const NO_DATA: ModelData = {}

/** What holds for hosts that may serve a model without reading what it writes. */
const MAY_LEAK: Compat = { heal: ["thinking"] }

/**
 * The model of this id as a program calls it. What is said of it comes, each over the one before, from the provider,
 * from the rules that match the id, from `data`, and from `options.overrides`. Without `data` the model counts as
 * unknown: it is accepted, and `assumed` says what was taken for granted.
 *
 * @throws CatalogError `unknown_provider`, `invalid_base_url`
 */
export function describeModel(
  provider: Provider | string,
  id: string,
  data?: ModelData,
  options: DescribeOptions = {},
): Model {
  const host = typeof provider === "string" ? providerOf(provider) : provider
  const known = data ?? NO_DATA
  const layers: readonly ModelTraits[] = [...rulesOf(host, id), known, options.overrides ?? NO_DATA]
  const api = options.api ?? layers.findLast((layer) => layer.api !== undefined)?.api ?? host.apis[0].api
  const own = host.apis.find((entry) => entry.api === api)
  const home = (own ?? host.apis[0]).baseUrl
  const baseUrl = options.baseUrl === undefined ? home : normaliseBaseUrl(options.baseUrl, api)
  const traits: ModelTraits = Object.assign({}, ...layers)
  const compat = mergeCompat(
    host.kind === "cloud" ? undefined : MAY_LEAK,
    isPrivateUrl(baseUrl) ? LOCAL_COMPAT : undefined,
    host.compat,
    own && sameAddress(own.baseUrl, baseUrl) ? own.compat : undefined,
    ...layers.map((layer) => layer.compat),
    traits.thinking === false ? { chat: { thinkingFormat: "none" } } : undefined,
  )
  if (compat.heal && isFirstParty(baseUrl)) {
    // A vendor reads its models' markup itself.
    const heal = compat.heal.filter((family) => family === "planning")
    if (heal.length > 0) compat.heal = heal
    else delete compat.heal
  }
  const requestModelId = options.requestModelId ?? known.requestModelId ?? requestId(host, id)
  const model: Model = {
    id,
    provider: host.id,
    api,
    baseUrl,
    input: traits.input ?? defaultInput(api),
    output: traits.output ?? ["text"],
    compat,
  }
  if (traits.name !== undefined) model.name = traits.name
  if (requestModelId !== undefined && requestModelId !== id) model.requestModelId = requestModelId
  if (traits.contextWindow !== undefined) model.contextWindow = traits.contextWindow
  if (traits.maxTokens !== undefined) model.maxTokens = traits.maxTokens
  if (traits.prices) model.prices = traits.prices
  if (traits.thinking) model.thinking = traits.thinking
  if (options.headers) model.headers = options.headers
  const query = { ...Object.fromEntries((host.query ?? []).map((one) => [one.name, one.default])), ...options.query }
  if (Object.keys(query).length > 0) model.query = query
  if (!data) model.assumed = assumptions(host, traits, options, model)
  return model
}

let firstParties: ReadonlySet<string> | undefined

/** Whether the address is on the host of a vendor that reads its models' markup itself, whoever it is called by. */
function isFirstParty(baseUrl: string): boolean {
  firstParties ??= new Set(
    Object.values(PROVIDERS).flatMap(({ apis }) =>
      apis.flatMap((entry) => (entry.firstParty ? [new URL(entry.baseUrl).host] : [])),
    ),
  )
  return URL.canParse(baseUrl) && firstParties.has(new URL(baseUrl).host)
}

/** What the provider's rules say of an id, from the top. */
export function rulesOf(provider: Provider, id: string): ModelTraits[] {
  const found: ModelTraits[] = []
  for (const rule of provider.rules) if (rule.match.test(id)) found.push(rule.set)
  return found
}

/** Whether two base URLs name the same address. */
export function sameAddress(a: string, b: string): boolean {
  if (!URL.canParse(a) || !URL.canParse(b)) return a === b
  const left = new URL(a)
  const right = new URL(b)
  return left.origin === right.origin && left.host === right.host && bare(left.pathname) === bare(right.pathname)
}

function bare(path: string): string {
  return path.replace(/\/+$/, "")
}

function providerOf(id: string): Provider {
  const found = id === CUSTOM_ID ? custom : findProvider(id)
  if (!found) throw unknownProvider(id)
  return found
}

function defaultInput(api: Api): readonly Modality[] {
  const codec = codecOf(api)
  if (codec === "google-generative-ai") return ["text", "image", "document", "audio"]
  return codec === "anthropic-messages" ? ["text", "image", "document"] : ["text", "image"]
}

function requestId(provider: Provider, id: string): string | undefined {
  const ids = provider.requestIds
  if (!ids || id.includes("/")) return undefined
  const last = ids.dot === undefined ? id : id.replace(/(?<=\d)\.(?=\d)/g, ids.dot)
  return ids.prefix + last
}

function assumptions(provider: Provider, traits: ModelTraits, options: DescribeOptions, model: Model): string[] {
  const assumed: string[] = []
  if (provider.id === CUSTOM_ID && options.api === undefined) assumed.push(`api: ${model.api}`)
  if (traits.input === undefined) assumed.push(`input: ${model.input.join(", ")}`)
  if (traits.thinking === undefined) assumed.push("thinking: unknown")
  else if (traits.thinking) assumed.push(`thinking: as its family (${traits.thinking.efforts.join(", ")})`)
  if (traits.contextWindow === undefined) assumed.push("contextWindow: unknown")
  if (traits.maxTokens === undefined) assumed.push("maxTokens: unknown")
  if (!traits.prices) assumed.push("prices: unknown, no cost is computed")
  return assumed
}
