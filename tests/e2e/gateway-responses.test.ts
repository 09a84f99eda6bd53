import { existsSync, readdirSync, readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import type { InboundCall } from "@sluice/ai"
import { SseFramer } from "@sluice/ai/framing"
import { openaiResponsesServer } from "@sluice/ai/wires/openai-responses/server"
import { anthropicMessagesEmulator, openaiChatEmulator, type EmulatedAnswer } from "@sluice/testkit/emulators"
import { describe, expect, test } from "vitest"
import { CORPUS } from "../conformance/harness.ts"
import { checkResponse, checkResponsesError, checkResponsesStream } from "../grammar/openai-responses-stream.ts"
import type { Fields, StreamFrame } from "../grammar/violations.ts"
import { latest, startGateway, type TestGateway } from "../support/gateway.ts"

const RESPONSES = "/v1/responses"
const bodyFor = (model: string, more: object = {}): object => ({ model, input: "hi", ...more })

interface Stage extends AsyncDisposable {
  gateway: TestGateway
  requests(): { json?: unknown; abortedAtMs?: number }[]
}

/** A gateway before one emulator of each of two wires, both with the same script. */
async function stage(
  script: readonly EmulatedAnswer[],
  options: Parameters<typeof startGateway>[1] = {},
): Promise<Stage> {
  const chat = await openaiChatEmulator({ script })
  const messages = await anthropicMessagesEmulator({ script })
  const gateway = await startGateway(
    {
      chat: { api: "openai-completions", url: `${chat.url}/v1` },
      messages: {
        api: "anthropic-messages",
        url: messages.url,
        model: { compat: { messages: { keyHeader: "x-api-key" } } },
      },
    },
    options,
  )
  return {
    gateway,
    requests: () => [...chat.requests, ...messages.requests],
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await chat.close()
      await messages.close()
    },
  }
}

/** The events of a stream as they stand on the line; signs of life are left out, as clients do. */
function framesOf(text: string): StreamFrame[] {
  const framer = new SseFramer()
  return [...framer.push(new TextEncoder().encode(text)), ...framer.end()]
    .filter((frame) => frame.data !== "")
    .map(({ event, data }) => ({ event, data }))
}

const eventsOf = (frames: readonly StreamFrame[]): Fields[] => frames.map(({ data }) => JSON.parse(data as string))

