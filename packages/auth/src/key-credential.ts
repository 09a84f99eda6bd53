import { createHash } from "node:crypto"
import type { Credential } from "@sluice/ai"

/** A name for a key that does not give it away: the first eight hexadecimal digits of its SHA-256. */
export function fingerprint(secret: string): string {
  return createHash("sha256").update(secret).digest("hex").slice(0, 8)
}

const INSPECT = Symbol.for("nodejs.util.inspect.custom")

/**
 * A credential from a key. The key is an ordinary field for those who send it, but neither `JSON.stringify` nor a
 * log of the object shows it.
 */
export function keyCredential(secret: string, origin: string): Credential {
  return hideSecrets({ kind: "key", id: fingerprint(secret), secret, origin })
}

/** Keeps the secrets of a credential out of `JSON.stringify` and of logs of the object. Freezes it. */
export function hideSecrets<C extends Credential>(credential: C): C {
  const shown = (): object => ({ kind: credential.kind, id: credential.id, origin: credential.origin })
  Object.defineProperty(credential, "toJSON", { value: shown })
  Object.defineProperty(credential, INSPECT, { value: shown })
  return Object.freeze(credential)
}
