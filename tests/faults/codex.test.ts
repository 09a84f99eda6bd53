import type { CodexAnswer, CodexHandshake } from "@sluice/testkit/emulators"
import { describe, expect, test } from "vitest"
import { type CodexSetup, type CodexTest, codex, HELLO, MORE, said } from "../support/codex.ts"
import { guardProcess } from "./support/guard.ts"
import { pause, until } from "./support/host.ts"
import { expectRestarts } from "./support/restarts.ts"

guardProcess()

const FINE: CodexAnswer = { text: "Fine." }
const WHOLE: CodexAnswer = {
  text: "One two three four",
  toolCalls: [{ id: "call_1", name: "look", arguments: { at: "x" } }],
}
/** A wait that the program's clock does not cut short. */
const LONG_MS = 20_000

/** Over what the requests of a program came, in order. */
function ways({ host }: CodexTest): string[] {
  return host.calls.map(({ transport }) => transport)
}

function starts(events: readonly { type: string }[]): number {
  return events.filter(({ type }) => type === "start").length
}

/** Nothing of the program's sockets is left at the host once its transport is closed. */
async function expectNoneLeft({ host, transport }: CodexTest): Promise<void> {
  await transport.close()
  await until("all sockets are closed", () => host.connections.every(({ closed }) => closed !== undefined))
}

/** The first request over a socket is answered so, all others are fine. */
function once(answer: CodexAnswer): Pick<CodexSetup, "script"> {
  return { script: ({ index }) => (index === 0 ? answer : FINE) }
}

