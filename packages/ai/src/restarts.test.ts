import { describe, expect, test } from "vitest"
import { route, serve, user } from "../../../tests/support/toy-wire.ts"
import type { Route } from "./contract/route.ts"
import { SluiceError } from "./model/errors.ts"
import type { AssistantMessageEvent } from "./model/events.ts"
import type { AssistantMessage } from "./model/message.ts"
import { stream, type StreamOptions } from "./stream.ts"
import { fetchTransport } from "./transport/fetch.ts"

const CUT = { cut: true } as const
type Piece = object | typeof CUT

/** A route whose tries are answered with these events in turn; after `CUT` the connection breaks. */
async function scripted(...tries: (readonly Piece[])[]): Promise<{ route: Route; asked: () => number }> {
  let asked = 0
  const url = await serve((n, _body, response) => {
    asked = n
    const pieces = tries[n - 1] ?? [CUT]
    response.writeHead(200, { "content-type": "text/event-stream" })
    const texts = pieces.filter((piece) => piece !== CUT).map((piece) => `data: ${JSON.stringify(piece)}\n\n`)
    // What is written has to arrive before the end of the connection does.
    if (!pieces.includes(CUT)) response.end(texts.join(""))
    else response.write(texts.join("") || ":\n\n", () => setTimeout(() => response.destroy(), 20))
  })
  return { route: route(url, fetchTransport()), asked: () => asked }
}

interface Seen {
  events: AssistantMessageEvent[]
  types: string[]
  message: AssistantMessage
}

async function read(
  to: Route | Route[],
  options: StreamOptions,
  each: (event: AssistantMessageEvent) => void = () => {},
): Promise<Seen> {
  const answer = stream(to, user, { retry: { baseDelayMs: 1 }, ...options })
  const events: AssistantMessageEvent[] = []
  for await (const event of answer) {
    events.push(event)
    each(event)
  }
  return { events, types: events.map(({ type }) => type), message: await answer.result() }
}

const FINE = [{ text: "fine" }, { stop: true }]
const SHOWN = ["start", "text_start", "text_delta"]

describe("an answer that breaks after some of it was shown", () => {
  test("is made anew where that is allowed: a second start voids what came before", async () => {
    const { route: to, asked } = await scripted([{ text: "half" }, CUT], FINE)
    const { types, message, events } = await read(to, { restarts: true })
    expect(types).toEqual([...SHOWN, ...SHOWN, "text_end", "done"])
    expect(message.content).toMatchObject([{ type: "text", text: "fine" }])
    expect(message.attempts).toMatchObject([{ error: { delivered: "content" }, action: "waited" }])
    expect(asked()).toBe(2)
    const starts = events.flatMap((event) => (event.type === "start" ? [event.partial] : []))
    expect(starts[1]).toBe(message)
    expect(starts[0]).not.toBe(message)
  })

  test("is made anew as often as the budget has it", async () => {
    const half = [{ text: "half" }, CUT]
    const { route: to, asked } = await scripted(half, half, half)
    const { types, message } = await read(to, { restarts: true, retry: { baseDelayMs: 1, maxAttempts: 3 } })
    expect(types.filter((type) => type === "start")).toHaveLength(3)
    expect(types.slice(-3)).toEqual(["text_delta", "text_end", "error"])
    expect(message.attempts).toHaveLength(2)
    expect(asked()).toBe(3)
  })

  test("is an error that keeps what came, where it is not allowed", async () => {
    for (const restarts of [undefined, false]) {
      const { route: to, asked } = await scripted([{ text: "half" }, CUT], FINE)
      const { types, message } = await read(to, restarts === undefined ? {} : { restarts })
      expect(types).toEqual([...SHOWN, "text_end", "error"])
      expect(message).toMatchObject({ content: [{ text: "half" }], error: { delivered: "content" } })
      expect(message.attempts).toBeUndefined()
      expect(asked()).toBe(1)
    }
  })

  test("keeps what was shown when no further try shows anything, its blocks ended", async () => {
    const { route: to, asked } = await scripted([{ text: "half" }, CUT], [CUT], [CUT])
    const { types, message, events } = await read(to, { restarts: true, retry: { baseDelayMs: 1, maxAttempts: 3 } })
    expect(types).toEqual([...SHOWN, "text_end", "error"])
    expect(message).toMatchObject({ stopReason: "error", content: [{ text: "half" }], error: { delivered: "content" } })
    expect(events.at(-1)).toMatchObject({ type: "error", reason: "error" })
    expect((events.at(-1) as { error: AssistantMessage }).error).toBe(message)
    expect(message.attempts).toHaveLength(2)
    expect(asked()).toBe(3)
  })

  test("ends in the error of the last try", async () => {
    const { route: to } = await scripted([{ text: "half" }, CUT], [{ error: "invalid_request_error" }])
    const { message } = await read(to, { restarts: true })
    expect(message).toMatchObject({
      content: [{ text: "half" }],
      error: { code: "invalid_request", delivered: "content" },
    })
  })

  test("goes on to another model, with a start of its own", async () => {
    for (const restarts of [true, false]) {
      const first = await scripted([{ text: "half" }, { error: "overloaded_error" }])
      const second = await scripted(FINE)
      const other = { ...second.route, model: { ...second.route.model, id: "other" } }
      const { types, message } = await read([first.route, other], { restarts, retry: { maxAttempts: 1 } })
      expect(second.asked()).toBe(restarts ? 1 : 0)
      expect(types).toEqual(restarts ? [...SHOWN, ...SHOWN, "text_end", "done"] : [...SHOWN, "text_end", "error"])
      expect(message.model).toBe(restarts ? "other" : "m")
    }
  })

  test("is not made anew when nothing can come of it", async () => {
    const { route: to, asked } = await scripted([{ text: "half" }, { error: "invalid_request_error" }], FINE)
    const { types } = await read(to, { restarts: true })
    expect(types).toEqual([...SHOWN, "text_end", "error"])
    expect(asked()).toBe(1)
  })

  test("is shown once to a reader that comes late", async () => {
    const { route: to } = await scripted([{ text: "half" }, CUT], FINE)
    const answer = stream(to, user, { restarts: true, retry: { baseDelayMs: 1 } })
    await answer.result()
    const types: string[] = []
    for await (const event of answer) types.push(event.type)
    expect(types).toEqual([...SHOWN, "text_end", "done"])
  })
})

