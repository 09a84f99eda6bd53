import type { HeadersView } from "../contract/header-list.ts"

/** What stands where a secret was. */
export const REDACTED = "[redacted]"

/** Headers that carry credentials. */
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "x-api-key",
  "api-key",
  "x-goog-api-key",
  "cf-aig-authorization",
  "cookie",
  "set-cookie",
])

/** Headers of hosts that spell theirs otherwise. Plural `tokens` counts something and is no secret. */
const SECRET_HEADER = /(?:^|[-_])(?:api[-_]?key|authorization|token|secret|password|credential|signature)$/

/** Names of query parameters and of fields in JSON that hold credentials. */
const SECRET_NAME =
  /^(?:key|sig|api[-_]?key|token|(?:access|refresh|id|auth|session|security)[-_]?token|x-amz-(?:credential|signature|security-token)|(?:client[-_]?)?secret|secret[-_]?access[-_]?key|password|passwd|authorization|code[-_]?verifier)$/i

/** Values that give themselves away, whoever they belong to. */
const SECRET_TEXT =
  /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}|(?<![A-Za-z0-9])(?:sk-[A-Za-z0-9_-]{12,}|(?:gsk|fw|hf|ghp|gho|ghu|github_pat)_[A-Za-z0-9_]{12,}|(?:xai|csk|pplx)-[A-Za-z0-9_-]{12,}|AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9._-]{10,}|AKIA[A-Z0-9]{16}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)/g

/** Shortest known secret that is looked for in text; a shorter one would be found in ordinary words. */
const MIN_SECRET = 6
/** Deepest nesting of a value that is walked. */
const MAX_DEPTH = 64

/** Whether a header carries a credential. */
function isSecretHeader(name: string): boolean {
  const lower = name.toLowerCase()
  return SECRET_HEADERS.has(lower) || SECRET_HEADER.test(lower)
}

function isView(headers: HeadersView | Readonly<Record<string, string | undefined>>): headers is HeadersView {
  return typeof headers.forEach === "function"
}

/**
 * Takes secrets out of what people see: headers and query parameters by their names, and values that are known to be
 * secret wherever they stand. Without known values it still knows the usual forms of keys.
 */
export interface Redactor {
  /** Header names in lower case; those that were deleted are left out. */
  headers(headers: HeadersView | Readonly<Record<string, string | undefined>>): Record<string, string>
  /** A URL whose user, password and secret parameters are replaced. Text that is no URL is treated as text. */
  url(url: string): string
  text(text: string): string
  /** A copy of a JSON value in which fields with secret names and known values are replaced. */
  json(value: unknown): unknown
}

/** A redactor that knows these values, besides the names and forms that it always knows. */
export function createRedactor(secrets: Iterable<string | undefined> = []): Redactor {
  const known = spellings(secrets)

  function text(value: string): string {
    let clean = value
    for (const secret of known) if (clean.includes(secret)) clean = clean.replaceAll(secret, REDACTED)
    return clean.replace(SECRET_TEXT, (_match, scheme: string | undefined) =>
      scheme === undefined ? REDACTED : `${scheme} ${REDACTED}`,
    )
  }

  function headers(given: HeadersView | Readonly<Record<string, string | undefined>>): Record<string, string> {
    const shown: Record<string, string> = {}
    const show = (value: string | undefined, name: string): void => {
      if (value !== undefined) shown[name.toLowerCase()] = isSecretHeader(name) ? REDACTED : text(value)
    }
    if (isView(given)) given.forEach(show)
    else for (const [name, value] of Object.entries(given)) show(value, name)
    return shown
  }

  function url(value: string): string {
    if (!URL.canParse(value)) return text(value)
    const cut = value.search(/[?#]/)
    const address = (cut < 0 ? value : value.slice(0, cut)).replace(
      /^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i,
      `$1${REDACTED}@`,
    )
    const rest = cut < 0 ? "" : value.slice(cut)
    const clean = rest.replace(/([?&#])([^=&#]*)=([^&#]*)/g, (pair, sign: string, name: string) =>
      SECRET_NAME.test(decoded(name)) ? `${sign}${name}=${REDACTED}` : pair,
    )
    return text(address + clean)
  }

  function json(value: unknown, depth = 0): unknown {
    if (typeof value === "string") return text(value)
    if (typeof value !== "object" || value === null) return value
    if (depth >= MAX_DEPTH) return REDACTED
    if (Array.isArray(value)) return value.map((item) => json(item, depth + 1))
    if (ArrayBuffer.isView(value)) return value
    const copy: Record<string, unknown> = {}
    for (const [name, field] of Object.entries(value)) {
      const secret = typeof field === "string" && field !== "" && SECRET_NAME.test(name)
      const clean = secret ? REDACTED : json(field, depth + 1)
      Object.defineProperty(copy, name, { value: clean, enumerable: true, writable: true, configurable: true })
    }
    return copy
  }

  return { headers, url, text, json: (value) => json(value) }
}

/** Each secret as it is, and as it stands in a URL and in JSON; longest first. */
function spellings(secrets: Iterable<string | undefined>): string[] {
  const all = new Set<string>()
  for (const secret of secrets) {
    if (secret === undefined || secret.trim().length < MIN_SECRET) continue
    all.add(secret)
    all.add(secret.trim())
    try {
      all.add(encodeURIComponent(secret))
    } catch {
      // A lone surrogate has no spelling in a URL.
    }
    // As JSON writes it, without the quotes.
    all.add(JSON.stringify(secret).slice(1, -1))
  }
  return [...all].sort((a, b) => b.length - a.length)
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
