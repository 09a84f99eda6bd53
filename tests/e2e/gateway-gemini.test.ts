import { createServer, type IncomingMessage, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { findProvider } from "@sluice/catalog"
import { anthropicMessagesEmulator, openaiChatEmulator, type EmulatedAnswer } from "@sluice/testkit/emulators"
import { checkGenerateError, checkGenerateResponse, checkGenerateStream } from "../grammar/google-generate-stream.ts"
import { events, latest, startGateway, type TestGateway } from "../support/gateway.ts"

const ASK = { contents: [{ role: "user", parts: [{ text: "hi" }] }] }
const WEATHER = {
  functionDeclarations: [
    { name: "get_weather", parameters: { type: "OBJECT", properties: { city: { type: "STRING" } } } },
  ],
}

interface Stand extends AsyncDisposable {
  at: TestGateway
  chat: Awaited<ReturnType<typeof openaiChatEmulator>>
  messages: Awaited<ReturnType<typeof anthropicMessagesEmulator>>
}

async function stand(
  script: readonly EmulatedAnswer[],
  options: Parameters<typeof startGateway>[1] = {},
): Promise<Stand> {
  const chat = await openaiChatEmulator({ script })
  const messages = await anthropicMessagesEmulator({ script })
  const at = await startGateway(
    {
      chat: { api: "openai-completions", url: `${chat.url}/v1` },
      messages: {
        api: "anthropic-messages",
        url: messages.url,
        model: {
          thinking: { mode: "budget", efforts: ["low", "medium", "high"] },
          compat: { messages: { ...findProvider("anthropic")?.apis[0]?.compat?.messages } },
        },
      },
    },
    options,
  )
  return {
    at,
    chat,
    messages,
    async [Symbol.asyncDispose]() {
      await at[Symbol.asyncDispose]()
      await Promise.all([chat.close(), messages.close()])
    },
  }
}

type Piece = {
  candidates?: { content?: { parts: Record<string, unknown>[] }; finishReason?: string }[]
  error?: { code: number; status: string; message: string }
}

const textOf = (pieces: readonly Piece[]): string =>
  pieces
    .flatMap((one) => one.candidates?.[0]?.content?.parts ?? [])
    .map((part) => part["text"] ?? "")
    .join("")

const callIn = (parts: readonly Record<string, unknown>[]): { id: string; name: string } =>
  parts.flatMap((part) => part["functionCall"] ?? [])[0] as { id: string; name: string }

const partsOf = (piece: Piece): Record<string, unknown>[] => piece.candidates?.[0]?.content?.parts ?? []

describe.each(["chat", "messages"] as const)("clients of Gemini's API, answered by %s", (host) => {
  const path = (method: string, version = "v1"): string => `/${version}/models/${host}/m:${method}`

  test("a whole answer, under each version", async () => {
    const usage = { prompt: 11, cached: 3, output: 5 }
    await using on = await stand([
      { text: "Hello.", usage },
      { text: "Hello.", usage },
      { text: "Hello.", usage },
    ])
    for (const version of ["v1", "v1beta", "v1alpha"]) {
      const response = await on.at.post(path("generateContent", version), ASK)
      expect(response.status).toBe(200)
      const document = await response.json()
      expect(checkGenerateResponse(document)).toEqual([])
      expect(document).toEqual({
        candidates: [{ content: { role: "model", parts: [{ text: "Hello." }] }, finishReason: "STOP", index: 0 }],
        usageMetadata: {
          promptTokenCount: 11,
          cachedContentTokenCount: 3,
          candidatesTokenCount: 5,
          totalTokenCount: 16,
        },
        modelVersion: `${host}/m`,
        responseId: expect.any(String),
      })
    }
    expect(await latest(on.at, 3)).toMatchObject([
      { inbound: "google-generative-ai", requestedModel: `${host}/m`, status: 200, stream: false },
      { status: 200 },
      { status: 200 },
    ])
  })

  test("a stream of events, where alt is sse", async () => {
    await using on = await stand([{ text: "one two three four", pace: { chars: 4 } }])
    const response = await on.at.post(`${path("streamGenerateContent")}?alt=sse&prettyPrint=false`, ASK)
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8")
    const pieces = await events(response)
    expect(checkGenerateStream(pieces.map((piece) => ({ data: JSON.stringify(piece) })))).toEqual([])
    expect(textOf(pieces as Piece[])).toBe("one two three four")
    expect(pieces.length).toBeGreaterThan(3)
  })

  test("a stream that is one JSON array, where nothing is said", async () => {
    await using on = await stand([{ text: "one two three four", pace: { chars: 4 } }])
    const response = await on.at.post(path("streamGenerateContent", "v1beta"), ASK)
    expect(response.headers.get("content-type")).toBe("application/json")
    const pieces = (await response.json()) as Piece[]
    expect(checkGenerateStream(pieces.map((piece) => ({ data: JSON.stringify(piece) })))).toEqual([])
    expect(textOf(pieces)).toBe("one two three four")
    expect(pieces.length).toBeGreaterThan(3)
  })

  test("an array is JSON while it waits, and ends with the error of an answer that was cut", async () => {
    await using on = await stand(
      [{ text: "one two three four", cut: { afterEvents: 5 }, pace: { chars: 4, ms: 60 } }],
      {
        retry: { maxAttempts: 1 },
        commitAfterMs: 20,
        keepAliveMs: 20,
      },
    )
    const response = await on.at.post(path("streamGenerateContent"), ASK)
    const text = await response.text()
    expect(text.startsWith("\n")).toBe(true)
    const pieces = JSON.parse(text) as Piece[]
    expect(checkGenerateStream(pieces.map((piece) => ({ data: JSON.stringify(piece) })))).toEqual([])
    expect(pieces.at(-1)?.error).toMatchObject({ code: 502, status: "UNAVAILABLE" })
    expect(pieces.every((piece) => piece.candidates?.[0]?.finishReason === undefined)).toBe(true)
  })

  test("calls and their results, told apart by their names where they have no ids", async () => {
    await using on = await stand([
      {
        toolCalls: [
          { name: "get_weather", arguments: { city: "Paris" } },
          { name: "get_time", arguments: {} },
        ],
      },
      { text: "Sunny." },
    ])
    const tools = [WEATHER, { functionDeclarations: [{ name: "get_time" }] }]
    const first = (await (await on.at.post(path("generateContent"), { ...ASK, tools })).json()) as Piece
    const said = partsOf(first)
    expect(said).toMatchObject([
      { functionCall: { id: expect.any(String), name: "get_weather", args: { city: "Paris" } } },
      { functionCall: { id: expect.any(String), name: "get_time", args: {} } },
    ])
    const withoutIds = said.map(({ functionCall }) => {
      const { id: _id, ...call } = functionCall as Record<string, unknown>
      return { functionCall: call }
    })
    const second = await on.at.post(path("generateContent"), {
      tools,
      contents: [
        ...ASK.contents,
        { role: "model", parts: withoutIds },
        {
          role: "function",
          parts: [
            { functionResponse: { name: "get_time", response: { output: "noon" } } },
            { functionResponse: { name: "get_weather", response: { error: "no idea" } } },
          ],
        },
      ],
    })
    expect(textOf([(await second.json()) as Piece])).toBe("Sunny.")
    const sent = JSON.stringify(on[host].requests[1]?.json)
    expect(sent.indexOf("get_weather")).toBeGreaterThan(0)
    expect([sent.includes("call_1"), sent.includes("call_2")]).toEqual([true, true])
  })

  test("tokens are counted as an estimate, for a conversation or a whole request", async () => {
    await using on = await stand([])
    const plain = await on.at.post(path("countTokens"), ASK)
    expect(plain.headers.get("x-sluice-estimate")).toBe("true")
    const count = (await plain.json()) as { totalTokens: number }
    expect(count).toEqual({ totalTokens: expect.any(Number), estimated: true })
    const body = { generateContentRequest: { model: `models/${host}/m`, ...ASK, tools: [WEATHER] } }
    const more = (await (await on.at.post(path("countTokens", "v1beta"), body)).json()) as typeof count
    expect(more.totalTokens).toBeGreaterThan(count.totalTokens)
  })

  test("what only Google's hosts know is left out, and that is put on record", async () => {
    await using on = await stand([{ text: "Hi." }])
    const response = await on.at.post(path("generateContent"), {
      ...ASK,
      safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "OFF" }],
      generationConfig: { speechConfig: { languageCode: "de" }, seed: 1, responseModalities: ["IMAGE"] },
    })
    expect(response.status).toBe(200)
    const [row] = await latest(on.at, 1)
    const own = ["safetySettings", "generationConfig.speechConfig", "generationConfig.responseModalities"]
    for (const name of own) {
      const field = `options.wire.google-generative-ai.${name}`
      expect(row?.losses).toContainEqual(expect.objectContaining({ field, kind: "dropped" }))
    }
    expect(JSON.stringify(row?.losses)).not.toMatch(/generationConfig\.seed/)
  })

  test("the host's refusal is this API's error, with the time to wait", async () => {
    const error = { status: 429, message: "Slow down", headers: { "retry-after": "120" } }
    await using on = await stand([{ error }], { retry: { maxAttempts: 1 } })
    const response = await on.at.post(`${path("streamGenerateContent")}?alt=sse`, ASK)
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "120"])
    const body = (await response.json()) as { error: { details: unknown[] } }
    expect(checkGenerateError(body)).toEqual([])
    expect(body.error).toMatchObject({ code: 429, status: "RESOURCE_EXHAUSTED" })
    expect(body.error.details).toContainEqual({
      "@type": "type.googleapis.com/google.rpc.RetryInfo",
      retryDelay: "120s",
    })
  })
})

