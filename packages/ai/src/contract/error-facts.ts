import type { ErrorCode } from "../model/errors.ts"

/** What a vendor said about a failure, in no vendor's shape. The one classifier makes an error from it. */
export interface ErrorFacts {
  /** HTTP status; for an error inside a stream the one the vendor would have answered with, if it can be told. */
  status?: number
  /** The vendor's structured code, e.g. `context_length_exceeded`. */
  code?: string
  /** The vendor's structured type, e.g. `rate_limit_error`. */
  type?: string
  message?: string
  param?: string
  requestId?: string
  /** A page of the vendor on which a person can put it right. */
  help?: string
  retryAfterMs?: number
  /** `x-should-retry`. */
  shouldRetry?: boolean
  quota?: { bucket?: string; resetAt?: number }
  /** Set where the wire itself knows the class, e.g. an answer that was filtered. */
  is?: ErrorCode
  /** The failure came inside an answer whose HTTP status was a success. */
  inStream?: boolean
}