async function lastRow(gateway: TestGateway): Promise<unknown> {
  for (let i = 0; i < 200; i++) {
    const [row] = await latest(gateway, 1)
    if (row) return row
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error("No row was written.")
}

describe.each(["chat", "messages"])("Responses to a host of %s", (host) => {
  test("streams an answer that passes the grammar, with its usage", async () => {
    await using at = await stage([
      {
        text: "Hello from the host.",
        toolCalls: [{ name: "look", arguments: { city: "Köln" } }],
        usage: { prompt: 11, output: 5 },
      },
    ])
    const tools = [{ type: "function", name: "look", parameters: { type: "object" } }]
    const response = await at.gateway.post(RESPONSES, bodyFor(`${host}/m`, { stream: true, tools }))
    expect(response.status).toBe(200)
    expect(response.headers.get("content-type")).toContain("text/event-stream")
    const frames = framesOf(await response.text())
    expect(checkResponsesStream(frames)).toEqual([])
    expect(eventsOf(frames).at(-1)).toMatchObject({
      type: "response.completed",
      response: {
        model: `${host}/m`,
        output: [
          { type: "message", content: [{ text: "Hello from the host." }] },
          { type: "function_call", name: "look", arguments: '{"city":"Köln"}' },
        ],
        usage: { input_tokens: 11, output_tokens: 5, total_tokens: 16 },
      },
    })
    expect(await lastRow(at.gateway)).toMatchObject({
      inbound: "openai-responses",
      relayed: false,
      status: 200,
      inputTokens: 11,
      outputTokens: 5,
    })
  })

  test("gives a whole answer", async () => {
    await using at = await stage([{ text: "Hello." }])
    const answer = (await (await at.gateway.post(RESPONSES, bodyFor(`${host}/m`))).json()) as Fields
    expect(checkResponse(answer)).toEqual([])
    expect(answer).toMatchObject({ status: "completed", store: true, output: [{ content: [{ text: "Hello." }] }] })
  })

  test("a refusal of the host reaches the client as that status, in its own shape", async () => {
    for (const status of [400, 401, 404, 500, 503]) {
      await using at = await stage([{ error: { status, message: "the host says no" } }], { retry: { maxAttempts: 1 } })
      const response = await at.gateway.post(RESPONSES, bodyFor(`${host}/m`, { stream: true }))
      expect(response.status).toBe(status)
      const body = (await response.json()) as { error: { message: string } }
      expect(checkResponsesError(body)).toEqual([])
      expect(body.error.message).toContain("the host says no")
    }
  })

  test("a stream that is cut after content ends as a response that failed", async () => {
    for (const how of ["reset", "end"] as const) {
      await using at = await stage([{ text: "one two three four five six", cut: { afterEvents: 4, how } }])
      const response = await at.gateway.post(RESPONSES, bodyFor(`${host}/m`, { stream: true }))
      const frames = framesOf(await response.text())
      expect(checkResponsesStream(frames)).toEqual([])
      expect(eventsOf(frames).at(-1)).toMatchObject({
        type: "response.failed",
        response: { status: "failed", error: { code: "server_error" } },
      })
      expect(await lastRow(at.gateway)).toMatchObject({ status: 200, error: expect.any(String) })
    }
  })

  test("a failure behind the deadline is an event of the stream", async () => {
    await using at = await stage([{ text: "never", stall: { afterEvents: 0 } }], {
      commitAfterMs: 20,
      timeouts: { firstEventMs: 120, idleMs: 120 },
      retry: { maxAttempts: 1 },
    })
    const response = await at.gateway.post(RESPONSES, bodyFor(`${host}/m`, { stream: true }))
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(text).toMatch(/^:\n\n/)
    const frames = framesOf(text)
    expect(checkResponsesStream(frames)).toEqual([])
    expect(eventsOf(frames).at(-1)?.["type"]).toMatch(/^(?:error|response\.failed)$/)
  })

  test("a client that leaves takes the host's stream with it", async () => {
    await using at = await stage([{ text: "a b c d e f g h", pace: { chars: 1, ms: 50 } }])
    const controller = new AbortController()
    const response = await at.gateway.post(RESPONSES, bodyFor(`${host}/m`, { stream: true }), {
      signal: controller.signal,
    })
    await response.body?.getReader().read()
    controller.abort()
    expect(await lastRow(at.gateway)).toMatchObject({ status: 499, error: "aborted" })
  })
})

describe("what needs no host", () => {
  test("tokens are counted by an estimate that says so", async () => {
    await using at = await stage([])
    const response = await at.gateway.post(
      `${RESPONSES}/input_tokens`,
      bodyFor("chat/m", { input: "word ".repeat(40) }),
    )
    expect(response.headers.get("x-sluice-estimate")).toBe("true")
    expect(await response.json()).toEqual({
      object: "response.input_tokens",
      input_tokens: expect.any(Number),
      estimated: true,
    })
    expect(at.requests()).toEqual([])
  })

  test("a response that is not kept cannot be continued, and that is told in the client's words", async () => {
    await using at = await stage([])
    const response = await at.gateway.post(RESPONSES, bodyFor("chat/m", { previous_response_id: "resp_1" }))
    expect(response.status).toBe(404)
    const body = await response.json()
    expect(checkResponsesError(body)).toEqual([])
    expect(body).toMatchObject({
      error: {
        code: "previous_response_not_found",
        param: "previous_response_id",
        message: expect.stringContaining("resp_1"),
      },
    })
    expect(at.requests()).toEqual([])
    expect(await lastRow(at.gateway)).toMatchObject({ status: 404, error: "state_lost" })
  })

  test("what is wrong is refused by its path", async () => {
    await using at = await stage([])
    const response = await at.gateway.post(RESPONSES, bodyFor("chat/m", { input: [{ role: "user" }] }))
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { param: "input[0].content" } })
    const background = await at.gateway.post(RESPONSES, bodyFor("chat/m", { background: true }))
    expect(background.status).toBe(400)
    expect(await background.json()).toMatchObject({ error: { param: "background", code: "unsupported" } })
  })

  test("another method is refused with what is allowed, and one that may open a socket is told to", async () => {
    await using at = await stage([])
    const { url, headers } = at.gateway
    const response = await fetch(url + RESPONSES, { method: "PUT", headers })
    expect(response.status).toBe(405)
    expect(response.headers.get("allow")).toContain("POST")
    const plain = await fetch(url + RESPONSES, { headers })
    expect(plain.status).toBe(426)
    expect(plain.headers.get("upgrade")).toBe("websocket")
    expect(checkResponsesError(await plain.json())).toEqual([])
  })
})

