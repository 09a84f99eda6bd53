import { describe, expect, test } from "vitest"
import { classify } from "./classify.ts"

/** What hosts say of a prompt that is longer than their model's window, each in its own way. */
const SAID = [
  "prompt is too long: 210000 tokens > 200000 maximum",
  "Input is too long for requested model.",
  "Your input exceeds the context window of this model.",
  "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
  "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
  "Please reduce the length of the messages or completion.",
  "This endpoint's maximum context length is 8192 tokens.",
  "prompt token count of 150000 exceeds the limit of 128000",
  "the request exceeds the available context size, try increasing it",
  "Requested tokens (9000) exceed context window of 8192",
  "Requested tokens 9000 are greater than n_ctx 8192",
  "tokens to keep from the initial prompt is greater than the context length",
  "invalid params, context window exceeds limit (2013)",
  "Your request exceeded model token limit: 262144 (requested: 300000)",
  "context_length_exceeded",
  "too many tokens: 9000",
  "token limit exceeded",
  "request_too_large",
  "Request exceeds the maximum size",
  "Payload Too Large",
  "Request Entity Too Large",
  "model_context_window_exceeded",
  "prompt filled the context window",
  "400 status code (no body)",
  "413 status code (no body)",
  "The context size is too small.",
  "prompt too large for n_ctx",
  "Context length overflow",
  "Input length (265330) exceeds model's maximum context length (262144).",
]

describe.each(SAID)("an overflow: %s", (message) => {
  test.each([{ status: 400 }, { status: 500 }, { inStream: true }])("%j", (where) => {
    expect(classify({ message, ...where }).code).toBe("context_overflow")
    expect(classify({ message: message.toUpperCase(), ...where }).code).toBe("context_overflow")
  })
})

describe.each([
  "Too many tokens per minute.",
  "Too many tokens, please wait before trying again.",
  "Throttled: too many tokens per day",
  "Rate limit reached: token limit exceeded, request too large for 6000 TPM",
])("tokens that are too many for now are none: %s", (message) => {
  test.each([
    [{ inStream: true }, "rate_limited"],
    [{ status: 429 }, "rate_limited"],
    [{ status: 400 }, "invalid_request"],
  ])("%j", (where, code) => {
    expect(classify({ message, ...where }).code).toBe(code)
  })
})
