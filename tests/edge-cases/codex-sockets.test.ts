import type { AssistantMessage, CredentialSource } from "@sluice/ai"
import { codexDiagnostics } from "@sluice/ai/endpoints/codex"
import { type CodexAnswer, emulatedCodexToken } from "@sluice/testkit/emulators"
import { describe, expect, test } from "vitest"
import { type CodexSetup, codex, HELLO, MORE, resultsOf, said } from "../support/codex.ts"

type Obj = Record<string, unknown>

const BOTH: readonly (readonly [string, CodexSetup])[] = [
  ["plain HTTP", { settings: { websocket: false } }],
  ["a WebSocket", {}],
]

/** An answer of these events alone, between its first and its last. */
function scripted(events: readonly Obj[], more: CodexAnswer = {}): CodexAnswer {
  return { text: "", ...more, inject: events.map((frame) => ({ before: 2, frame })) }
}

/** Id, name and arguments of the calls of an answer. */
function callsOf({ content }: AssistantMessage): unknown[] {
  return content.flatMap((block) => (block.type === "toolCall" ? [[block.id, block.name, block.arguments]] : []))
}

/** The thinking of an answer, one text for each block. */
function thinkingOf({ content }: AssistantMessage): string[] {
  return content.flatMap((block) => (block.type === "thinking" ? [block.thinking] : []))
}

describe("one socket for a conversation", () => {
  test("OF-197: the second request goes on from the first, with what is new alone", async () => {
    const { host, ask } = await codex({ script: [{ text: "One." }, { text: "Two." }] })
    const first = await ask([HELLO])
    expect(said(await ask([HELLO, first, MORE]))).toBe("Two.")
    expect(host.connections).toHaveLength(1)
    expect(host.calls[1]).toMatchObject({ continued: 2, body: { previous_response_id: host.calls[0]?.responseId } })
    expect(host.calls[1]?.body["input"]).toMatchObject([{ role: "user" }])
  })

  test("OF-195: frames that come in binary are read like those in text", async () => {
    const { ask, host } = await codex({ script: [{ text: "One.", binary: true, toolCalls: [{ name: "look" }] }] })
    const message = await ask([HELLO])
    expect([said(message), message.stopReason]).toEqual(["One.", "toolUse"])
    expect(host.calls.map(({ transport }) => transport)).toEqual(["websocket"])
  })

  test("OF-208: one that was silent for too long is replaced before the next request, which is whole again", async () => {
    const { host, ask } = await codex({ sockets: { maxIdleReuseMs: 30 } })
    const first = await ask([HELLO])
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect((await ask([HELLO, first, MORE])).error).toBeUndefined()
    expect(host.connections).toHaveLength(2)
    expect(host.connections[0]?.closed).toMatchObject({ by: "client", reason: "stale-reuse" })
    expect(host.calls[1]?.body).not.toHaveProperty("previous_response_id")
    expect(host.calls[1]?.body["input"]).toHaveLength(3)
  })

  test("OF-209: an answer whose end came just before the server closed is whole, and the next has a new socket", async () => {
    const { host, ask } = await codex({ script: [{ text: "One.", eagerClose: true }, { text: "Two." }] })
    const first = await ask([HELLO])
    expect(first).toMatchObject({ stopReason: "stop" })
    expect(first.attempts).toBeUndefined()
    expect(said(await ask([HELLO, first, MORE]))).toBe("Two.")
    expect(host.calls.map(({ connection }) => connection)).toEqual([0, 1])
  })

  test("OF-210: a connection that is opened ahead of time is joined by the first request", async () => {
    const { host, ask, sluice, model } = await codex({ handshakes: [{ delayMs: 40 }] })
    const [warmed, message] = await Promise.all([sluice.prewarm(model, { sessionId: "s1" }), ask([HELLO])])
    expect(warmed).toBe(true)
    expect(message.error).toBeUndefined()
    expect(host.connections).toHaveLength(1)
  })

  test("opening a connection ahead of time does nothing where there are no sockets", async () => {
    const { host, sluice, model } = await codex({ settings: { websocket: false } })
    expect(await sluice.prewarm(model, { sessionId: "s1" })).toBe(false)
    expect(host.connections).toHaveLength(0)
  })

  test("OF-207: a host that answers no pings but sends frames is alive", async () => {
    const { host, ask } = await codex({
      handshakes: [{ noPong: true }],
      script: [{ text: "x".repeat(20), pace: { chars: 1, ms: 15 } }],
      sockets: { pingIntervalMs: 20, pongTimeoutMs: 60 },
    })
    expect((await ask([HELLO])).attempts).toBeUndefined()
    expect(host.connections[0]?.pings).toBeGreaterThan(1)
  })

  test("OF-206: one that answers neither pings nor sends anything is given up", async () => {
    const { host, ask } = await codex({
      handshakes: [{ noPong: true }],
      script: [{ text: "lost", stall: { afterEvents: 1 } }, { text: "Again." }],
      sockets: { pingIntervalMs: 20, pongTimeoutMs: 60 },
    })
    const message = await ask([HELLO])
    expect(said(message)).toBe("Again.")
    expect(message.attempts).toMatchObject([{ error: { type: "WS_PONG_TIMEOUT" }, change: "over a new WebSocket" }])
    expect(host.connections[0]?.closed).toMatchObject({ by: "client" })
  })
})

