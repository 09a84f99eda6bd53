import { expect, test } from "vitest"
import { route, serve, user } from "../../../../tests/support/toy-wire.ts"
import type { Route } from "../contract/route.ts"
import { fetchTransport } from "../transport/fetch.ts"
import { countTokens } from "./count.ts"

/** A way to a host that answers a count so. */
async function to(status: number, answer: object, counts = true): Promise<Route> {
  return at(await serve((_n, _body, response) => response.writeHead(status).end(JSON.stringify(answer))), counts)
}

function at(url: string, counts = true): Route {
  const plain = route(url, fetchTransport())
  const countTokens = {
    encode: plain.wire.encode,
    decode: (body: unknown) => ({ inputTokens: (body as { n: number }).n, provenance: "reported" as const }),
  }
  return {
    ...plain,
    model: { ...plain.model, compat: { countsTokens: counts } },
    wire: { ...plain.wire, operations: { countTokens } },
  }
}

const estimated = { inputTokens: expect.any(Number), provenance: "estimated" }

test("a host that counts is asked, one that is not known to is not", async () => {
  expect(await countTokens(await to(200, { n: 7 }), user)).toEqual({ inputTokens: 7, provenance: "reported" })
  expect(await countTokens(await to(200, { n: 7 }, false), user)).toEqual(estimated)
})

test.each([403, 404, 405, 501])("a host that cannot count after all is stood in for: %i", async (status) => {
  expect(await countTokens(await to(status, { error: "no" }), user)).toEqual(estimated)
})

test.each([
  [400, "invalid_request"],
  [401, "auth_invalid"],
])("what the caller has to put right is told: %i", async (status, code) => {
  const host = await to(status, { error: "Something is wrong with it." })
  await expect(countTokens(host, user, { retry: { maxAttempts: 1 } })).rejects.toMatchObject({ code })
})

test("a host that falls silent within its answer is waited for no longer than the call allows", async () => {
  const host = at(await serve((_n, _body, response) => void response.writeHead(200).write('{"n":')))
  const limits = { timeouts: { firstEventMs: 50, idleMs: 50 }, retry: { maxAttempts: 1 } }
  await expect(countTokens(host, user, limits)).rejects.toMatchObject({ code: "timeout" })
  const leave = new AbortController()
  const waiting = countTokens(host, user, { signal: leave.signal })
  setTimeout(() => leave.abort(), 30)
  await expect(waiting).rejects.toMatchObject({ code: "aborted" })
})
