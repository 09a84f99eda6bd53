import { sign } from "node:crypto"
import { SluiceError } from "@sluice/ai"
import type { ServiceAccountFile } from "./credentials-file.ts"

const LIFETIME_S = 3600

/**
 * What a service account says of itself to get a token: a JWT that its key signs (RS256).
 *
 * @throws SluiceError `config` when the key cannot be read
 */
export function signedAssertion(
  account: ServiceAccountFile,
  { scope, audience, now }: { scope: string; audience: string; now: number },
): string {
  const issuedAt = Math.floor(now / 1000)
  const header = { alg: "RS256", typ: "JWT", ...(account.keyId === undefined ? {} : { kid: account.keyId }) }
  const claims = { iss: account.email, scope, aud: audience, iat: issuedAt, exp: issuedAt + LIFETIME_S }
  const text = `${encode(header)}.${encode(claims)}`
  try {
    return `${text}.${sign("RSA-SHA256", Buffer.from(text), account.privateKey).toString("base64url")}`
  } catch {
    // What the library says of a key may hold parts of it.
    throw new SluiceError({
      code: "config",
      message: `The private key of ${account.email} cannot be read.`,
      hint: "Copy the key file again as it was downloaded; the line breaks in private_key are part of the key.",
    })
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url")
}