describe("frames that belong to another answer", () => {
  test("OF-231: a late frame of the response before is dropped", async () => {
    const late = { type: "response.completed", response: { id: "", status: "completed", output: [] } }
    const { host, ask } = await codex({
      script: ({ index }) => {
        if (index === 0) return { text: "One." }
        const frame = { ...late, response: { ...late.response, id: host.calls[0]?.responseId } }
        const delta = { type: "response.output_text.delta", item_id: "msg_old", output_index: 0, delta: "old" }
        return { text: "Two.", inject: [delta, frame].map((one) => ({ before: 0, frame: one })) }
      },
    })
    const first = await ask([HELLO])
    const second = await ask([HELLO, first, MORE])
    expect(second).toMatchObject({ stopReason: "stop", responseId: host.calls[1]?.responseId })
    expect(said(second)).toBe("Two.")
    expect(second.attempts).toBeUndefined()
  })

  test("OF-231: an event of a third response ends the try, and the answer is made on a new socket", async () => {
    const foreign = { type: "response.in_progress", response: { id: "resp_foreign", status: "in_progress" } }
    const { host, ask } = await codex({
      script: [{ text: "One.", inject: [{ before: 2, frame: foreign }] }, { text: "Two." }],
    })
    const message = await ask([HELLO])
    expect(said(message)).toBe("Two.")
    expect(message.attempts).toMatchObject([{ error: { type: "ws_out_of_step" }, change: "over a new WebSocket" }])
    expect(host.calls.map(({ connection }) => connection)).toEqual([0, 1])
  })

  test("OF-231: so does an event that is older than the one before", async () => {
    const older = { type: "response.in_progress", sequence_number: 0 }
    const { ask } = await codex({ script: [{ text: "One.", inject: [{ before: 2, frame: older }] }, { text: "Two." }] })
    const message = await ask([HELLO])
    expect(said(message)).toBe("Two.")
    expect(message.attempts).toMatchObject([{ error: { type: "ws_out_of_step" } }])
  })
})

