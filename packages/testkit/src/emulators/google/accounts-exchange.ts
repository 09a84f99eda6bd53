import { GrantRefused } from "./accounts-check.ts"
import type { EmulatedWorkload } from "./accounts-types.ts"

const GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"

/** Who a token is exchanged for. Source: the reference of Google's Security Token Service. @throws GrantRefused */
export function checkExchange(
  form: URLSearchParams,
  authorization: string | undefined,
  workloads: readonly EmulatedWorkload[],
): string {
  const field = (name: string): string => form.get(name) ?? ""
  if (field("grant_type") !== GRANT) {
    throw new GrantRefused(400, "unsupported_grant_type", `Invalid grant_type: ${field("grant_type")}`)
  }
  if (field("requested_token_type") !== ACCESS_TOKEN) {
    throw new GrantRefused(400, "invalid_request", 'Invalid value for "requested_token_type".')
  }
  if (field("scope") === "") throw new GrantRefused(400, "invalid_scope", "Empty or missing scope not allowed.")
  const offered = workloads.filter(({ audience }) => audience === field("audience"))
  if (offered.length === 0) {
    throw new GrantRefused(400, "invalid_target", 'The target service indicated by the "audience" is invalid.')
  }
  const workload = offered.find(({ subjectToken }) => subjectToken === field("subject_token"))
  if (!workload)
    throw new GrantRefused(400, "invalid_grant", "The given credential is rejected by the attribute condition.")
  if (workload.subjectTokenType !== field("subject_token_type")) {
    throw new GrantRefused(400, "invalid_request", "Invalid subject token type.")
  }
  checkCaller(workload, field("options"), authorization)
  return workload.name
}

function checkCaller(
  { client, userProject }: EmulatedWorkload,
  options: string,
  authorization: string | undefined,
): void {
  if (client) {
    const wanted = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString("base64")}`
    if (authorization !== wanted) throw new GrantRefused(401, "invalid_client", "The OAuth client was not found.")
    if (options !== "") throw new GrantRefused(400, "invalid_request", "A client has a project of its own.")
  } else if (authorization !== undefined)
    throw new GrantRefused(401, "invalid_client", "The OAuth client was not found.")
  else if (userProject !== undefined && options !== JSON.stringify({ userProject })) {
    throw new GrantRefused(403, "access_denied", "The caller names no project that it may use.")
  }
}
