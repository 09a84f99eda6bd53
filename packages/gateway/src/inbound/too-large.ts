import { SluiceError } from "@sluice/ai"

/** The error for a body that is too large. */
export function tooLarge(maxBytes: number): SluiceError {
  return new SluiceError({
    code: "invalid_request",
    status: 413,
    message: `The request is larger than ${maxBytes} bytes.`,
    hint: "Send less, or raise the gateway's limit.",
  })
}
