import { SluiceError, type HeadersView } from "@sluice/ai"

/** Refuses a body that is said to be too large, before any of it is read. @throws SluiceError with status 413 */
export function checkSize(headers: HeadersView, maxBytes: number): void {
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

/** Objects and lists within each other. Nobody needs as many, and what walks through a body must not run out of stack. */
const MAX_DEPTH = 1000

/**
 * The JSON value of a body.
 * @throws SluiceError `invalid_request` that says where it stops being JSON, or that it is nested too deeply
 */
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
  if (isTooDeep(bytes)) {
    throw new SluiceError({
      code: "invalid_request",
      status: 400,
      message: `The request's body is nested more than ${MAX_DEPTH} levels deep.`,
    })
  }
  return value
}

/** Whether JSON is nested too deeply. Strings, which are nearly all of a body, are skipped as a whole. */
function isTooDeep(bytes: Uint8Array): boolean {
  let depth = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === 0x22) i = endOfString(bytes, i)
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > MAX_DEPTH) return true
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
  return false
}

/** The place of the quote that ends the string which begins at `from`. */
function endOfString(bytes: Uint8Array, from: number): number {
  for (let quote = bytes.indexOf(0x22, from + 1); quote > 0; quote = bytes.indexOf(0x22, quote + 1)) {
    let escapes = 0
    while (bytes[quote - 1 - escapes] === 0x5c) escapes++
    if (escapes % 2 === 0) return quote
  }
  return bytes.length
}
