import { classify, complete, DEFAULT_RETRY, fetchTransport, type ErrorFacts, type SluiceError } from "@sluice/ai"
import { anthropicMessagesServer } from "@sluice/ai/wires/anthropic-messages/server"
import { openaiCompletionsServer } from "@sluice/ai/wires/openai-completions/server"
import { listSource } from "@sluice/auth"
import { describe, expect, test } from "vitest"
import { openaiCompletions } from "@sluice/ai/wires/openai-completions"
import { modelOf } from "../support/openai-completions.ts"
import { ok, route, serve, user, type Handler } from "../support/toy-wire.ts"

const transport = fetchTransport()
const errorOf = (facts: ErrorFacts): SluiceError => classify(facts)

/** A host, and how often it was asked. */
async function counted(handler: Handler): Promise<{ url: string; asked(): number }> {
  let count = 0
  const url = await serve((n, body, response) => {
    count = n
    handler(n, body, response)
  })
  return { url, asked: () => count }
}

describe("limits and what is done about them", () => {
  test("OF-316: a window that is full by a host's own word is an overflow, and is not tried again", async () => {
    const host = await counted((_n, _body, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" })
      const ended = { id: "c", choices: [{ index: 0, delta: {}, finish_reason: "model_context_window_exceeded" }] }
      response.end(`data: ${JSON.stringify(ended)}\n\ndata: [DONE]\n\n`)
    })
    const model = modelOf({ baseUrl: host.url })
    const message = await complete({ ...route(host.url, transport), wire: openaiCompletions, model }, user)
    expect(message.error).toMatchObject({ code: "context_overflow", retryable: false })
    expect(host.asked()).toBe(1)
  })

  test.each([
    ["OF-317", "Unable to connect. Is the computer able to access the url?"],
    ["OF-317", "fetch failed"],
    ["OF-318", "HTTP2StreamReset fetching the address"],
    ["OF-318", "HTTP2RefusedStream fetching the address"],
    ["OF-323", "no_capacity"],
    ["OF-323", "This model is currently experiencing high demand."],
  ])("%s: %s can be tried again", (_row, message) => {
    expect(errorOf({ message, inStream: true })).toMatchObject({ retryable: true, scope: "host" })
  })

  test.each([
    "You have hit your usage limit. Try again in ~12 min.",
    "The usage limit has been reached",
    "You exceeded your current quota, please check your plan",
  ])("OF-321: a client is told of a used-up allowance as a limit: %s", (message) => {
    // Inside a stream there is nothing but the text.
    for (const facts of [
      { status: 429, message },
      { message, inStream: true },
    ]) {
      const error = errorOf(facts)
      expect(error.code).toBe("quota_exhausted")
      const told = { status: 429, body: { error: { type: "rate_limit_error" } } }
      expect(anthropicMessagesServer.failure(error)).toMatchObject(told)
      expect(openaiCompletionsServer.failure(error)).toMatchObject(told)
    }
  })

  test("OF-322: an empty balance turns to the next account", async () => {
    expect(errorOf({ status: 402, message: "Insufficient balance" }).scope).toBe("credential")
    expect(errorOf({ status: 429, message: "Your balance is exhausted" })).toMatchObject({
      code: "quota_exhausted",
      scope: "credential",
    })
    const host = await counted((n, _body, response) =>
      n > 1 ? ok(response, "fine") : response.writeHead(402).end(`{"error":"Payment Required"}`),
    )
    const credentials = listSource(["a", "b"].map((secret) => ({ id: secret, kind: "key" as const, secret })))
    const message = await complete(route(host.url, transport, { credentials }), user)
    expect(message).toMatchObject({ stopReason: "stop", attempts: [{ action: "credential" }] })
  })

  test("OF-324: too many requests at once are waited for with the same account", async () => {
    const error = errorOf({ status: 429, message: "Concurrency limit exceeded for user, please retry" })
    expect(error).toMatchObject({ code: "concurrency_limited", retryable: true })
    const host = await counted((n, _body, response) =>
      n > 1 ? ok(response, "fine") : response.writeHead(429).end(`{"error":"Concurrency limit exceeded for user"}`),
    )
    const credentials = listSource(["a", "b"].map((secret) => ({ id: secret, kind: "key" as const, secret })))
    const message = await complete(route(host.url, transport, { credentials }), user, { retry: { baseDelayMs: 1 } })
    expect(message).toMatchObject({ stopReason: "stop", attempts: [{ action: "waited" }] })
    expect(DEFAULT_RETRY.baseDelayMs).toBeLessThanOrEqual(5000)
  })
})
