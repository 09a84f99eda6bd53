import { googleEndpoint } from "@sluice/ai/endpoints/google"
import { keySource, stream, type AssistantMessageEvent, type Route } from "@sluice/ai"
import { fetchTransport } from "@sluice/ai/transport/fetch"
import { googleGenerativeAi } from "@sluice/ai/wires/google-generative-ai"
import { resolveModel } from "@sluice/catalog"
import { expect, test } from "vitest"
import { resolveTimeouts } from "../../packages/ai/src/attempt/watchdog.ts"
import { end, modelOf } from "../support/google-generative-ai.ts"

const USAGE = { usageMetadata: { promptTokenCount: 5, thoughtsTokenCount: 40, totalTokenCount: 45 } }
const SILENT = end("STOP", [{ text: "" }], USAGE)

/** A host that gives these answers one after the other, the last of them for ever. */
function host(...answers: readonly unknown[]): { route: Route; asked: () => number } {
  let asked = 0
  const route: Route = {
    model: modelOf(),
    wire: googleGenerativeAi,
    endpoint: googleEndpoint,
    credentials: keySource("k"),
    transport: fetchTransport({
      fetch: async () => {
        const answer = answers[Math.min(asked++, answers.length - 1)]
        return new Response(`data: ${JSON.stringify(answer)}\n\n`, { headers: { "content-type": "text/event-stream" } })
      },
    }),
  }
  return { route, asked: () => asked }
}

const question = { messages: [{ role: "user", content: "q" }] } as const

test("WO-110: an answer of one empty text is asked for again, and the answer that comes has one start", async () => {
  const { route, asked } = host(SILENT, SILENT, end("STOP", [{ text: "a" }], USAGE))
  const events: AssistantMessageEvent[] = []
  for await (const event of stream(route, question, { retry: { baseDelayMs: 1 } })) events.push(event)
  expect(asked()).toBe(3)
  expect(events.filter((event) => event.type === "start")).toHaveLength(1)
  expect(events.at(-1)).toMatchObject({ type: "done", message: { content: [{ text: "a" }] } })
})

test("WO-111: silence that lasts is taken as the answer, at once where one try is all that is wanted", async () => {
  const lasting = host(SILENT)
  const message = await stream(lasting.route, question, { retry: { baseDelayMs: 1 } }).result()
  expect(message).toMatchObject({ stopReason: "stop", content: [] })
  expect(lasting.asked()).toBe(3)
  const once = host(SILENT)
  expect((await stream(once.route, question, { retry: { maxAttempts: 1 } }).result()).stopReason).toBe("stop")
  expect(once.asked()).toBe(1)
})

test("WO-147: a Pro model that starts slowly has five minutes for its first event", async () => {
  const { compat } = await resolveModel("google/gemini-3-pro-preview")
  expect(resolveTimeouts(undefined, compat.timeouts).firstEventMs).toBe(300_000)
})