test("a finished call of a tool is never made anew", async () => {
  const { route: to, asked } = await scripted([{ text: "half" }, { call: "{}", close: true }, CUT], FINE)
  const { types, message } = await read(to, { restarts: true })
  expect(types.filter((type) => type === "start")).toHaveLength(1)
  expect(types.filter((type) => type === "toolcall_end")).toHaveLength(1)
  expect(message.error).toMatchObject({ delivered: "final" })
  expect(asked()).toBe(1)
})

describe("an abort", () => {
  test("between two tries ends the call at once, with what was shown", async () => {
    const { route: to, asked } = await scripted([{ text: "half" }, CUT], FINE)
    const controller = new AbortController()
    const { types, message } = await read(
      to,
      { restarts: true, signal: controller.signal, retry: { baseDelayMs: 60_000 } },
      (event) => {
        // The first wait of a broken connection is none: the break itself comes after this.
        if (event.type === "text_delta") setTimeout(() => controller.abort(), 10)
      },
    )
    expect(types).toEqual([...SHOWN, "text_end", "error"])
    expect(message).toMatchObject({ stopReason: "aborted", content: [{ text: "half" }], error: { code: "aborted" } })
    expect(asked()).toBe(1)
  })

  test("while a wait is sat out", async () => {
    const tries = [[{ text: "half" }, { error: "overloaded_error" }], FINE]
    const { route: to, asked } = await scripted(...tries)
    const controller = new AbortController()
    const answer = read(to, {
      restarts: true,
      signal: controller.signal,
      retry: { baseDelayMs: 60_000, maxDelayMs: 0 },
    })
    setTimeout(() => controller.abort(new SluiceError({ code: "timeout", message: "own" })), 80)
    const { types, message } = await answer
    expect(types).toEqual([...SHOWN, "text_end", "error"])
    expect(message).toMatchObject({ stopReason: "aborted", content: [{ text: "half" }] })
    expect(message.attempts).toMatchObject([{ error: { code: "overloaded" }, action: "waited" }])
    expect(asked()).toBe(1)
  })

  test("in the second try, before it has shown anything", async () => {
    const { route: to, asked } = await scripted([{ text: "half" }, CUT], FINE)
    const controller = new AbortController()
    let responses = 0
    const onResponse = (): void => {
      if (++responses === 2) controller.abort()
    }
    const { types, message } = await read(to, { restarts: true, signal: controller.signal, onResponse })
    expect(types).toEqual([...SHOWN, "text_end", "error"])
    expect(message).toMatchObject({ stopReason: "aborted", content: [{ text: "half" }] })
    expect(asked()).toBe(2)
  })
})
