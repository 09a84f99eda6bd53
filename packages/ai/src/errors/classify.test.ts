import { describe, expect, test } from "vitest"
import type { ErrorFacts } from "../contract/error-facts.ts"
import { CODES, type ErrorCode, SluiceError } from "../model/errors.ts"
import { classify, ERROR_RULES } from "./classify.ts"

/** What hosts really answer, and what it means. */
const CASES: readonly [ErrorCode, ErrorFacts][] = [
  ["auth_invalid", { status: 401, code: "invalid_api_key", message: "Incorrect API key provided" }],
  ["auth_invalid", { type: "authentication_error", message: "invalid x-api-key", inStream: true }],
  ["auth_invalid", { status: 401, message: "Invalid API Key" }],
  ["auth_expired", { status: 401, message: "OAuth token has expired" }],
  ["permission_denied", { status: 403, message: "Your plan does not include this model" }],
  ["quota_exhausted", { status: 403, message: "You have reached your usage limit" }],
  ["quota_exhausted", { status: 429, code: "insufficient_quota", message: "You exceeded your current quota" }],
  ["quota_exhausted", { status: 429, type: "usage_limit_reached", message: "The usage limit has been reached" }],
  [
    "quota_exhausted",
    { status: 429, message: "This request would exceed your account's rate limit. Please try again later." },
  ],
  ["quota_exhausted", { status: 429, message: "You have hit your monthly spend limit" }],
  ["quota_exhausted", { status: 429, message: "" }],
  ["quota_exhausted", { status: 429, type: "rate_limit_error", message: "Extra usage is required for fast mode" }],
  ["billing", { status: 402, message: "Insufficient balance" }],
  ["billing", { status: 402, message: "" }],
  ["rate_limited", { status: 429, type: "rate_limit_error", message: "Number of requests per minute exceeded" }],
  ["rate_limited", { status: 429, code: "rate_limit_exceeded", message: "Rate limit reached for requests" }],
  ["rate_limited", { status: 429, message: "Too many requests" }],
  ["concurrency_limited", { status: 429, message: "Too many concurrent requests" }],
  ["concurrency_limited", { status: 403, message: "Concurrency limit reached for this account" }],
  ["overloaded", { type: "overloaded_error", message: "Overloaded", inStream: true }],
  ["overloaded", { status: 529, message: "Overloaded" }],
  ["overloaded", { status: 503, message: "Service unavailable" }],
  ["overloaded", { message: "The model is experiencing high demand", inStream: true }],
  ["context_overflow", { status: 400, code: "context_length_exceeded", message: "too long" }],
  [
    "context_overflow",
    { status: 400, type: "invalid_request_error", message: "prompt is too long: 210000 tokens > 200000 maximum" },
  ],
  [
    "context_overflow",
    { status: 400, type: "exceed_context_size_error", message: "the request exceeds the available context size" },
  ],
  ["context_overflow", { status: 413, message: "Payload too large" }],
  ["context_overflow", { status: 400, message: "" }],
  ["context_overflow", { status: 413, message: "" }],
  ["context_overflow", { status: 400, message: "This endpoint's maximum context length is 4096 tokens." }],
  ["context_overflow", { message: "model_context_window_exceeded", inStream: true }],
  ["invalid_request", { status: 400, type: "invalid_request_error", message: "messages: required", param: "messages" }],
  ["context_overflow", { status: 400, message: "prompt token count of 130000 exceeds the limit of 128000" }],
  [
    "context_overflow",
    { status: 400, message: "The request's 9000 tokens, tools and prompt, exceeds the limit of 8192" },
  ],
  ["invalid_request", { status: 400, message: "max_tokens exceeds the limit of 8192" }],
  ["invalid_request", { status: 400, message: "maxTokens exceeds the limit of 8192" }],
  ["invalid_request", { status: 400, param: "max_completion_tokens", message: "The value exceeds the limit of 8192" }],
  ["invalid_request", { status: 400, message: "image count exceeds the limit of 20" }],
  ["invalid_request", { status: 400, param: "tools", message: "The number of entries exceeds the limit of 128" }],
  ["invalid_request", { status: 422, message: "The number of stop sequences exceeds the limit of 4" }],
  ["invalid_request", { status: 400, message: "n exceeds the limit of 8" }],
  ["invalid_request", { status: 400, message: "temperature exceeds the limit of 2" }],
  ["invalid_request", { status: 422, message: "Input should be a valid string" }],
  ["invalid_request", { status: 404, message: "no route" }],
  ["unsupported", { status: 400, code: "unsupported_parameter", message: "'temperature' is not supported" }],
  ["unsupported", { status: 501, message: "not implemented" }],
  ["model_not_found", { status: 404, code: "model_not_found", message: "The model `x` does not exist" }],
  ["model_not_found", { status: 404, type: "not_found_error", message: "model: claude-sonet" }],
  ["model_not_found", { status: 404, code: "DeploymentNotFound", message: "The API deployment does not exist" }],
  ["model_not_found", { status: 400, message: "foo/bar is not a valid model ID" }],
  ["content_blocked", { status: 400, code: "content_filter", message: "filtered" }],
  ["content_blocked", { status: 400, message: "The response was filtered due to our content management policy" }],
  ["timeout", { status: 408, message: "" }],
  ["timeout", { status: 504, message: "Gateway Timeout" }],
  ["server_error", { status: 500, message: "Internal server error" }],
  [
    "unsupported",
    { status: 500, type: "server_error", message: "image input is not supported - hint: it may need the mmproj" },
  ],
  ["server_error", { status: 502, message: "Bad gateway" }],
  ["server_error", { type: "api_error", message: "Internal server error", inStream: true }],
  ["server_error", { message: "Provider returned error finish_reason", inStream: true }],
  ["network", { message: "fetch failed", inStream: true }],
  ["network", { message: "HTTP2StreamReset: Enhance your calm", inStream: true }],
  ["state_lost", { status: 400, code: "previous_response_not_found", message: "gone" }],
  ["account_policy", { status: 403, code: "cyber_policy", message: "blocked" }],
]

