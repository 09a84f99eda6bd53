import { createPublicKey, verify } from "node:crypto"
import { isFields, type Fields } from "../check.ts"
import type { EmulatedPerson, EmulatedServiceAccount } from "./accounts-types.ts"

const JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
const MAX_LIFETIME_S = 3600
/** How far a clock may be off. */
const SKEW_S = 300

/** A refusal of the token endpoint. */
export class GrantRefused extends Error {
  readonly status: number
  readonly error: string

  constructor(status: number, error: string, description: string) {
    super(description)
    this.status = status
    this.error = error
  }
}

/** Who a grant is for. `audience`: what an assertion must be addressed to. @throws GrantRefused */
export function checkGrant(
  form: URLSearchParams,
  known: {
    people: readonly EmulatedPerson[]
    robots: readonly EmulatedServiceAccount[]
    audience: string
    nowS: number
  },
): string {
  switch (form.get("grant_type")) {
    case "refresh_token":
      return checkPerson(form, known.people)
    case JWT_GRANT:
      return checkAssertion(form.get("assertion") ?? "", known)
    default:
      throw new GrantRefused(400, "unsupported_grant_type", `Invalid grant_type: ${form.get("grant_type") ?? ""}`)
  }
}

function checkPerson(form: URLSearchParams, people: readonly EmulatedPerson[]): string {
  const token = form.get("refresh_token")
  if (!token) throw new GrantRefused(400, "invalid_request", "Missing required parameter: refresh_token")
  const clients = people.filter((one) => one.clientId === form.get("client_id"))
  const client = clients.find((one) => one.clientSecret === (form.get("client_secret") ?? ""))
  if (!client) {
    throw clients.length === 0
      ? new GrantRefused(401, "invalid_client", "The OAuth client was not found.")
      : new GrantRefused(401, "invalid_client", "The provided client secret is invalid.")
  }
  const person = clients.find((one) => one.refreshToken === token)
  if (!person || person.revoked) throw new GrantRefused(400, "invalid_grant", "Token has been expired or revoked.")
  return person.email ?? "person"
}

/** An assertion is signed with the key that it names, by the account that it names, for this endpoint, for now. */
function checkAssertion(
  assertion: string,
  { robots, audience, nowS }: { robots: readonly EmulatedServiceAccount[]; audience: string; nowS: number },
): string {
  const [head, body, signature, ...rest] = assertion.split(".")
  if (!head || !body || !signature || rest.length > 0) {
    throw new GrantRefused(400, "invalid_grant", "Invalid JWT: it must have three parts.")
  }
  const header = decode(head)
  const claims = decode(body)
  const robot = robots.find((one) => one.email === claims["iss"])
  if (!robot) throw new GrantRefused(400, "invalid_grant", "Invalid grant: account not found")
  if (header["alg"] !== "RS256")
    throw new GrantRefused(400, "invalid_grant", "Invalid JWT Signature: alg is not RS256.")
  if (header["kid"] !== undefined && header["kid"] !== robot.keyId) {
    throw new GrantRefused(400, "invalid_grant", "Invalid JWT Signature.")
  }
  const good = verify(
    "RSA-SHA256",
    Buffer.from(`${head}.${body}`),
    createPublicKey(robot.publicKey),
    Buffer.from(signature, "base64url"),
  )
  if (!good) throw new GrantRefused(400, "invalid_grant", "Invalid JWT Signature.")
  if (claims["aud"] !== audience) {
    throw new GrantRefused(400, "invalid_grant", `Invalid JWT: audience ${String(claims["aud"])} is not ${audience}.`)
  }
  const { iat, exp } = claims
  const reasonable =
    typeof iat === "number" &&
    typeof exp === "number" &&
    Math.abs(nowS - iat) <= SKEW_S &&
    exp > nowS &&
    exp - iat <= MAX_LIFETIME_S
  if (!reasonable) {
    throw new GrantRefused(
      400,
      "invalid_grant",
      "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
    )
  }
  if (typeof claims["scope"] !== "string" || claims["scope"] === "") {
    throw new GrantRefused(400, "invalid_scope", "Empty or missing scope not allowed.")
  }
  return robot.email
}

function decode(part: string): Fields {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"))
    if (isFields(value)) return value
  } catch {
    // Told below.
  }
  throw new GrantRefused(400, "invalid_grant", "Invalid JWT: a part of it is not JSON.")
}
