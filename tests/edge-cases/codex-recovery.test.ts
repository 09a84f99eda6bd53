import type { AssistantMessageEvent, Credential } from "@sluice/ai"
import { codexDiagnostics } from "@sluice/ai/endpoints/codex"
import { listSource } from "@sluice/auth"
import { type CodexAnswer, codexUsageLimit, emulatedCodexToken } from "@sluice/testkit/emulators"
import { describe, expect, test } from "vitest"
import { type CodexSetup, type CodexTest, codex, HELLO, MORE, resultsOf, said } from "../support/codex.ts"

type Obj = Record<string, unknown>

const BOTH: readonly (readonly [string, CodexSetup])[] = [
  ["plain HTTP", { settings: { websocket: false } }],
  ["a WebSocket", {}],
]
const LIMIT: CodexAnswer = { text: "lost", connectionLimit: {} }

/** Over what the requests of a program came, in order. */
function ways({ host }: CodexTest): string[] {
  return host.calls.map(({ transport }) => transport)
}

async function diagnosticsOf({ sluice, known, model }: CodexTest): Promise<Obj> {
  const route = await sluice.route(model)
  return { ...codexDiagnostics(known, route.model, "s1") }
}

function count(events: readonly AssistantMessageEvent[], type: AssistantMessageEvent["type"]): number {
  return events.filter((event) => event.type === type).length
}

describe("a chain that the backend has lost", () => {
  test.each<[string, CodexAnswer["stale"]]>([
    ["OF-199: in the backend's own words", true],
    ["OF-200: in the word of a proxy", { code: "codex_previous_response_stale", message: "gone" }],
    ["OF-199: in words alone", { code: "invalid_request_error", message: "The previous response has expired." }],
  ])("%s it is begun anew with the whole conversation, and nobody notices", async (_name, stale) => {
    const program = await codex({
      script: [{ text: "One." }, { stale: stale as true }, { text: "Two." }, { text: "Three." }],
    })
    const { host, ask, read, waits } = program
    const first = await ask([HELLO])
    const { events, message } = await read([HELLO, first, MORE])
    expect(said(message)).toBe("Two.")
    expect([count(events, "start"), message.stopReason]).toEqual([1, "stop"])
    expect(host.calls.map(({ body }) => (body["input"] as unknown[]).length)).toEqual([1, 1, 3])
    expect(host.calls[2]?.body).not.toHaveProperty("previous_response_id")
    expect(ways(program)).toEqual(["websocket", "websocket", "websocket"])
    expect(waits).toEqual([])
    await ask([HELLO, first, MORE, message, MORE])
    expect(host.calls[3]?.body).toMatchObject({ previous_response_id: host.calls[2]?.responseId })
  })

  test("OF-199: one that is lost again and again is not asked for without end", async () => {
    const program = await codex({ script: ({ index }) => (index === 0 ? { text: "One." } : { stale: true }) })
    const first = await program.ask([HELLO])
    expect((await program.ask([HELLO, first, MORE])).error).toMatchObject({ code: "state_lost" })
    expect(program.host.calls.length).toBeLessThanOrEqual(7)
  })
})

