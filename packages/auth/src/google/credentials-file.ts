import { SluiceError } from "@sluice/ai"
import { isRecord, textIn } from "./failures.ts"
import { type FederationFile, readFederation } from "./federation-file.ts"
import { broken, needed, principalIn } from "./file-fields.ts"

/** A person's login, as gcloud keeps it. */
export interface PersonFile {
  kind: "person"
  clientId: string
  clientSecret: string
  refreshToken: string
  email?: string
  projectId?: string
}

/** The key of a service account. */
export interface ServiceAccountFile {
  kind: "service-account"
  email: string
  privateKey: string
  keyId?: string
  projectId?: string
}

/** An account that another one acts as. */
export interface ImpersonationFile {
  kind: "impersonation"
  principal: string
  delegates: readonly string[]
  source: Exclude<CredentialsFile, ImpersonationFile>
  projectId?: string
}

/** A file of credentials of any kind that is read. */
export type CredentialsFile = PersonFile | ServiceAccountFile | ImpersonationFile | FederationFile

/** How each kind of file is read, by the word in its field `type`. */
const READERS: Readonly<Record<string, (record: Record<string, unknown>, origin: string) => CredentialsFile>> = {
  authorized_user: readPerson,
  service_account: readServiceAccount,
  impersonated_service_account: readImpersonation,
  external_account: readFederation,
}

/**
 * Reads a file of credentials in one of the forms that Google's tools write. Addresses in it are not asked: tokens
 * come from Google's own hosts. Only where another provider vouches for a workload, the file says where.
 *
 * @throws SluiceError `config` that names the file and its field, for what cannot be read or is of no known kind
 */
export function readCredentials(text: string, origin: string): CredentialsFile {
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ""))
  } catch {
    value = undefined
  }
  if (!isRecord(value)) throw broken(origin, "is no JSON object")
  return read(value, origin)
}

function read(record: Record<string, unknown>, origin: string): CredentialsFile {
  const type = textIn(record, "type")
  if (type === undefined) throw broken(origin, "has no type")
  if (Object.hasOwn(READERS, type)) return (READERS[type] as (typeof READERS)[string])(record, origin)
  throw new SluiceError({
    code: "config",
    message: `Credentials of the type "${type}" are not supported (${origin}).`,
    hint: "Use the key of a service account, an impersonated one, the configuration of workload identity federation, or `gcloud auth application-default login`; or put a token into GOOGLE_CLOUD_ACCESS_TOKEN.",
  })
}

function readPerson(record: Record<string, unknown>, origin: string): PersonFile {
  const email = textIn(record, "account", "email")
  const projectId = textIn(record, "quota_project_id")
  return {
    kind: "person",
    clientId: needed(record, "client_id", origin),
    clientSecret: needed(record, "client_secret", origin),
    refreshToken: needed(record, "refresh_token", origin),
    ...(email === undefined ? {} : { email }),
    ...(projectId === undefined ? {} : { projectId }),
  }
}

function readServiceAccount(record: Record<string, unknown>, origin: string): ServiceAccountFile {
  const keyId = textIn(record, "private_key_id")
  const projectId = textIn(record, "project_id", "quota_project_id")
  return {
    kind: "service-account",
    email: needed(record, "client_email", origin),
    privateKey: needed(record, "private_key", origin),
    ...(keyId === undefined ? {} : { keyId }),
    ...(projectId === undefined ? {} : { projectId }),
  }
}

function readImpersonation(record: Record<string, unknown>, origin: string): ImpersonationFile {
  const principal = principalIn(needed(record, "service_account_impersonation_url", origin), origin)
  const held = record["source_credentials"]
  if (!isRecord(held)) throw broken(origin, "has no source_credentials")
  const source = read(held, `source_credentials in ${origin}`)
  if (source.kind === "impersonation") throw broken(origin, "has source_credentials that act as another account again")
  const given = record["delegates"]
  const delegates = Array.isArray(given) ? given.filter((one): one is string => typeof one === "string") : []
  const projectId = textIn(record, "quota_project_id") ?? source.projectId
  return { kind: "impersonation", principal, delegates, source, ...(projectId === undefined ? {} : { projectId }) }
}