describe("the classifier", () => {
  test.each(CASES)("%s: %j", (code, facts) => {
    const error = classify(facts, { provider: "p", model: "m" })
    expect(error.code).toBe(code)
    expect(error.scope).toBe(CODES[code].scope)
    expect(error.provider).toBe("p")
  })

  test("every code can come out of the table or is made by us", () => {
    const ours = new Set(["auth_missing", "stream_incomplete", "stream_malformed", "empty_response", "config"])
    const table = new Set(ERROR_RULES.map((rule) => rule.code))
    for (const code of Object.keys(CODES) as ErrorCode[]) expect(table.has(code) || ours.has(code), code).toBe(true)
  })

  test("an error inside a stream gets the status that the host would have answered with", () => {
    expect(classify({ type: "overloaded_error", message: "Overloaded", inStream: true }).status).toBe(529)
    expect(classify({ code: "502", message: "upstream", inStream: true }).status).toBe(502)
  })

  test("x-should-retry decides", () => {
    expect(classify({ status: 500, shouldRetry: false }).retryable).toBe(false)
    expect(classify({ status: 409, shouldRetry: true }).retryable).toBe(true)
  })

  test("words inside other words do not count", () => {
    expect(classify({ status: 400, message: "GenerateContentRequest.contents is required" }).code).toBe(
      "invalid_request",
    )
  })

  test("all public fields survive JSON, the cause and the stack do not", () => {
    const error = new SluiceError(
      { code: "rate_limited", message: "slow down", status: 429, retryAfterMs: 5 },
      { cause: new Error("secret") },
    )
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: "rate_limited",
      message: "slow down",
      status: 429,
      retryAfterMs: 5,
      retryable: true,
      scope: "host",
      delivered: "nothing",
    })
    expect(Object.keys(error)).not.toContain("cause")
    expect(SluiceError.is(error)).toBe(true)
    expect(SluiceError.is(new Error("other"))).toBe(false)
  })
})
