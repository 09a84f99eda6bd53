import { isRecord, textIn } from "./failures.ts"
import { broken, needed, principalIn } from "./file-fields.ts"

/** Where a workload's own token is: in a file that something keeps fresh, or at an address of its surroundings. */
export type SubjectSource = {
  /** The field of a JSON object that holds the token. Absent: the text is the token. */
  field?: string
} & ({ file: string } | { url: string; headers: Readonly<Record<string, string>> })

/** A workload that another identity provider vouches for. */
export interface FederationFile {
  kind: "federation"
  /** The provider in the pool that is to trust the token. */
  audience: string
  tokenType: string
  /** Where the token is exchanged. */
  exchangeUrl: string
  source: SubjectSource
  /** The service account that the workload acts as. */
  principal?: string
  /** How long a token of that account is good. */
  lifetimeS?: number
  client?: { id: string; secret: string }
  /** For pools of people, where no client is known: whom requests are counted for. */
  userProject?: string
  projectId?: string
}

const EXCHANGE = "https://sts.googleapis.com/v1/token"
const HINT = "Write it again with `gcloud iam workload-identity-pools create-cred-config`."

/**
 * Reads the configuration of workload identity federation, whose token is in a file or at an address.
 *
 * @see https://google.aip.dev/auth/4117
 * @throws SluiceError `config`
 */
export function readFederation(record: Record<string, unknown>, origin: string): FederationFile {
  const impersonation = textIn(record, "service_account_impersonation_url")
  const lifetimeS = lifetimeIn(record, origin)
  const [id, secret] = [textIn(record, "client_id"), textIn(record, "client_secret")]
  const userProject = textIn(record, "workforce_pool_user_project")
  const projectId = textIn(record, "quota_project_id")
  return {
    kind: "federation",
    audience: needed(record, "audience", origin),
    tokenType: needed(record, "subject_token_type", origin),
    exchangeUrl: exchangeIn(record, origin),
    source: sourceIn(record["credential_source"], origin),
    ...(impersonation === undefined ? {} : { principal: principalIn(impersonation, origin) }),
    ...(lifetimeS === undefined ? {} : { lifetimeS }),
    ...(id === undefined || secret === undefined ? {} : { client: { id, secret } }),
    ...(userProject === undefined ? {} : { userProject }),
    ...(projectId === undefined ? {} : { projectId }),
  }
}

/** A host of Google's own, as the one of a region: nobody else is given a workload's token. */
function exchangeIn(record: Record<string, unknown>, origin: string): string {
  const given = textIn(record, "token_url") ?? EXCHANGE
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url?.protocol === "https:" && url.hostname.endsWith(".googleapis.com")) return given
  throw broken(origin, "has a token_url that is no address of Google's", HINT)
}

function sourceIn(given: unknown, origin: string): SubjectSource {
  if (!isRecord(given)) throw broken(origin, "has no credential_source", HINT)
  const format = isRecord(given["format"]) ? given["format"] : {}
  const json = textIn(format, "type")?.toLowerCase() === "json"
  const field = json ? textIn(format, "subject_token_field_name") : undefined
  if (json && field === undefined) {
    throw broken(origin, "names no subject_token_field_name for the JSON in credential_source", HINT)
  }
  const named = field === undefined ? {} : { field }
  // Amazon's own also has addresses in it, of another kind.
  const file = given["environment_id"] === undefined ? textIn(given, "file") : undefined
  if (file !== undefined) return { file, ...named }
  const url = given["environment_id"] === undefined ? textIn(given, "url") : undefined
  if (url !== undefined) return { url, headers: headersIn(given["headers"]), ...named }
  throw broken(
    origin,
    "has a credential_source that is not supported",
    "A workload's token can come from a file or an address; for AWS, a program or a certificate put a token into GOOGLE_CLOUD_ACCESS_TOKEN.",
  )
}

function headersIn(given: unknown): Record<string, string> {
  const entries = Object.entries(isRecord(given) ? given : {})
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"))
}

function lifetimeIn(record: Record<string, unknown>, origin: string): number | undefined {
  const held = record["service_account_impersonation"]
  const value = isRecord(held) ? held["token_lifetime_seconds"] : undefined
  if (value === undefined) return undefined
  const seconds = Number(value)
  if (Number.isInteger(seconds) && seconds > 0) return seconds
  throw broken(origin, "has a token_lifetime_seconds that is no number of seconds", HINT)
}
