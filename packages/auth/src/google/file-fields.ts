import { SluiceError } from "@sluice/ai"
import { textIn } from "./failures.ts"

/** A field of a file of credentials that must be there. @throws SluiceError `config` */
export function needed(record: Record<string, unknown>, name: string, origin: string): string {
  const value = textIn(record, name)
  if (value === undefined) throw broken(origin, `has no ${name}`)
  return value
}

/**
 * The account that an address lends tokens of: it stands at the end, before the method, as Google's tools write it.
 *
 * @throws SluiceError `config`
 */
export function principalIn(url: string, origin: string): string {
  const principal = /\/([^/:?#]+):generate(?:AccessToken|IdToken)$/.exec(url)?.[1]
  try {
    if (principal !== undefined) return decodeURIComponent(principal)
  } catch {
    // Told below.
  }
  throw broken(origin, "names no account in service_account_impersonation_url")
}

/** A file of credentials that cannot be used. */
export function broken(
  origin: string,
  why: string,
  hint = "Download the key again, or run `gcloud auth application-default login`.",
): SluiceError {
  return new SluiceError({
    code: "config",
    message: `The file of Google's credentials cannot be used: ${origin} ${why}.`,
    hint,
  })
}