describe("a socket that fails", () => {
  test.each([0, 6])(
    "OF-202: one that falls silent after %i frames is left, and the answer comes over plain HTTP",
    async (afterEvents) => {
      const silent: CodexAnswer = { text: "lost and gone", stall: { afterEvents } }
      const settings = { firstEventTimeoutMs: 60, idleTimeoutMs: 60, retryBudget: 0 }
      const program = await codex({
        settings,
        script: ({ transport }) => (transport === "sse" ? { text: "Two." } : silent),
      })
      const { events, message } = await program.read([HELLO], { restarts: true })
      expect(said(message)).toBe("Two.")
      expect(count(events, "start")).toBe(afterEvents === 0 ? 1 : 2)
      expect(ways(program)).toEqual(["websocket", "sse"])
      expect(await diagnosticsOf(program)).toMatchObject({ websocket: false, fallbacks: 1 })
      await program.ask([HELLO])
      expect(ways(program)).toEqual(["websocket", "sse", "sse"])
      await expect.poll(() => program.host.connections[0]?.closed).toMatchObject({ by: "client" })
    },
  )

  test("OF-202: what was shown is not made anew unless that is allowed", async () => {
    const program = await codex({
      settings: { idleTimeoutMs: 60 },
      script: [{ text: "shown and gone", pace: { chars: 5 }, stall: { afterEvents: 5 } }],
    })
    const { events, message } = await program.read([HELLO])
    expect(message.error).toMatchObject({ code: "timeout", delivered: "content" })
    expect([said(message).length > 0, count(events, "start")]).toEqual([true, 1])
    expect(program.host.calls).toHaveLength(1)
  })

  test("OF-205: a reader that is too far behind fails the socket, and goes on over another way", async () => {
    const program = await codex({
      sockets: { queueCapacity: 4 },
      settings: { retryBudget: 0 },
      script: ({ transport }) =>
        transport === "sse" ? { text: "Two." } : { text: "x".repeat(400), pace: { chars: 1 } },
    })
    const message = await program.ask([HELLO], {
      restarts: true,
      onResponse: () => new Promise((resolve) => setTimeout(resolve, 30)),
    })
    expect(said(message)).toBe("Two.")
    expect(message.attempts).toMatchObject([{ error: { type: "WS_QUEUE_OVERFLOW" }, change: "over plain HTTP" }])
  })

  test("OF-213: the limit of a connection is met with a new one, each after a longer wait, and at last with plain HTTP", async () => {
    const program = await codex({ script: ({ transport }) => (transport === "sse" ? { text: "Two." } : LIMIT) })
    const message = await program.ask([HELLO])
    expect(said(message)).toBe("Two.")
    expect(ways(program)).toEqual([...Array.from({ length: 6 }, () => "websocket"), "sse"])
    expect(program.waits.filter((ms) => ms < 10_000)).toEqual([500, 1000, 1500, 2000, 2500])
    expect(program.host.connections).toHaveLength(6)
    expect(await diagnosticsOf(program)).toMatchObject({ websocket: false, fallbacks: 1 })
  })

  test("OF-213: a budget without measure comes to plain HTTP as well", async () => {
    const script = ({ transport }: { transport: string }): CodexAnswer =>
      transport === "sse" ? { text: "Two." } : LIMIT
    const program = await codex({ settings: { retryBudget: 99 }, script })
    expect(said(await program.ask([HELLO]))).toBe("Two.")
    expect(program.host.connections).toHaveLength(11)
  })

  test("OF-213: plain HTTP is tried once more only for what that answers", async () => {
    const program = await codex({
      settings: { retryBudget: 1 },
      script: ({ transport }) => (transport === "sse" ? { error: { status: 400, message: "no" } } : LIMIT),
    })
    expect((await program.ask([HELLO])).error).toMatchObject({ code: "invalid_request" })
    expect(ways(program)).toEqual(["websocket", "websocket", "sse"])
  })

  test.each([false, true])(
    "OF-214: the limit of a connection after a finished call is the caller's to know: restarts %s",
    async (restarts) => {
      const program = await codex({
        script: ({ index }) =>
          index === 0
            ? { toolCalls: [{ name: "look", arguments: { at: "x" } }], connectionLimit: { afterEvents: 9 } }
            : { text: "no" },
      })
      const { events, message } = await program.read([HELLO], { restarts })
      expect(count(events, "toolcall_end")).toBe(1)
      expect(message.error).toMatchObject({ type: "websocket_connection_limit_reached", delivered: "final" })
      expect(message.content.at(-1)).toMatchObject({ type: "toolCall", name: "look" })
      expect(program.host.calls).toHaveLength(1)
    },
  )
})