describe.each([false, true])("with restarts: %s", (restarts) => {
  describe("a handshake", () => {
    test.each([
      [401, "auth_invalid"],
      [403, "permission_denied"],
    ])(
      "that is refused with %i says what is wrong with the credential, and nothing else is tried",
      async (status, code) => {
        const program = await codex({ handshakes: [{ refuse: { status } }] })
        const seen = await program.read([HELLO], { restarts })
        expectRestarts(seen)
        expect(seen.message.error).toMatchObject({ code, status, delivered: "nothing" })
        expect(program.host.calls).toHaveLength(0)
        expect(program.host.connections).toHaveLength(1)
        await expectNoneLeft(program)
      },
    )

    test.each([404, 405, 426, 501])("that is refused with %i turns the session to plain HTTP", async (status) => {
      const program = await codex({ handshakes: () => ({ refuse: { status } }) })
      for (let n = 0; n < 2; n++) {
        const seen = await program.read([HELLO], { restarts })
        expectRestarts(seen)
        expect(seen.message.error).toBeUndefined()
      }
      expect(ways(program)).toEqual(["sse", "sse"])
      expect(program.host.connections).toHaveLength(1)
      await program.ask([HELLO], { sessionId: "another" })
      expect(program.host.connections).toHaveLength(2)
    })

    test.each([
      [429, 7000],
      [503, 3000],
    ])("that is refused with %i for a while is asked for again after it", async (status, wait) => {
      const refuse = { status, message: "busy for now", headers: { "retry-after": String(wait / 1000) } }
      const program = await codex({ handshakes: [{ refuse }] })
      const seen = await program.read([HELLO], { restarts })
      expectRestarts(seen)
      expect(said(seen.message)).toBe("Hello from the emulator.")
      expect(ways(program)).toEqual(["websocket"])
      expect(program.waits).toContain(wait)
    })

    test("that is refused again and again with 503 ends in plain HTTP", async () => {
      const program = await codex({ handshakes: () => ({ refuse: { status: 503 } }) })
      const seen = await program.read([HELLO], { restarts })
      expect(seen.message.error).toBeUndefined()
      expect([ways(program), program.host.connections.length]).toEqual([["sse"], 3])
    })

    test("that is never answered turns the session to plain HTTP", async () => {
      const program = await codex({ handshakes: () => ({ silent: true }), sockets: { connectTimeoutMs: 50 } })
      const seen = await program.read([HELLO], { restarts })
      expectRestarts(seen)
      expect(seen.message.attempts).toMatchObject([{ error: { type: "WS_CONNECT_TIMEOUT" } }])
      await program.ask([HELLO])
      expect([ways(program), program.host.connections.length]).toEqual([["sse", "sse"], 1])
      await expectNoneLeft(program)
    })
  })

  describe("a socket that is dropped at every frame of an answer", () => {
    test.each<[string, (n: number) => CodexAnswer]>([
      ["broken off", (n) => ({ cut: { afterEvents: n, how: "reset" } })],
      ["closed by a server that goes away", (n) => ({ cut: { afterEvents: n, how: "end" } })],
      ["closed as if all were said", (n) => ({ endEarly: { afterEvents: n } })],
    ])("%s", async (_manner, fault) => {
      const whole = await codex({ script: [WHOLE] })
      await whole.ask([HELLO])
      const frames = (whole.host.connections[0]?.sent ?? []).map(
        (frame) => (JSON.parse(frame) as { type: string }).type,
      )
      const content = frames.indexOf("response.output_text.delta")
      const final = frames.lastIndexOf("response.output_item.done")
      expect([content > 0, final > content]).toEqual([true, true])
      for (let n = 0; n < frames.length; n++) {
        const program = await codex(once({ ...WHOLE, ...fault(n) }))
        const seen = await program.read([HELLO], { restarts })
        expectRestarts(seen)
        const { error } = seen.message
        if (n > final) {
          expect([error?.delivered, ways(program)]).toEqual(["final", ["websocket"]])
        } else if (n > content && !restarts) {
          expect([error?.delivered, ways(program)]).toEqual(["content", ["websocket"]])
        } else {
          expect([error, said(seen.message)]).toEqual([undefined, "Fine."])
          expect([starts(seen.events), ways(program)]).toEqual(
            n > content ? [2, ["websocket", "sse"]] : [1, ["websocket", "websocket"]],
          )
        }
        await expectNoneLeft(program)
      }
    })
  })

  describe("a server that falls silent", () => {
    const settings = { firstEventTimeoutMs: 60, idleTimeoutMs: 60, retryBudget: 2 }

    test("before the first frame is asked again over other sockets, and then over plain HTTP", async () => {
      const script = ({ transport }: { transport: string }): CodexAnswer =>
        transport === "sse" ? FINE : { ...WHOLE, stall: { afterEvents: 0 } }
      const program = await codex({ settings, script })
      const seen = await program.read([HELLO], { restarts })
      expectRestarts(seen)
      expect(said(seen.message)).toBe("Fine.")
      expect(ways(program)).toEqual(["websocket", "websocket", "websocket", "sse"])
      expect(seen.message.attempts?.map(({ error }) => error.code)).toEqual(["timeout", "timeout", "timeout"])
      await expectNoneLeft(program)
    })

    test("in the middle of the text", async () => {
      const program = await codex({ settings, ...once({ ...WHOLE, stall: { afterEvents: 6 } }) })
      const seen = await program.read([HELLO], { restarts })
      expectRestarts(seen)
      if (restarts) expect([said(seen.message), starts(seen.events)]).toEqual(["Fine.", 2])
      else expect(seen.message.error).toMatchObject({ code: "timeout", delivered: "content" })
      expect(ways(program)).toEqual(restarts ? ["websocket", "sse"] : ["websocket"])
      await expectNoneLeft(program)
    })
  })

  describe("an error frame", () => {
    const wrong = { status: 400, type: "invalid_request_error", message: "No such field." }
    const broken = { status: 500, type: "server_error", message: "An error occurred." }

    test.each([0, 6])("that says the request is wrong ends the call, after %i frames", async (afterEvents) => {
      const program = await codex(once({ ...WHOLE, streamError: { ...wrong, afterEvents } }))
      const seen = await program.read([HELLO], { restarts })
      expectRestarts(seen)
      const delivered = afterEvents === 0 ? "nothing" : "content"
      expect(seen.message.error).toMatchObject({ code: "invalid_request", message: "No such field.", delivered })
      expect(program.host.calls).toHaveLength(1)
      await expectNoneLeft(program)
    })

    test.each([0, 6])(
      "that says the backend broke is asked again where that is allowed, after %i frames",
      async (afterEvents) => {
        const program = await codex(once({ ...WHOLE, streamError: { ...broken, afterEvents } }))
        const seen = await program.read([HELLO], { restarts })
        expectRestarts(seen)
        const again = afterEvents === 0 || restarts
        if (again) expect(said(seen.message)).toBe("Fine.")
        else expect(seen.message.error).toMatchObject({ code: "server_error", delivered: "content" })
        expect(ways(program)).toEqual(again ? ["websocket", "websocket"] : ["websocket"])
        expect(program.host.connections).toHaveLength(again ? 2 : 1)
        await expectNoneLeft(program)
      },
    )
  })

  test.each([0, 6])("a frame that is no JSON, after %i frames, is a connection that failed", async (before) => {
    const program = await codex(once({ ...WHOLE, inject: [{ before, frame: '{"type":"response.' }] }))
    const seen = await program.read([HELLO], { restarts })
    expectRestarts(seen)
    const shown = before > 0
    if (shown && !restarts) expect(seen.message.error).toMatchObject({ code: "stream_malformed", delivered: "content" })
    else expect(said(seen.message)).toBe("Fine.")
    const rest = shown ? (restarts ? ["sse"] : []) : ["websocket"]
    expect(ways(program)).toEqual(["websocket", ...rest])
    await expectNoneLeft(program)
  })

  test("a socket that is closed right after the last frame: the answer is whole, and the next one too", async () => {
    const program = await codex({ script: () => ({ ...WHOLE, eagerClose: true }) })
    for (let n = 0; n < 20; n++) {
      const seen = await program.read([HELLO], { restarts })
      expectRestarts(seen)
      expect(seen.message.stopReason).toBe("toolUse")
      // The next request may be on its way before the closing has arrived.
      for (const { change } of seen.message.attempts ?? [])
        expect([n > 0, change]).toEqual([true, "over a new WebSocket"])
    }
    expect(ways(program).filter((way) => way === "sse")).toEqual([])
    await expectNoneLeft(program)
  })

  test("5,000 frames are there before the reader reads: all of them are read, in order", async () => {
    const text = Array.from({ length: 5000 }, (_, n) => String.fromCharCode(97 + (n % 26))).join("")
    const program = await codex({ script: () => ({ text, pace: { chars: 1 } }) })
    const seen = await program.read([HELLO], { restarts }, (_event, n) => (n === 1 ? pause(150) : undefined))
    expectRestarts(seen)
    expect(said(seen.message)).toBe(text)
    expect([seen.message.attempts, program.host.calls.length]).toEqual([undefined, 1])
    // And before the answer is read at all.
    const late = await program.read([HELLO], { restarts, onResponse: () => pause(150) })
    expect([said(late.message), late.message.attempts]).toEqual([text, undefined])
    await expectNoneLeft(program)
  })

  test("two callers at once on one session have a socket each, and the conversation goes on over the kept one", async () => {
    const program = await codex({
      script: ({ body }) => ({ text: JSON.stringify(body).includes("more") ? "B" : "A", delayMs: 20 }),
    })
    const [a, b] = await Promise.all([program.read([HELLO], { restarts }), program.read([MORE], { restarts })])
    for (const seen of [a, b]) expectRestarts(seen)
    expect([said(a.message), said(b.message)]).toEqual(["A", "B"])
    expect(program.host.connections).toHaveLength(2)
    await until("the spare one is closed", () => program.host.connections.filter(({ closed }) => closed).length === 1)
    const kept = program.host.connections.findIndex(({ closed }) => !closed)
    const mine = program.host.calls.find(({ connection }) => connection === kept)
    const before = mine?.responseId === a.message.responseId ? [HELLO, a.message] : [MORE, b.message]
    await program.ask([...before, HELLO])
    expect(program.host.calls.at(-1)).toMatchObject({
      connection: kept,
      body: { previous_response_id: mine?.responseId },
    })
    await expectNoneLeft(program)
  })

  describe("an abort", () => {
    const never = new Promise<never>(() => {})
    interface State {
      setup: CodexSetup
      /** Whether the call is where it is to be aborted. */
      there(program: CodexTest): boolean
      text?: string
      requests?: number
    }
    const silent: CodexHandshake = { silent: true }
    const STATES: readonly (readonly [string, State])[] = [
      [
        "while a credential is got",
        { setup: { credentials: { acquire: () => never } }, there: () => true, requests: 0 },
      ],
      [
        "during the handshake",
        { setup: { handshakes: [silent] }, there: ({ host }) => host.connections.length === 1, requests: 0 },
      ],
      [
        "once the request is sent",
        { setup: once({ ...WHOLE, stall: { afterEvents: 0 } }), there: ({ host }) => host.calls.length === 1 },
      ],
      [
        "after the first frame",
        {
          setup: once({ ...WHOLE, stall: { afterEvents: 1 } }),
          there: ({ host }) => host.connections[0]?.sent.length === 1,
        },
      ],
      [
        "in the middle of the text",
        {
          setup: once({ ...WHOLE, stall: { afterEvents: 5 } }),
          there: ({ host }) => host.connections[0]?.sent.length === 5,
          text: "One t",
        },
      ],
      [
        "between two tries",
        {
          setup: { settings: { retryDelayMs: LONG_MS }, ...once({ connectionLimit: {} }) },
          there: ({ waits, host }) => waits.length >= 0 && host.connections[0]?.closed !== undefined,
        },
      ],
    ]

    test.each(STATES)(
      "%s ends the call within a second, and its socket",
      async (_name, { setup, there, text = "", requests = 1 }) => {
        const program = await codex(setup)
        const controller = new AbortController()
        const reading = program.read([HELLO], { restarts, signal: controller.signal })
        await until("it is there", () => there(program))
        await pause(20)
        const left = performance.now()
        controller.abort()
        const seen = await reading
        expect(performance.now() - left).toBeLessThan(1000)
        expectRestarts(seen)
        expect(seen.message).toMatchObject({ stopReason: "aborted", error: { code: "aborted" } })
        expect(said(seen.message)).toBe(text)
        await until("the host knows", () => program.host.connections.every(({ closed }) => closed !== undefined))
        await pause(20)
        expect(program.host.calls).toHaveLength(requests)
        await expectNoneLeft(program)
      },
    )
  })
})

test("an abort between two tries after text was shown keeps the text", async () => {
  const busy = { error: { status: 503, message: "busy", headers: { "retry-after": String(LONG_MS / 1000) } } }
  const program = await codex({
    script: ({ transport }) => (transport === "sse" ? busy : { ...WHOLE, cut: { afterEvents: 6, how: "reset" } }),
  })
  const controller = new AbortController()
  const reading = program.read([HELLO], { restarts: true, signal: controller.signal })
  await until("the second try was refused", () => program.host.calls.length === 2)
  await pause(30)
  controller.abort()
  const seen = await reading
  expectRestarts(seen)
  expect(seen.message).toMatchObject({ stopReason: "aborted", error: { code: "aborted", delivered: "content" } })
  expect(said(seen.message)).toMatch(/^One t/)
})
