import { describe, expect, test } from "vitest"
import type { Model } from "@sluice/catalog/core"
import type { Credential } from "../contract/credential.ts"
import type { Call, WireRequest } from "../contract/wire-client.ts"
import { anthropicEndpoint, ollamaEndpoint, openaiEndpoint } from "./plain.ts"

const model = (more: Partial<Model> = {}): Model => ({
  id: "m",
  provider: "p",
  api: "openai-completions",
  baseUrl: "https://host.example/v1/",
  input: ["text"],
  output: ["text"],
  compat: {},
  ...more,
})
const call = (more: Partial<Model> = {}, headers?: Record<string, string | undefined>): Call =>
  ({ model: model(more), options: headers ? { headers } : {} }) as Call
const key: Credential = { id: "k", kind: "key", secret: "sk-secret" }
const request: WireRequest = { path: "/chat", headers: { accept: "text/event-stream" }, body: { a: 1 }, losses: [] }

describe("plain endpoints", () => {
  test("path behind the base URL, key as a bearer, our own name", () => {
    expect(openaiEndpoint.dress(request, call(), key)).toEqual({
      method: "POST",
      url: "https://host.example/v1/chat",
      headers: {
        "user-agent": expect.stringMatching(/^sluice\//),
        accept: "text/event-stream",
        authorization: "Bearer sk-secret",
      },
      body: `{"a":1}`,
    })
  })

  test("OF-114 a host without keys gets no credential header at all", () => {
    const { headers } = openaiEndpoint.dress(request, call(), { id: "none", kind: "none" })
    expect(Object.keys(headers)).not.toContain("authorization")
  })

  test("WO-46 names are compared without case: no header goes out twice", () => {
    const { headers } = openaiEndpoint.dress(request, call({}, { Accept: "x", "User-Agent": "mine" }), key)
    expect(headers).toMatchObject({ accept: "x", "user-agent": "mine" })
    expect(Object.keys(headers)).toHaveLength(3)
  })

  test("WO-47 the caller's own name is honoured", () => {
    expect(anthropicEndpoint.dress(request, call({}, { "user-agent": "agent/1" }), key).headers["user-agent"]).toBe(
      "agent/1",
    )
  })

  test("a header that is set to undefined is not sent, ours neither", () => {
    expect(openaiEndpoint.dress(request, call({}, { "User-Agent": undefined }), key).headers).not.toHaveProperty(
      "user-agent",
    )
  })

  test("WO-48 a credential of the caller's own replaces ours, so that a proxy sees one", () => {
    for (const [name, value] of [
      ["X-Api-Key", "theirs"],
      ["Authorization", "Basic theirs"],
    ] as const) {
      const sent = anthropicEndpoint.dress(request, call({}, { [name]: value }), key).headers
      expect(sent).toHaveProperty(name.toLowerCase(), value)
      expect(JSON.stringify(sent)).not.toContain("sk-secret")
    }
    const oauth: Credential = { id: "o", kind: "oauth", secret: "token" }
    const sent = anthropicEndpoint.dress(
      request,
      call({}, { authorization: "theirs", "x-api-key": "theirs" }),
      oauth,
    ).headers
    expect(sent).toMatchObject({ authorization: "Bearer token" })
    expect(sent).not.toHaveProperty("x-api-key")
  })

  test("WO-49 WO-50 one scheme a host: x-api-key where its entry says so, a bearer elsewhere", () => {
    const own = anthropicEndpoint.dress(
      request,
      call({ compat: { messages: { keyHeader: "x-api-key" } } }),
      key,
    ).headers
    expect(own["x-api-key"]).toBe("sk-secret")
    expect(own).not.toHaveProperty("authorization")
    const other = anthropicEndpoint.dress(request, call(), key).headers
    expect(other["authorization"]).toBe("Bearer sk-secret")
    expect(other).not.toHaveProperty("x-api-key")
  })

  test("a version at the end of an Anthropic base URL is not doubled", () => {
    expect(anthropicEndpoint.dress({ ...request, path: "/v1/messages" }, call(), key).url).toBe(
      "https://host.example/v1/messages",
    )
  })

  test("betas that the wire has merged are not replaced by the caller's again", () => {
    const merged = { ...request, headers: { "anthropic-beta": "ours,theirs" } }
    expect(
      anthropicEndpoint.dress(merged, call({}, { "Anthropic-Beta": "theirs" }), key).headers["anthropic-beta"],
    ).toBe("ours,theirs")
  })

  test("WO-66 half a surrogate pair does not reach the wire", () => {
    const { body } = openaiEndpoint.dress(
      { ...request, body: { text: "a\ud800b", path: "\\ud800 stays" } },
      call(),
      key,
    )
    expect(body).toBe(`{"text":"a\ufffdb","path":"\\\\ud800 stays"}`)
  })

  test("a list is asked for with GET and without a body", () => {
    expect(openaiEndpoint.dress({ ...request, method: "GET", body: null }, call(), key)).not.toHaveProperty("body")
  })
})

describe("Ollama's own API", () => {
  const path: WireRequest = { ...request, path: "/api/chat" }

  test.each([
    "http://127.0.0.1:11434",
    "http://127.0.0.1:11434/",
    "http://127.0.0.1:11434/v1",
    "http://127.0.0.1:11434/api",
  ])("is reached behind %s", (baseUrl) => {
    expect(ollamaEndpoint.dress(path, call({ baseUrl }), { id: "none", kind: "none" }).url).toBe(
      "http://127.0.0.1:11434/api/chat",
    )
  })

  test("takes a key as a bearer, and none where there is none", () => {
    const cloud = call({ baseUrl: "https://ollama.com" })
    expect(ollamaEndpoint.dress(path, cloud, key)).toMatchObject({
      url: "https://ollama.com/api/chat",
      headers: { authorization: "Bearer sk-secret" },
    })
    expect(ollamaEndpoint.dress(path, cloud, { id: "none", kind: "none" }).headers).not.toHaveProperty("authorization")
  })

  test("gives a host that loads a model more time between its tries", () => {
    expect(ollamaEndpoint.retry).toEqual({ maxAttempts: 4, baseDelayMs: 2000 })
  })
})
