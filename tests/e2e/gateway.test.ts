import { request as httpRequest } from "node:http"
import { describe, expect, test } from "vitest"
import { anthropicMessagesEmulator, openaiChatEmulator, type EmulatedAnswer } from "@sluice/testkit/emulators"
import { createGateway, type RequestEntry } from "@sluice/gateway"
import { createSluice } from "@sluice/ai/auto"
import { events, startGateway, type Hosts, type TestGateway } from "../support/gateway.ts"

const chatBody = (model: string, more: object = {}): object => ({
  model,
  messages: [{ role: "user", content: "hi" }],
  ...more,
})
const messagesBody = (model: string, more: object = {}): object => ({
  model,
  max_tokens: 1000,
  messages: [{ role: "user", content: "hi" }],
  ...more,
})

const CHAT = "/v1/chat/completions"
const MESSAGES = "/v1/messages"
/** Both doors, each with a body for a model. */
const DOORS = [
  ["chat", CHAT, chatBody],
  ["messages", MESSAGES, messagesBody],
] as const

interface Stage extends AsyncDisposable {
  gateway: TestGateway
  requests(): { json?: unknown; abortedAtMs?: number }[]
}

/** A gateway before one emulator of each wire, both with the same script. */
async function stage(
  script: readonly EmulatedAnswer[],
  options: Parameters<typeof startGateway>[1] = {},
): Promise<Stage> {
  const chat = await openaiChatEmulator({ script })
  const messages = await anthropicMessagesEmulator({ script })
  const hosts: Hosts = {
    chat: { api: "openai-completions", url: `${chat.url}/v1` },
    messages: {
      api: "anthropic-messages",
      url: messages.url,
      model: { compat: { messages: { keyHeader: "x-api-key" } } },
    },
  }
  const gateway = await startGateway(hosts, options)
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

function textOf(door: string, list: readonly Record<string, unknown>[]): string {
  return list
    .map((event) =>
      door === "chat"
        ? ((event["choices"] as { delta?: { content?: string } }[] | undefined)?.[0]?.delta?.content ?? "")
        : ((event["delta"] as { text?: string } | undefined)?.text ?? ""),
    )
    .join("")
}

async function lastRow(gateway: TestGateway): Promise<RequestEntry> {
  for (let i = 0; i < 100; i++) {
    const [row] = await gateway.gateway.log.latest(1)
    if (row) return row
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error("No row was written.")
}

const PAIRS = DOORS.flatMap((door) => (["chat", "messages"] as const).map((host) => [door, host] as const))

describe.each(PAIRS)("%j to %s", ([door, path, bodyFor], host) => {
  test("streams an answer with usage", async () => {
    await using at = await stage([{ text: "Hello from the host.", usage: { prompt: 11, output: 5 } }])
    const response = await at.gateway.post(
      path,
      bodyFor(`${host}/m`, { stream: true, ...(door === "chat" ? { stream_options: { include_usage: true } } : {}) }),
    )
    expect(response.status).toBe(200)
    expect(response.headers.get("content-type")).toContain("text/event-stream")
    const list = await events(response)
    expect(textOf(door, list)).toBe("Hello from the host.")
    expect(JSON.stringify(list)).toContain(door === "chat" ? `"completion_tokens":5` : `"output_tokens":5`)
    expect(await lastRow(at.gateway)).toMatchObject({
      inbound: door === "chat" ? "openai-completions" : "anthropic-messages",
      outbound: host === "chat" ? "openai-completions" : "anthropic-messages",
      relayed: door === host,
      status: 200,
      inputTokens: 11,
      outputTokens: 5,
      usageProvenance: "reported",
      cost: expect.closeTo(21e-6),
    })
  })

  test("gives a whole answer", async () => {
    await using at = await stage([{ text: "Hello." }])
    const answer = (await (await at.gateway.post(path, bodyFor(`${host}/m`))).json()) as Record<string, unknown>
    expect(JSON.stringify(answer)).toContain("Hello.")
    expect(answer["object"] ?? answer["type"]).toBe(door === "chat" ? "chat.completion" : "message")
  })

  test("a refusal of the host reaches the client as that status, with how long to wait, in its own shape", async () => {
    for (const status of [400, 401, 403, 404, 500, 503, 529]) {
      await using at = await stage([{ error: { status, message: "the host says no" } }], { retry: { maxAttempts: 1 } })
      const response = await at.gateway.post(path, bodyFor(`${host}/m`, { stream: true }))
      expect(response.status).toBe(status)
      const body = (await response.json()) as { type?: string; error: { message: string } }
      expect(body.error.message).toContain("the host says no")
      expect(body.type).toBe(door === "messages" ? "error" : undefined)
    }
  })

  test("a wait that is too long is passed on with its header", async () => {
    const limited: EmulatedAnswer = {
      error: { status: 429, message: "Too many requests per minute", headers: { "retry-after": "120" } },
    }
    await using at = await stage([limited])
    const response = await at.gateway.post(path, bodyFor(`${host}/m`, { stream: true }))
    expect(response.status).toBe(429)
    expect(response.headers.get("retry-after")).toBe("120")
    await response.body?.cancel()
  })

  test("a short wait is sat out before the status is sent", async () => {
    const limited: EmulatedAnswer = {
      error: { status: 429, message: "Too many requests per minute", headers: { "retry-after-ms": "30" } },
    }
    await using at = await stage([limited, { text: "fine" }])
    const response = await at.gateway.post(path, bodyFor(`${host}/m`, { stream: true }))
    expect(response.status).toBe(200)
    expect(textOf(door, await events(response))).toBe("fine")
    expect(await lastRow(at.gateway)).toMatchObject({ attempts: 2, status: 200 })
  })

  test("an error inside the stream before any content is a status", async () => {
    const failing: EmulatedAnswer = {
      text: "never",
      streamError: { afterEvents: 0, type: "invalid_request_error", status: 400, message: "the host says no" },
    }
    await using at = await stage([failing])
    const response = await at.gateway.post(path, bodyFor(`${host}/m`, { stream: true }))
    expect(response.status).toBe(400)
    expect(await response.text()).toContain("the host says no")
  })

  test("a stream that is cut after content never looks complete", async () => {
    for (const how of ["reset", "end"] as const) {
      await using at = await stage([{ text: "one two three four five six", cut: { afterEvents: 4, how } }])
      const response = await at.gateway.post(path, bodyFor(`${host}/m`, { stream: true }))
      const text = await response.text()
      expect(text).not.toContain("[DONE]")
      expect(text).not.toContain("message_stop")
      expect(text).not.toMatch(/"finish_reason":"|"stop_reason":"/)
      expect(text).toContain(`"error"`)
      expect((await lastRow(at.gateway)).error).toBeDefined()
    }
  })

  test("OF-19 a client that leaves takes the host's stream with it, within a second", async () => {
    await using at = await stage([{ text: "a b c d e f g h", pace: { chars: 1, ms: 50 } }])
    const controller = new AbortController()
    const response = await at.gateway.post(path, bodyFor(`${host}/m`, { stream: true }), { signal: controller.signal })
    const reader = response.body?.getReader()
    await reader?.read()
    const left = Date.now()
    controller.abort()
    for (;;) {
      if (at.requests()[0]?.abortedAtMs !== undefined || Date.now() - left > 3000) break
      await new Promise((resolve) => setTimeout(resolve, 20))
      if ((await at.gateway.gateway.log.latest(1)).length > 0) break
    }
    expect(Date.now() - left).toBeLessThan(1000)
    expect(await lastRow(at.gateway)).toMatchObject({ status: 499, error: "aborted" })
  })

  test("OF-17 a host that falls silent is given up by the watchdog", async () => {
    const model = { compat: { timeouts: { idleMs: 80 }, messages: { keyHeader: "x-api-key" as const } } }
    const chat = await openaiChatEmulator({ script: [{ text: "one two three", stall: { afterEvents: 3 } }] })
    const messages = await anthropicMessagesEmulator({ script: [{ text: "one two three", stall: { afterEvents: 4 } }] })
    const gateway = await startGateway({
      chat: { api: "openai-completions", url: `${chat.url}/v1`, model },
      messages: { api: "anthropic-messages", url: messages.url, model },
    })
    const response = await gateway.post(path, bodyFor(`${host}/m`, { stream: true }))
    expect(await response.text()).toContain(`"error"`)
    expect(await lastRow(gateway)).toMatchObject({ error: "timeout" })
    await gateway[Symbol.asyncDispose]()
    await chat.close()
    await messages.close()
  })

  test("a host that thinks for long gets a committed status, signs of life, and its answer", async () => {
    await using at = await stage([{ text: "late", delayMs: 250 }], { commitAfterMs: 50, keepAliveMs: 50 })
    const started = Date.now()
    const response = await at.gateway.post(path, bodyFor(`${host}/m`, { stream: true }))
    expect(response.status).toBe(200)
    expect(Date.now() - started).toBeLessThan(240)
    const text = await response.text()
    expect(text).toMatch(/^(?::|event: ping)/m)
    expect(text).toMatch(/l.*a.*t.*e/s)
    expect(text).toContain(door === "chat" ? "[DONE]" : "message_stop")
  })
})

describe("what a client may not do", () => {
  test.each(DOORS)("%s: keys", async (door, path, bodyFor) => {
    await using at = await stage([{ text: "fine" }])
    const ask = (headers: Record<string, string>): Promise<Response> =>
      fetch(at.gateway.url + path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(bodyFor(`${door}/m`)),
      })
    const none = await ask({})
    expect(none.status).toBe(401)
    expect(await none.json()).toMatchObject(
      door === "chat"
        ? { error: { type: expect.any(String) } }
        : { type: "error", error: { type: "authentication_error" } },
    )
    const wrong = await ask({ "x-api-key": "sk-sluice-wrong" })
    expect(wrong.status).toBe(401)
    expect(await wrong.text()).not.toContain("sk-sluice-wrong")
    expect((await ask({ "x-api-key": at.gateway.key })).status).toBe(200)
    const [key] = await at.gateway.gateway.keys.list()
    expect(JSON.stringify(key)).not.toContain(at.gateway.key)
    await at.gateway.gateway.keys.disable(key?.id as string)
    expect((await ask({ "x-api-key": at.gateway.key })).status).toBe(401)
  })

  test.each(DOORS)("%s: bad input is told by field, and the gateway goes on", async (door, path, bodyFor) => {
    await using at = await stage([{ text: "fine" }], { maxBodyBytes: 10_000 })
    const cases: [string, unknown, number, RegExp][] = [
      ["malformed JSON", `{"model":`, 400, /JSON/],
      ["no body", "", 400, /body/],
      ["an array", "[]", 400, /object/],
      ["no model", { ...(bodyFor("x") as object), model: undefined }, 400, /model/],
      ["a model of the wrong type", { ...(bodyFor("x") as object), model: 7 }, 400, /model/],
      ["messages of the wrong type", { ...(bodyFor(`${door}/m`) as object), messages: "hi" }, 400, /messages/],
      [
        "a role that nobody knows",
        { ...(bodyFor(`${door}/m`) as object), messages: [{ role: "wizard", content: "hi" }] },
        400,
        /messages\[0\]|role/,
      ],
      ["an unknown provider", bodyFor("nobody/m"), 404, /nobody/],
      ["a huge body", bodyFor(`${door}/m`, { pad: "x".repeat(20_000) }), 413, /10000/],
    ]
    for (const [name, body, status, text] of cases) {
      const response = await at.gateway.post(path, body)
      expect(response.status, name).toBe(status)
      expect(await response.text(), name).toMatch(text)
    }
    expect((await at.gateway.post(path, bodyFor(`${door}/m`))).status).toBe(200)
  })

  test("several answers at once are refused where they would have to be translated", async () => {
    await using at = await stage([{ text: "fine" }])
    const response = await at.gateway.post(CHAT, chatBody("messages/m", { n: 2 }))
    expect(response.status).toBe(400)
    expect(await response.text()).toMatch(/\bn\b|candidates/)
  })

  test("the rest of a thread is refused where the thread is not kept, and passed to a host that may keep it", async () => {
    await using at = await stage([{ text: "fine" }])
    const rest = { thread: { type: "continue", previous_message_id: "msg_1" } }
    const refused = await at.gateway.post(MESSAGES, messagesBody("chat/m", rest))
    expect(refused.status).toBe(404)
    expect(refused.headers.get("x-should-retry")).toBe("false")
    expect(await refused.json()).toMatchObject({
      error: { type: "not_found_error", details: { error_code: "thread_not_found" } },
    })
    expect(at.requests()).toEqual([])
    expect((await at.gateway.post(MESSAGES, messagesBody("messages/m", rest))).status).toBe(200)
    expect(at.requests()).toMatchObject([{ json: rest }])
  })

  test("without keys only programs on this machine are served", async () => {
    await using at = await stage([{ text: "fine" }, { text: "fine" }], { anonymous: true })
    const ask = (headers: Record<string, string>): Promise<number> =>
      new Promise((resolve, reject) => {
        const { port } = new URL(at.gateway.url)
        const request = httpRequest(
          {
            host: "127.0.0.1",
            port,
            path: CHAT,
            method: "POST",
            headers: { "content-type": "application/json", ...headers },
          },
          (response) => {
            response.resume()
            resolve(response.statusCode ?? 0)
          },
        )
        request.on("error", reject)
        request.end(JSON.stringify(chatBody("chat/m")))
      })
    expect(await ask({})).toBe(200)
    expect(await ask({ host: "evil.example" })).toBe(403)
    expect(await ask({ origin: "https://evil.example" })).toBe(403)
    await expect(
      createGateway({ dataDir: ":memory:", sluice: createSluice(), anonymous: true, host: "0.0.0.0" }),
    ).rejects.toMatchObject({ code: "config" })
  })
})

describe("the other routes", () => {
  test("models are listed in the shape of the client's library", async () => {
    await using at = await stage([], { listModels: async () => [{ id: "mock/demo", provider: "mock", name: "Demo" }] })
    const list = async (headers: Record<string, string>): Promise<unknown> =>
      (await fetch(`${at.gateway.url}/v1/models?limit=1000`, { headers: { ...at.gateway.headers, ...headers } })).json()
    expect(await list({})).toMatchObject({
      object: "list",
      data: [{ id: "mock/demo", object: "model", owned_by: "mock" }],
    })
    expect(await list({ "anthropic-version": "2026-10-21" })).toMatchObject({
      data: [{ type: "model", id: "mock/demo" }],
      has_more: false,
    })
    expect(await list({ "x-goog-api-client": "x" })).toMatchObject({ models: [{ name: "models/mock/demo" }] })
    const one = await fetch(`${at.gateway.url}/v1/models/mock/demo`, { headers: at.gateway.headers })
    expect(await one.json()).toMatchObject({ id: "mock/demo" })
    expect((await fetch(`${at.gateway.url}/v1/models/nobody`, { headers: at.gateway.headers })).status).toBe(404)
    expect((await fetch(`${at.gateway.url}/v1/models`)).status).toBe(401)
  })

  test("a prompt is counted, and the count says that it is an estimate", async () => {
    await using at = await stage([])
    const response = await at.gateway.post("/v1/messages/count_tokens", {
      model: "chat/m",
      messages: [{ role: "user", content: "one two three four" }],
    })
    expect(response.headers.get("x-sluice-estimate")).toBe("true")
    const body = (await response.json()) as { input_tokens: number; estimated: boolean }
    expect(body.estimated).toBe(true)
    expect(body.input_tokens).toBeGreaterThan(3)
  })

  test("greetings need no key, and an unknown path says what there is", async () => {
    await using at = await stage([])
    for (const path of ["/", "/api/hello", "/healthz"]) {
      expect((await fetch(at.gateway.url + path, { method: "HEAD" })).status).toBe(200)
      expect((await fetch(at.gateway.url + path)).status).toBe(200)
    }
    const response = await fetch(`${at.gateway.url}/v1/nothing`, { headers: { "anthropic-version": "2023-06-01" } })
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ type: "error" })
  })
})

