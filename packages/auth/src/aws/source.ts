import { type Credential, type CredentialSource, SluiceError } from "@sluice/ai"
import { findProvider } from "@sluice/catalog"
import { authMissing } from "../auth-missing.ts"
import { Keeper } from "../keeping/keeper.ts"
import { keptLease } from "../keeping/kept-lease.ts"
import { hideSecrets } from "../key-credential.ts"
import { searchKeys, SKIP_VARIABLE } from "./search.ts"
import type { AwsOptions, UnwrittenLogins } from "./types.ts"

/** Keys are renewed so long before they end. */
const SKEW_MS = 60_000

/**
 * AWS's credentials for the providers that the catalog names them for: from the environment, a web identity, a profile (keys, roles,
 * logins, programs), the container or the machine. What was found is kept until shortly before its end, or until the
 * host refuses it; calls that come together search once, and one that is given up does not end the search of the rest.
 * Where new keys cannot be had just now, the old ones are given out to their end. With `AWS_BEDROCK_SKIP_AUTH` the
 * credential is of the kind `none`, for a proxy that signs in our place.
 *
 * @throws SluiceError on `acquire`: `auth_missing` for other providers, and where nothing was found; `network` or
 * `timeout` where a service that gives keys out does not answer
 */
export function awsSource(options: AwsOptions = {}): CredentialSource {
  const logins: UnwrittenLogins = new Map()
  const keeper = new Keeper((signal) => found(options, logins, signal), {
    now: options.now ?? Date.now,
    skewMs: SKEW_MS,
  })
  return {
    acquire: async ({ provider, signal }) => {
      if (findProvider(provider)?.credentials !== "aws") throw authMissing(provider)
      try {
        return await keptLease(keeper, signal, (credential) => credential)
      } catch (error) {
        throw SluiceError.is(error) ? error.with({ provider }) : error
      }
    },
  }
}

async function found(options: AwsOptions, logins: UnwrittenLogins, signal: AbortSignal): Promise<Credential> {
  const { region, keys } = await searchKeys(options, logins, signal)
  if (!keys) return { kind: "none", id: "none", origin: SKIP_VARIABLE, location: region }
  const { origin, accessKeyId, secretAccessKey, sessionToken, expiresAt } = keys
  return hideSecrets({
    kind: "aws",
    id: accessKeyId,
    origin,
    region,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  })
}
