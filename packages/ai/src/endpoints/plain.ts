import type { Credential } from "../contract/credential.ts"
import type { Endpoint, HttpRequest } from "../contract/endpoint.ts"
import { mergeHeaders, type HeaderMap } from "../contract/frame.ts"
import type { Call, WireRequest } from "../contract/wire-client.ts"
import { serialise } from "../assemble/serialise.ts"
import { USER_AGENT } from "../version.ts"

/** How a key is sent. */
export type KeyScheme = "bearer" | "x-api-key"

const CREDENTIAL_HEADERS = ["authorization", "x-api-key", "api-key"] as const

/**
 * An endpoint that changes nothing about its wire: the path goes behind the base URL, the key into one header.
 *
 * A credential header that the caller or the model's entry sets replaces ours, so that a host never sees two. A
 * token from a login always goes out as a bearer and is never replaced.
 */
export function plainEndpoint(
  id: string,
  options: { scheme(call: Call): KeyScheme; base?(url: string): string },
): Endpoint {
  return {
    id,
    dress(request: WireRequest, call: Call, credential: Credential): HttpRequest {
      const base = (credential.baseUrl ?? call.model.baseUrl).replace(/\/+$/, "")
      const own = mergeHeaders(call.model.headers, credential.headers, call.options.headers)
      const headers = mergeHeaders(
        { "user-agent": USER_AGENT },
        request.headers,
        credentialHeader(credential, own, options.scheme(call)),
        credential.kind === "oauth" ? without(own, CREDENTIAL_HEADERS) : own,
      )
      const body = request.body instanceof Uint8Array ? request.body : serialise(request.body)
      return { method: "POST", url: `${options.base ? options.base(base) : base}${request.path}`, headers, body }
    },
  }
}

function credentialHeader(credential: Credential, own: HeaderMap, scheme: KeyScheme): HeaderMap {
  if (credential.kind === "oauth") return { authorization: `Bearer ${credential.secret}` }
  if (credential.kind !== "key" || CREDENTIAL_HEADERS.some((name) => own[name] !== undefined)) return {}
  return scheme === "x-api-key" ? { "x-api-key": credential.secret } : { authorization: `Bearer ${credential.secret}` }
}

function without(headers: HeaderMap, names: readonly string[]): HeaderMap {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)))
}

/** Hosts of OpenAI's wires: a bearer key behind a base URL that ends in a version. */
export const openaiEndpoint: Endpoint = plainEndpoint("openai", { scheme: () => "bearer" })

/** Hosts of Anthropic's Messages: the wire's path brings its version, so a base URL may end in one or not. */
export const anthropicEndpoint: Endpoint = plainEndpoint("anthropic", {
  scheme: (call) => call.model.compat.messages?.keyHeader ?? "bearer",
  base: (url) => url.replace(/\/v1$/, ""),
})
