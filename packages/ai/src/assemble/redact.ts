/** What stands where a secret stood. */
export const REDACTED = "[redacted]"

const SECRET_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "x-api-key",
  "api-key",
  "x-goog-api-key",
  "cf-aig-authorization",
  "x-amz-security-token",
  "cookie",
  "set-cookie",
])

const SECRET_QUERY =
  /([?&](?:key|api[-_]?key|access_token|token|signature|x-amz-(?:signature|credential|security-token))=)[^&#]*/gi

/** Headers with lower-case names, those that carry a credential without their value. */
export function redactHeaders(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const shown: Record<string, string> = {}
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (value !== undefined) shown[name.toLowerCase()] = SECRET_HEADERS.has(name.toLowerCase()) ? REDACTED : value
  }
  return shown
}

/** An address without what its query or its user part may carry of a credential. */
export function redactUrl(url: string): string {
  return url.replace(SECRET_QUERY, `$1${REDACTED}`).replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, `$1${REDACTED}@`)
}

/** A text without the given secrets, wherever they stand in it. */
export function redactText(text: string, secrets: readonly string[]): string {
  let shown = text
  for (const secret of secrets) if (secret.length >= 6) shown = shown.replaceAll(secret, REDACTED)
  return shown
}
