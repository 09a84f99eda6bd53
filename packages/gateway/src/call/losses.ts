import type { HeadersView, Loss } from "@sluice/ai"

/** Longest value of the header: some clients and proxies refuse longer ones. */
const MAX_LENGTH = 2000

/** The header by which a client asks that nothing of its request be changed: `true` or `1`. */
export const STRICT_HEADER = "x-sluice-strict"

/** Whether a client asks for that. */
export function wantsStrict(headers: HeadersView): boolean {
  return /^(?:true|1|yes|on)$/i.test(headers.get(STRICT_HEADER)?.trim() ?? "")
}

/**
 * What was changed on the way, for a header: `dropped options.topK, approximated tools[0].parameters`. Each change is
 * named once; what does not fit is counted.
 */
export function lossesHeader(losses: readonly Loss[]): Record<string, string> {
  // Names of fields may be a client's own.
  const all = [...new Set(losses.map(({ kind, field }) => `${kind} ${field.replace(/[^\x21-\x2b\x2d-\x7e]/g, "?")}`))]
  if (all.length === 0) return {}
  let value = ""
  let named = 0
  for (const one of all) {
    if (value.length + one.length > MAX_LENGTH) break
    value += `${named++ === 0 ? "" : ", "}${one}`
  }
  const more = all.length - named
  return { "x-sluice-losses": more === 0 ? value : `${value}${value === "" ? "" : ", "}and ${more} more` }
}
