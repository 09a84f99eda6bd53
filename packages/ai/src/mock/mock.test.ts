import { Validator } from "@cfworker/json-schema"
import { describe, expect, test } from "vitest"
import { classify } from "../errors/classify.ts"
import { ExchangeReader } from "../assemble/exchange-reader.ts"
import { MessageBuilder } from "../assemble/message-builder.ts"
import { countingMint } from "../assemble/read-recording.ts"
import type { Route } from "../contract/route.ts"
import type { Call } from "../contract/wire-client.ts"
import type { AssistantMessageEvent } from "../model/events.ts"
import type { AssistantMessage, Context, Message } from "../model/message.ts"
import type { CallOptions } from "../model/options.ts"
import type { FunctionTool, JsonSchema } from "../model/tool.ts"
import { createMock, demoScript, exampleOf, mockModel, mockRoute } from "./index.ts"
import { pieces } from "./frames.ts"

interface Asked {
  context?: Context
  options?: CallOptions
  signal?: AbortSignal
  stream?: boolean
  onEvents?: (events: AssistantMessageEvent[]) => void
}

const HI: Context = { messages: [{ role: "user", content: "Hi there" }] }

/** Runs one call through a route by hand: no retries, no watchdogs. */
async function ask(
  route: Route,
  asked: Asked = {},
): Promise<{ message: AssistantMessage; events: AssistantMessageEvent[] }> {
  const { model, wire, endpoint, credentials, transport } = route
  const signal = asked.signal ?? new AbortController().signal
  const mint = countingMint()
  const call: Call = {
    op: "generate",
    model,
    options: asked.options ?? {},
    context: asked.context ?? HI,
    auth: { kind: "none" },
    stream: asked.stream ?? true,
    known: {},
    channel: { kind: "http", memory: {} },
    mint,
  }
  const lease = await credentials.acquire({ provider: model.provider })
  const channel = await transport.open(undefined, signal)
  const exchange = await channel.send(endpoint.dress(wire.encode(call), call, lease.credential), signal)
  const builder = new MessageBuilder({
    api: wire.api,
    provider: model.provider,
    model: model.id,
    prices: model.prices,
    timestamp: 0,
    now: mint.now,
    mintId: mint.id,
    toError: (facts) => classify(facts, { provider: model.provider, model: model.id }),
  })
  const events: AssistantMessageEvent[] = []
  const hand = (): void => {
    const batch = builder.take()
    events.push(...batch)
    asked.onEvents?.(batch)
  }
  const reader = new ExchangeReader({ wire, call, head: exchange.head, builder, endpoint })
  try {
    for await (const chunk of exchange.chunks) {
      reader.push(chunk)
      hand()
      if (builder.failure) break
    }
    reader.end()
  } catch {
    builder.finish(classify({ is: "aborted" }))
  } finally {
    exchange.cancel()
  }
  hand()
  return { message: builder.message, events }
}

describe("scripts", () => {
  test("steps are answered in order, pushed ones after them, and an empty script says so", async () => {
    const mock = createMock(["one", () => ({ text: "two" })])
    mock.push("three")
    const texts: unknown[] = []
    for (let n = 0; n < 3; n++) texts.push((await ask(mock.route)).message.content[0])
    expect(texts).toEqual(["one", "two", "three"].map((text) => ({ type: "text", text })))
    const { message } = await ask(mock.route)
    expect(message.error).toMatchObject({ code: "config", message: expect.stringContaining("call 4") })
  })

  test("a generator is given each call; an async one works too", async () => {
    const said = (text: string): Context => ({ messages: [{ role: "user", content: text }] })
    const texts: string[] = []
    async function* answers(): AsyncGenerator<string, void, { context: Context }> {
      let call = yield "ready"
      while (true) call = yield `heard ${String(call.context.messages[0]?.content)}`
    }
    const mock = createMock(answers())
    for (const text of ["a", "b", "c"]) {
      const { message } = await ask(mock.route, { context: said(text) })
      texts.push((message.content[0] as { text: string }).text)
    }
    expect(texts).toEqual(["ready", "heard b", "heard c"])
  })

  test("a text answers every call, and what was pushed comes first", async () => {
    const mock = createMock("always")
    mock.push("once")
    const texts: string[] = []
    for (let n = 0; n < 3; n++) texts.push(((await ask(mock.route)).message.content[0] as { text: string }).text)
    expect(texts).toEqual(["once", "always", "always"])
  })

  test("calls are recorded as copies; reset forgets them and begins anew", async () => {
    const mock = createMock([{ toolCalls: [{ name: "a" }, { name: "b" }] }])
    const messages: Message[] = [{ role: "user", content: "first" }]
    const { message } = await ask(mock.route, { context: { messages }, options: { temperature: 0.5 } })
    messages.push({ role: "user", content: "later" })
    expect(mock.calls).toHaveLength(1)
    expect(mock.calls[0]).toMatchObject({
      context: { messages: [{ content: "first" }] },
      options: { temperature: 0.5 },
    })
    expect(mock.calls[0]?.context.messages).toHaveLength(1)
    expect(message.content.map((block) => block.type === "toolCall" && block.id)).toEqual(["mock-tc-1", "mock-tc-2"])
    mock.reset()
    expect(mock.calls).toHaveLength(0)
    const again = await ask(mock.route)
    expect(again.message.content.map((block) => block.type === "toolCall" && block.id)).toEqual([
      "mock-tc-1",
      "mock-tc-2",
    ])
  })
})

