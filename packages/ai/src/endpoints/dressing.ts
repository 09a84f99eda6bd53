import { serialise } from "../assemble/serialise.ts"
import type { Credential } from "../contract/credential.ts"
import type { HttpRequest } from "../contract/endpoint.ts"
import type { HeaderMap } from "../contract/frame.ts"
import type { Call, WireRequest } from "../contract/wire-client.ts"

/**
 * The headers that are given from outside: those of the model's entry, of the credential and of the caller, of which
 * a later one wins. Names that are reserved are left out; they are asked about in lower case.
 */
export function givenLayers(
  { model, options }: Call,
  credential: Credential,
  reserved: (name: string) => boolean,
): (HeaderMap | undefined)[] {
  return [model.headers, credential.headers, options.headers].map(
    (layer) => layer && Object.fromEntries(Object.entries(layer).filter(([name]) => !reserved(name.toLowerCase()))),
  )
}

/** A key or a token as a bearer; nothing for a credential that has no such secret. */
export function bearerOf(credential: Credential): HeaderMap {
  return "secret" in credential ? { authorization: `Bearer ${credential.secret}` } : {}
}

/** The request at its address. One that only asks has no body. */
export function requestTo(url: string, { method, body }: WireRequest, headers: HeaderMap): HttpRequest {
  if (method === "GET") return { method: "GET", url, headers }
  return { method: "POST", url, headers, body: body instanceof Uint8Array ? body : serialise(body) }
}
