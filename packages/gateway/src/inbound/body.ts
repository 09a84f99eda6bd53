import { SluiceError } from "@sluice/ai"

/** The body of a request as bytes. @throws SluiceError `invalid_request` with status 413 or 415 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  const encoding = request.headers.get("content-encoding")
  if (encoding && encoding !== "identity") {
    throw new SluiceError({
      code: "unsupported",
      status: 415,
      message: `Bodies in the encoding ${encoding} are not read.`,
      hint: "Send the body without content-encoding.",
    })
  }
  const announced = Number(request.headers.get("content-length") ?? 0)
  if (announced > maxBytes) throw tooLarge(maxBytes)
  if (announced > 0) {
    const bytes = new Uint8Array(await request.arrayBuffer())
    if (bytes.length > maxBytes) throw tooLarge(maxBytes)
    return bytes
  }
  if (!request.body) return new Uint8Array(0)
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += part.length
    if (size > maxBytes) throw tooLarge(maxBytes)
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}

function tooLarge(maxBytes: number): SluiceError {
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
