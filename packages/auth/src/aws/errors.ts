import { SluiceError, type ErrorCode } from "@sluice/ai"

/**
 * A way to keys that is set up and does not work. It is about the credential and not a passing fault, unless the
 * status is one of a service that is broken or busy itself.
 */
export function awsError(
  what: { code?: ErrorCode; message: string; hint: string; status?: number },
  cause?: unknown,
): SluiceError {
  const { status = 0 } = what
  const passing: ErrorCode | undefined = status === 429 ? "rate_limited" : status >= 500 ? "server_error" : undefined
  return new SluiceError(
    passing === undefined
      ? { code: "auth_invalid", retryable: false, scope: "credential", ...what }
      : { ...what, code: passing },
    cause === undefined ? {} : { cause },
  )
}
