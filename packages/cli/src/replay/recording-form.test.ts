import { expect, test } from "vitest"
import { formOf } from "./recording-form.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test.each([
  ["x.sse", "{}", "sse"],
  ["x.jsonl", "{}", "ndjson"],
  ["a/B.JSON", "data: {}", "json"],
  ["x.bin", "", "aws-eventstream"],
  ["-", "data: {}\n\n", "sse"],
  ["-", ": comment\n\n", "sse"],
  ["-", `\n {"a":1}\n`, "json"],
  ["-", "[{}]", "json"],
  ["-", `{"a":1}\n{"b":2}\n`, "ndjson"],
  ["x.txt", `{"a":1`, "json"],
  ["x.txt", "\u0000\u0000\u0000\u0070", "aws-eventstream"],
])("%s with %j is read as %s", (file, content, form) => expect(formOf(file, bytes(content))).toBe(form))
