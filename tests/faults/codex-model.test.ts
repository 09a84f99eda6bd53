import fc from "fast-check"
import type { AssistantMessage, Message } from "@sluice/ai"
import { codexDiagnostics } from "@sluice/ai/endpoints/codex"
import type { CodexAnswer, CodexHandshake } from "@sluice/testkit/emulators"
import { expect, test } from "vitest"
import { type CodexTest, codex, resultsOf } from "../support/codex.ts"
import { guardProcess } from "./support/guard.ts"
import { until } from "./support/host.ts"
import { expectRestarts } from "./support/restarts.ts"

guardProcess()

const RETRIES = 5
const REPLAYS = 2
const AGAIN = "over a new WebSocket"
const AFTER_LOOP = "the same again, after an endless tool call"

/** What the backend has in store, in order; what comes after is fine. */
interface Plan {
  answers: CodexAnswer[]
  handshakes: CodexHandshake[]
}

/** What the model knows of the session. */
interface Session {
  turns: number
  /** A session that has lost its sockets for good is followed by the next, so that there are some. */
  number: number
}

interface Real {
  program: CodexTest
  plan: Plan
  conversation: Message[]
}

type Step = fc.AsyncCommand<Session, Real>

/** Puts answers, or handshakes, in store. */
class Prepare implements Step {
  readonly #more: Partial<Plan>

  constructor(more: Partial<Plan>) {
    this.#more = more
  }

  check(): boolean {
    return true
  }

