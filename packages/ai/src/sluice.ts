import type { Api, Model } from "@sluice/catalog/core"
import type { MessageStream } from "./assemble/message-stream.ts"
import type { CredentialSource } from "./contract/credential.ts"
import type { Endpoint } from "./contract/endpoint.ts"
import type { Route } from "./contract/route.ts"
import type { Transport } from "./contract/transport.ts"
import type { TokenCount, WireClient } from "./contract/wire-client.ts"
import { type CountOptions, countTokens } from "./tokens/count.ts"
import { SluiceError } from "./model/errors.ts"
import type { AssistantMessage } from "./model/message.ts"
import { prewarm } from "./attempt/prewarm.ts"
import { systemMint } from "./platform.ts"
import type { ContextInput } from "./schema/standard.ts"
import { type Environment, sharedKnown, stream, type StreamOptions } from "./stream.ts"
import { fetchTransport } from "./transport/fetch.ts"

/** How one api is spoken: a codec and an endpoint, or a whole route of its own. Loaded when first needed. */
export type WireEntry = () => Promise<{ wire: WireClient; endpoint: Endpoint } | { route: (model: Model) => Route }>

/** What a `Sluice` is made of. */
export interface SluiceConfig {
  /** The wires that may be spoken, by api. */
  wires: Readonly<Partial<Record<Api, WireEntry>>>
  /** Finds the model behind a name. Without it only `Model` values can be called. */
  resolve?: (name: string) => Promise<Model>
  /** Where credentials come from. */
  credentials: CredentialSource
  /** Default: over `fetch`. */
  transport?: Transport
  environment?: Environment
}

/** What a call takes besides the options of the stream. */
export interface SluiceCallOptions extends StreamOptions {
  /** Models to turn to, in order, when this one cannot answer. */
  fallbacks?: readonly (string | Model)[]
  /** A key for this call only; it is used for the first model, not for the fallbacks. */
  apiKey?: string
}

/** Models by name behind one interface. */
export interface Sluice {
  /** Asks a model and gives the answer as it is made. Never throws. */
  stream(model: string | Model, context: ContextInput, options?: SluiceCallOptions): MessageStream
  /** Asks a model and gives the whole answer. Never throws. */
  complete(model: string | Model, context: ContextInput, options?: SluiceCallOptions): Promise<AssistantMessage>
  /**
   * Tokens that a conversation has for a model: the host's count where it offers one, else an estimate that says so.
   * @throws SluiceError of the credential, the network or the host; a host that cannot count is no error
   */
  countTokens(
    model: string | Model,
    context: ContextInput,
    options?: CountOptions & { apiKey?: string },
  ): Promise<TokenCount>
  /**
   * Opens the connection that a session's calls will go over, so that the first finds it open. Gives `false` where the
   * model's host is spoken with over plain HTTP.
   * @throws SluiceError of the credential, or `network` where the connection could not be opened
   */
  prewarm(
    model: string | Model,
    options: { sessionId: string; headers?: SluiceCallOptions["headers"]; apiKey?: string; signal?: AbortSignal },
  ): Promise<boolean>
  /** The way to a model. @throws SluiceError `model_not_found` for an unknown name, `config` for an address that is none, `unsupported` for an unknown wire */
  route(model: string | Model, options?: { apiKey?: string }): Promise<Route>
}

/** Puts wires, credentials and a transport together. */
export function createSluice(config: SluiceConfig): Sluice {
  const transport = config.transport ?? fetchTransport()
  const loaded = new Map<Api, ReturnType<WireEntry>>()

  function entryOf(api: Api): ReturnType<WireEntry> | undefined {
    const known = loaded.get(api)
    if (known) return known
    const entry = config.wires[api]?.()
    if (!entry) return undefined
    loaded.set(api, entry)
    // What could not be loaded may be there the next time.
    entry.catch(() => loaded.delete(api))
    return entry
  }

  async function route(model: string | Model, options: { apiKey?: string } = {}): Promise<Route> {
    const resolved = typeof model === "string" ? await resolve(config, model) : model
    const loading = entryOf(resolved.api)
    if (!loading) {
      throw new SluiceError({
        code: "unsupported",
        message: `No wire was given for the api ${resolved.api} of ${resolved.provider}/${resolved.id}.`,
        scope: "model",
        hint: "Pass the wire to createSluice, or import createSluice from @sluice/ai/auto, which knows all of them.",
      })
    }
    const entry = await loading
    if ("route" in entry) return entry.route(resolved)
    const credentials = options.apiKey === undefined ? config.credentials : keySource(options.apiKey)
    return { model: resolved, wire: entry.wire, endpoint: entry.endpoint, credentials, transport }
  }

  function start(model: string | Model, context: ContextInput, options: SluiceCallOptions = {}): MessageStream {
    const { fallbacks = [], apiKey, ...rest } = options
    const routes = async (): Promise<readonly Route[]> => {
      const first = await route(model, apiKey === undefined ? {} : { apiKey })
      return [first, ...(await Promise.all(fallbacks.map((one) => route(one))))]
    }
    return stream(routes, context, rest, config.environment)
  }

  return {
    stream: start,
    complete: (model, context, options) => start(model, context, options).result(),
    async countTokens(model, context, { apiKey, ...options } = {}) {
      return countTokens(
        await route(model, apiKey === undefined ? {} : { apiKey }),
        context,
        options,
        config.environment,
      )
    },
    async prewarm(model, { sessionId, headers, apiKey, signal = new AbortController().signal }) {
      const { known = sharedKnown, mint = systemMint } = config.environment ?? {}
      return prewarm(await route(model, apiKey === undefined ? {} : { apiKey }), {
        sessionId,
        headers,
        signal,
        known,
        mint,
      })
    },
    route,
  }
}

async function resolve(config: SluiceConfig, name: string): Promise<Model> {
  if (!config.resolve) {
    throw new SluiceError({
      code: "config",
      message: `The model "${name}" was given by name, but nothing was given to look names up with.`,
      hint: "Pass `resolve` to createSluice, e.g. resolveModel of @sluice/catalog, or pass the model itself.",
    })
  }
  try {
    return await config.resolve(name)
  } catch (error) {
    if (SluiceError.is(error)) throw error
    const message = error instanceof Error ? error.message : String(error)
    const { hint, code } = (error ?? {}) as { hint?: unknown; code?: unknown }
    throw new SluiceError(
      // An address that is wrong is wrong for every model there.
      {
        code: code === "invalid_base_url" ? "config" : "model_not_found",
        message,
        ...(typeof hint === "string" ? { hint } : {}),
      },
      { cause: error },
    )
  }
}

/** A source that gives out one key, again and again. */
export function keySource(secret: string, origin = "option apiKey"): CredentialSource {
  return {
    async acquire() {
      return {
        credential: { kind: "key", id: "given", secret, origin },
        observe: () => {},
        replace: async () => undefined,
        release: () => {},
      }
    },
  }
}
