import { CatalogError } from "./catalog-error.ts"
import type { Compat } from "./compat.ts"
import type { Api } from "./model.ts"

/**
 * What holds for a model server on this machine or in the local network: it needs no key, may take minutes to load a
 * model before it answers, and keeps its prompt cache only while earlier thinking is sent back as it was.
 */
export const LOCAL_COMPAT: Compat = {
  keyless: true,
  timeouts: { firstEventMs: 0, idleMs: 300_000 },
  chat: { replayThinking: "all" },
  responses: { replayThinkingText: true },
}

/**
 * Whether a URL leads to this machine or a private network: loopback, link-local and unique local addresses, RFC 1918,
 * `localhost`, `.local`, `.internal`, `.home.arpa`, and names without a dot.
 */
export function isPrivateUrl(url: string): boolean {
  if (!URL.canParse(url)) return false
  const host = new URL(url).hostname.toLowerCase().replace(/\.$/, "")
  if (host === "") return true
  if (host.startsWith("[")) return isPrivateV6(host.slice(1, -1))
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return isPrivateV4(host)
  return !host.includes(".") || /\.(?:localhost|local|internal|lan|home\.arpa)$/.test(host)
}

function isPrivateV4(host: string): boolean {
  const [a = 0, b = 0] = host.split(".").map(Number)
  return (
    a === 127 ||
    a === 10 ||
    a === 0 ||
    (a === 192 && b === 168) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 169 && b === 254) ||
    (a === 100 && b >= 64 && b < 128)
  )
}

function isPrivateV6(host: string): boolean {
  if (host === "::1" || host === "::") return true
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host)
  if (mapped) {
    const high = Number.parseInt(mapped[1] as string, 16)
    const low = Number.parseInt(mapped[2] as string, 16)
    return isPrivateV4(`${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`)
  }
  return /^f[cd][0-9a-f]{2}:/.test(host) || /^fe[89ab][0-9a-f]:/.test(host)
}

/** Wires whose paths begin with `/v1` themselves, so that a base URL must not end with it. */
const OWN_VERSION: ReadonlySet<string> = new Set(["anthropic-messages"])

/**
 * A base URL in the one form that wires append to: no trailing slash, and no `/v1` where the wire brings its own.
 *
 * @throws CatalogError `invalid_base_url` for what is no URL with a host, or holds a user, a query or a fragment
 */
export function normaliseBaseUrl(value: string, api: Api, source = "base URL"): string {
  const text = value.trim()
  const fail = (what: string): never => {
    throw new CatalogError("invalid_base_url", `The ${source} ${what}.`, {
      hint: "Give an address such as https://api.example.com/v1.",
    })
  }
  if (!URL.canParse(text)) return fail("is not a URL")
  const url = new URL(text)
  if (!/^(?:https?|mock):$/.test(url.protocol)) return fail("must begin with http:// or https://")
  if (url.username || url.password) return fail("must not hold a user name or password; pass the key apart")
  if (url.search || url.hash) return fail("must not hold a query or a fragment")
  const plain = text.replace(/\/+$/, "")
  return OWN_VERSION.has(api) ? plain.replace(/\/v1$/, "") : plain
}

/** A base URL from a server's listen address (`0.0.0.0:11434`, `host`, `http://host:1`); the rest as in `like`. */
export function baseUrlOfHost(value: string, like: string, source?: string): string {
  const text = value.trim()
  const known = new URL(like)
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${known.protocol}//${text}`
  if (!URL.canParse(withScheme)) return normaliseBaseUrl(text, "openai-completions", source)
  const url = new URL(withScheme)
  // An address to listen on everywhere is no address to call.
  if (url.hostname === "0.0.0.0") url.hostname = "127.0.0.1"
  if (url.hostname === "[::]") url.hostname = "[::1]"
  if (url.port === "" && !/:\d+\/?$/.test(text) && !/^https?:/i.test(text)) url.port = known.port
  if (url.pathname === "/" || url.pathname === "") url.pathname = known.pathname
  return normaliseBaseUrl(url.href, "openai-completions", source)
}

/** The base URL of one resource of a provider whose own has a place for its name. @throws CatalogError `invalid_base_url` */
export function urlOfResource(name: string, like: string, source: string): string {
  if (/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i.test(name)) return like.replace("{resource}", name.toLowerCase())
  throw new CatalogError("invalid_base_url", `The ${source} is not the name of a resource.`, {
    hint: "Give the name alone, such as my-resource; a whole address goes into the variable for the base URL.",
  })
}
