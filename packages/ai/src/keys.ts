import { SluiceError } from "./model/errors.ts"

const PLACEHOLDER = /^(?:<.*|n\/a)$/i

/** Who a key is for, as far as a person without one must know. */
export interface KeyHolder {
  /** Name for people. */
  name: string
  /** Environment variables that hold a key. */
  keyEnv: readonly string[]
  /** Where a person makes a key. */
  keyPage?: string
}

/**
 * The keys in a value as people paste it, each once: commas separate several; quotes around a key and the word
 * `Bearer` before it are not part of it. What stands for a key in an example (`<your key>`, `N/A`) is none. Empty when
 * there is none.
 *
 * @throws SluiceError `config` that names `origin`, and not the key, for one that cannot stand in a header
 */
export function parseKeys(value: string, origin: string): string[] {
  const keys = new Set(unquoted(value).split(",").map(bare))
  keys.delete("")
  for (const key of keys) if (PLACEHOLDER.test(key)) keys.delete(key)
  for (const key of keys) {
    if (/^[\u0021-\u007e]+$/.test(key)) continue
    throw new SluiceError({
      code: "config",
      message: `The key in ${origin} holds white space or characters that cannot stand in a header.`,
      hint: "Copy the key again, without quotes, line breaks or other text around it.",
    })
  }
  return [...keys]
}

/** The error for a provider without a credential: it names the variables to set and the page that gives keys out. */
export function authMissing(provider: string, holder: KeyHolder | undefined): SluiceError {
  const { name = provider, keyEnv = [], keyPage } = holder ?? {}
  const unset = keyEnv.length > 0 ? `: ${keyEnv.join(" and ")} ${keyEnv.length > 1 ? "are" : "is"} not set` : ""
  const page = keyPage === undefined ? "" : `; a key can be made at ${keyPage}`
  return new SluiceError({
    code: "auth_missing",
    message: `There is no key for ${name}${unset}.`,
    provider,
    hint: `${keyEnv.length > 0 ? `Set ${keyEnv.join(" or ")}` : "Pass a key with the call"}${page}.`,
  })
}

function bare(text: string): string {
  return unquoted(unquoted(text).replace(/^bearer\s+/i, ""))
}

function unquoted(text: string): string {
  return text
    .trim()
    .replace(/^(["'])([^"']*)\1$/, "$2")
    .trim()
}