describe.each(BOTH)("an answer over %s", (_name, setup) => {
  test("OF-228: calls that are written in turns stay apart, and the end of one leaves the others alone", async () => {
    const toolCalls = ["a", "b", "c"].map((id) => ({
      id: `call_${id}`,
      name: `look_${id}`,
      arguments: { at: id.repeat(9) },
    }))
    const { ask } = await codex({ ...setup, script: [{ toolCalls, interleave: true, pace: { chars: 3 } }] })
    expect(callsOf(await ask([HELLO]))).toEqual(toolCalls.map(({ id, name, arguments: args }) => [id, name, args]))
  })

  test("OF-221: a call whose end was lost is read to its end when the answer is", async () => {
    const dialect = { omit: ["response.output_item.done", "response.function_call_arguments.done"] }
    const toolCalls = [{ id: "call_a", name: "look", arguments: { at: "there" } }]
    const { read } = await codex({ ...setup, script: [{ toolCalls, dialect }] })
    const { events, message } = await read([HELLO])
    expect(message.stopReason).toBe("toolUse")
    expect(callsOf(message)).toEqual([["call_a", "look", { at: "there" }]])
    expect(events.filter(({ type }) => type === "toolcall_end")).toHaveLength(1)
  })

  test("OF-224: a turn that is not over stops as a pause", async () => {
    const { ask } = await codex({
      ...setup,
      script: [
        { text: "so far", endTurn: false },
        { text: "rest", endTurn: true },
      ],
    })
    const first = await ask([HELLO])
    expect(first).toMatchObject({ stopReason: "stop", stopDetails: { type: "pause_turn" } })
    const second = await ask([HELLO, first])
    expect(second.stopReason).toBe("stop")
    expect(second.stopDetails).toBeUndefined()
  })

  test("OF-220: the time to the first token is not that of the answer's beginning", async () => {
    const { ask } = await codex({ ...setup, script: [{ text: "late", stall: { afterEvents: 2, ms: 80 } }] })
    expect((await ask([HELLO])).ttft).toBeGreaterThanOrEqual(70)
  })

  test("OF-229: an error event is what stands within it, over what stands at its top", async () => {
    const frame = {
      type: "error",
      code: "server_error",
      message: "The server had an error.",
      error: { type: "usage_limit_reached", message: "The usage limit has been reached", plan_type: "plus" },
    }
    const { host, ask } = await codex({ ...setup, script: [scripted([frame])] })
    const message = await ask([HELLO])
    expect(message.error).toMatchObject({ code: "quota_exhausted", type: "usage_limit_reached", retryable: false })
    expect(message.error?.message).toBe("You have hit your ChatGPT usage limit (plus plan).")
    expect(host.calls).toHaveLength(1)
  })

  test("OF-229: and its code is more than its type", async () => {
    const error = { type: "invalid_request_error", code: "context_length_exceeded", message: "no" }
    const { ask } = await codex({ ...setup, script: [scripted([{ type: "error", code: "server_error", error }])] })
    expect((await ask([HELLO])).error).toMatchObject({ code: "context_overflow", type: "context_length_exceeded" })
  })

  test("OF-240: parts of a summary that come again in the next item are shown once", async () => {
    const item = (id: string, output_index: number, parts: readonly string[]): Obj[] => {
      const texts = parts.map((text) => ({ type: "summary_text", text }))
      return [
        { type: "response.output_item.added", output_index, item: { type: "reasoning", id, summary: [] } },
        ...parts.flatMap((text, summary_index) => [
          ...[text.slice(0, 3), text.slice(3)].map((delta) => ({
            type: "response.reasoning_summary_text.delta",
            item_id: id,
            output_index,
            summary_index,
            delta,
          })),
          { type: "response.reasoning_summary_text.done", item_id: id, output_index, summary_index, text },
        ]),
        { type: "response.output_item.done", output_index, item: { type: "reasoning", id, summary: texts } },
      ]
    }
    const events = [...item("rs_1", 0, ["First of all"]), ...item("rs_2", 1, ["First of all", "Then more"])]
    const { read } = await codex({ ...setup, script: [scripted(events, { dialect: { noSequence: true } })] })
    const seen = await read([HELLO], { reasoning: "high", showThinking: true })
    expect(thinkingOf(seen.message)).toEqual(["First of all", "Then more"])
    const shown = seen.events.flatMap((event) => (event.type === "thinking_delta" ? [event.delta] : []))
    expect(shown.join("")).toBe("First of allThen more")
  })

  test("OF-203: events that only say that the host is at work do not count as progress", async () => {
    const alive = Array.from({ length: 40 }, () => ({ before: 2, frame: { type: "response.in_progress" } }))
    const limits = { timeouts: { firstEventMs: 70, idleMs: 70 }, retry: { maxAttempts: 1 } }
    const settings = { ...setup.settings, retryBudget: 0 }
    const { ask } = await codex({
      ...setup,
      settings,
      script: () => ({ text: "never", inject: alive, pace: { ms: 10 } }),
    })
    const started = performance.now()
    expect((await ask([HELLO], limits)).error).toMatchObject({ code: "timeout" })
    expect(performance.now() - started).toBeLessThan(390)
  })
})

