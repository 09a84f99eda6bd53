import { describe, expect, test } from "vitest"
import { keySource, openaiEndpoint, type Route, type Sluice } from "@sluice/ai"
import { openaiCompletions } from "@sluice/ai/wires/openai-completions"
import { createGateway } from "../gateway.ts"

const encoder = new TextEncoder()
const TOKEN = `data: {"choices":[{"index":0,"delta":{"content":"some"}}]}\n\n`
const LAST = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n`

/** A way to a host that gives these texts and is silent then, deaf to every signal. */
function deaf(texts: readonly string[], type: string): Route {
  const left = [...texts]
  const next = (): Promise<IteratorResult<Uint8Array>> => {
    const text = left.shift()
    return text === undefined ? new Promise(() => {}) : Promise.resolve({ done: false, value: encoder.encode(text) })
  }
  const head = { status: 200, headers: new Headers({ "content-type": type }), channel: "http" as const }
  return {
    model: {
      id: "m",
      provider: "p",
      api: "openai-completions",
      baseUrl: "http://p",
      input: [],
      output: [],
      compat: {},
    },
    wire: openaiCompletions,
    endpoint: openaiEndpoint,
    credentials: keySource("k"),
    transport: {
      open: async () => ({
        kind: "http",
        memory: new Map(),
        close: () => {},
        send: async () => ({ head, chunks: { [Symbol.asyncIterator]: () => ({ next }) }, cancel: () => {} }),
      }),
    },
  }
}

async function ask(route: Route, stream: boolean): Promise<{ status: number; text: string }> {
  const sluice = { route: async () => route } as unknown as Sluice
  const limits = { retry: { maxAttempts: 1 }, timeouts: { firstEventMs: 60, idleMs: 60 } }
  const gateway = await createGateway({ dataDir: ":memory:", sluice, ...limits })
  const { secret } = await gateway.keys.create("test")
  const response = await gateway.fetch(
    new Request("http://gateway/v1/chat/completions", {
      method: "POST",
      headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "p/m", stream, messages: [{ role: "user", content: "hi" }] }),
    }),
  )
  const answer = { status: response.status, text: await response.text() }
  await gateway.close()
  return answer
}

describe("a relay from a source that ignores its signal", () => {
  test("is ended by the watchdog in the middle of a stream", async () => {
    const { text } = await ask(deaf([TOKEN], "text/event-stream"), true)
    expect(text).toContain(`"some"`)
    expect(text).toContain(`"error"`)
    expect(text).not.toContain("[DONE]")
  })

  test("is ended by the watchdog within a document", async () => {
    expect((await ask(deaf([`{"choices":`], "application/json"), false)).status).toBe(504)
  })

  test("is complete once the host has said why it stops", async () => {
    const { text } = await ask(deaf([TOKEN, LAST], "text/event-stream"), true)
    expect(text).toContain("[DONE]")
  }, 10_000)
})
