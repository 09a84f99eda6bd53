import type { SluiceError } from "@sluice/ai"

/** A refusal of the gateway's own as its client is told of it: no client's shape has a field for what to do. */
export function told(error: SluiceError): SluiceError {
  const { message, hint } = error
  if (hint === undefined) return error
  return error.with({ message: `${message}${/[.!?]$/.test(message) ? "" : "."} ${hint}` })
}
