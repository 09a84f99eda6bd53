import { describe, expect, test } from "vitest"
import { errorFacts, readError } from "./host-errors.ts"

describe("reading an error", () => {
  test.each([
    [
      "the vendor's envelope",
      { error: { message: "no", type: "t", code: "c", param: "p" } },
      { message: "no", type: "t", code: "c", param: "p" },
    ],
    ["an envelope with a text", { error: "no" }, { message: "no" }],
    ["a bare message", { message: "no", type: "t" }, { message: "no", type: "t" }],
    ["a detail", { detail: "no" }, { message: "no" }],
    ["a list of details", { detail: [{ loc: ["body", "n"], msg: "too large" }] }, { message: "body.n: too large" }],
    ["a detail of no known form", { detail: [[{ toString: 1 }]] }, { message: '[{"toString":1}]' }],
    ["a message that holds details", { message: { detail: [{ loc: ["a"], msg: "x" }] } }, { message: "a: x" }],
    [
      "a list of envelopes",
      [{ error: { message: "no", status: "INVALID_ARGUMENT", code: 400 } }],
      { message: "no", status: 400 },
    ],
    ["a list of errors", { errors: [{ message: "no" }] }, { message: "no" }],
    [
      "a code that is a number",
      { error: { code: 400, message: "no", type: "exceed_context_size_error" } },
      { status: 400, message: "no", type: "exceed_context_size_error" },
    ],
    ["a code that is a number in a text", { error: { code: "401", message: "no" } }, { status: 401, message: "no" }],
    [
      "an upstream's own answer",
      { error: { message: "Provider returned error", metadata: { raw: "too long" } } },
      { message: "Provider returned error: too long" },
    ],
    ["text", " gone \n", { message: "gone" }],
    ["nothing", "", {}],
  ])("%s", (_name, body, facts) => {
    expect(errorFacts(body)).toEqual(facts)
  })

  test("an error inside a response keeps the response's status unless it names one", () => {
    expect(readError({ status: 502 }, "bad").status).toBe(502)
  })
})