describe("answers", () => {
  test("every kind of content, in order, with the stop reason that follows from it", async () => {
    const mock = createMock([
      {
        thinking: "hm",
        text: "Look",
        toolCalls: [{ name: "weather", arguments: { city: "Paris" } }],
        blocks: [
          { type: "thinking", thinking: "more", signature: { value: "sig" } },
          { type: "redactedThinking", data: { value: "xyz" } },
        ],
        servedModel: "other",
      },
    ])
    const { message, events } = await ask(mock.route)
    const issuer = { api: "mock", provider: "mock", model: "scripted" }
    expect(message.content).toEqual([
      { type: "thinking", thinking: "hm" },
      { type: "text", text: "Look" },
      { type: "toolCall", id: "mock-tc-1", name: "weather", arguments: { city: "Paris" } },
      { type: "thinking", thinking: "more", signature: { value: "sig", issuer } },
      { type: "redactedThinking", data: { value: "xyz", issuer } },
    ])
    expect(message).toMatchObject({ stopReason: "toolUse", responseId: "mock-1", servedModel: "other" })
    expect(events.filter((event) => event.type === "done" || event.type === "error")).toHaveLength(1)
    expect(events.at(-1)).toMatchObject({ type: "done", reason: "toolUse" })
  })

  test("OF-34: partial usage is reported as given and its totals are computed", async () => {
    const model = mockModel("priced", { prices: { input: 1, output: 10 } })
    const mock = createMock({
      script: [
        { text: "x", usage: { input: 1_000_000 } },
        { text: "x", usage: false },
      ],
      model,
    })
    const { message } = await ask(mock.route)
    expect(message.usage).toMatchObject({ input: 1_000_000, totalTokens: 1_000_000, provenance: "reported" })
    expect(message.usage.output).toBeUndefined()
    expect(message.usage.cost?.total).toBe(1)
    expect((await ask(mock.route)).message.usage).toEqual({ provenance: "absent" })
  })

  test("without usage of its own an answer counts words", async () => {
    const { message } = await ask(createMock([{ thinking: "one two", text: "three four five" }]).route)
    expect(message.usage).toMatchObject({ input: 2, output: 5, reasoningTokens: 2, totalTokens: 7 })
  })

  test("an error comes in the stream, after as many pieces as asked for", async () => {
    const error = { type: "overloaded_error", message: "busy" }
    const mock = createMock([{ error }, { text: "one two three", pace: { chunk: "word" }, error, errorAfter: 2 }])
    const first = await ask(mock.route)
    expect(first.message).toMatchObject({ stopReason: "error", content: [] })
    expect(first.message.error).toMatchObject({ code: "overloaded", message: "busy", delivered: "nothing" })
    const second = await ask(mock.route)
    expect(second.message.content).toEqual([{ type: "text", text: "one two " }])
    expect(second.message.error).toMatchObject({ code: "overloaded", delivered: "content" })
  })

  test("a status makes an error response with its headers", async () => {
    const mock = createMock([
      {
        status: 429,
        error: { type: "rate_limit_error", message: "slow down" },
        responseHeaders: { "retry-after": "7" },
      },
      { status: 500, body: "<html>oops</html>" },
    ])
    const first = await ask(mock.route)
    expect(first.message.error).toMatchObject({ code: "rate_limited", status: 429, retryAfterMs: 7000 })
    expect((await ask(mock.route)).message.error).toMatchObject({ code: "server_error", status: 500 })
  })

  test("a cut stream is incomplete and keeps its text", async () => {
    const { message } = await ask(createMock([{ text: "half", cut: true }]).route)
    expect(message.error?.code).toBe("stream_incomplete")
    expect(message.content).toEqual([{ type: "text", text: "half" }])
  })

  test("without streaming the same answer comes as one document", async () => {
    const { message } = await ask(createMock([{ text: "whole", toolCalls: [{ name: "t" }] }]).route, { stream: false })
    expect(message.content).toHaveLength(2)
    expect(message.stopReason).toBe("toolUse")
  })

  test("arguments that are text go out as they are", async () => {
    const { message } = await ask(createMock([{ toolCalls: [{ name: "t", arguments: '{"a": tru' }] }]).route)
    expect(message.content[0]).toMatchObject({ arguments: {}, rawArguments: '{"a": tru' })
  })

  test("waits go through the given sleep: before the answer, between pieces, in a silence", async () => {
    const waits: number[] = []
    const mock = createMock({
      script: [{ text: "abcdef", delayMs: 100, stallMs: 5000, stallAfter: 2, pace: { chunk: 2, ms: 10 } }],
      sleep: async (ms) => void waits.push(ms),
    })
    const { message } = await ask(mock.route)
    expect(message.content).toEqual([{ type: "text", text: "abcdef" }])
    expect(waits).toEqual([100, 10, 5000, 10])
  })

  test("an abort ends every wait at once and is seen in the call", async () => {
    for (const answer of [{ delayMs: Infinity }, { text: "a", stallMs: Infinity }]) {
      const mock = createMock([answer])
      const control = new AbortController()
      const running = ask(mock.route, { signal: control.signal }).catch((error: unknown) => error)
      await new Promise((resolve) => setTimeout(resolve, 5))
      control.abort(new Error("enough"))
      const outcome = await running
      if (outcome instanceof Error) expect(outcome.message).toBe("enough")
      else expect((outcome as { message: AssistantMessage }).message.stopReason).toBe("aborted")
      expect(mock.calls[0]?.cancelled).toBe(true)
    }
  })

  test("a complete answer is not cancelled by letting go of it", async () => {
    const mock = createMock(["fine"])
    await ask(mock.route)
    expect(mock.calls[0]?.cancelled).toBe(false)
  })

  test("pieces add up and part no surrogate pair", () => {
    const text = "a😀b  c😀\n d"
    for (const chunk of [1, 2, 3, "word"] as const) {
      const cut = pieces(text, chunk)
      expect(cut.join("")).toBe(text)
      for (const piece of cut) expect(piece.isWellFormed()).toBe(true)
    }
  })
})