describe("thinking", () => {
  const config = { thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } }
  const script: EmulatedAnswer[] = [
    { thinking: "Let me see.", toolCalls: [{ name: "get_weather", arguments: { city: "Paris" } }] },
    { thinking: "It is there.", text: "Sunny." },
  ]

  test.each([
    ["that is shown", { thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } }, true],
    ["that is not asked for", { thinkingConfig: { thinkingBudget: 1024 } }, false],
  ])("%s goes back to its maker on the call behind it", async (_what, generationConfig, shown) => {
    await using on = await stand(script)
    const ask = { ...ASK, tools: [WEATHER], generationConfig }
    const first = (await (await on.at.post("/v1/models/messages/m:generateContent", ask)).json()) as Piece
    const parts = partsOf(first)
    expect(parts.some((part) => part["thought"] === true)).toBe(shown)
    const { id, name } = callIn(parts)
    const second = await on.at.post("/v1/models/messages/m:generateContent", {
      ...ask,
      contents: [
        ...ASK.contents,
        { role: "model", parts },
        { role: "user", parts: [{ functionResponse: { id, name, response: { output: "sunny" } } }] },
      ],
    })
    // The emulated host refuses thinking whose signature is not its own.
    expect(second.status).toBe(200)
    const sent = on.messages.requests[1]?.json as { messages: { content: { type: string }[] }[] }
    expect(sent.messages[1]?.content.map((block) => block.type)).toEqual(["thinking", "tool_use"])
  })

  test("is not shown to who does not ask for it", async () => {
    await using on = await stand([{ thinking: "Let me see.", text: "Sunny." }])
    const pieces = await events(await on.at.post("/v1/models/messages/m:streamGenerateContent?alt=sse", ASK))
    expect(textOf(pieces as Piece[])).toBe("Sunny.")
  })

  test("of a stream is put together again out of its pieces", async () => {
    await using on = await stand(script)
    const ask = { ...ASK, tools: [WEATHER], generationConfig: config }
    const pieces = (await (await on.at.post("/v1/models/messages/m:streamGenerateContent", ask)).json()) as Piece[]
    const turns = pieces.flatMap((piece) => piece.candidates?.[0]?.content ?? [])
    const { id } = callIn(turns.flatMap((turn) => turn.parts))
    const result = { functionResponse: { id, name: "get_weather", response: { output: "sunny" } } }
    const second = await on.at.post("/v1/models/messages/m:generateContent", {
      ...ask,
      contents: [...ASK.contents, ...turns, { role: "user", parts: [result] }],
    })
    expect(second.status).toBe(200)
    const sent = on.messages.requests[1]?.json as { messages: { content: { type: string; thinking?: string }[] }[] }
    expect(sent.messages[1]?.content).toMatchObject([
      { type: "thinking", thinking: "Let me see." },
      { type: "tool_use" },
    ])
  })
})

