import { SluiceError, type ErrorCode } from "@sluice/ai"

/** A way to keys that is set up and does not work. It is about the credential and not a passing fault. */
export function awsError(
  what: { code?: ErrorCode; message: string; hint: string; status?: number },
  cause?: unknown,
): SluiceError {
  return new SluiceError(
    { code: "auth_invalid", retryable: false, scope: "credential", ...what },
    cause === undefined ? {} : { cause },
  )
}
