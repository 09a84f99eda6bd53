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

/** The form of a file by its name, where that tells. */
export function formOfName(file: string): RecordingForm | undefined {
  return BY_EXTENSION[extname(file).toLowerCase()]
}

/** The form of a recording by what it begins with; `undefined` while more must be seen and `last` is not set. */
export function formOfHead(head: Uint8Array, last: boolean): RecordingForm | undefined {
  // The length that a binary event begins with has zeros in front.
  if (head[0] === 0) return "aws-eventstream"
  const text = new TextDecoder().decode(head).trimStart()
  if (text.startsWith("[")) return "json"
  if (text !== "" && !text.startsWith("{")) return "sse"
  // One document never has an object behind another without anything between them.
  if (/\}[\t ]*\r?\n\s*\{/.test(text)) return "ndjson"
  if (!last) return undefined
  return text === "" ? "sse" : "json"
}