describe("what is said beside an answer", () => {
  test("by the host's filter is handed on, and who is told cannot break the answer", async () => {
    const seen: unknown[] = []
    const { ask } = await codex({
      script: [{ text: "One.", metadata: { openai_chatgpt_moderation_metadata: { flagged: false }, other: 1 } }],
    })
    const onModeration = (metadata: unknown): void => {
      seen.push(metadata)
      throw new Error("no")
    }
    expect(said(await ask([HELLO], { onModeration }))).toBe("One.")
    expect(seen).toEqual([{ flagged: false }])
  })

  test("before it is no progress, and no event", async () => {
    const frames = ["codex.rate_limits", "keepalive", "response.queued"].map((type) => ({ before: 0, frame: { type } }))
    const { read } = await codex({ script: [{ text: "One.", inject: frames }] })
    const { events, message } = await read([HELLO])
    expect(said(message)).toBe("One.")
    expect(new Set(events.map(({ type }) => type))).toEqual(
      new Set(["start", "text_start", "text_delta", "text_end", "done"]),
    )
  })
})

describe("what a conversation does not go on from", () => {
  test("an answer that was cut short", async () => {
    const { host, ask } = await codex({ script: [{ text: "One", length: true }, { text: "Two." }] })
    const first = await ask([HELLO])
    expect(first.stopReason).toBe("length")
    await ask([HELLO, first, MORE])
    expect(host.calls[1]).toMatchObject({ connection: 0, continued: 0 })
    expect(host.calls[1]?.body).not.toHaveProperty("previous_response_id")
  })

  test("what an earlier token has said: a renewed one has a socket of its own", async () => {
    let serial = 0
    const credentials: CredentialSource = {
      acquire: async () => ({
        credential: { kind: "oauth", id: "one", secret: emulatedCodexToken({ serial: String(serial) }) },
        observe: () => {},
        replace: async () => undefined,
        release: () => {},
      }),
    }
    const { host, ask } = await codex({ credentials })
    const first = await ask([HELLO])
    const second = await ask([HELLO, first, MORE])
    serial++
    expect((await ask([HELLO, first, MORE, second, MORE])).error).toBeUndefined()
    expect(host.calls.map(({ connection, continued }) => [connection, continued > 0])).toEqual([
      [0, false],
      [0, true],
      [1, false],
    ])
    expect(host.connections[0]?.closed).toMatchObject({ by: "client", reason: "token-refresh" })
  })
})

test("what a session has come to is told", async () => {
  const { ask, known, sluice, model } = await codex({ script: [{ toolCalls: [{ name: "look" }] }, { text: "end" }] })
  const first = await ask([HELLO])
  await ask([HELLO, first, ...resultsOf(first)])
  const route = await sluice.route(model)
  expect(codexDiagnostics(known, route.model, "s1")).toMatchObject({
    wholeRequests: 1,
    chainedRequests: 1,
    fallbacks: 0,
  })
  expect(codexDiagnostics(known, route.model, "another")).toEqual({
    wholeRequests: 0,
    chainedRequests: 0,
    websocket: true,
    fallbacks: 0,
  })
})