describe.each(BOTH)("a call that never comes to an end, over %s", (_name, setup) => {
  const endless = (more: CodexAnswer = {}): CodexAnswer => ({
    toolCalls: [{ name: "look", arguments: { at: "x" } }],
    whitespace: 300,
    ...more,
  })
  const blanks = (type: string, fields: Obj, count = 300): NonNullable<CodexAnswer["inject"]> =>
    Array.from({ length: count }, () => ({ before: 2, frame: { type, delta: "\n\t ", ...fields } }))

  test("OF-215: white space without end breaks the try, and the answer is asked for again", async () => {
    const program = await codex({ ...setup, script: [endless(), endless(), { text: "Two." }] })
    const { events, message } = await program.read([HELLO])
    expect(said(message)).toBe("Two.")
    expect(message.content).toHaveLength(1)
    expect(count(events, "start")).toBe(1)
    expect(program.waits.filter((ms) => ms < 10_000)).toEqual([250, 500])
  })

  test("OF-215: at most twice", async () => {
    const program = await codex({ ...setup, script: () => endless() })
    const { events, message } = await program.read([HELLO])
    expect(message.error).toMatchObject({ code: "stream_malformed", type: "whitespace_loop" })
    expect(program.host.calls).toHaveLength(3)
    expect(message.content.every((block) => block.type !== "toolCall" || block.incomplete === true)).toBe(true)
    expect(count(events, "done")).toBe(0)
  })

  test("OF-215: a call that is only laid out generously is left alone", async () => {
    const program = await codex({ ...setup, script: [endless({ whitespace: 200 })] })
    expect((await program.ask([HELLO])).content).toMatchObject([{ type: "toolCall", arguments: { at: "x" } }])
    expect(program.host.calls).toHaveLength(1)
  })

  test("OF-216: the tries after a break are alive, and still the caller's to abort", async () => {
    const program = await codex({
      ...setup,
      script: ({ index }) => (index === 0 ? endless() : { text: "slow", stall: { afterEvents: 2 } }),
    })
    const controller = new AbortController()
    const answer = program.ask([HELLO], { signal: controller.signal })
    await expect.poll(() => program.host.calls.length).toBe(2)
    controller.abort()
    expect((await answer).stopReason).toBe("aborted")
  })

  test.each<[string, string, Obj]>([
    ["a function's arguments of no known item", "response.function_call_arguments.delta", { item_id: "fc_unknown" }],
    ["the text of a custom tool", "response.custom_tool_call_input.delta", { item_id: "ctc_unknown", output_index: 9 }],
  ])("OF-217: %s count as well", async (_what, type, fields) => {
    const program = await codex({
      ...setup,
      script: [{ text: "lost", inject: blanks(type, fields) }, { text: "Two." }],
    })
    expect(said(await program.ask([HELLO]))).toBe("Two.")
    expect(program.host.calls).toHaveLength(2)
  })

  test("OF-217: and so do those of an item that is closed", async () => {
    const frames = blanks("response.function_call_arguments.delta", { output_index: 0 })
    // Behind the item, before the end.
    const inject = frames.map(({ frame }) => ({ before: 9, frame }))
    const program = await codex({ ...setup, script: [{ toolCalls: [{ name: "look", arguments: "{  }" }], inject }] })
    const { message } = await program.read([HELLO])
    expect(message.error?.type).toBe("whitespace_loop")
  })

  test.each([false, true])(
    "OF-218: after a finished call it is an error, and not made anew: restarts %s",
    async (restarts) => {
      const calls = [{ name: "one" }, { name: "two" }]
      const program = await codex({
        ...setup,
        script: ({ index }) => {
          if (index > 0) return { text: "no" }
          const frame = {
            type: "response.function_call_arguments.delta",
            item_id: "fc_more",
            output_index: 5,
            delta: "\n",
          }
          return { toolCalls: calls, inject: Array.from({ length: 300 }, () => ({ before: 7, frame })) }
        },
      })
      const { events, message } = await program.read([HELLO], { restarts })
      expect(message.error).toMatchObject({ type: "whitespace_loop", delivered: "final" })
      expect(count(events, "start")).toBe(1)
      expect(program.host.calls).toHaveLength(1)
    },
  )
})

