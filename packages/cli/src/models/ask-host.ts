import { type Call, type Credential, type HeaderMap, type Route, SluiceError, systemMint } from "@sluice/ai"
import { type Api, type DiscoveredModel, discoverModels, type Provider, resolveModel } from "@sluice/catalog"
import type { Composition, GivenKey } from "../compose.ts"

/** What a host is asked for its models with. */
export interface AskHostOptions {
  /** Default: what the environment says, else the provider's own. */
  baseUrl?: string | undefined
  /** Used in place of the environment's. */
  key?: GivenKey | undefined
  /** Milliseconds, from when the connections are there. */
  timeoutMs?: number
  maxBytes?: number
  /** Asks for more about each model, where the host tells it. Default false. */
  details?: boolean
}

/**
 * The models that a provider's host lists. It is asked as in a call: the same address, the same key in the same
 * header, over the same connections, proxies and certificates.
 *
 * @throws CatalogError `discovery_failed`; SluiceError `auth_missing` where the list needs a key and there is none
 */
export async function askHost(
  parts: Composition,
  provider: Provider,
  options: AskHostOptions = {},
): Promise<DiscoveredModel[]> {
  const { key, baseUrl, ...limits } = options
  const model = await resolveModel("", {
    provider: provider.id,
    env: parts.env,
    api: listingApi(provider),
    ...(baseUrl === undefined ? {} : { baseUrl }),
  })
  const headers = await headersOf(await parts.route(model, key), provider.listing?.auth === "required")
  return discoverModels(provider, { ...limits, baseUrl: model.baseUrl, headers, fetch: await parts.connectedFetch() })
}

/** The API that a provider's list belongs to. */
function listingApi({ apis, listing }: Provider): Api {
  const own = apis.find(({ api }) => (api === "anthropic-messages") === (listing?.shape === "anthropic"))
  return (own ?? apis[0]).api
}

/** The headers that the host's endpoint puts on a request. */
async function headersOf(route: Route, keyRequired: boolean): Promise<HeaderMap> {
  const credential = await credentialOf(route, keyRequired)
  const call: Call = {
    op: "generate",
    model: route.model,
    options: {},
    context: { messages: [] },
    auth: { kind: credential.kind },
    stream: false,
    known: {},
    channel: { kind: "http", memory: {} },
    mint: systemMint,
  }
  const request = { method: "GET", path: "", headers: {}, body: null, losses: [] } as const
  return route.endpoint.dress(request, call, credential).headers
}

async function credentialOf({ model, credentials }: Route, required: boolean): Promise<Credential> {
  try {
    const lease = await credentials.acquire({ provider: model.provider })
    lease.release({})
    return lease.credential
  } catch (error) {
    if (required || !SluiceError.is(error) || error.code !== "auth_missing") throw error
    return { kind: "none", id: "none" }
  }
}