describe("start and stop", () => {
  test("a port that is in use is named, with what to do", async () => {
    await using at = await stage([])
    const second = await createGateway({
      dataDir: ":memory:",
      sluice: createSluice(),
      port: Number(new URL(at.gateway.url).port),
    })
    await expect(second.listen()).rejects.toMatchObject({
      code: "config",
      message: expect.stringContaining("in use"),
      hint: expect.stringContaining("--port"),
    })
    await second.close()
  })

  test("a running answer may end within the grace period", async () => {
    const at = await stage([{ text: "a b c d", pace: { chars: 2, ms: 30 } }], { graceMs: 5000 })
    const response = await at.gateway.post(CHAT, chatBody("chat/m", { stream: true }))
    const closing = at.gateway.gateway.close()
    expect(await response.text()).toContain("[DONE]")
    await closing
    await Promise.resolve(at[Symbol.asyncDispose]()).catch(() => {})
  })

  test("an answer that does not end is told to after the grace period", async () => {
    const at = await stage([{ text: "a b c d", stall: { afterEvents: 3 } }], { graceMs: 100, commitAfterMs: 50 })
    const response = await at.gateway.post(CHAT, chatBody("messages/m", { stream: true }))
    const started = Date.now()
    const [text] = await Promise.all([response.text().catch(() => "cut"), at.gateway.gateway.close()])
    expect(Date.now() - started).toBeLessThan(3000)
    expect(text).not.toContain("[DONE]")
  })
})