describe("what an abandoned try has made", () => {
  const search = { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "q" } }

  test("OF-219: is neither in the message nor in what the next request goes on from", async () => {
    const cut: CodexAnswer = { thinking: "lost", hosted: [search], text: "lost", cut: { afterEvents: 9 } }
    const program = await codex({ script: [cut, { text: "Two." }, { text: "Three." }] })
    const { host, ask } = program
    const first = await ask([HELLO], { restarts: true, reasoning: "high", showThinking: true })
    expect(first.content).toMatchObject([{ type: "text", text: "Two." }])
    await ask([HELLO, first, MORE], { reasoning: "high", showThinking: true })
    const last = host.calls.at(-1)
    expect(JSON.stringify(last?.body["input"])).not.toMatch(/lost|web_search_call/)
    if (last?.transport === "websocket") expect(last.continued).toBe(2)
  })

  test("OF-219: nor is it on the socket of the next try", async () => {
    const cut: CodexAnswer = { toolCalls: [{ name: "look" }], whitespace: 300 }
    const program = await codex({ script: [{ hosted: [search], ...cut }, { text: "Two." }, { text: "Three." }] })
    const first = await program.ask([HELLO], { restarts: true })
    expect(first.content).toMatchObject([{ type: "text", text: "Two." }])
    await program.ask([HELLO, first, MORE])
    expect(program.host.calls.at(-1)).toMatchObject({ continued: 2, connection: 1 })
  })
})

