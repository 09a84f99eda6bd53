import type { EmulatedError } from "../script.ts"
import { eventMessage } from "./event-stream.ts"

/** The vendor's exception and words for each status. */
const BY_STATUS: Readonly<Record<number, [type: string, message: string]>> = {
  400: ["ValidationException", "The provided request is not valid"],
  403: ["AccessDeniedException", "You don't have access to the model with the specified model ID."],
  404: ["ResourceNotFoundException", "Could not resolve the foundation model from the provided model identifier."],
  408: ["ModelTimeoutException", "Model has timed out in processing the request. Try your request again."],
  424: ["ModelErrorException", "The system encountered an unexpected error during processing. Try your request again."],
  429: ["ThrottlingException", "Too many requests, please wait before trying again."],
  500: [
    "InternalServerException",
    "The system encountered an unexpected error during processing. Try your request again.",
  ],
  503: ["ServiceUnavailableException", "Bedrock is unable to process your request."],
}

/** Exceptions that share a status with another one. */
const OTHERS: Readonly<Record<string, number>> = {
  ModelStreamErrorException: 424,
  ModelNotReadyException: 429,
  ServiceQuotaExceededException: 400,
  ExpiredTokenException: 403,
  UnrecognizedClientException: 403,
  InvalidSignatureException: 403,
}

/** Status, exception and message; each follows from the others where it is absent. */
export function worded(error: EmulatedError): { status: number; type: string; message: string } {
  const byType = Object.entries(BY_STATUS).find(([, [type]]) => type === error.type)?.[0]
  const status = error.status ?? (byType === undefined ? (OTHERS[error.type ?? ""] ?? 500) : Number(byType))
  const [type, message] = BY_STATUS[status] ?? BY_STATUS[status < 500 ? 400 : 500] ?? ["InternalServerException", ""]
  return { status, type: error.type ?? type, message: error.message ?? message }
}

/** The header of an error response that names the exception. */
export function errorHeader(type: string): Record<string, string> {
  return { "x-amzn-errortype": `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/` }
}

/** An exception inside a stream. */
export function exceptionMessage(error: EmulatedError): Buffer {
  const { type, message } = worded(error)
  return eventMessage(
    {
      ":exception-type": type.charAt(0).toLowerCase() + type.slice(1),
      ":content-type": "application/json",
      ":message-type": "exception",
    },
    { message },
  )
}
