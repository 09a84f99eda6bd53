import { SluiceError, type HeadersView } from "@sluice/ai"
import { decompressed, encodingsOf } from "./decompress.ts"
import { memberCount, shapeOf } from "./json-shape.ts"
import { tooLarge } from "./too-large.ts"

/** The body of a request: what it says, and bytes that say the same and nothing else. */
export interface ReadBody {
  body: unknown
  /** As they came, without their encodings; written anew where a name stood twice in one object. */
  raw: Uint8Array
}

/** Where a body comes from. */
export interface BodySource {
  headers: HeadersView
  body(maxBytes: number): Promise<Uint8Array>
}

/**
 * Reads a body: its size is looked at first, then its encodings are taken off.
 *
 * @throws SluiceError `invalid_request` with status 413 or 400, `unsupported` with status 415, `aborted`
 */
export async function readBody(source: BodySource, maxBytes: number): Promise<ReadBody> {
  const encodings = encodingsOf(source.headers)
  if (Number(source.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const sent = await source.body(maxBytes)
  return parseBody(encodings.length === 0 ? sent : await decompressed(sent, encodings, maxBytes))
}

const decoder = new TextDecoder("utf-8", { fatal: true })
const encoder = new TextEncoder()

/** Objects and lists within each other. Nobody needs as many, and what walks through a body must not run out of stack. */
const MAX_DEPTH = 1000

/**
 * The JSON object of a body.
 *
 * Of a name that stands twice in an object the last one counts here. A host may see that otherwise, so bytes that may
 * be passed on to it must not hold the others: they would go past whatever was checked.
 *
 * @throws SluiceError `invalid_request` that says where it stops being JSON, or that it is nested too deeply
 */
export function parseBody(bytes: Uint8Array): ReadBody {
  if (bytes.length === 0) throw bad("The request has no body; a JSON object is needed.")
  let value: unknown
  let text: string
  try {
    text = decoder.decode(bytes)
    value = JSON.parse(text)
  } catch (error) {
    const detail = error instanceof SyntaxError ? error.message.replace(/,? ?"?\.{3}.*$/s, "") : "it is not UTF-8"
    throw bad(`The request's body is not valid JSON: ${detail}`, "Send one JSON object in UTF-8.", error)
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw bad("The request's body must be a JSON object.")
  }
  const { depth, members } = shapeOf(bytes)
  if (depth > MAX_DEPTH) {
    throw bad(`The request's body is nested more than ${MAX_DEPTH} levels deep.`, "Send it less deeply nested.")
  }
  return { body: value, raw: memberCount(value) === members ? bytes : encoder.encode(rewritten(text)) }
}

/** What engines of late add to JSON: the text that a value was read from, and a value that is written as its text. */
interface JsonTexts {
  parse(text: string, reviver: (name: string, value: unknown, from?: { source?: string }) => unknown): unknown
  rawJSON?(text: string): unknown
}

/** JSON with each name once, the last one. Numbers stay as they were written: not every one can be read exactly. */
function rewritten(text: string): string {
  const json: JsonTexts = JSON
  return JSON.stringify(
    json.parse(text, (_name, value, { source } = {}) =>
      typeof value === "number" && source !== undefined && json.rawJSON ? json.rawJSON(source) : value,
    ),
  )
}

function bad(
  message: string,
  hint = 'Send one JSON object, such as {"model": "…", "messages": […]}.',
  cause?: unknown,
): SluiceError {
  return new SluiceError(
    { code: "invalid_request", status: 400, message, hint },
    cause === undefined ? undefined : { cause },
  )
}
