import { afterAll, beforeAll, describe, expect, test } from "vitest"
import {
  keySource,
  type AssistantMessage,
  type Context,
  type Model,
  type Sluice,
  type ToolResultMessage,
  type UserMessage,
} from "@sluice/ai"
import { createSluice } from "@sluice/ai/auto"
import { startLlama, llamaTitle, whyNoServer, type Llama } from "./support/llama.ts"

const THINKING = { type: "thinking", thinking: "The user said something, so I will answer briefly." }
const HELLO = { type: "text", text: "Hello from a real server!" }
const CALL = { type: "toolCall", name: "get_weather", arguments: { city: "Paris" } }

const WEATHER = {
  name: "get_weather",
  description: "Weather of a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
} as const

const user = (content: UserMessage["content"]): UserMessage => ({ role: "user", content, timestamp: 0 })
const says = (text: string, more: Partial<Context> = {}): Context => ({ messages: [user(text)], ...more })
const FORECAST = says("Tell me the forecast for Paris", { tools: [WEATHER] })
const FOREVER = says("talk to me forever please")

/** The library over the Responses API of a real server. */
describe.skipIf(whyNoServer !== undefined)(`the library over Responses to ${llamaTitle}`, () => {
  let llama: Llama
  let sluice: Sluice
  let model: Model

  beforeAll(async () => {
    llama = await startLlama({ key: "secret" })
    sluice = createSluice({ credentials: keySource("secret") })
    model = responsesModel(llama)
  })
  afterAll(async () => {
    await llama?.[Symbol.asyncDispose]()
  })

  const ask = (context: Context, options: Parameters<Sluice["complete"]>[2] = {}): Promise<AssistantMessage> =>
    sluice.complete(model, context, options)

  test("thinking and text, streamed, with what they took", async () => {
    const stream = sluice.stream(model, says("hello there"))
    let thinking = ""
    let text = ""
    const kinds: string[] = []
    for await (const event of stream) {
      if (kinds.at(-1) !== event.type) kinds.push(event.type)
      if (event.type === "thinking_delta") thinking += event.delta
      if (event.type === "text_delta") text += event.delta
    }
    expect({ thinking, text }).toEqual({ thinking: THINKING.thinking, text: HELLO.text })
    // The server begins its text before it ends its thinking.
    expect(kinds.filter((kind) => kind.endsWith("_delta"))).toEqual(["thinking_delta", "text_delta"])
    expect([kinds[0], kinds.at(-1)]).toEqual(["start", "done"])
    const message = await stream.result()
    expect(message).toMatchObject({
      content: [THINKING, HELLO],
      api: "openai-responses",
      stopReason: "stop",
      usage: { output: 21, provenance: "reported" },
    })
    expect(message.usage.input).toBeGreaterThan(0)
    expect(message.losses).toBeUndefined()
  })

  test("a tool loop", async () => {
    const first = await ask(FORECAST)
    expect(first).toMatchObject({ content: [CALL], stopReason: "toolUse" })
    const second = await ask({ ...FORECAST, messages: [...FORECAST.messages, first, resultOf(first)] })
    expect(second).toMatchObject({ stopReason: "stop" })
    expect(second.content.at(-1)).toMatchObject({ text: "It is sunny and 22 degrees there: done" })
  })

  test("thinking, text and a forced call in one answer, which goes back as it came", async () => {
    const context = says("hello there", { tools: [WEATHER] })
    const first = await ask(context, { toolChoice: "required" })
    expect(first.content.map(({ type }) => type)).toEqual(["thinking", "text", "toolCall"])
    expect(first.stopReason).toBe("toolUse")
    const second = await ask({ ...context, messages: [...context.messages, first, resultOf(first)] })
    expect([second.error, second.losses]).toEqual([undefined, undefined])
    expect(second.content.at(-1)).toMatchObject({ text: "It is sunny and 22 degrees there: done" })
  })

  test("an answer that meets the cap has not come to its end, though the server says that it has", async () => {
    const text = await ask(FOREVER, { maxTokens: 12 })
    expect(text).toMatchObject({ stopReason: "length", usage: { output: 12 } })
    expect(text.content).toMatchObject([{ type: "text", text: expect.stringMatching(/^round we go again/) }])
    const call = await ask(FORECAST, { maxTokens: 6 })
    expect(call.stopReason).toBe("length")
    expect(call.content.at(-1)).toMatchObject({ type: "toolCall", arguments: {} })
  })

  test("leaving in the middle of an endless answer stops the server", async () => {
    const aborting = new AbortController()
    const stream = sluice.stream(model, FOREVER, { signal: aborting.signal })
    for await (const event of stream) if (event.type === "text_delta") aborting.abort()
    const message = await stream.result()
    expect(message).toMatchObject({ stopReason: "aborted", error: { code: "aborted", delivered: "content" } })
    expect(message.content).toMatchObject([{ type: "text", text: expect.stringMatching(/^round/) }])
    await expect.poll(() => isBusy(llama), { timeout: 2000 }).toBe(false)
  })

  test("what it cannot be held to is said and not asked for", async () => {
    const message = await ask(says("hello there"), { output: { type: "jsonSchema", schema: { type: "object" } } })
    expect(message).toMatchObject({
      stopReason: "stop",
      losses: [{ field: "options.output", kind: "dropped" }],
    })
  })

  describe("its errors", () => {
    const image = { type: "image", source: { data: "AAAA", mimeType: "image/png" } } as const

    test.each<[string, () => Promise<AssistantMessage>, object]>([
      [
        "an answer to go on from",
        () => ask(says("hi"), { wire: { "openai-responses": { previous_response_id: "resp_1" } } }),
        { code: "invalid_request", status: 400, message: expect.stringContaining("previous_response_id") },
      ],
      [
        "a conversation beyond its window",
        () => ask(says("word ".repeat(140_000))),
        { code: "context_overflow", status: 400, type: "exceed_context_size_error" },
      ],
      [
        "an image that its model cannot see",
        () => ask({ messages: [user([image])] }),
        { code: "unsupported", status: 500, message: expect.stringContaining("image input is not supported") },
      ],
      [
        "a wrong key",
        () => ask(says("hi"), { apiKey: "wrong" }),
        { code: "auth_invalid", status: 401, type: "authentication_error" },
      ],
      [
        "a path that it does not have",
        () => sluice.complete({ ...model, baseUrl: `${llama.url}/nowhere` }, says("hi")),
        { code: "invalid_request", status: 404, type: "not_found_error" },
      ],
    ])("%s is refused once, with its own words", async (_name, run, error) => {
      const message = await run()
      expect(message).toMatchObject({ content: [], stopReason: "error", error: { ...error, retryable: false } })
      expect(message.attempts).toBeUndefined()
      expect(JSON.stringify(message)).not.toContain("secret")
    })
  })
})

function resultOf({ content }: AssistantMessage): ToolResultMessage {
  const call = content.find((block) => block.type === "toolCall")
  if (!call) throw new Error("There is no call.")
  const { id, name } = call
  return {
    role: "toolResult",
    toolCallId: id,
    toolName: name,
    content: [{ type: "text", text: "sunny" }],
    timestamp: 0,
  }
}

function responsesModel({ hosts }: Llama): Model {
  const host = hosts["llama-responses"]
  if (!host) throw new Error("The catalog has no Responses API for llama.cpp.")
  return {
    id: "scripted",
    provider: "llama.cpp",
    api: host.api,
    baseUrl: host.url,
    input: ["text"],
    output: ["text"],
    compat: {},
    ...host.model,
  }
}

async function isBusy({ url }: Llama): Promise<boolean> {
  const response = await fetch(`${url}/slots`, { headers: { authorization: "Bearer secret" } })
  return ((await response.json()) as { is_processing: boolean }[]).some((slot) => slot.is_processing)
}
