import { createRedactor, type Redactor } from "../assemble/redact.ts"
import type { Lease } from "../contract/credential.ts"
import type { SluiceError } from "../model/errors.ts"

/** A redactor that knows the secrets of a lease. */
export function redactorOf({ credential }: Lease): Redactor {
  switch (credential.kind) {
    case "none":
      return createRedactor()
    case "aws":
      return createRedactor([credential.secretAccessKey, credential.sessionToken])
    default:
      return createRedactor([credential.secret])
  }
}

const TEXTS = ["message", "param", "type", "requestId", "hint"] as const

/** The error without the secrets of the lease: some hosts repeat the key that they refuse. */
export function redactError(error: SluiceError, lease: Lease): SluiceError {
  const redactor = redactorOf(lease)
  const clean: Partial<Record<(typeof TEXTS)[number], string>> = {}
  for (const field of TEXTS) {
    const text = error[field]
    if (text === undefined) continue
    const shown = redactor.text(text)
    if (shown !== text) clean[field] = shown
  }
  return Object.keys(clean).length === 0 ? error : error.with(clean)
}
