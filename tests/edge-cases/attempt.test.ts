import { describe, expect, test } from "vitest"
import { complete, fetchTransport, type CredentialSource } from "@sluice/ai"
import { listSource } from "@sluice/auth"
import { resolveTimeouts, Watchdog } from "../../packages/ai/src/attempt/watchdog.ts"
import { ok, route, serve, toyWire, user, type Handler } from "../support/toy-wire.ts"

const SSE = { "content-type": "text/event-stream" }

/** A host that counts what it is asked. */
async function counted(handler: Handler): Promise<{ url: string; asked(): number }> {
  let count = 0
  const url = await serve((n, body, response) => {
    count = n
    handler(n, body, response)
  })
  return { url, asked: () => count }
}

const transport = fetchTransport()
const accounts = (...secrets: string[]): CredentialSource =>
  listSource(secrets.map((secret) => ({ id: secret, kind: "key" as const, secret })))
const limit =
  (status: number, message: string): Handler =>
  (n, _body, response) => {
    if (n > 1) return ok(response, "fine")
    response.writeHead(status).end(JSON.stringify({ error: message }))
  }

describe("rows that the attempt loop answers", () => {
  test("OF-43 WO-94 a 429 or 529 is waited for at least as long as the host asks", async () => {
    for (const status of [429, 529, 503]) {
      const host = await counted((n, _body, response) =>
        n > 1
          ? ok(response, "fine")
          : response.writeHead(status, { "retry-after-ms": "150" }).end(`{"error":"too many requests"}`),
      )
      const started = performance.now()
      const message = await complete(route(host.url, transport), user, { retry: { baseDelayMs: 1 } })
      expect(message.stopReason).toBe("stop")
      expect(performance.now() - started).toBeGreaterThan(145)
    }
  })

  test("WO-91 signs of life stretch the idle limit to at most three times", () => {
    let now = 0
    let due: { at: number; run: () => void } | undefined
    const clock = {
      now: () => now,
      setTimeout: (run: () => void, ms: number) => (due = { at: now + ms, run }),
      clearTimeout: () => (due = undefined),
    }
    const fired: number[] = []
    const dog = new Watchdog(clock, { firstEventMs: 100, idleMs: 100 }, () => fired.push(now))
    dog.waiting()
    dog.progress()
    while (fired.length === 0 && now < 1000) {
      now += 5
      if (due && due.at <= now) due.run()
      dog.alive()
    }
    expect(fired[0]).toBeGreaterThan(200)
    expect(fired[0]).toBeLessThanOrEqual(305)
  })

  test("WO-93 a model's own idle limit holds, and 0 switches off that one alone", () => {
    expect(resolveTimeouts(undefined, { idleMs: 5 }).idleMs).toBe(5)
    expect(resolveTimeouts({ idleMs: 0 }, undefined)).toMatchObject({ idleMs: 0, firstEventMs: 300_000 })
  })

  test("WO-95 a wait of hours is not sat out: the error comes at once, with the whole hint", async () => {
    const host = await counted((_n, _body, response) =>
      response.writeHead(429, { "retry-after": "406080" }).end(`{"error":"slow down"}`),
    )
    const message = await complete(route(host.url, transport), user)
    expect(host.asked()).toBe(1)
    expect(message.error).toMatchObject({
      code: "rate_limited",
      message: "slow down",
      retryAfterMs: 406_080_000,
      status: 429,
    })
  })

  test("WO-96 retries have one owner: the host is asked as often as allowed, not a multiple of it", async () => {
    const host = await counted((_n, _body, response) => response.writeHead(500).end())
    await complete(route(host.url, transport), user, { retry: { maxAttempts: 3, baseDelayMs: 1 } })
    expect(host.asked()).toBe(3)
  })

  test("WO-97 a request that is wrong is not sent again", async () => {
    for (const status of [400, 404, 405, 409, 422]) {
      const host = await counted((_n, _body, response) => response.writeHead(status).end(`{"error":"wrong"}`))
      await complete(route(host.url, transport), user)
      expect(host.asked(), String(status)).toBe(1)
    }
  })

  test("x-should-retry decides over the status", async () => {
    const never = await counted((_n, _body, response) => response.writeHead(500, { "x-should-retry": "false" }).end())
    await complete(route(never.url, transport), user)
    expect(never.asked()).toBe(1)
    const always = await counted((n, _body, response) =>
      n > 1 ? ok(response, "fine") : response.writeHead(409, { "x-should-retry": "true" }).end(`{"error":"busy"}`),
    )
    expect((await complete(route(always.url, transport), user)).stopReason).toBe("stop")
  })

  test.each([
    ["WO-98", 429, "This request would exceed your account's rate limit"],
    ["WO-99", 429, "monthly spend limit reached"],
    ["WO-109", 403, "Your plan does not include this model"],
  ])("%s an account's own limit turns to the next account at once: %s %s", async (_row, status, message) => {
    const host = await counted(limit(status, message))
    const answer = await complete(route(host.url, transport, { credentials: accounts("a", "b") }), user)
    expect(answer.attempts).toMatchObject([{ action: "credential" }])
    expect(host.asked()).toBe(2)
    const alone = await counted((_n, _body, response) =>
      response.writeHead(status).end(JSON.stringify({ error: message })),
    )
    const failed = await complete(route(alone.url, transport, { credentials: accounts("a") }), user)
    expect(alone.asked()).toBe(1)
    expect(failed.error?.retryable).toBe(false)
  })

  test.each([
    ["WO-100", "write EPROTO 4037:error:0A000119:SSL routines::decryption failed or bad record mac"],
    ["WO-101", "fetch failed"],
    ["WO-101", "unable to connect"],
  ])("%s a connection that breaks before any content is tried again: %s", async (_row, text) => {
    let asked = 0
    const broken = fetchTransport({
      fetch: async () => {
        if (++asked === 1) throw new TypeError(text)
        return new Response(`data: {"text":"fine","stop":true}\n\n`, { headers: SSE })
      },
    })
    const message = await complete(route("http://127.0.0.1:9", broken), user)
    expect(message.stopReason).toBe("stop")
    expect(message.attempts).toMatchObject([{ error: { code: "network" } }])
  })

  test("WO-102 silence after content is not tried again: nothing is said twice", async () => {
    const host = await counted((_n, _body, response) => {
      response.writeHead(200, SSE)
      response.write(`data: {"text":"once"}\n\n`)
    })
    const message = await complete(route(host.url, transport), user, { timeouts: { idleMs: 40 } })
    expect(host.asked()).toBe(1)
    expect(message).toMatchObject({ error: { code: "timeout" }, content: [{ text: "once" }] })
  })

  test("WO-103 after a retry that worked nothing of the failure is left but its record", async () => {
    const host = await counted((n, _body, response) =>
      n > 1 ? ok(response, "fine") : response.writeHead(200, SSE).end(`data: {"error":"overloaded_error"}\n\n`),
    )
    const message = await complete(route(host.url, transport), user, { retry: { baseDelayMs: 1 } })
    expect(message).not.toHaveProperty("error")
    expect(message.content).toHaveLength(1)
  })

  test("WO-104 what is thrown before the request ends the stream with an error", async () => {
    const broken = {
      ...route("http://127.0.0.1:9", transport),
      wire: {
        ...toyWire,
        encode: (): never => {
          throw new TypeError("no such thing")
        },
      },
    }
    expect((await complete(broken, user)).error).toMatchObject({
      code: "config",
      message: expect.stringContaining("no such thing"),
    })
  })

  test("OF-326 OF-327 WO-106 an empty answer is asked for twice more, then another model is asked, then it is taken", async () => {
    const empty: Handler = (_n, _body, response) => response.writeHead(200, SSE).end(`data: {"stop":true}\n\n`)
    const host = await counted(empty)
    const taken = await complete(route(host.url, transport), user, { retry: { baseDelayMs: 1 } })
    expect(host.asked()).toBe(3)
    expect(taken.stopReason).toBe("stop")
    const other = await counted((_n, _body, response) => ok(response, "fine"))
    const message = await complete(
      [route((await counted(empty)).url, transport), route(other.url, transport, { id: "other" })],
      user,
      { retry: { baseDelayMs: 1 } },
    )
    expect(message).toMatchObject({ model: "other", content: [{ text: "fine" }] })
  })

  test("WO-108 an abort is an abort although the local limit ran out first", async () => {
    const host = await counted(() => {})
    const controller = new AbortController()
    const answer = complete(route(host.url, transport), user, {
      signal: controller.signal,
      timeouts: { firstEventMs: 20 },
      retry: { baseDelayMs: 60_000, maxDelayMs: 0, maxTotalDelayMs: 0 },
    })
    setTimeout(() => controller.abort(), 60)
    expect((await answer).stopReason).toBe("aborted")
  })

  test("a host that needs no key is asked without one, and with one where there is one", async () => {
    const sent: unknown[] = []
    const bare = fetchTransport({
      fetch: async (_url, init) => {
        sent.push(new Headers(init.headers).get("authorization"))
        return new Response(`data: {"text":"fine","stop":true}\n\n`, { headers: SSE })
      },
    })
    const local = route("http://127.0.0.1:9", bare, { credentials: listSource([]) })
    expect((await complete(local, user)).error?.code).toBe("auth_missing")
    await complete({ ...local, model: { ...local.model, compat: { keyless: true } } }, user)
    await complete(
      { ...local, credentials: accounts("k1"), model: { ...local.model, compat: { keyless: true } } },
      user,
    )
    expect(sent).toEqual([null, "Bearer k1"])
  })

  test("a key that the host repeats in its refusal does not reach the error", async () => {
    const host = await counted((_n, _body, response) =>
      response.writeHead(401).end(`{"error":"Incorrect key: my-secret-key-1"}`),
    )
    const message = await complete(route(host.url, transport, { credentials: accounts("my-secret-key-1") }), user)
    expect(JSON.stringify(message)).not.toContain("my-secret-key-1")
    expect(message.error?.code).toBe("auth_invalid")
  })
})
