import { describe, expect, test } from "vitest"
import { classify } from "../../errors/classify.ts"
import { errorFacts, readError } from "./errors.ts"

const type = (name: string): string => `type.googleapis.com/google.rpc.${name}`
const read = (status: number, error: Record<string, unknown>) => readError({ status }, { error })
const codeOf = (status: number, error: Record<string, unknown>) => classify(read(status, error)).code

describe("what an error says", () => {
  test.each([
    [400, "INVALID_ARGUMENT", "bad", "invalid_request"],
    [
      400,
      "INVALID_ARGUMENT",
      "The input token count (9) exceeds the maximum number of tokens allowed (1).",
      "context_overflow",
    ],
    [401, "UNAUTHENTICATED", "Request had invalid authentication credentials.", "auth_invalid"],
    [403, "PERMISSION_DENIED", "denied", "permission_denied"],
    [404, "NOT_FOUND", "models/x is not found for API version v1beta", "model_not_found"],
    [409, "ABORTED", "conflict", "server_error"],
    [429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).", "rate_limited"],
    [499, "CANCELLED", "The operation was cancelled.", "server_error"],
    [500, "INTERNAL", "oops", "server_error"],
    [503, "UNAVAILABLE", "busy", "overloaded"],
    [504, "DEADLINE_EXCEEDED", "late", "timeout"],
  ])("%i %s: %s", (status, word, message, code) => {
    expect(codeOf(status, { code: status, message, status: word })).toBe(code)
  })

  test("inside a stream the word alone tells the number", () => {
    const { status: _status, ...facts } = read(200, { message: "busy", status: "RESOURCE_EXHAUSTED" })
    expect(facts).toMatchObject({ code: "RESOURCE_EXHAUSTED", message: "busy" })
  })

  test("a number may be a text, and what is none is not one", () => {
    const status = (code: unknown) => errorFacts({ error: { code, message: "x" } }).status
    expect(["429", 429, "x", "", 8, null].map(status)).toEqual([429, 429, undefined, undefined, undefined, undefined])
  })

  test("the name of a limit tells one a minute from one a day, and is kept", () => {
    const message = "You exceeded your current quota, please check your plan and billing details."
    const limited = (quotaId: string) =>
      read(429, {
        message,
        status: "RESOURCE_EXHAUSTED",
        details: [
          { "@type": type("QuotaFailure"), violations: [{ quotaId }] },
          { "@type": type("RetryInfo"), retryDelay: "34.07s" },
        ],
      })
    const minute = limited("GenerateRequestsPerMinutePerProjectPerModel")
    expect(minute).toMatchObject({
      retryAfterMs: 34_070,
      quota: { bucket: "GenerateRequestsPerMinutePerProjectPerModel" },
    })
    expect(classify(minute).code).toBe("rate_limited")
    expect(classify(limited("GenerateRequestsPerDayPerProjectPerModel-FreeTier")).code).toBe("quota_exhausted")
    expect(codeOf(429, { message, status: "RESOURCE_EXHAUSTED" })).toBe("quota_exhausted")
  })

  test("the reason, the field at fault and the request's id are told", () => {
    const facts = read(400, {
      message: "m",
      status: "INVALID_ARGUMENT",
      details: [
        { "@type": type("ErrorInfo"), reason: "API_KEY_EXPIRED" },
        { "@type": type("BadRequest"), fieldViolations: [{ field: "contents[0].parts", description: "d" }] },
        { "@type": type("RequestInfo"), requestId: "r1" },
      ],
    })
    expect(facts).toMatchObject({ type: "API_KEY_EXPIRED", param: "contents[0].parts", requestId: "r1" })
    expect(classify(facts).code).toBe("auth_expired")
  })

  test("a list, a text and another host's form are read too", () => {
    expect(readError({ status: 400 }, [{ error: { message: "in a list" } }]).message).toBe("in a list")
    expect(readError({ status: 502 }, "Bad Gateway")).toEqual({ status: 502, message: "Bad Gateway" })
    expect(readError({ status: 400 }, { detail: "of a proxy" }).message).toBe("of a proxy")
  })

  test.each(["constructor", "__proto__"])("%s is no status", (word) => {
    expect(read(500, { message: "m", status: word })).not.toHaveProperty("is")
  })
})
