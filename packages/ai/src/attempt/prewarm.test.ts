import { expect, test } from "vitest"
import { route } from "../../../../tests/support/toy-wire.ts"
import type { Credential } from "../contract/credential.ts"
import type { Call } from "../contract/wire-client.ts"
import { systemMint } from "../platform.ts"
import { Known } from "./known.ts"
import { prewarm } from "./prewarm.ts"

test("a connection is opened ahead with all that a call says about its credential", async () => {
  const credential: Credential = { kind: "oauth", id: "me", secret: "s", accountId: "a", projectId: "p" }
  const seen: Call[] = []
  const warmed: string[] = []
  const plain = route("http://x", {
    open: () => Promise.reject(new Error("nothing is sent")),
    warm: async ({ key }) => void warmed.push(key),
  })
  const to = {
    ...plain,
    endpoint: {
      ...plain.endpoint,
      connect: (call: Call) => {
        seen.push(call)
        return { key: "k", url: "wss://x", headers: {} }
      },
    },
    credentials: {
      acquire: async () => ({ credential, observe() {}, replace: async () => undefined, release() {} }),
    },
  }
  const signal = new AbortController().signal
  expect(await prewarm(to, { sessionId: "s", signal, known: new Known(), mint: systemMint })).toBe(true)
  expect(warmed).toEqual(["k"])
  expect(seen).toMatchObject([
    {
      op: "prewarm",
      auth: { kind: "oauth", accountId: "a", projectId: "p" },
      channel: { kind: "websocket", memory: {} },
    },
  ])
})