describe("to a host of the same wire", () => {
  const sse = (event: Fields & { type: string }): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
  const opening = sse({ type: "response.created", response: { id: "resp_h", status: "in_progress" } })
  const said = sse({ type: "response.output_text.delta", delta: "Hel\u2603" })
  const usage = { input_tokens: 5, output_tokens: 2, total_tokens: 7, input_tokens_details: { cached_tokens: 1 } }
  const ending = sse({ type: "response.completed", response: { id: "resp_h", status: "completed", usage } })

  /** A gateway before a host that answers with these bytes, and what the host was asked. */
  async function before(answer: string): Promise<{ gateway: TestGateway; asked: string[] } & AsyncDisposable> {
    const asked: string[] = []
    const host = createServer((request, response) => {
      let body = ""
      request.on("data", (piece) => (body += piece))
      request.on("end", () => {
        asked.push(body)
        response.writeHead(200, { "content-type": "text/event-stream" }).end(answer)
      })
    })
    await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve))
    const url = `http://127.0.0.1:${(host.address() as AddressInfo).port}/v1`
    const gateway = await startGateway({ own: { api: "openai-responses", url } }, { retry: { maxAttempts: 1 } })
    return {
      gateway,
      asked,
      async [Symbol.asyncDispose]() {
        await gateway[Symbol.asyncDispose]()
        await new Promise((resolve) => host.close(resolve))
      },
    }
  }

  test("bytes pass as they are, but for the model's name", async () => {
    await using at = await before(opening + said + ending)
    const body = '{"model":"own/m", "input":"hi","stream":true,"store":false,"unknown":[1]}'
    const response = await at.gateway.post(RESPONSES, body)
    expect(await response.text()).toBe(opening + said + ending)
    expect(at.asked).toEqual([body.replace("own/m", "m")])
    expect(await lastRow(at.gateway)).toMatchObject({
      inbound: "openai-responses",
      outbound: "openai-responses",
      relayed: true,
      inputTokens: 4,
      cacheReadTokens: 1,
      outputTokens: 2,
    })
  })

  test("of a name that stands twice the host gets the one that was checked, and no other", async () => {
    await using at = await before(opening + said + ending)
    const twice =
      '{"store":true,"model":"own/x","stream":false,"input":"hi","model":"own/m","stream":true,"\\u0073tore":false}'
    const response = await at.gateway.post(RESPONSES, twice)
    expect(await response.text()).toBe(opening + said + ending)
    expect(await lastRow(at.gateway)).toMatchObject({ relayed: true })
    expect(at.asked).toHaveLength(1)
    expect(JSON.parse(at.asked[0] as string)).toEqual({ store: false, model: "m", stream: true, input: "hi" })
    for (const other of ["true,", "own/x", "u0073"])
      expect(at.asked[0]?.split('"stream":true').join("")).not.toContain(other)
  })

  test("a stream that ends without its last event is an error behind what came", async () => {
    await using at = await before(opening + said)
    const response = await at.gateway.post(RESPONSES, bodyFor("own/m", { stream: true, store: false }))
    const text = await response.text()
    expect(text.startsWith(opening + said)).toBe(true)
    expect(eventsOf(framesOf(text)).at(-1)).toMatchObject({ type: "error", error: { message: expect.any(String) } })
    expect(text).not.toContain("response.completed")
    expect(await lastRow(at.gateway)).toMatchObject({ error: "stream_incomplete" })
  })

  test("a response that failed before any content is a status", async () => {
    const error = { code: "rate_limit_exceeded", message: "Slow down." }
    await using at = await before(opening + sse({ type: "response.failed", response: { status: "failed", error } }))
    const response = await at.gateway.post(RESPONSES, bodyFor("own/m", { stream: true, store: false }))
    expect(response.status).toBe(429)
    expect(await response.json()).toMatchObject({ error: { code: "rate_limit_exceeded", message: "Slow down." } })
  })
})

/** Requests of real clients, recorded. */
const CAPTURES = join(CORPUS, "captures")

function captured(): { name: string; route: string; headers: [string, string][]; body: Fields }[] {
  if (!existsSync(CAPTURES)) return []
  return readdirSync(CAPTURES)
    .filter((folder) => /^(?:codex|sdk-openai)/.test(folder))
    .flatMap((folder) =>
      readdirSync(join(CAPTURES, folder)).flatMap((file) => {
        const { path, headers, body } = JSON.parse(readFileSync(join(CAPTURES, folder, file), "utf8")) as Fields
        const route = /\/responses(?:\/input_tokens)?$/.exec(String(path))?.[0]
        if (!route || typeof body !== "object" || body === null || !("model" in body)) return []
        return [{ name: `${folder}/${file}`, route: `/v1${route}`, headers: headers as [string, string][], body }]
      }),
    )
}

describe("requests of real clients", () => {
  const requests = captured()
  if (requests.length === 0) {
    test.skip(`no requests at ${CAPTURES}: set SLUICE_CORPUS to the folder that holds them`, () => {})
  }
  for (const { name, route, headers, body } of requests) {
    const accepted = (): InboundCall =>
      openaiResponsesServer.accept({
        route,
        params: {},
        query: new URLSearchParams(),
        headers: new Headers(headers),
        body,
        raw: new Uint8Array(),
      })
    if (body["generate"] === false) {
      test(`${name} only warms up`, () => {
        expect(accepted().op).toBe("prewarm")
      })
      continue
    }
    test(`${name} is accepted, and nothing of the conversation is lost`, () => {
      const { context, losses } = accepted()
      const given = Array.isArray(body["input"]) ? body["input"].length : 1
      const taken = context.messages.flatMap((one): readonly unknown[] =>
        one.role === "assistant" ? one.content : [one],
      )
      expect(taken).toHaveLength(given)
      expect(context.systemPrompt).toEqual(body["instructions"] ? [body["instructions"]] : undefined)
      expect(context.tools?.length).toBe((body["tools"] as unknown[] | undefined)?.length)
      expect(losses.map((loss) => loss.field).filter((field) => !field.startsWith("request."))).toEqual([])
    })
  }
})