  async run(_session: Session, { plan }: Real): Promise<void> {
    plan.answers.push(...(this.#more.answers ?? []))
    plan.handshakes.push(...(this.#more.handshakes ?? []))
  }

  toString(): string {
    return `prepare ${JSON.stringify(this.#more)}`
  }
}

/** A turn of the conversation, or several callers at once; each may be aborted after so many events. */
class Ask implements Step {
  readonly #callers: number
  readonly #restarts: boolean
  readonly #abortAt: number | undefined

  constructor(callers: number, restarts: boolean, abortAt: number | undefined) {
    this.#callers = callers
    this.#restarts = restarts
    this.#abortAt = abortAt
  }

  check(): boolean {
    return true
  }

  async run(session: Session, real: Real): Promise<void> {
    const { program, conversation } = real
    const before = { calls: program.host.calls.length, handshakes: program.host.connections.length }
    const asked = [...conversation, { role: "user" as const, content: `turn ${++session.turns}` }]
    const sessionId = `s${session.number}`
    const messages = await Promise.all(
      Array.from({ length: this.#callers }, () => this.#call(program, asked, sessionId)),
    )
    const again = messages.flatMap(({ attempts = [] }) => attempts)
    expect(program.host.calls.length - before.calls).toBeLessThanOrEqual(this.#callers + again.length)
    expect(program.host.connections.length - before.handshakes).toBeLessThanOrEqual(this.#callers + again.length)
    expect([...program.pending]).toEqual([])
    // One socket of each session is kept, and all others are let go.
    const open = (): number => program.host.connections.filter(({ closed }) => closed === undefined).length
    await until("only kept sockets are left", () => open() <= session.number + 1)
    const route = await program.sluice.route(program.model)
    const { fallbacks, websocket } = codexDiagnostics(program.known, route.model, sessionId)
    expect(fallbacks > 0).toBe(!websocket)
    if (!websocket) session.number++
    const [first] = messages
    if (first && first.error === undefined) conversation.splice(0, Infinity, ...asked, first, ...resultsOf(first))
  }

  async #call(program: CodexTest, asked: readonly Message[], sessionId: string): Promise<AssistantMessage> {
    const controller = new AbortController()
    const seen = await program.read(
      asked,
      { sessionId, restarts: this.#restarts, signal: controller.signal, timeouts: { firstEventMs: 25, idleMs: 25 } },
      (_event, n) => {
        if (n === this.#abortAt) controller.abort()
      },
    )
    // One end, and nothing behind it; a second start only where it is allowed, and never over a finished call.
    expectRestarts(seen)
    const starts = seen.events.filter(({ type }) => type === "start").length
    if (!this.#restarts) expect(starts).toBeLessThanOrEqual(1)
    const delivered = seen.events.flatMap((event) =>
      event.type === "toolcall_end" && !event.toolCall.incomplete ? [event.toolCall.id] : [],
    )
    expect(new Set(delivered).size).toBe(delivered.length)
    const { attempts = [] } = seen.message
    expect(attempts.filter(({ change }) => change === AGAIN).length).toBeLessThanOrEqual(RETRIES)
    expect(attempts.filter(({ change }) => change === AFTER_LOOP).length).toBeLessThanOrEqual(REPLAYS)
    expect(attempts.every(({ error }) => error.delivered !== "final")).toBe(true)
    return seen.message
  }

  toString(): string {
    return `ask ${this.#callers} ${this.#restarts ? "restarts" : "once"} ${this.#abortAt ?? ""}`
  }
}

/** A socket ahead of its request. */
class Prewarm implements Step {
  check(): boolean {
    return true
  }

  async run({ number }: Session, { program }: Real): Promise<void> {
    // What is refused is told to the request that follows.
    await program.sluice.prewarm(program.model, { sessionId: `s${number}` }).catch(() => undefined)
  }

  toString(): string {
    return "prewarm"
  }
}

const CALL = { name: "look", arguments: { at: "x" } }
const content = fc.constantFrom<CodexAnswer>(
  { text: "Some words." },
  { toolCalls: [CALL] },
  { text: "a", toolCalls: [CALL, CALL] },
)
const afterEvents = fc.nat({ max: 18 })
const fault = fc.oneof(
  fc.constant<CodexAnswer>({}),
  fc.record({ cut: fc.record({ afterEvents, how: fc.constantFrom("reset" as const, "end" as const) }) }),
  fc.record({ endEarly: fc.record({ afterEvents }) }),
  fc.record({ stall: fc.record({ afterEvents }) }),
  fc.record({ connectionLimit: fc.record({ afterEvents }) }),
  fc.record({
    streamError: fc.record({ afterEvents, status: fc.constantFrom(400, 409, 500, 503), message: fc.constant("wrong") }),
  }),
  fc.record({ eagerClose: fc.constant(true), binary: fc.boolean() }),
  fc.constant<CodexAnswer>({ toolCalls: [CALL], whitespace: 300 }),
  fc.constant<CodexAnswer>({ stale: true }),
  fc.record({
    error: fc.record({ status: fc.constantFrom(400, 404, 429, 500, 503), message: fc.constant("try again later") }),
  }),
)
const answer = fc.tuple(content, fault).map(([what, how]): CodexAnswer => ({ ...what, ...how }))
const handshake = fc.oneof(
  fc.constant<CodexHandshake>({}),
  fc.record({ refuse: fc.record({ status: fc.constantFrom(401, 403, 429, 500, 503) }) }),
  fc.constant<CodexHandshake>({ silent: true }),
)
/** The same again and again, so that budgets are used up. */
const storm = fc
  .tuple(answer, fc.integer({ min: 3, max: 9 }))
  .map(([one, count]) => Array.from({ length: count }, () => one))
const restarts = fc.boolean()
const steps = [
  fc.array(answer, { minLength: 1, maxLength: 3 }).map((answers) => new Prepare({ answers })),
  storm.map((answers) => new Prepare({ answers })),
  fc.array(handshake, { minLength: 1, maxLength: 2 }).map((handshakes) => new Prepare({ handshakes })),
  restarts.map((allowed) => new Ask(1, allowed, undefined)),
  restarts.map((allowed) => new Ask(1, allowed, undefined)),
  fc.tuple(fc.integer({ min: 2, max: 3 }), restarts).map(([callers, allowed]) => new Ask(callers, allowed, undefined)),
  fc.tuple(restarts, fc.integer({ min: 1, max: 8 })).map(([allowed, at]) => new Ask(1, allowed, at)),
  fc.constant(new Prewarm()),
]

/** Timers and sockets of this process. */
function resources(): number {
  return process.getActiveResourcesInfo().filter((name) => /Timeout|TCP/.test(name)).length
}

test("a session under faults of every kind keeps its promises", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { maxCommands: 16, size: "max" }), async (commands) => {
      const before = resources()
      const plan: Plan = { answers: [], handshakes: [] }
      const program = await codex({
        script: () => plan.answers.shift() ?? { text: "fine" },
        handshakes: () => plan.handshakes.shift() ?? {},
        settings: { firstEventTimeoutMs: 25, idleTimeoutMs: 25 },
        sockets: { connectTimeoutMs: 40 },
      })
      const real: Real = { program, plan, conversation: [] }
      await fc.asyncModelRun(() => ({ model: { turns: 0, number: 0 }, real }), commands)
      await program.transport.close()
      await until("no socket is left", () => program.host.connections.every(({ closed }) => closed !== undefined))
      await program[Symbol.asyncDispose]()
      await until("nothing is left in this process", () => resources() <= before)
    }),
    { numRuns: 80, seed: 20_260_101, endOnFailure: false },
  )
})