describe("mock/demo", () => {
  const route = mockRoute({ pace: { ms: 0 } })
  const weather: FunctionTool = {
    name: "get_weather",
    description: "The weather of a city.",
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, unit: { enum: ["celsius", "fahrenheit"] } },
      required: ["city", "unit"],
    },
  }
  const clock: FunctionTool = { name: "clock", parameters: { type: "object" } }
  const user = (content: string): Context => ({ messages: [{ role: "user", content }] })
  const textOf = (message: AssistantMessage): string =>
    message.content.map((block) => (block.type === "text" ? block.text : "")).join("")

  test("greets, thinks briefly, repeats what was said, and does so every time", async () => {
    const { message } = await ask(route, { context: user("What are you?") })
    expect(message.content.map((block) => block.type)).toEqual(["thinking", "text"])
    expect(textOf(message)).toMatch(/Sluice.*You said: “What are you\?”/)
    expect(message.usage).toMatchObject({ input: 3, provenance: "reported", cost: { total: 0 } })
    expect((await ask(mockRoute({ pace: { ms: 0 } }), { context: user("What are you?") })).message.content).toEqual(
      message.content,
    )
    expect(message.provider).toBe("mock")
    expect(message.model).toBe("demo")
  })

  test("reasoning off leaves the thinking out; a small limit ends in length", async () => {
    const { message } = await ask(route, { context: user("Hi"), options: { reasoning: "off", maxTokens: 3 } })
    expect(message.content).toEqual([{ type: "text", text: "Hello from the " }])
    expect(message.stopReason).toBe("length")
  })

  test("calls the tool that fits with arguments that fit, and reads its result back", async () => {
    const context = { ...user("How is the weather in Paris?"), tools: [clock, weather] }
    const { message } = await ask(route, { context })
    const call = message.content.find((block) => block.type === "toolCall")
    expect(call).toMatchObject({ name: "get_weather", arguments: { city: "demo", unit: "celsius" } })
    expect(message.stopReason).toBe("toolUse")
    const after: Context = {
      ...context,
      messages: [
        ...context.messages,
        message,
        { role: "toolResult", toolCallId: call?.type === "toolCall" ? call.id : "", content: "22 degrees and sunny" },
      ],
    }
    const answer = await ask(route, { context: after })
    expect(textOf(answer.message)).toContain("22 degrees and sunny")
    expect(answer.message.stopReason).toBe("stop")
  })

  test("calls no tool that was not asked for, the first one for the word tool, and the one that is forced", async () => {
    const tools = [clock, weather]
    const names = async (text: string, options: CallOptions = {}): Promise<unknown> =>
      (await ask(route, { context: { ...user(text), tools }, options })).message.content.flatMap((block) =>
        block.type === "toolCall" ? [block.name] : [],
      )
    expect(await names("Say hello")).toEqual([])
    expect(await names("Use a tool")).toEqual(["clock"])
    expect(await names("Say hello", { toolChoice: { name: "get_weather" } })).toEqual(["get_weather"])
    expect(await names("Say hello", { toolChoice: "required" })).toEqual(["clock"])
    expect(await names("Use a tool", { toolChoice: "none" })).toEqual([])
  })

  test("answers in JSON where JSON is asked for", async () => {
    const schema: JsonSchema = {
      type: "object",
      properties: { name: { type: "string", minLength: 6 }, age: { type: "integer", minimum: 18 } },
      required: ["name", "age"],
      additionalProperties: false,
    }
    const { message } = await ask(route, { context: user("Go"), options: { output: { type: "jsonSchema", schema } } })
    expect(new Validator(schema, "2020-12").validate(JSON.parse(textOf(message))).valid).toBe(true)
    const plain = await ask(route, { context: user("Go"), options: { output: { type: "json" } } })
    expect(JSON.parse(textOf(plain.message))).toEqual({ answer: "Go" })
  })

  test("names the images it was given", async () => {
    const image = { type: "image", source: { data: "AAAA", mimeType: "image/png" } } as const
    const one = await ask(route, { context: { messages: [{ role: "user", content: [image] }] } })
    expect(textOf(one.message)).toMatch(/^I see 1 image\. /)
    const two = await ask(route, { context: { messages: [{ role: "user", content: [image, image] }] } })
    expect(textOf(two.message)).toMatch(/^I see 2 images\. /)
  })

  test("later turns say something else", async () => {
    const first = (await ask(route, { context: user("Hi") })).message
    const context: Context = {
      messages: [{ role: "user", content: "Hi" }, first, { role: "user", content: "And now?" }],
    }
    const second = (await ask(route, { context })).message
    expect(textOf(second)).toContain("You said: “And now?”")
    expect(textOf(second)).not.toContain("Hello from the demo")
  })

  test("is paced by the word", async () => {
    const waits: number[] = []
    const mock = createMock({ script: demoScript(), sleep: async (ms) => void waits.push(ms) })
    await ask(mock.route)
    expect(waits.length).toBeGreaterThan(20)
    expect(new Set(waits)).toEqual(new Set([15]))
  })
})

