import { type CredentialNeed, type CredentialSource, type Lease, parseKeys, SluiceError } from "@sluice/ai"
import { vertexSettings } from "@sluice/ai/endpoints/vertex"
import { keptLease } from "../keeping/kept-lease.ts"
import { fingerprint, hideSecrets, keyCredential } from "../key-credential.ts"
import { listSource } from "../sources/list.ts"
import { readCredentials } from "./credentials-file.ts"
import { accountOf, DefaultCredentials, type GoogleAccount } from "./default-credentials.ts"
import { type GoogleOptions, surroundings, type Surroundings } from "./surroundings.ts"

const KEY_VARIABLE = "GOOGLE_CLOUD_API_KEY"

/** What the sources for Vertex take besides their surroundings. */
export interface VertexOptions extends GoogleOptions {
  /** The project that is paid by. Default: of the environment, else the credential's own. */
  project?: string
  /** Where requests go. Default: of the environment. */
  location?: string
}

/**
 * Credentials for Vertex from the surroundings: `GOOGLE_CLOUD_API_KEY`, else application default credentials with
 * project and location. Tokens are kept, and replaced a minute before they end.
 *
 * @throws SluiceError on `acquire`: `auth_missing` where there are none, `config` for a file that cannot be used, and
 * what Google's hosts refuse
 */
export function vertexSource(options: VertexOptions = {}): CredentialSource {
  const around = surroundings(options)
  const defaults = new DefaultCredentials(around)
  let keys: { value: string; source: CredentialSource } | undefined

  /** Keys in the environment, read anew when they change. */
  function keySource(): CredentialSource | undefined {
    const value = around.env(KEY_VARIABLE) ?? ""
    if (keys?.value === value) return keys.source
    const found = parseKeys(value, KEY_VARIABLE)
    if (found.length === 0) return undefined
    const credentials = found.map((key) => keyCredential(key, KEY_VARIABLE))
    keys = { value, source: listSource(credentials, { now: around.now }) }
    return keys.source
  }

  async function acquire(need: CredentialNeed): Promise<Lease> {
    const source = keySource()
    if (source) return await source.acquire(need)
    const account = await defaults.find()
    if (account) return await leaseOf(account, need, options, around)
    throw new SluiceError({
      code: "auth_missing",
      message: "There is no credential for Vertex: no key, no file of credentials, and no account of this machine.",
      provider: need.provider,
      hint: `Set ${KEY_VARIABLE}, run \`gcloud auth application-default login\`, or set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account.`,
    })
  }

  return { acquire }
}

/**
 * Credentials for Vertex from the key file of a service account, or any other file of Google's credentials, as its
 * text. `origin` says where it came from, for people.
 *
 * @throws SluiceError `config` for a file that cannot be used
 */
export function googleFileSource(text: string, origin: string, options: VertexOptions = {}): CredentialSource {
  const around = surroundings(options)
  const account = accountOf(readCredentials(text, origin), { id: fingerprint(text), origin, around })
  return { acquire: (need) => leaseOf(account, need, options, around) }
}

async function leaseOf(
  account: GoogleAccount,
  need: CredentialNeed,
  options: VertexOptions,
  { env }: Surroundings,
): Promise<Lease> {
  const ambient = vertexSettings(env)
  const projectId = options.project ?? ambient.project ?? account.projectId
  const location = options.location ?? ambient.location
  return await keptLease(account, need.signal, ({ secret, expiresAt }) =>
    hideSecrets({
      kind: "oauth",
      id: account.id,
      secret,
      origin: account.origin,
      ...(projectId === undefined ? {} : { projectId }),
      ...(location === undefined ? {} : { location }),
      ...(account.email === undefined ? {} : { accountId: account.email }),
      ...(Number.isFinite(expiresAt) ? { expiresAt } : {}),
    }),
  )
}
