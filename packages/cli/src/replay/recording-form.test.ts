import { expect, test } from "vitest"
import { formOfHead, formOfName } from "./recording-form.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test.each([
  ["x.sse", "sse"],
  ["x.jsonl", "ndjson"],
  ["a/B.JSON", "json"],
  ["x.bin", "aws-eventstream"],
  ["x.txt", undefined],
  ["-", undefined],
])("%s is named as %s", (file, form) => expect(formOfName(file)).toBe(form))

test.each([
  ["data: {}\n\n", "sse", "sse"],
  [": comment\n\n", "sse", "sse"],
  ["", undefined, "sse"],
  ["\n \n", undefined, "sse"],
  [`\n {"a":1}\n`, undefined, "json"],
  ["[{}]", "json", "json"],
  [`{"a":1}\n{"b":2}\n`, "ndjson", "ndjson"],
  [`{"a":1}\n{"b"`, "ndjson", "ndjson"],
  [`{"a":[{"b":1},\n{"c`, undefined, "json"],
  [`{"a":1`, undefined, "json"],
  ["\u0000\u0000\u0000\u0070", "aws-eventstream", "aws-eventstream"],
])("%j is read as %s, and as %s where nothing follows", (content, sofar, last) => {
  expect([formOfHead(bytes(content), false), formOfHead(bytes(content), true)]).toEqual([sofar, last])
})
