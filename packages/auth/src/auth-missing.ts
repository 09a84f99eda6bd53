import { SluiceError } from "@sluice/ai"
import { findProvider } from "@sluice/catalog"

/** The error for a provider without a credential: it names the variables to set and the page that gives keys out. */
export function authMissing(provider: string): SluiceError {
  const known = findProvider(provider)
  const variables = known?.keyEnv ?? []
  const set = variables.length > 0 ? `Set ${variables.join(" or ")}` : "Pass a key with the call"
  const page = known?.keyPage === undefined ? "" : `; a key can be made at ${known.keyPage}`
  return new SluiceError({
    code: "auth_missing",
    message:
      variables.length > 0
        ? `There is no key for ${known?.name ?? provider}: ${variables.join(" and ")} ${variables.length > 1 ? "are" : "is"} not set.`
        : `There is no key for ${known?.name ?? provider}.`,
    provider,
    hint: `${set}${page}.`,
  })
}
