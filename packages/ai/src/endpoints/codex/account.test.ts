import { describe, expect, test } from "vitest"
import { accountOf } from "./account.ts"

const base64url = (text: string): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "")
const token = (payload: unknown): string => `h.${base64url(JSON.stringify(payload))}.s`
const CLAIM = "https://api.openai.com/auth"

describe("the account of a token", () => {
  test("is the one that its claim names, whatever else is in it", () => {
    expect(accountOf(token({ [CLAIM]: { chatgpt_account_id: "acct-1" } }))).toBe("acct-1")
    // Characters that base64 spells in its two forms, and in more than one byte.
    for (const name of ["ü", "??>>", "日本"]) {
      expect(accountOf(token({ name, [CLAIM]: { chatgpt_account_id: "acct-1" } }))).toBe("acct-1")
    }
  })

  test.each([
    ["a key", "sk-abc"],
    ["a token in two parts", "a.b"],
    ["one in four", token({ [CLAIM]: { chatgpt_account_id: "a" } }) + ".d"],
    ["one whose middle is no base64", "a.%%%.c"],
    ["one whose middle is no JSON", `a.${base64url("{")}.c`],
    ["one of nothing", `a.${base64url("null")}.c`],
    ["one without the claim", token({ sub: "x" })],
    ["one whose claim is nothing", token({ [CLAIM]: null })],
    ["one whose claim is a text", token({ [CLAIM]: "acct" })],
    ["one with an empty account", token({ [CLAIM]: { chatgpt_account_id: "" } })],
    ["one whose account is a number", token({ [CLAIM]: { chatgpt_account_id: 7 } })],
    ["nothing", ""],
  ])("is unknown for %s", (_name, text) => {
    expect(accountOf(text)).toBeUndefined()
  })
})
