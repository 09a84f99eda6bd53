import { describe, expect, test } from "vitest"
import type { Credential } from "../../contract/credential.ts"
import type { HeaderMap } from "../../contract/frame.ts"
import type { Call } from "../../contract/wire-client.ts"
import { accountFor, headersFor, shownHeaders } from "./headers.ts"

const CREDENTIAL: Credential = { kind: "oauth", id: "one", secret: "secret-token", accountId: "acct-1" }

function headers(
  options: Call["options"] = {},
  over: {
    channel?: "http" | "websocket"
    lite?: boolean
    wire?: HeaderMap
    model?: HeaderMap
    credential?: Credential
  } = {},
): HeaderMap {
  const model = { id: "m", provider: "p", baseUrl: "b", compat: {}, ...(over.model ? { headers: over.model } : {}) }
  const call = { model, options, context: { messages: [] }, known: {} } as unknown as Call
  return headersFor(call, over.credential ?? CREDENTIAL, {
    channel: over.channel ?? "http",
    originator: "sluice",
    lite: over.lite ?? false,
    ...(over.wire ? { wire: over.wire } : {}),
  })
}

describe("the headers of a request", () => {
  test("say who asks, for whom and over what", () => {
    const sent = headers({ sessionId: "s1" })
    expect(sent).toMatchObject({
      authorization: "Bearer secret-token",
      originator: "sluice",
      "openai-beta": "responses=experimental",
      "chatgpt-account-id": "acct-1",
      conversation_id: "s1",
      session_id: "s1",
      "x-client-request-id": "s1",
    })
    expect(sent["user-agent"]).toMatch(/^sluice/)
  })

  test("cannot be replaced by a caller where they are this endpoint's own", () => {
    const given = {
      Authorization: "Bearer other",
      "X-Api-Key": "k",
      "api-key": "k",
      "OpenAI-Beta": "b",
      Originator: "o",
      "ChatGPT-Account-Id": "a",
      Session_id: "s",
      conversation_id: "c",
      "x-client-request-id": "r",
    }
    const plain = headers({ sessionId: "s1" })
    expect(headers({ sessionId: "s1", headers: given })).toEqual(plain)
    expect(headers({ sessionId: "s1" }, { model: given })).toEqual(plain)
    expect(headers({ headers: given })["session_id"]).toBeUndefined()
  })

  test("hold a caller's other ones, and theirs in place of ours where that is allowed", () => {
    expect(headers({ headers: { "X-Mine": "1", "user-agent": "mine/1" } })).toMatchObject({
      "x-mine": "1",
      "user-agent": "mine/1",
    })
  })

  test("of a handshake are not those of a body", () => {
    const wire = { accept: "text/event-stream", "content-type": "application/json", "x-wire": "1" }
    const sent = headers({}, { channel: "websocket", wire })
    expect(sent).toMatchObject({ "x-wire": "1", "openai-beta": "responses_websockets=2026-02-06" })
    expect(Object.keys(sent)).not.toEqual(expect.arrayContaining(["accept"]))
    expect(Object.keys(sent)).not.toEqual(expect.arrayContaining(["content-type"]))
    expect(headers({}, { wire })).toMatchObject(wire)
  })

  test("say that a request is in the lighter form", () => {
    const name = "x-openai-internal-codex-responses-lite"
    expect([headers()[name], headers({}, { lite: true })[name]]).toEqual([undefined, "true"])
  })

  test("name no account where none is known", () => {
    const credential: Credential = { kind: "key", id: "one", secret: "no-token" }
    expect(headers({}, { credential })["chatgpt-account-id"]).toBeUndefined()
    expect(accountFor(credential)).toBeUndefined()
    expect(accountFor(CREDENTIAL)).toBe("acct-1")
  })
})

test("a record shows no secret, and nothing that tells accounts and conversations apart", () => {
  const shown = shownHeaders({
    Authorization: "Bearer secret-token",
    cookie: "a=1",
    "chatgpt-account-id": "acct-1",
    Session_id: "s1",
    conversation_id: "s1",
    "X-Client-Request-Id": "s1",
    "x-codex-turn-state": "sealed",
    "x-mine": "Bearer abcdefghijk",
    originator: "sluice",
    gone: undefined,
  })
  expect(JSON.stringify(shown)).not.toMatch(/secret-token|a=1|acct-1|s1|sealed|abcdefghijk/)
  expect(shown).toMatchObject({ originator: "sluice", session_id: "[redacted]", "x-codex-turn-state": "[redacted]" })
  expect(shown).not.toHaveProperty("gone")
})
