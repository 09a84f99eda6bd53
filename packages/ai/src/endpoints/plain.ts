import type { Credential } from "../contract/credential.ts"
import type { Endpoint, HttpRequest } from "../contract/endpoint.ts"
import { mergeHeaders, type HeaderMap } from "../contract/frame.ts"
import type { Call, WireRequest } from "../contract/wire-client.ts"
import { USER_AGENT } from "../version.ts"
import { bearerOf, givenLayers, requestTo } from "./dressing.ts"

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
      const layers = givenLayers(call, credential, (name) => blocked.includes(name))
      const headers = mergeHeaders(
        { "user-agent": USER_AGENT },
        request.headers,
        credentialHeader(credential, mergeHeaders(...layers), options.scheme(call)),
        ...layers,
      )
      return requestTo(urlOf(base, request, call), request, headers)
    },
  }
}

function credentialHeader(credential: Credential, own: HeaderMap, scheme: KeyScheme): HeaderMap {
  if (credential.kind === "oauth") return bearerOf(credential)
  if (credential.kind !== "key" || CREDENTIAL_HEADERS.some((name) => own[name] !== undefined)) return {}
  return scheme === "bearer" ? bearerOf(credential) : { [scheme]: credential.secret }
}

function withQuery(url: string, query: Readonly<Record<string, string>> | undefined): string {
  if (!query) return url
  return `${url}${url.includes("?") ? "&" : "?"}${new URLSearchParams(query).toString()}`
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
