import { describe, expect, test } from "vitest"
import type { LoopbackServer } from "../../loopback.ts"
import { ollamaEmulator } from "./server.ts"

type Fields = Record<string, unknown>

const MESSAGES = [{ role: "user", content: "hi" }]

async function post(
  server: LoopbackServer,
  path: string,
  body: unknown,
  key?: string,
): Promise<{ status: number; type: string | null; lines: Fields[] }> {
  const response = await fetch(server.url + path, {
    method: "POST",
    ...(key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } }),
    body: JSON.stringify(body),
  })
  const text = (await response.text()).trim()
  const lines = text.split("\n").map((line) => JSON.parse(line) as Fields)
  return { status: response.status, type: response.headers.get("content-type"), lines }
}

describe("answers", () => {
  test("are lines where nothing else is asked for, and one document otherwise", async () => {
    const answer = { thinking: "hm", text: "Hello", toolCalls: [{ name: "f", arguments: { x: 1 } }] }
    await using server = await ollamaEmulator({ script: [answer, answer] })
    const streamed = await post(server, "/api/chat", { model: "m", messages: MESSAGES })
    expect(streamed.type).toBe("application/x-ndjson")
    const text = (field: string): string =>
      streamed.lines.map((line) => (line["message"] as Fields)[field] ?? "").join("")
    expect([text("thinking"), text("content")]).toEqual(["hm", "Hello"])
    expect(streamed.lines.at(-2)).toMatchObject({
      message: { tool_calls: [{ function: { name: "f", arguments: { x: 1 } } }] },
    })
    expect(streamed.lines.at(-1)).toMatchObject({ done: true, done_reason: "stop", prompt_eval_count: 4 })
    const whole = await post(server, "/api/chat", { model: "m", messages: MESSAGES, stream: false, think: false })
    expect(whole.lines).toMatchObject([{ message: { content: "Hello" }, done: true }])
    expect(whole.lines[0]?.["message"]).not.toHaveProperty("thinking")
  })

  test("load the model first, once, and say how long that took", async () => {
    await using server = await ollamaEmulator({ loadMs: 60 })
    const load = async (): Promise<number> => {
      const { lines } = await post(server, "/api/chat", { model: "m", messages: MESSAGES })
      return lines.at(-1)?.["load_duration"] as number
    }
    expect(await load()).toBeGreaterThanOrEqual(60_000_000)
    expect(await load()).toBeLessThan(1_000_000)
    expect((await post(server, "/api/generate", { model: "m" })).lines).toMatchObject([{ done_reason: "load" }])
    expect((await post(server, "/api/chat", { model: "m", keep_alive: 0 })).lines).toMatchObject([
      { done_reason: "unload" },
    ])
    expect(await load()).toBeGreaterThanOrEqual(60_000_000)
  })

  test("may break off with an error in the stream", async () => {
    await using server = await ollamaEmulator({
      script: [{ text: "one two", streamError: { message: "It broke.", afterEvents: 1 } }],
    })
    const { lines } = await post(server, "/api/chat", { model: "m", messages: MESSAGES })
    expect(lines).toHaveLength(2)
    expect(lines[1]).toEqual({ error: "It broke." })
  })
})

describe("refusals", () => {
  const chat = (more: object): object => ({ model: "m", messages: MESSAGES, ...more })
  const tool = (parameters: unknown): object => ({ tools: [{ type: "function", function: { name: "f", parameters } }] })

  test.each([
    [{}, "model is required"],
    [chat({ messages: [{ role: "robot" }] }), "invalid role"],
    [chat({ messages: [{ role: "user", content: [] }] }), "cannot unmarshal array"],
    [chat({ messages: [{ role: "user", content: "", images: ["data:image/png;base64,AA=="] }] }), "illegal base64"],
    [
      chat({ messages: [{ role: "assistant", tool_calls: [{ function: { name: "f", arguments: "{}" } }] }] }),
      "cannot unmarshal string",
    ],
    [chat(tool({ type: "object", properties: { a: true } })), "cannot unmarshal bool"],
    [chat(tool({ type: ["object"], properties: {} })), "cannot unmarshal array"],
    [chat({ think: "loudly" }), "invalid think value"],
    [chat({ format: "xml" }), "invalid format", 500],
    [chat({ options: { num_ctx: "big" } }), "must be of type integer", 500],
  ])("%j", async (body, words, code = 400) => {
    await using server = await ollamaEmulator()
    const { status, lines } = await post(server, "/api/chat", body)
    expect(status).toBe(code)
    expect(lines[0]?.["error"]).toContain(words)
  })

  test("of a key, of a model that is not there, and of what a model cannot do", async () => {
    const models = [{ name: "plain:latest", capabilities: ["completion" as const] }]
    await using server = await ollamaEmulator({ apiKey: "k", models })
    const ask = (more: object, key = "k"): ReturnType<typeof post> =>
      post(server, "/api/chat", { ...chat({ model: "plain" }), ...more }, key)
    expect((await ask({}, "wrong")).status).toBe(401)
    expect(await ask({ model: "other" })).toMatchObject({ status: 404, lines: [{ error: "model 'other' not found" }] })
    expect((await ask(tool({ type: "object" }))).lines[0]?.["error"]).toMatch(/does not support tools/)
    expect((await ask({ think: true })).lines[0]?.["error"]).toMatch(/does not support thinking/)
    expect((await ask({})).status).toBe(200)
  })
})

test("tells its models, what one of them can do, and its version", async () => {
  await using server = await ollamaEmulator({
    models: [{ name: "qwen3:8b", contextLength: 40_960, capabilities: ["completion", "vision"] }],
  })
  const get = async (path: string): Promise<string> => (await fetch(server.url + path)).text()
  expect(await get("/")).toBe("Ollama is running")
  expect(JSON.parse(await get("/api/version"))).toEqual({ version: "0.12.6" })
  expect(JSON.parse(await get("/api/tags"))).toMatchObject({ models: [{ name: "qwen3:8b" }] })
  const [shown] = (await post(server, "/api/show", { model: "qwen3:8b" })).lines
  expect(shown).toMatchObject({
    capabilities: ["completion", "vision"],
    model_info: { "qwen3.context_length": 40_960 },
  })
  expect((await post(server, "/api/show", { model: "other" })).status).toBe(404)
  expect((await fetch(`${server.url}/api/pull`, { method: "POST" })).status).toBe(404)
})
