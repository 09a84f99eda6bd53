import { CatalogError } from "./catalog-error.ts"
import { rulesOf } from "./describe.ts"
import { readDetails, readListing } from "./listing.ts"
import type { ModelData, Provider } from "./provider.ts"
import { custom, CUSTOM_ID } from "./providers/custom.ts"
import { findProvider } from "./providers/index.ts"
import { unknownProvider } from "./unknown-provider.ts"

/** A model as its host lists it. */
export interface DiscoveredModel {
  id: string
  /** What the host says of it. */
  data: ModelData
  ownedBy?: string
}

/** What a listing is asked for with. */
export interface DiscoverOptions {
  /** Default: the global one. */
  fetch?: typeof fetch
  /** Headers of the request, the credential's among them. */
  headers?: Readonly<Record<string, string | undefined>>
  /** Default: the provider's own. */
  baseUrl?: string
  /** Asks for more about each model, where the host tells it: one request a model. Default false. */
  details?: boolean
  signal?: AbortSignal
  /** Milliseconds for the whole request. Default 10000. */
  timeoutMs?: number
  /** Most bytes of the answer. Default 16777216. */
  maxBytes?: number
}

/**
 * The models that a host lists, without duplicates, sorted by id. Records that cannot be read are left out.
 * Redirects are not followed, because the request carries a credential.
 *
 * @throws CatalogError `discovery_failed`, `discovery_unsupported`, `unknown_provider`; the signal's reason when aborted
 */
export async function discoverModels(
  provider: Provider | string,
  options: DiscoverOptions = {},
): Promise<DiscoveredModel[]> {
  const host = typeof provider === "string" ? known(provider) : provider
  const listing = host.listing
  if (!listing) {
    throw new CatalogError("discovery_unsupported", `${host.name} does not list its models.`, {
      hint: "Name the model by its id.",
    })
  }
  const own = host.apis.find((entry) => (entry.api === "anthropic-messages") === (listing.shape === "anthropic"))
  const base = (options.baseUrl ?? (own ?? host.apis[0]).baseUrl).replace(/\/+$/, "")
  const body = await getJson(base + listing.path, host, { ...listing.headers, ...options.headers }, options)
  const records = readListing(body)
  if (!records) throw failed(host, "answered with something that is no list of models")
  const found = new Map<string, DiscoveredModel>()
  for (const record of records) {
    const id = publicId(host, record.id)
    if ((listing.keep && !listing.keep.test(id)) || listing.drop?.test(id)) continue
    const data: ModelData = { ...record.data }
    if (id !== record.id) data.requestModelId = record.id
    found.set(id, { id, data, ...(record.ownedBy === undefined ? {} : { ownedBy: record.ownedBy }) })
  }
  const models = [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  if (options.details && listing.details !== undefined) {
    await addDetails(models, rootOf(base) + listing.details, host, options)
  }
  for (const { id, data } of models) {
    // The family's own ladder says more than "it reasons".
    if (rulesOf(host, id).some((traits) => traits.thinking !== undefined)) delete data.thinking
  }
  return models
}

/** Requests for details that are under way at one time. */
const AT_ONCE = 4

/** Adds what the host tells of each model. One that it does not tell of stays as it was listed. */
async function addDetails(
  models: readonly DiscoveredModel[],
  url: string,
  host: Provider,
  options: DiscoverOptions,
): Promise<void> {
  const left = [...models]
  const work = async (): Promise<void> => {
    for (let model = left.shift(); model; model = left.shift()) {
      const body = { model: model.data.requestModelId ?? model.id }
      try {
        Object.assign(model.data, readDetails(await getJson(url, host, options.headers ?? {}, options, body)))
      } catch (error) {
        if (!(error instanceof CatalogError)) throw error
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

/** A base URL without the version or the folder of one API. */
function rootOf(base: string): string {
  return base.replace(/\/(?:v1|api)$/, "")
}

/**
 * One entry from what the catalog knows and what the host said of a model. The host's figures win, its name only where
 * it is more than the id; what it reads is added up.
 */
export function mergeModelData(knownData: ModelData | undefined, discovered: ModelData, id: string): ModelData {
  if (!knownData) return discovered
  const merged: ModelData = { ...knownData, ...discovered }
  if (knownData.name !== undefined && (discovered.name === undefined || discovered.name === id)) {
    merged.name = knownData.name
  }
  if (knownData.input && discovered.input) merged.input = [...new Set([...knownData.input, ...discovered.input])]
  if (knownData.thinking !== undefined) merged.thinking = knownData.thinking
  return merged
}

function known(id: string): Provider {
  const found = id === CUSTOM_ID ? custom : findProvider(id)
  if (!found) throw unknownProvider(id)
  return found
}

function publicId(provider: Provider, id: string): string {
  const ids = provider.requestIds
  if (!ids || !id.startsWith(ids.prefix)) return id
  const short = id.slice(ids.prefix.length)
  return ids.dot === undefined ? short : short.replace(new RegExp(`(?<=\\d)${ids.dot}(?=\\d)`, "g"), ".")
}

async function getJson(
  url: string,
  provider: Provider,
  headers: Readonly<Record<string, string | undefined>>,
  options: DiscoverOptions,
  sentBody?: object,
): Promise<unknown> {
  const limit = AbortSignal.timeout(options.timeoutMs ?? 10_000)
  const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit
  const sent = new Headers({ accept: "application/json" })
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) sent.set(name, value)
  if (sentBody) sent.set("content-type", "application/json")
  try {
    const response = await (options.fetch ?? fetch)(url, {
      headers: sent,
      signal,
      redirect: "manual",
      ...(sentBody ? { method: "POST", body: JSON.stringify(sentBody) } : {}),
    })
    if (!response.ok) {
      await response.body?.cancel().catch(() => {})
      throw failed(provider, `answered with status ${response.status}`, { status: response.status })
    }
    return JSON.parse(await readText(response, options.maxBytes ?? 16_777_216, provider)) as unknown
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason
    if (error instanceof CatalogError) throw error
    if (limit.aborted) throw failed(provider, "did not answer in time", { cause: error })
    if (error instanceof SyntaxError)
      throw failed(provider, "answered with something that is not JSON", { cause: error })
    throw failed(provider, "could not be reached", { cause: error })
  }
}

async function readText(response: Response, maxBytes: number, provider: Provider): Promise<string> {
  if (!response.body) return ""
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ""
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.byteLength
    if (bytes > maxBytes) {
      await reader.cancel().catch(() => {})
      throw failed(provider, `answered with more than ${maxBytes} bytes`)
    }
    text += decoder.decode(value, { stream: true })
  }
}

function failed(provider: Provider, what: string, options: { status?: number; cause?: unknown } = {}): CatalogError {
  const unauthorised = options.status === 401 || options.status === 403
  const hint = unauthorised
    ? "The list needs a key that is accepted."
    : provider.kind === "local"
      ? "Check that the server is running and that its address is right."
      : "Check the address, or try again later."
  return new CatalogError("discovery_failed", `The model list of ${provider.name} cannot be had: the host ${what}.`, {
    hint,
    ...options,
  })
}
