import { request as httpRequest } from "node:http"
import { ollamaEmulator, openaiChatEmulator, type EmulatedAnswer, type LoopbackServer } from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"
import { checkOllamaStream } from "../grammar/ollama-chat-stream.ts"
import { latest, startGateway, type TestGateway } from "../support/gateway.ts"

type Fields = Record<string, unknown>

const MESSAGES = [{ role: "user", content: "hi" }]

async function stage(
  script: readonly EmulatedAnswer[] = [],
  options: Parameters<typeof startGateway>[1] = {},
): Promise<{ at: TestGateway; chat: LoopbackServer; ollama: LoopbackServer }> {
  const chat = await openaiChatEmulator({ script })
  const ollama = await ollamaEmulator({ script })
  const at = await startGateway(
    { chat: { api: "openai-completions", url: `${chat.url}/v1` }, ollama: { api: "ollama-chat", url: ollama.url } },
    options,
  )
  onTestFinished(async () => {
    await at[Symbol.asyncDispose]()
    await Promise.all([chat.close(), ollama.close()])
  })
  return { at, chat, ollama }
}

const linesOf = (text: string): Fields[] =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Fields)

const violations = (text: string): unknown =>
  checkOllamaStream(
    text
      .split("\n")
      .slice(0, -1)
      .map((data) => ({ data })),
  )

describe("an answer", () => {
  test("is a stream of lines unless the client says otherwise", async () => {
    const { at } = await stage([{ text: "Hello there." }, { text: "Whole." }])
    const response = await at.post("/api/chat", { model: "chat/m", messages: MESSAGES })
    expect(response.headers.get("content-type")).toBe("application/x-ndjson")
    const text = await response.text()
    expect(violations(text)).toEqual([])
    const lines = linesOf(text)
    expect(lines.map((line) => (line["message"] as Fields)["content"]).join("")).toBe("Hello there.")
    expect(lines.at(-1)).toMatchObject({ model: "chat/m", done: true, done_reason: "stop" })
    const whole = await at.post("/api/chat", { model: "chat/m", messages: MESSAGES, stream: false })
    expect(whole.headers.get("content-type")).toBe("application/json")
    expect(await whole.json()).toMatchObject({ message: { content: "Whole." }, done: true })
  })

  test("of a host of the same API passes as it is, and reaches clients of another one", async () => {
    const { at, ollama } = await stage([{ thinking: "hm", text: "One." }, { text: "Two." }, { text: "Three." }])
    const body = { model: "ollama/m", messages: MESSAGES, keep_alive: "9m", options: { num_ctx: 100 } }
    const own = await at.post("/api/chat", body)
    const lines = linesOf(await own.text())
    expect(lines[0]).toMatchObject({ model: "m", message: { thinking: expect.any(String) as string } })
    expect(ollama.requests[0]?.json).toEqual({ ...body, model: "m" })
    const whole = await at.post("/api/chat", { ...body, stream: false })
    expect(await whole.json()).toMatchObject({ model: "m", message: { content: "Two." }, load_duration: 1000 })
    const chat = await at.post("/v1/chat/completions", { model: "ollama/m", messages: MESSAGES })
    expect(await chat.json()).toMatchObject({ choices: [{ message: { content: "Three." }, finish_reason: "stop" }] })
    expect((await latest(at, 3)).map(({ relayed }) => relayed)).toEqual([false, true, true])
  })

  test("of a host of the same API is translated where the host needs another spelling", async () => {
    const { at, ollama } = await stage([{ text: "One." }])
    const parameters = { type: "object", properties: { any: true } }
    const tools = [{ type: "function", function: { name: "f", parameters } }]
    const body = { model: "ollama/m", messages: MESSAGES, tools, options: { num_ctx: 100 }, keep_alive: "9m" }
    expect((await at.post("/api/chat", body)).status).toBe(200)
    expect(ollama.requests[0]?.json).toMatchObject({ keep_alive: "9m", options: { num_ctx: 100 } })
    expect((await latest(at, 1)).map(({ relayed }) => relayed)).toEqual([false])
  })

  test("of a host of the same API to a prompt passes as well, with what that API alone knows", async () => {
    const usage = { input: 3, output: 2 }
    const { at, ollama } = await stage([
      { thinking: "hm", text: "One.", usage },
      { text: "Two.", usage },
    ])
    const prompt = { model: "ollama/m", prompt: "Count.", template: "{{ .Prompt }}", context: [1, 2], raw: false }
    const text = await (await at.post("/api/generate", prompt)).text()
    expect(
      linesOf(text)
        .map(({ response }) => response)
        .join(""),
    ).toBe("One.")
    expect(ollama.requests[0]).toMatchObject({ path: "/api/generate", json: { ...prompt, model: "m" } })
    const whole = await at.post("/api/generate", { ...prompt, stream: false })
    expect(await whole.json()).toMatchObject({ response: "Two.", done: true })
    const rows = await latest(at, 2)
    expect(rows).toMatchObject([2, 2].map((outputTokens) => ({ relayed: true, outputTokens })))
  })

  test.each(["chat/m", "ollama/m"])(
    "of %s that takes its time is announced by lines that a client can read",
    async (model) => {
      const { at } = await stage([{ text: "At last.", delayMs: 250 }], { commitAfterMs: 40, keepAliveMs: 40 })
      const text = await (await at.post("/api/chat", { model, messages: MESSAGES })).text()
      expect(violations(text)).toEqual([])
      const silent = linesOf(text).filter(
        (line) => line["done"] === false && (line["message"] as Fields)["content"] === "",
      )
      expect(silent.length).toBeGreaterThanOrEqual(3)
    },
  )

  test("that breaks off ends in an error and never looks complete", async () => {
    const answer = { text: "one two three four", streamError: { status: 500, message: "It broke.", afterEvents: 3 } }
    const { at } = await stage([answer])
    const text = await (await at.post("/api/chat", { model: "ollama/m", messages: MESSAGES })).text()
    const lines = linesOf(text)
    expect(lines.at(-1)).toEqual({ error: "It broke." })
    expect(lines.some((line) => line["done"] === true)).toBe(false)
  })

  test("to a prompt is the prompt's", async () => {
    const { at, chat } = await stage([{ text: "Once." }])
    const text = await (await at.post("/api/generate", { model: "chat/m", prompt: "Count." })).text()
    expect(violations(text)).toEqual([])
    expect(
      linesOf(text)
        .map((line) => line["response"])
        .join(""),
    ).toBe("Once.")
    expect(chat.requests[0]?.json).toMatchObject({ messages: [{ role: "user", content: "Count." }] })
  })

  test("to a request that says nothing is that the model is loaded, without asking anybody", async () => {
    const { at, chat } = await stage()
    const loaded = await at.post("/api/generate", { model: "chat/m" })
    expect(linesOf(await loaded.text())).toMatchObject([{ response: "", done: true, done_reason: "load" }])
    const whole = await at.post("/api/chat", { model: "chat/m", stream: false, keep_alive: 0 })
    expect(await whole.json()).toMatchObject({ message: { content: "" }, done: true, done_reason: "unload" })
    expect(chat.requests).toEqual([])
  })
})

