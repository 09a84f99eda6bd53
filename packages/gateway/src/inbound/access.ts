import { createHash } from "node:crypto"
import { SluiceError, type HeadersView } from "@sluice/ai"
import { isLoopback } from "../options.ts"
import type { ApiKey } from "../gateway-keys.ts"
import type { KeyStore } from "../store/keys.ts"
import { KEY_HEADERS, KEY_PARAMETERS } from "./servers.ts"

/** Where a key may stand, for people. */
const KEY_PLACES = ["Authorization: Bearer", ...KEY_HEADERS.map((name) => `${name}:`)].map((head) => `\`${head} …\``)

/** What of a request may hold a key. */
export interface Presented {
  headers: HeadersView
  query: URLSearchParams
}

/** Who was let in. */
export interface Admitted {
  key?: ApiKey
  /** Whose conversations and answers are this client's: its key, or, without keys, whatever it calls itself by. */
  owner: string
}

/** The key that a request carries, wherever a client of any wire puts it. */
function presentedKey({ headers, query }: Presented): string | undefined {
  const authorization = headers.get("authorization")
  const bearer = authorization && /^bearer\s+(.+)$/i.exec(authorization)?.[1]
  const named = KEY_HEADERS.map((name) => headers.get(name))
  const asked = KEY_PARAMETERS.map((name) => query.get(name))
  return [bearer, ...named, ...asked].map((text) => text?.trim()).find(Boolean)
}

/**
 * Lets a request in or not. The refusal says nothing about what was sent.
 *
 * Without keys only requests that name this machine as their host are served, so that a page in a browser cannot
 * reach the gateway under a name of its own.
 * @throws SluiceError `auth_missing` or `auth_invalid`
 */
export async function authorise(request: Presented, keys: KeyStore, anonymous: boolean): Promise<Admitted> {
  const { headers } = request
  const secret = presentedKey(request)
  if (anonymous) {
    const host = headers.get("host")?.replace(/:\d+$/, "") ?? "localhost"
    if (!isLoopback(host) || headers.has("origin")) {
      throw new SluiceError({
        code: "permission_denied",
        status: 403,
        message: "Without a key only programs on this machine are served.",
        hint: "Call the gateway as 127.0.0.1 or localhost and from no web page, or have it started with keys.",
      })
    }
    const key = secret === undefined ? undefined : await keys.verify(secret)
    return key ? { key, owner: key.id } : { owner: secret === undefined ? "" : `anonymous-${digest(secret)}` }
  }
  if (secret === undefined) {
    throw new SluiceError({
      code: "auth_missing",
      status: 401,
      message: "The request carries no key.",
      hint: `Send the gateway's key as ${KEY_PLACES.join(" or ")}.`,
    })
  }
  const key = await keys.verify(secret)
  if (!key) {
    throw new SluiceError({
      code: "auth_invalid",
      status: 401,
      message: "The key is not known to this gateway, or it is disabled.",
      hint: "Send one that `sluice gateway key list` shows as active; `sluice gateway key create` makes another.",
    })
  }
  return { key, owner: key.id }
}

/** Tells two secrets apart without being one. */
function digest(secret: string): string {
  return createHash("sha256").update(secret).digest("hex").slice(0, 16)
}
