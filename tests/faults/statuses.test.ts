import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { listSource } from "@sluice/auth"
import type { Credential, StreamOptions } from "@sluice/ai"
import { expectProtocol, read, routeTo, TRANSPORTS, type Seen } from "./support/calls.ts"
import { fastClock, type FastClock } from "./support/clocks.ts"
import { guardProcess } from "./support/guard.ts"
import { answering, begin, type HandHost } from "./support/host.ts"
import { WIRES } from "./support/wires.ts"

guardProcess()

interface Answer {
  status: number
  body?: string
  headers?: Record<string, string>
}

const NOW = Date.UTC(2026, 0, 1)
const PAGE = "<!DOCTYPE html><html><body><h1>Gateway</h1>model not found, quota exceeded</body></html>"
const cells = WIRES.flatMap((at) => TRANSPORTS.map(([name, make]) => [at.name, name, at, make] as const))

describe.each(cells)("%s over %s", (_wire, _transport, at, make) => {
  const { transport, close } = make()
  let answer: (n: number, key: string) => Answer | undefined = () => undefined
  let host: HandHost
  let base = 0
  beforeAll(async () => {
    host = await answering((asked, response) => {
      const key = String(
        asked.headers["x-api-key"] ?? asked.headers["x-goog-api-key"] ?? asked.headers["authorization"],
      ).replace("Bearer ", "")
      const one = answer(asked.n - base, key)
      if (!one) {
        begin(response, at.opening + at.says("fine") + at.ending)
        response.end()
        return
      }
      const type = one.body?.startsWith("<") ? "text/html" : "application/json"
      response.writeHead(one.status, { "content-type": type, ...one.headers }).end(one.body ?? "")
    })
  })
  afterAll(async () => {
    await host[Symbol.asyncDispose]()
    await close()
  })

  interface Outcome extends Seen {
    tries: number
    keys: string[]
    clock: FastClock
  }
  async function ask(
    how: (n: number, key: string) => Answer | undefined,
    options: StreamOptions = {},
    keys: readonly string[] = ["k"],
    more: ReturnType<typeof routeTo>[] = [],
  ): Promise<Outcome> {
    base = host.asked.length
    answer = how
    const clock = fastClock(NOW)
    const credentials = listSource(
      keys.map((secret): Credential => ({ kind: "key", id: secret, secret })),
      { now: clock.now },
    )
    const seen = await read([routeTo(at, host.url, transport, { credentials }), ...more], options, {
      clock,
      random: () => 0,
    })
    expectProtocol(seen)
    expect(clock.pending).toBe(0)
    const asked = host.asked.slice(base)
    const used = asked.map(({ headers }) =>
      String(headers["x-api-key"] ?? headers["x-goog-api-key"] ?? headers["authorization"]).replace("Bearer ", ""),
    )
    return { ...seen, tries: asked.length, keys: used, clock }
  }

  describe("the vendor's own bodies", () => {
    test.each(at.refusals.map((one) => [one.status, one.code, one] as const))(
      "%i is %s",
      async (status, code, refusal) => {
        const seen = await ask(() => refusal, { retry: { maxAttempts: 3 } })
        expect(seen.message.error).toMatchObject({
          code,
          status,
          delivered: "nothing",
          retryable: refusal.again ?? false,
          provider: at.host,
          model: "m",
        })
        expect(seen.message.error?.message).not.toBe("")
        expect(seen.tries).toBe(refusal.again ? 3 : 1)
        expect(seen.clock.waits).toEqual(refusal.again ? [500, 1000] : [])
        expect(seen.message.content).toEqual([])
      },
    )

    test.each(at.refusals.filter(({ again }) => again).map((one) => [one.status, one.code, one] as const))(
      "%i, %s, is forgotten when the next try succeeds",
      async (_status, _code, refusal) => {
        const seen = await ask((n) => (n === 1 ? refusal : undefined))
        expect(seen.message.error).toBeUndefined()
        expect(seen.tries).toBe(2)
        expect(seen.events.filter((event) => event.type === "start")).toHaveLength(1)
      },
    )
  })

  describe("statuses with nothing to read", () => {
    const bare: [number, string, boolean][] = [
      // Some hosts answer a prompt that is too long with a bare 400.
      [400, "context_overflow", false],
      [401, "auth_invalid", false],
      [402, "billing", false],
      [403, "permission_denied", false],
      [404, "invalid_request", false],
      [408, "timeout", true],
      [413, "context_overflow", false],
      // A limit that nobody explains is an account's.
      [429, "quota_exhausted", false],
      [500, "server_error", true],
      [502, "server_error", true],
      [503, "overloaded", true],
      [504, "timeout", true],
      [529, "overloaded", true],
    ]
    // A page comes from something between us and the host, and says nothing of the prompt or the account.
    const paged = bare.map(([status, code, again]): [number, string, boolean] => {
      if (status === 400) return [status, "invalid_request", false]
      return status === 429 ? [status, "rate_limited", true] : [status, code, again]
    })
    test.each([
      ...bare.map(([status, code, again]) => [status, "no body", code, again, undefined] as const),
      ...paged.map(([status, code, again]) => [status, "a page", code, again, PAGE] as const),
    ])("%i with %s is %s", async (status, _name, code, again, body) => {
      const seen = await ask(() => ({ status, ...(body === undefined ? {} : { body }) }), { retry: { maxAttempts: 2 } })
      expect(seen.message.error).toMatchObject({ code, status, retryable: again })
      expect(seen.message.error?.message).toContain(String(status))
      expect(seen.message.error?.message).not.toMatch(/<|quota/)
      expect(seen.tries).toBe(again ? 2 : 1)
    })

    test("a redirect is not followed", async () => {
      const seen = await ask(() => ({ status: 302, headers: { location: "http://127.0.0.1:1/elsewhere" } }), {
        retry: { maxAttempts: 1 },
      })
      expect(seen.message.error).toMatchObject({ status: 302, delivered: "nothing" })
      expect(seen.tries).toBe(1)
    })

    test("a huge error body is read only so far", async () => {
      const seen = await ask(() => ({ status: 500, body: "x".repeat(8 * 1024 * 1024) }), { retry: { maxAttempts: 1 } })
      expect(seen.message.error?.code).toBe("server_error")
      expect(seen.message.error?.message.length).toBeLessThanOrEqual(4096)
    })
  })

  describe("how long to wait", () => {
    const limited = (headers: Record<string, string>): Answer => ({
      status: 429,
      headers,
      body: at.errorBody("rate_limit_error", "Too many requests per minute."),
    })
    test.each([
      ["seconds", { "retry-after": "7" }, 7000],
      ["parts of a second", { "retry-after": "0.5" }, 500],
      ["milliseconds", { "retry-after-ms": "1500" }, 1500],
      ["a date", { "retry-after": new Date(NOW + 9000).toUTCString() }, 9000],
      ["the longer of two", { "retry-after-ms": "800", "retry-after": "2" }, 2000],
      ["the end of a window", { "x-ratelimit-reset": String(NOW / 1000 + 30) }, 30_000],
    ])("%s are waited out", async (_name, headers, ms) => {
      const seen = await ask((n) => (n === 1 ? limited(headers as unknown as Record<string, string>) : undefined))
      expect(seen.message.error).toBeUndefined()
      expect(seen.tries).toBe(2)
      expect(seen.clock.waits).toEqual([Math.max(ms, 500)])
    })

    test.each([
      ["nonsense", { "retry-after": "soon" }],
      ["a date that is past", { "retry-after": new Date(NOW - 9000).toUTCString() }],
      ["a negative number", { "retry-after": "-3" }],
    ])("%s is no hint: the curve of our own holds", async (_name, headers) => {
      const seen = await ask((n) => (n === 1 ? limited(headers as unknown as Record<string, string>) : undefined))
      expect(seen.message.error).toBeUndefined()
      expect(seen.clock.waits).toEqual([500])
    })

    test("4.7 days are told and not waited", async () => {
      const seen = await ask(() => limited({ "retry-after": "406080" }))
      expect(seen.message.error).toMatchObject({ code: "rate_limited", retryAfterMs: 406_080_000, retryable: true })
      expect(seen.tries).toBe(1)
      expect(seen.clock.waits).toEqual([])
    })

    test("the sum of the waits is bounded", async () => {
      const seen = await ask(() => limited({ "retry-after": "40" }), { retry: { maxAttempts: 100 } })
      expect(seen.message.error).toMatchObject({ code: "rate_limited" })
      expect(seen.clock.waits).toEqual([40_000, 40_000, 40_000, 40_000])
    })

    test("x-should-retry is obeyed in both directions", async () => {
      const no = await ask(() => ({
        status: 500,
        headers: { "x-should-retry": "false" },
        body: at.errorBody("api_error", "no"),
      }))
      expect(no.message.error).toMatchObject({ code: "server_error", retryable: false })
      expect(no.tries).toBe(1)
    })
  })

  describe("several keys", () => {
    const quota = at.host === "chat" ? "insufficient_quota" : "rate_limit_error"
    const refusals: [string, Answer, string][] = [
      ["401", { status: 401, body: at.errorBody("authentication_error", "invalid key") }, "auth_invalid"],
      ["402", { status: 402, body: at.errorBody("billing_error", "no credit") }, "billing"],
      ["403", { status: 403, body: at.errorBody("permission_error", "not yours") }, "permission_denied"],
      [
        "429 for a quota",
        { status: 429, body: at.errorBody(quota, "You exceeded your current quota: quota exceeded.") },
        "quota_exhausted",
      ],
      ["429 without a word", { status: 429 }, "quota_exhausted"],
    ]
    test.each(refusals)("%s: the next key at once, each once", async (_name, refusal, code) => {
      const seen = await ask((_n, key) => (key === "k3" ? undefined : refusal), {}, ["k1", "k2", "k3", "k4"])
      expect(seen.message.error).toBeUndefined()
      expect(seen.keys).toEqual(["k1", "k2", "k3"])
      expect(seen.clock.waits).toEqual([])
      expect(seen.message.attempts).toMatchObject([
        { action: "credential", error: { code } },
        { action: "credential", error: { code } },
      ])
      expect(JSON.stringify(seen.message)).not.toMatch(/"k[1-4]"/)
    })

    test.each(refusals)("%s for all keys surfaces when each was tried once", async (_name, refusal, code) => {
      const seen = await ask(() => refusal, {}, ["k1", "k2", "k3"])
      expect(seen.message.error).toMatchObject({ code, delivered: "nothing" })
      expect(seen.keys).toEqual(["k1", "k2", "k3"])
    })

    test("a limit that outlasts the budget takes the next key, a short one is waited out", async () => {
      const limit = (seconds: string): Answer => ({
        status: 429,
        headers: { "retry-after": seconds },
        body: at.errorBody("rate_limit_error", "Too many requests per minute."),
      })
      const long = await ask((_n, key) => (key === "k1" ? limit("406080") : undefined), {}, ["k1", "k2"])
      expect(long.keys).toEqual(["k1", "k2"])
      expect(long.message.error).toBeUndefined()
      const short = await ask((n) => (n === 1 ? limit("2") : undefined), {}, ["k1", "k2"])
      expect(short.keys).toEqual(["k1", "k1"])
    })

    test("when all keys are refused the next model answers; a bad request goes nowhere else", async () => {
      await using other = await answering((_asked, response) => {
        begin(response, at.opening + at.says("other") + at.ending)
        response.end()
      })
      const second = routeTo(at, other.url, transport, { model: { id: "second" } })
      const refused = refusals[0]?.[1] as Answer
      const seen = await ask(() => refused, {}, ["k1", "k2"], [second])
      expect(seen.message).toMatchObject({ model: "second", stopReason: "stop" })
      expect(seen.keys).toEqual(["k1", "k2"])
      expect(seen.message.attempts?.map((one) => one.action)).toEqual(["credential", "rerouted"])
      for (const status of [404, 500, 503]) {
        const body = at.errorBody(status === 404 ? "not_found_error" : "api_error", "model: m")
        const fell = await ask(() => ({ status, body }), { retry: { maxAttempts: 2 } }, ["k1"], [second])
        expect(fell.message.model, String(status)).toBe("second")
      }
      const count = other.asked.length
      const bad = await ask(
        () => ({ status: 400, body: at.errorBody("invalid_request_error", "bad field") }),
        {},
        ["k1", "k2"],
        [second],
      )
      expect(bad.message.error?.code).toBe("invalid_request")
      expect(bad.tries).toBe(1)
      expect(other.asked.length).toBe(count)
    })

    test("no other model answers once something was said", async () => {
      await using other = await answering((_asked, response) => {
        begin(response, at.opening + at.says("other") + at.ending)
        response.end()
      })
      await using first = await answering((_asked, response) => {
        begin(response, at.opening + at.says("one"))
        setTimeout(() => response.destroy(), 10)
      })
      const seen = await read([
        routeTo(at, first.url, transport),
        routeTo(at, other.url, transport, { model: { id: "second" } }),
      ])
      expectProtocol(seen)
      expect(seen.message.error).toMatchObject({ code: "network", delivered: "content" })
      expect(other.asked).toHaveLength(0)
    })
  })
})