describe("keys and listings", () => {
  const listModels = async (): Promise<{ id: string; provider: string; contextWindow: number }[]> => [
    { id: "chat/m", provider: "chat", contextWindow: 1000 },
  ]

  test("a key may stand in x-goog-api-key or in the query, and no line of the log has it", async () => {
    const lines: unknown[] = []
    const log = (...line: unknown[]): void => void lines.push(line)
    const logger = { debug: log, info: log, warn: log, error: log }
    await using on = await stand([{ text: "a" }, { text: "b" }], { logger: logger as never })
    const headers = { "content-type": "application/json" }
    const ask = (query: string, more = {}): Promise<Response> =>
      fetch(`${on.at.url}/v1beta/models/chat/m:generateContent${query}`, {
        method: "POST",
        headers: { ...headers, ...more },
        body: JSON.stringify(ASK),
      })
    expect((await ask("", { "x-goog-api-key": on.at.key })).status).toBe(200)
    expect((await ask(`?key=${on.at.key}&alt=json`)).status).toBe(200)
    const refused = await ask("?key=sk-wrong")
    expect(refused.status).toBe(401)
    const body = await refused.text()
    expect(checkGenerateError(JSON.parse(body))).toEqual([])
    expect(body).not.toContain("sk-wrong")
    await latest(on.at, 3)
    expect(lines.length).toBeGreaterThan(2)
    expect(JSON.stringify(lines)).not.toContain(on.at.key)
    expect(JSON.stringify(lines)).not.toContain("sk-wrong")
    expect(JSON.stringify(on.chat.requests.map((request) => request.rawHeaders))).not.toContain(on.at.key)
  })

  test.each([
    ["x-goog-api-key", "/v1/models", "x-goog-api-key", "google"],
    ["x-goog-api-client", "/v1/models", "x-goog-api-client", "google"],
    ["a key in the query", "/v1/models?key=KEY&pageSize=10", undefined, "google"],
    ["the path of v1beta", "/v1beta/models", undefined, "google"],
    ["the path of v1alpha", "/v1alpha/models", undefined, "google"],
    ["anthropic-version", "/v1/models", "anthropic-version", "anthropic"],
    ["none of these", "/v1/models", undefined, "openai"],
  ])("the list is in the shape of a client that sends %s", async (_what, path, header, shape) => {
    await using on = await stand([], { listModels })
    const url = on.at.url + path.replace("KEY", on.at.key)
    const named: Record<string, string> = header === undefined ? {} : { [header]: on.at.key }
    const response = await fetch(url, { headers: { ...on.at.headers, ...named } })
    expect(response.status).toBe(200)
    const body = (await response.json()) as Record<string, unknown>
    const shapes = { google: "models", anthropic: "has_more", openai: "object" }
    expect(Object.keys(body)).toContain(shapes[shape as keyof typeof shapes])
  })

  test("one model, and one that is not there", async () => {
    await using on = await stand([], { listModels })
    const get = (path: string): Promise<Response> => fetch(on.at.url + path, { headers: on.at.headers })
    expect(await (await get("/v1beta/models/chat/m")).json()).toMatchObject({
      name: "models/chat/m",
      inputTokenLimit: 1000,
      supportedGenerationMethods: expect.arrayContaining(["generateContent", "countTokens"]),
    })
    const missing = await get("/v1beta/models/chat/n")
    expect(missing.status).toBe(404)
    expect(checkGenerateError(await missing.json())).toEqual([])
    // The same path of a client of OpenAI's API is answered in its own shape.
    const openai = (await (await get("/v1/models/chat/n")).json()) as { error: { code: unknown } }
    expect(openai.error.code).toBe("model_not_found")
  })
})

