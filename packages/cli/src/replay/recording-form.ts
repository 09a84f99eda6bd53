import { extname } from "node:path"

/** How a recording's bytes are to be read. */
export type RecordingForm = "sse" | "ndjson" | "json" | "aws-eventstream"

/** The forms by name, for the command line. */
export const FORMS: readonly RecordingForm[] = ["sse", "ndjson", "json", "aws-eventstream"]

const BY_EXTENSION: Readonly<Record<string, RecordingForm>> = {
  ".sse": "sse",
  ".jsonl": "ndjson",
  ".ndjson": "ndjson",
  ".json": "json",
  ".bin": "aws-eventstream",
}

/** The form of a file by its name, or by its content where the name does not tell. */
export function formOf(file: string, bytes: Uint8Array): RecordingForm {
  return BY_EXTENSION[extname(file).toLowerCase()] ?? formOfContent(bytes)
}

function formOfContent(bytes: Uint8Array): RecordingForm {
  // The length that a binary event begins with has zeros in front.
  if (bytes[0] === 0) return "aws-eventstream"
  const text = new TextDecoder().decode(bytes).trim()
  if (!/^[{[]/.test(text)) return "sse"
  try {
    JSON.parse(text)
    return "json"
  } catch {
    return text.startsWith("{") && /\}\s*\r?\n\s*\{/.test(text) ? "ndjson" : "json"
  }
}
