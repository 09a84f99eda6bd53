import { STRICT_HEADER } from "../call/losses.ts"
import { CLIENT_HEADERS, KEY_HEADERS } from "../inbound/servers.ts"

/**
 * What lets pages of any origin read an answer. It is sent only where keys are required: a key is what such a page
 * has to know, and where none is asked for, every page in a browser of this machine could use the gateway.
 */
export const CORS_HEADERS: Readonly<Record<string, string>> = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "*",
}

/** Headers that clients of any wire send. Further ones are allowed when a page names them. */
const ALLOWED: readonly string[] = ["authorization", "content-type", STRICT_HEADER, ...KEY_HEADERS, ...CLIENT_HEADERS]

/** Headers of the answer to a page that asks what it may send to a path. */
export function preflightHeaders(request: Headers, methods: readonly string[]): Record<string, string> {
  const named = (request.get("access-control-request-headers") ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name))
  return {
    ...CORS_HEADERS,
    allow: methods.join(", "),
    "access-control-allow-methods": methods.join(", "),
    "access-control-allow-headers": [...new Set([...ALLOWED, ...named])].join(", "),
    "access-control-max-age": "86400",
    vary: "access-control-request-headers",
  }
}