describe("a refusal", () => {
  test.each([
    ["a wrong field", "/api/chat", { model: "chat/m", messages: "hi" }, 400],
    ["a model that nobody has", "/api/chat", { model: "nobody/m", messages: MESSAGES }, 404],
    ["a path that is none", "/api/pull", { model: "chat/m" }, 404],
    ["a model without a name", "/api/show", {}, 400],
  ])("of %s is a status and a text", async (_what, path, body, status) => {
    const { at } = await stage()
    const response = await at.post(path, body)
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ error: expect.stringMatching(/\w/) as string })
  })

  test("of a request without a key, on every path that tells or asks something", async () => {
    const { at } = await stage()
    for (const path of ["/api/tags", "/api/ps"]) {
      const response = await fetch(at.url + path)
      expect([response.status, Object.keys((await response.json()) as object)]).toEqual([401, ["error"]])
    }
    for (const path of ["/api/show", "/api/chat"]) {
      expect((await fetch(at.url + path, { method: "POST", body: "{}" })).status).toBe(401)
    }
  })

  test("of a host reaches the client with its status and its words", async () => {
    const { at } = await stage([{ error: { status: 400, message: '"m" does not support tools' } }])
    const response = await at.post("/api/chat", { model: "ollama/m", messages: MESSAGES })
    expect([response.status, await response.json()]).toEqual([400, { error: '"m" does not support tools' }])
  })

  test("of a method names those that are taken", async () => {
    const { at } = await stage()
    const response = await fetch(`${at.url}/api/chat`, { headers: at.headers })
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"])
    expect(await response.json()).toEqual({ error: expect.stringContaining("GET") as string })
  })
})

/** Fetch sets a user agent of its own. */
function probe(url: string, method: string, agent: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers: { "user-agent": agent } }, (response) => {
      let body = ""
      response.setEncoding("utf8").on("data", (piece: string) => (body += piece))
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }))
    })
    request.on("error", reject)
    request.end()
  })
}

describe("looking round", () => {
  test("programs of this API find somebody at home, others are told who", async () => {
    const { at } = await stage()
    expect(await probe(at.url, "HEAD", "ollama/0.12.6 (arm64 darwin)")).toEqual({ status: 200, body: "" })
    expect(await probe(at.url, "GET", "ollama-python/0.6.0")).toEqual({ status: 200, body: "Ollama is running" })
    expect(JSON.parse((await probe(at.url, "GET", "curl/8")).body)).toMatchObject({ name: "sluice" })
    expect((await probe(`${at.url}/api/version`, "HEAD", "x")).status).toBe(200)
    const version = (await (await fetch(`${at.url}/api/version`)).json()) as Fields
    expect(version).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      server: expect.stringContaining("sluice/"),
    })
  })

  test("the models have a name, a digest of their own and a family", async () => {
    const listModels = async () => [
      { id: "chat/a", provider: "chat" },
      { id: "chat/b", provider: "chat" },
    ]
    const { at } = await stage([], { listModels })
    const { models } = (await (await fetch(`${at.url}/api/tags`, { headers: at.headers })).json()) as {
      models: Fields[]
    }
    expect(models).toMatchObject([{ name: "chat/a", model: "chat/a", details: { family: "chat" } }, { name: "chat/b" }])
    expect(new Set(models.map((model) => model["digest"])).size).toBe(2)
  })

  test("a model is shown with its window and what it can do, also by an alias", async () => {
    const { at } = await stage([], { aliases: { fast: ["anthropic/claude-sonnet-4-5"] } })
    const show = async (model: string): Promise<Fields> =>
      (await (await at.post("/api/show", { model })).json()) as Fields
    const shown = await show("fast:latest")
    expect(shown["capabilities"]).toEqual(["completion", "tools", "vision", "thinking"])
    expect((shown["model_info"] as Fields)["sluice.context_length"]).toBeGreaterThan(100_000)
    expect(await show("chat/m")).toMatchObject({ capabilities: ["completion", "tools", "vision"] })
    expect((await show("chat/m"))["model_info"]).not.toHaveProperty("sluice.context_length")
  })
})