test.each(["chat/m:generateContent", "chat%2Fm:generateContent"])(
  "the same is answered where there is no socket: %s",
  async (target) => {
    await using on = await stand([{ text: "Hello." }, { text: "Hello." }])
    const init = { method: "POST", headers: on.at.headers, body: JSON.stringify(ASK) }
    for (const ask of [
      () => on.at.gateway.fetch(new Request(`http://gateway/v1beta/models/${target}`, init)),
      () => fetch(`${on.at.url}/v1beta/models/${target}`, init),
    ]) {
      const response = await ask()
      expect(textOf([(await response.json()) as Piece])).toBe("Hello.")
    }
    expect(await latest(on.at, 2)).toMatchObject([{ requestedModel: "chat/m" }, { requestedModel: "chat/m" }])
  },
)

test("a path that is none is answered with these, too", async () => {
  await using on = await stand([])
  const { error } = (await (await on.at.post("/v1beta/no", {})).json()) as { error: { message: string } }
  expect(error.message).toContain("POST /v1beta/models/{model}:{method}")
})

describe("what is refused", () => {
  test.each([
    ["a method that there is not", "chat/m:embedContent", ASK, 404, "generateContent, streamGenerateContent"],
    ["a name that ends as if there were a method", "chat/m:latest", ASK, 404, "models/{model}:{method}"],
    ["no contents", "chat/m:generateContent", {}, 400, "contents"],
    [
      "a part in a wrong shape",
      "chat/m:generateContent",
      { contents: [{ parts: [{ text: 1 }] }] },
      400,
      "parts[0].text",
    ],
    [
      "a cache that only its host has",
      "chat/m:generateContent",
      { ...ASK, cachedContent: "cachedContents/a" },
      404,
      "cachedContents/a",
    ],
    [
      "several answers",
      "chat/m:generateContent",
      { ...ASK, generationConfig: { candidateCount: 2 } },
      400,
      "candidates",
    ],
  ])("%s", async (_what, target, body, status, words) => {
    await using on = await stand([{ text: "x" }])
    const response = await on.at.post(`/v1/models/${target}`, body)
    expect(response.status).toBe(status)
    const answer = (await response.json()) as { error: { message: string } }
    expect(checkGenerateError(answer)).toEqual([])
    expect(answer.error.message).toContain(words)
    expect(on.chat.requests).toHaveLength(0)
  })

  test("another method is told which ones there are, and a page of another origin too", async () => {
    await using on = await stand([])
    const url = `${on.at.url}/v1beta/models/chat/m:generateContent`
    const put = await fetch(url, { method: "PUT", headers: on.at.headers, body: "{}" })
    expect([put.status, put.headers.get("allow")]).toEqual([405, "POST"])
    const asked = await fetch(url, { method: "OPTIONS", headers: { origin: "https://page.invalid" } })
    expect(asked.headers.get("access-control-allow-methods")).toContain("POST")
  })
})

