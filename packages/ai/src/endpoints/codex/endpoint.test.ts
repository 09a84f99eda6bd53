import { describe, expect, test } from "vitest"
import type { Credential } from "../../contract/credential.ts"
import type { Call } from "../../contract/wire-client.ts"
import { WEBSOCKET } from "./ladder.ts"
import { codexEndpoint } from "./endpoint.ts"

const CREDENTIAL: Credential = { kind: "oauth", id: "one", secret: "token", accountId: "acct-1" }

interface Given {
  sessionId?: string
  baseUrl?: string
  id?: string
  known?: Call["known"]
  responses?: object
  content?: Call["context"]["messages"]
}

function call(given: Given = {}): Call {
  const { sessionId = "s1", baseUrl = "https://host.example/backend-api", id = "m", known = {}, responses = {} } = given
  return {
    op: "generate",
    model: { id, provider: "p", api: "openai-codex-responses", baseUrl, compat: { responses } },
    options: sessionId === "" ? {} : { sessionId },
    context: { messages: given.content ?? [] },
    known,
    channel: { kind: "http", memory: {} },
  } as unknown as Call
}

/** The socket of a call. */
const socket = (given?: Given, credential: Credential = CREDENTIAL, settings = {}): ReturnType<typeof connect> =>
  connect(settings, given, credential)
function connect(
  settings: object,
  given: Given | undefined,
  credential: Credential,
): { key: string; url: string } | undefined {
  return codexEndpoint(settings).connect?.(call(given), credential)
}

describe("the address of requests", () => {
  const PATH = "https://host.example/backend-api/codex/responses"

  test.each(["", "/", "//", "/codex", "/codex/", "/codex/responses", "/codex/responses/"])(
    "is one, however much of it a base URL has: %j",
    (end) => {
      const baseUrl = `https://host.example/backend-api${end}`
      const sent = (credential: Credential, given: Given): string =>
        codexEndpoint().dress({ path: "/responses", headers: {}, body: {}, losses: [] }, call(given), credential).url
      expect(sent(CREDENTIAL, { baseUrl })).toBe(PATH)
      // A credential may be for a host of its own.
      expect(sent({ ...CREDENTIAL, baseUrl }, { baseUrl: "https://other.example" })).toBe(PATH)
      expect(socket({ baseUrl })?.url).toBe(PATH.replace("https", "wss"))
    },
  )

  test("of a socket to a host without TLS is without it too", () => {
    expect(socket({ baseUrl: "http://127.0.0.1:1" })?.url).toBe("ws://127.0.0.1:1/codex/responses")
  })
})

describe("a socket", () => {
  test("is each session's, account's, model's and address's own", () => {
    const image = { type: "image" as const, source: { data: "aGk=", mimeType: "image/png" } }
    const lite = { responsesLite: true }
    const keys = [
      socket(),
      socket({ sessionId: "s2" }),
      socket({ id: "m2" }),
      socket({ baseUrl: "https://other.example" }),
      socket({}, { ...CREDENTIAL, accountId: "acct-2" }),
      socket({}, CREDENTIAL, lite),
    ].map((target) => target?.key)
    expect(new Set(keys).size).toBe(keys.length)
    expect(socket()?.key).toBe(keys[0])
    // With an image it is the full form's.
    expect(socket({ content: [{ role: "user", content: [image] }] }, CREDENTIAL, lite)?.key).toBe(keys[0])
  })

  test("is not shared by tokens that name no account, and its key holds none of them", () => {
    const [one, two] = ["token-one", "token-two"].map((secret) => socket({}, { kind: "key", id: "k", secret })?.key)
    expect(one).not.toBe(two)
    expect(`${one} ${two}`).not.toMatch(/token-/)
  })

  test("of an account stays the same when its token is renewed", () => {
    expect(socket({}, { ...CREDENTIAL, secret: "renewed" })?.key).toBe(socket()?.key)
  })

  test.each<[string, Given, object]>([
    ["without a session", { sessionId: "" }, {}],
    ["where sockets are switched off", {}, { websocket: false }],
    ["where the model's host has none", { responses: { websocket: false } }, {}],
    ["where the session has lost them", { known: { [WEBSOCKET]: false } }, {}],
  ])("is not wanted %s", (_name, given, settings) => {
    expect(socket(given, CREDENTIAL, settings)).toBeUndefined()
  })
})
