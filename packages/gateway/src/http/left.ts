import { SluiceError } from "@sluice/ai"

/** The error for a client that left before its request or its answer was complete. */
export function clientLeft(cause?: unknown): SluiceError {
  return new SluiceError(
    { code: "aborted", message: "The client closed the request." },
    cause === undefined ? {} : { cause },
  )
}