describe("exampleOf", () => {
  const schemas: Record<string, JsonSchema> = {
    "a reference that holds itself": {
      $ref: "#/$defs/node",
      $defs: {
        node: {
          type: "object",
          properties: { value: { type: "number" }, next: { anyOf: [{ $ref: "#/$defs/node" }, { type: "null" }] } },
          required: ["value", "next"],
        },
      },
    },
    "allOf of two objects": {
      allOf: [
        { type: "object", properties: { a: { type: "boolean" } }, required: ["a"] },
        { type: "object", properties: { b: { const: 7 } }, required: ["b"] },
      ],
    },
    "ranges and steps": {
      type: "object",
      properties: {
        a: { type: "number", exclusiveMinimum: 0, maximum: 1 },
        b: { type: "integer", minimum: 7, multipleOf: 5 },
        c: { type: "number", maximum: -3 },
        d: { type: "integer", exclusiveMinimum: 3 },
      },
      required: ["a", "b", "c", "d"],
    },
    "texts with rules": {
      type: "object",
      properties: {
        a: { type: "string", minLength: 12 },
        b: { type: "string", maxLength: 2 },
        c: { type: "string", format: "date" },
        d: { type: "string", pattern: "^[0-9]{4}$" },
        e: { type: "string", pattern: "^#[0-9a-f]{6}$" },
      },
      required: ["a", "b", "c", "d", "e"],
    },
    lists: {
      type: "object",
      properties: {
        a: { type: "array", items: { type: "string" }, minItems: 2, uniqueItems: true },
        b: { type: "array", prefixItems: [{ const: 1 }, { type: "string" }], minItems: 2 },
        c: { type: "array", items: { type: "integer" } },
      },
      required: ["a", "b", "c"],
    },
    "several types": { type: ["null", "string"] },
    "a required name without a schema": { type: "object", required: ["x"] },
    "enum before type": { type: "string", enum: ["one", "two"] },
  }
  for (const [name, schema] of Object.entries(schemas)) {
    test(`fits ${name}`, () => {
      expect(new Validator(schema as never, "2020-12").validate(exampleOf(schema))).toMatchObject({ valid: true })
    })
  }

  test("takes no optional property", () => {
    expect(
      exampleOf({ type: "object", properties: { a: { type: "string" }, b: { type: "string" } }, required: ["a"] }),
    ).toEqual({ a: "demo" })
  })
})
