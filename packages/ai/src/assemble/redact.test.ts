import { assert, property, string } from "fast-check"
import { describe, expect, test } from "vitest"
import { createRedactor, REDACTED } from "./redact.ts"

const redact = createRedactor()

describe("headers", () => {
  test.each([
    "authorization",
    "Authorization",
    "proxy-authorization",
    "x-api-key",
    "X-Api-Key",
    "api-key",
    "x-goog-api-key",
    "cf-aig-authorization",
    "cookie",
    "set-cookie",
    "x-amz-security-token",
    "x-auth-token",
    "ocp-apim-subscription-api-key",
  ])("%s carries a credential", (name) => {
    expect(redact.headers({ [name]: "a" })).toEqual({ [name.toLowerCase()]: REDACTED })
    expect(redact.headers(new Headers({ [name]: "a" }))).toEqual({ [name.toLowerCase()]: REDACTED })
  })

  test.each([
    "content-type",
    "x-request-id",
    "x-ratelimit-remaining-tokens",
    "anthropic-ratelimit-tokens-limit",
    "retry-after",
  ])("%s does not", (name) => {
    expect(redact.headers({ [name]: "value" })).toEqual({ [name]: "value" })
  })

  test("deleted ones are left out", () => {
    expect(redact.headers({ a: "1", b: undefined })).toEqual({ a: "1" })
  })

  test("a known value is found in any header", () => {
    expect(createRedactor(["hunter2x"]).headers({ "x-note": "with hunter2x inside" })).toEqual({
      "x-note": `with ${REDACTED} inside`,
    })
  })
})

describe("URLs", () => {
  test.each([
    ["https://h/v1beta/models?key=AAA&pageSize=100", `https://h/v1beta/models?key=${REDACTED}&pageSize=100`],
    ["https://h/?api_key=A&x=1#access_token=B", `https://h/?api_key=${REDACTED}&x=1#access_token=${REDACTED}`],
    ["https://h/?api%5Fkey=A", `https://h/?api%5Fkey=${REDACTED}`],
    ["https://user:pass@h/p", `https://${REDACTED}@h/p`],
    ["https://h/?X-Amz-Signature=A&X-Amz-Date=B", `https://h/?X-Amz-Signature=${REDACTED}&X-Amz-Date=B`],
    ["https://h/v1/chat/completions", "https://h/v1/chat/completions"],
    ["https://h/?keyword=tree&monkey=1", "https://h/?keyword=tree&monkey=1"],
  ])("%s", (url, expected) => {
    expect(redact.url(url)).toBe(expected)
  })

  test("a known value in a path, also percent-encoded", () => {
    expect(createRedactor(["a b/c-secret"]).url("https://h/a%20b%2Fc-secret/x")).toBe(`https://h/${REDACTED}/x`)
  })
})

describe("text", () => {
  test.each([
    ["Incorrect API key provided: sk-proj-abcdefghijklmnop.", `Incorrect API key provided: ${REDACTED}.`],
    ["header was Bearer abc.def-123456", `header was Bearer ${REDACTED}`],
    ["gsk_abcdefghijklmnop was refused", `${REDACTED} was refused`],
    ["the task-oriented bearer of news", "the task-oriented bearer of news"],
    ["ask-me-anything-you-like-today", "ask-me-anything-you-like-today"],
  ])("%s", (text, expected) => {
    expect(redact.text(text)).toBe(expected)
  })

  test("short values are not hunted for in ordinary words", () => {
    expect(createRedactor(["key", ""]).text("a monkey")).toBe("a monkey")
  })

  test("of two secrets the one that holds the other goes first", () => {
    expect(createRedactor(["secret-1", "secret-1-long"]).text("secret-1-long")).toBe(REDACTED)
  })

  test("a known value never survives, wherever it stands", () => {
    const secret = string({ minLength: 8, maxLength: 40, unit: "grapheme-ascii" }).filter(
      (text) => text.trim().length >= 8,
    )
    assert(
      property(secret, string(), string(), (key, before, after) => {
        const redactor = createRedactor([key])
        expect(redactor.text(before + key + after)).not.toContain(key)
        expect(JSON.stringify(redactor.json({ note: [before + key + after] }))).not.toContain(
          JSON.stringify(key).slice(1, -1),
        )
      }),
    )
  })
})

describe("JSON", () => {
  test("fields with secret names, known values and usual forms; everything else stays", () => {
    const value = {
      model: "m",
      api_key: "x",
      nested: [{ refresh_token: "y", max_tokens: 5, key: 7 }, "hunter2x", null, true],
      note: "",
      token: "",
    }
    expect(createRedactor(["hunter2x"]).json(value)).toEqual({
      model: "m",
      api_key: REDACTED,
      nested: [{ refresh_token: REDACTED, max_tokens: 5, key: 7 }, REDACTED, null, true],
      note: "",
      token: "",
    })
    expect(value.api_key).toBe("x")
  })

  test("a field called __proto__ stays a field, and depth has an end", () => {
    const hostile = JSON.parse('{"__proto__":{"secret":"abc"}}') as unknown
    expect(JSON.stringify(redact.json(hostile))).toBe(`{"__proto__":{"secret":"${REDACTED}"}}`)
    let deep: unknown = "end"
    for (let level = 0; level < 1000; level++) deep = [deep]
    expect(JSON.stringify(redact.json(deep))).toContain(REDACTED)
  })
})
