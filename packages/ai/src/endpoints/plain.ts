import type { Credential } from "../contract/credential.ts"
import type { Endpoint, HttpRequest } from "../contract/endpoint.ts"
import { mergeHeaders, type HeaderMap } from "../contract/frame.ts"
import type { Call, WireRequest } from "../contract/wire-client.ts"
import { serialise } from "../assemble/serialise.ts"
import { USER_AGENT } from "../version.ts"

/** How a key is sent. */
export type KeyScheme = "bearer" | "x-api-key" | "api-key" | "x-goog-api-key"

/** What plain endpoints differ in. */
export interface PlainEndpointOptions {
  scheme(call: Call): KeyScheme
  /** Changes the base URL before the path is put behind it. */
  base?(url: string): string
  /** Headers that the wire makes out of the caller's own, and that the caller's must not replace again. */
  merged?: readonly string[]
}

const CREDENTIAL_HEADERS = ["authorization", "x-api-key", "api-key", "x-goog-api-key"] as const

/**
 * An endpoint that changes nothing about its wire: the path goes behind the base URL, the key into one header.
 *
 * A credential header that the caller or the model's entry sets replaces ours, so that a host never sees two. A
 * token from a login always goes out as a bearer and is never replaced.
 */
export function plainEndpoint(id: string, options: PlainEndpointOptions): Endpoint {
  const urlOf = (base: string, request: WireRequest, { model }: Call): string =>
    withQuery(`${options.base ? options.base(base) : base}${request.path}`, model.query)
  return {
    id,
    dress(request: WireRequest, call: Call, credential: Credential): HttpRequest {
      const base = (credential.baseUrl ?? call.model.baseUrl).replace(/\/+$/, "")
      const blocked = [...(options.merged ?? []), ...(credential.kind === "oauth" ? CREDENTIAL_HEADERS : [])]
      const layers = [call.model.headers, credential.headers, call.options.headers].map((layer) =>
        without(layer, blocked),
      )
      const headers = mergeHeaders(
        { "user-agent": USER_AGENT },
        request.headers,
        credentialHeader(credential, mergeHeaders(...layers), options.scheme(call)),
        ...layers,
      )
      if (request.method === "GET") return { method: "GET", url: urlOf(base, request, call), headers }
      const body = request.body instanceof Uint8Array ? request.body : serialise(request.body)
      return { method: "POST", url: urlOf(base, request, call), headers, body }
    },
  }
}

function credentialHeader(credential: Credential, own: HeaderMap, scheme: KeyScheme): HeaderMap {
  if (credential.kind === "oauth") return { authorization: `Bearer ${credential.secret}` }
  if (credential.kind !== "key" || CREDENTIAL_HEADERS.some((name) => own[name] !== undefined)) return {}
  return scheme === "bearer" ? { authorization: `Bearer ${credential.secret}` } : { [scheme]: credential.secret }
}

function withQuery(url: string, query: Readonly<Record<string, string>> | undefined): string {
  if (!query) return url
  return `${url}${url.includes("?") ? "&" : "?"}${new URLSearchParams(query).toString()}`
}

function without(headers: HeaderMap | undefined, names: readonly string[]): HeaderMap | undefined {
  if (!headers || names.length === 0) return headers
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name.toLowerCase())))
}

/** Hosts of OpenAI's wires: a bearer key behind a base URL that ends in a version. */
export const openaiEndpoint: Endpoint = plainEndpoint("openai", { scheme: () => "bearer" })

/** Hosts of Anthropic's Messages: the wire's path brings its version, so a base URL may end in one or not. */
export const anthropicEndpoint: Endpoint = plainEndpoint("anthropic", {
  scheme: (call) => call.model.compat.messages?.keyHeader ?? "bearer",
  base: (url) => url.replace(/\/v1$/, ""),
  merged: ["anthropic-beta"],
})

/** Ollama's own API: its paths begin with `/api`, so a base URL may end in that, or in the version of the other API. */
export const ollamaEndpoint: Endpoint = {
  ...plainEndpoint("ollama", { scheme: () => "bearer", base: (url) => url.replace(/\/(?:api|v1)$/, "") }),
  // A host that loads a model is busy for some seconds.
  retry: { maxAttempts: 4, baseDelayMs: 2000 },
}