describe("limits and failures of the backend", () => {
  const keys = ["one", "two"].map((serial): Credential => ({
    kind: "oauth",
    id: serial,
    secret: emulatedCodexToken({ serial, accountId: serial }),
  }))

  /** Accounts of the requests, in order. */
  const accounts = ({ host }: CodexTest): unknown[] => host.calls.map(({ headers }) => headers["chatgpt-account-id"])

  test.each(BOTH)(
    "OF-244: a plan that is used up turns to the next account, on a socket of its own: %s",
    async (_name, setup) => {
      const resetsAt = Math.floor(Date.now() / 1000) + 3600
      const program = await codex({
        ...setup,
        credentials: listSource(keys),
        script: ({ headers }) =>
          headers["chatgpt-account-id"] === "one" ? { error: codexUsageLimit({ resetsAt }) } : { text: "Two." },
      })
      const message = await program.ask([HELLO])
      expect(said(message)).toBe("Two.")
      expect(accounts(program)).toEqual(["one", "two"])
      expect(message.attempts).toMatchObject([{ error: { code: "quota_exhausted" }, action: "credential" }])
    },
  )

  test("OF-244: a limit without a word is an account's", async () => {
    const bare = await codex({
      settings: { websocket: false },
      credentials: listSource(keys),
      script: [{ error: { status: 429, body: "" } }, { text: "Two." }],
    })
    expect(said(await bare.ask([HELLO]))).toBe("Two.")
    expect(accounts(bare)).toEqual(["one", "two"])
  })

  const busy = { status: 429, code: "rate_limit_exceeded", message: "Slow down.", headers: { "retry-after": "2" } }
  test.each<[string, CodexAnswer]>([
    ["as an error", { error: busy }],
    ["as the end of an answer", { failed: { code: busy.code, message: "Rate limit: please try again in 2s." } }],
  ])(
    "OF-244: one that says for how long is waited for on the same account, over both transports: %s",
    async (_name, limited) => {
      for (const [, setup] of BOTH) {
        const program = await codex({ ...setup, credentials: listSource(keys), script: [limited, { text: "Two." }] })
        expect(said(await program.ask([HELLO]))).toBe("Two.")
        expect(accounts(program)).toEqual(["one", "one"])
        expect(program.waits).toContain(2000)
      }
    },
  )

  test("a plan that is used up is told in words for a person, with its end", async () => {
    const resetsAt = Math.floor(Date.now() / 1000) + 1800
    for (const [, setup] of BOTH) {
      const { ask } = await codex({ ...setup, script: [{ error: codexUsageLimit({ resetsAt, planType: "team" }) }] })
      const { error } = await ask([HELLO])
      expect(error).toMatchObject({ code: "quota_exhausted", quota: { bucket: "team", resetAt: resetsAt * 1000 } })
      expect(error?.message).toBe("You have hit your ChatGPT usage limit (team plan). Try again in ~30 min.")
    }
  })

  test("OF-246: an answer that does not begin is asked for six times, or as often as the caller says", async () => {
    const busy = { settings: { websocket: false }, script: () => ({ error: { status: 503, message: "busy" } }) }
    const six = await codex(busy)
    expect((await six.ask([HELLO])).error).toMatchObject({ code: "overloaded", status: 503 })
    expect(six.host.calls).toHaveLength(6)
    const two = await codex(busy)
    await two.ask([HELLO], { retry: { maxAttempts: 2 } })
    expect(two.host.calls).toHaveLength(2)
  })

  test("a plan that is used up refuses the handshake as well", async () => {
    const resetsAt = Math.floor(Date.now() / 1000) + 3600
    const program = await codex({
      credentials: listSource(keys),
      handshakes: ({ headers }) =>
        headers["chatgpt-account-id"] === "one" ? { refuse: codexUsageLimit({ resetsAt }) } : {},
    })
    const message = await program.ask([HELLO])
    expect(message.error).toBeUndefined()
    expect(accounts(program)).toEqual(["two"])
    expect(message.attempts).toMatchObject([
      { error: { code: "quota_exhausted", quota: { resetAt: resetsAt * 1000 } }, action: "credential" },
    ])
  })

  test("a socket that says it is busy gives way to another one", async () => {
    const code = "websocket_request_in_progress"
    const busy = {
      error: { status: 409, type: "invalid_request_error", code, message: "websocket request already in progress" },
    }
    const program = await codex({ script: [busy, { text: "Two." }] })
    expect(said(await program.ask([HELLO]))).toBe("Two.")
    expect(program.host.calls.map(({ connection }) => connection)).toEqual([0, 1])
  })

  test("an error of the backend itself is met over a socket first, and then over plain HTTP", async () => {
    const failed = { streamError: { status: 500, code: "server_error", message: "An error occurred.", afterEvents: 1 } }
    const program = await codex({ script: ({ transport }) => (transport === "sse" ? { text: "Two." } : failed) })
    expect(said(await program.ask([HELLO]))).toBe("Two.")
    expect(ways(program)).toEqual(["websocket", "websocket", "websocket", "sse"])
  })

  test("a model that the backend does not have is no reason to do without sockets", async () => {
    const missing = { status: 404, type: "invalid_request_error", code: "model_not_found", message: "No such model." }
    const program = await codex({ script: ({ index }) => (index === 0 ? { error: missing } : { text: "Two." }) })
    expect((await program.ask([HELLO])).error).toMatchObject({ code: "model_not_found" })
    expect(said(await program.ask([HELLO]))).toBe("Two.")
    expect(ways(program)).toEqual(["websocket", "websocket"])
  })

  test("results of calls go on from the answer that made them, after a failure in between as well", async () => {
    const program = await codex({
      script: [{ toolCalls: [{ name: "look" }] }, { text: "lost", cut: { afterEvents: 1 } }, { text: "Three." }],
    })
    const first = await program.ask([HELLO])
    const message = await program.ask([HELLO, first, ...resultsOf(first)])
    expect(said(message)).toBe("Three.")
    expect(program.host.calls.map(({ continued, connection }) => [continued, connection])).toEqual([
      [0, 0],
      [2, 0],
      [0, 1],
    ])
  })
})
