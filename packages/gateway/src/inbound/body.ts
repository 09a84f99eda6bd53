import { SluiceError } from "@sluice/ai"

/** Refuses a body that could not be read, before any of it is. @throws SluiceError with status 413 or 415 */
export function checkBody(headers: Headers, maxBytes: number): void {
  const encoding = headers.get("content-encoding")
  if (encoding && encoding !== "identity") {
    throw new SluiceError({
      code: "unsupported",
      status: 415,
      message: `Bodies in the encoding ${encoding} are not read.`,
      hint: "Send the body without content-encoding.",
    })
  }
  if (Number(headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes)
}

/** The error for a body that is too large. */
export function tooLarge(maxBytes: number): SluiceError {
  return new SluiceError({
    code: "invalid_request",
    status: 413,
    message: `The request is larger than ${maxBytes} bytes.`,
    hint: "Send less, or raise the gateway's limit.",
  })
}

const decoder = new TextDecoder("utf-8", { fatal: true })

/** The JSON value of a body. @throws SluiceError `invalid_request` that says where it stops being JSON */
export function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) {
    throw new SluiceError({
      code: "invalid_request",
      status: 400,
      message: "The request has no body; a JSON object is needed.",
    })
  }
  let value: unknown
  try {
    value = JSON.parse(decoder.decode(bytes))
  } catch (error) {
    const detail = error instanceof SyntaxError ? error.message.replace(/,? ?"?\.{3}.*$/s, "") : "it is not UTF-8"
    throw new SluiceError(
      { code: "invalid_request", status: 400, message: `The request's body is not valid JSON: ${detail}` },
      { cause: error },
    )
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SluiceError({
      code: "invalid_request",
      status: 400,
      message: "The request's body must be a JSON object.",
    })
  }
  return value
}