describe("a host of the same wire", () => {
  let host: Server
  const seen: { url: string; headers: IncomingMessage["headers"]; body: string }[] = []
  let answer: { type: string; body: string; later?: { ms: number; body: string } } = {
    type: "application/json",
    body: "{}",
  }
  const SAID =
    '{"candidates": [{"content": {"parts": [{"text": "Hi"}],"role": "model"},"finishReason": "STOP","index": 0}],"usageMetadata": {"promptTokenCount": 4,"candidatesTokenCount": 2,"totalTokenCount": 6,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 4}]},"modelVersion": "gemini-x","responseId": "r1","extra": {"kept": true}}'

  beforeAll(async () => {
    host = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on("data", (part: Buffer) => parts.push(part))
      request.on("end", () => {
        seen.push({ url: request.url ?? "", headers: request.headers, body: Buffer.concat(parts).toString() })
        const { type, body, later } = answer
        response.writeHead(200, { "content-type": type }).write(body)
        if (later) setTimeout(() => response.end(later.body), later.ms)
        else response.end()
      })
    })
    await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve))
  })
  afterAll(() => void host.close())
  beforeEach(() => void (seen.length = 0))

  const gateway = (): Promise<TestGateway> =>
    startGateway({
      google: {
        api: "google-generative-ai",
        url: `http://127.0.0.1:${(host.address() as AddressInfo).port}/v1beta`,
      },
    })

  test("gets the client's own bytes, and its own come back, as a stream", async () => {
    answer = { type: "text/event-stream", body: `data: ${SAID}\r\n\r\n` }
    await using at = await gateway()
    const body = `{ "contents": [ {"parts":[{"text":"hi"}]} ], "safetySettings": [] }`
    const response = await at.post("/v1/models/google/gemini-x:streamGenerateContent?alt=sse&key=other", body)
    expect(await response.text()).toBe(answer.body)
    expect(seen).toMatchObject([{ url: "/v1beta/models/gemini-x:streamGenerateContent?alt=sse", body }])
    expect(seen[0]?.headers["x-goog-api-key"]).toBe("host-key")
    expect(JSON.stringify(seen[0]?.headers)).not.toContain(at.key)
    expect(await latest(at, 1)).toMatchObject([
      { relayed: true, status: 200, inputTokens: 4, outputTokens: 2, usageProvenance: "reported" },
    ])
  })

  test("gets them for a whole answer too", async () => {
    answer = { type: "application/json", body: SAID }
    await using at = await gateway()
    const response = await at.post("/v1beta/models/google/gemini-x:generateContent", ASK)
    expect(await response.text()).toBe(SAID)
    expect(seen).toMatchObject([{ url: "/v1beta/models/gemini-x:generateContent" }])
    expect(await latest(at, 1)).toMatchObject([{ relayed: true, inputTokens: 4 }])
  })

  test("may go on behind a reason to stop, after a while", async () => {
    const stopped = SAID.replace("Hi", "Look")
    answer = { type: "text/event-stream", body: `data: ${stopped}\n\n`, later: { ms: 2800, body: `data: ${SAID}\n\n` } }
    await using at = await gateway()
    const response = await at.post("/v1/models/google/gemini-x:streamGenerateContent?alt=sse", ASK)
    expect(textOf((await events(response)) as Piece[])).toBe("LookHi")
    expect(await latest(at, 1)).toMatchObject([{ relayed: true, status: 200, error: undefined }])
  })

  test("is asked for events where the client wants an array, and keeps its cache", async () => {
    answer = { type: "text/event-stream", body: `data: ${SAID}\r\n\r\n` }
    await using at = await gateway()
    const pieces = (await (await at.post("/v1/models/google/gemini-x:streamGenerateContent", ASK)).json()) as Piece[]
    expect(textOf(pieces)).toBe("Hi")
    const cached = { ...ASK, cachedContent: "cachedContents/a" }
    const response = await at.post("/v1/models/google/gemini-x:streamGenerateContent?alt=sse", cached)
    expect(response.status).toBe(200)
    expect(seen[1]?.body).toContain("cachedContents/a")
    expect(await latest(at, 2)).toMatchObject([{ relayed: true }, { relayed: false }])
    await (await at.post("/v1/models/google/gemini-x:streamGenerateContent", { ...ASK, safetySettings: [] })).text()
    expect((await latest(at, 3)).flatMap(({ losses }) => losses.map(({ field }) => field))).not.toContain(
      "safetySettings",
    )
  })
})
