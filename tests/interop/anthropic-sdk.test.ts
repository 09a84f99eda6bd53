import type { default as AnthropicClient } from "@anthropic-ai/sdk"
import type * as BetaHelpers from "@anthropic-ai/sdk/helpers/beta/json-schema"
import type * as Helpers from "@anthropic-ai/sdk/helpers/json-schema"
import type { MessageParam, Tool, ToolResultBlockParam } from "@anthropic-ai/sdk/resources/messages"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { loadClient, whyMissing } from "./clients/find.ts"
import { startLlama, llamaTitle, whyNoServer, type Llama } from "./support/llama.ts"
import { eventually, OUTBOUND, PEERS, stage, type Peer, type Stage } from "./support/stage.ts"

let Anthropic: typeof AnthropicClient
let jsonSchemaOutputFormat: typeof Helpers.jsonSchemaOutputFormat
let betaTool: typeof BetaHelpers.betaTool

beforeAll(async () => {
  ;({ default: Anthropic } = await loadClient<typeof import("@anthropic-ai/sdk")>("@anthropic-ai/sdk"))
  ;({ jsonSchemaOutputFormat } = await loadClient<typeof Helpers>("@anthropic-ai/sdk/helpers/json-schema"))
  ;({ betaTool } = await loadClient<typeof BetaHelpers>("@anthropic-ai/sdk/helpers/beta/json-schema"))
})

const clientOf = ({ url, key }: Pick<Stage, "url" | "key">): AnthropicClient =>
  new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 })

const HI: MessageParam[] = [{ role: "user", content: "hi" }]

const WEATHER: Tool = {
  name: "get_weather",
  description: "Weather of a city",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
}

const ANSWER_SCHEMA = {
  type: "object",
  properties: { answer: { type: "string" } },
  required: ["answer"],
  additionalProperties: false,
} as const

/** Line of the log for an answer that this client got from a peer. */
const served = (peer: Peer, more: object = {}): object => ({
  inbound: "anthropic-messages",
  outbound: OUTBOUND[peer],
  requestedModel: `${peer}/m`,
  provider: peer,
  relayed: peer === "messages",
  status: 200,
  error: undefined,
  ...more,
})

const missing = whyMissing("@anthropic-ai/sdk")

describe.skipIf(missing !== undefined)(
  `the @anthropic-ai/sdk package${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  () => {
    describe.each(PEERS)("to %s", (_, peer) => {
      const model = `${peer}/m`

      test("a whole answer", async () => {
        await using at = await stage([{ text: "Hello from the host.", usage: { prompt: 11, cached: 3, output: 5 } }])
        const message = await clientOf(at).messages.create({
          model,
          max_tokens: 100,
          system: "Be brief.",
          messages: HI,
        })
        expect(message).toMatchObject({
          type: "message",
          role: "assistant",
          stop_reason: "end_turn",
          stop_sequence: null,
          content: [{ type: "text", text: "Hello from the host." }],
          usage: { input_tokens: 8, cache_read_input_tokens: 3, output_tokens: 5 },
        })
        expect(message._request_id).toEqual(expect.any(String))
        expect(at.asked(peer)).toMatchObject([{ model: "m", system: "Be brief.", said: ["hi"], tools: [] }])
        expect(await at.rows(1)).toMatchObject([
          served(peer, { stream: false, inputTokens: 8, outputTokens: 5, usageProvenance: "reported" }),
        ])
        if (peer === "messages") {
          expect(at.requests("messages")[0]?.headers).toMatchObject({
            "anthropic-version": "2026-10-21",
            "x-api-key": "host-key",
          })
          expect(JSON.stringify(at.requests("messages")[0]?.rawHeaders)).not.toContain(at.key)
        }
      })

      test("messages.stream with its helpers", async () => {
        await using at = await stage([{ text: "Hello from the host.", usage: { prompt: 11, output: 5 } }])
        const stream = clientOf(at).messages.stream({ model, max_tokens: 100, messages: HI })
        const pieces: string[] = []
        const types: string[] = []
        stream.on("text", (piece) => pieces.push(piece))
        stream.on("streamEvent", (event) => types.push(event.type))
        const message = await stream.finalMessage()
        expect(pieces.join("")).toBe("Hello from the host.")
        expect(await stream.finalText()).toBe("Hello from the host.")
        expect(message).toMatchObject({
          role: "assistant",
          stop_reason: "end_turn",
          usage: { input_tokens: 11, output_tokens: 5 },
        })
        expect([types[0], types.at(-2), types.at(-1)]).toEqual(["message_start", "message_delta", "message_stop"])
        expect(at.asked(peer)).toMatchObject([{ stream: true, said: ["hi"] }])
        expect(await at.rows(1)).toMatchObject([
          served(peer, { stream: true, inputTokens: 11, outputTokens: 5, usageProvenance: "reported" }),
        ])
      })

      test("an answer that reaches its limit says so", async () => {
        await using at = await stage([{ text: "one two", length: true }])
        const message = await clientOf(at).messages.create({ model, max_tokens: 2, messages: HI })
        expect(message).toMatchObject({ stop_reason: "max_tokens", content: [{ text: "one two" }] })
        expect(await at.rows(1)).toMatchObject([served(peer)])
      })

      test("a tool loop, streamed", async () => {
        await using at = await stage([
          {
            text: "I look it up.",
            toolCalls: [
              { name: "get_weather", arguments: { city: "Paris" } },
              { name: "get_weather", arguments: { city: "Köln 🌧" } },
            ],
          },
          { text: "Sunny, and rain." },
        ])
        const { messages: api } = clientOf(at)
        const messages: MessageParam[] = [{ role: "user", content: "Weather in Paris and Köln?" }]
        const stream = api.stream({ model, max_tokens: 500, messages, tools: [WEATHER] })
        let json = ""
        stream.on("inputJson", (piece) => (json += piece))
        const first = await stream.finalMessage()
        expect(first.stop_reason).toBe("tool_use")
        expect(first.content).toMatchObject([
          { type: "text", text: "I look it up." },
          { type: "tool_use", name: "get_weather", input: { city: "Paris" } },
          { type: "tool_use", name: "get_weather", input: { city: "Köln 🌧" } },
        ])
        expect(json.replaceAll(" ", "")).toContain(`{"city":"Paris"}`)
        const calls = first.content.filter((block) => block.type === "tool_use")
        const results: ToolResultBlockParam[] = calls.map(({ id }) => ({
          type: "tool_result",
          tool_use_id: id,
          content: [{ type: "text", text: `result of ${id}` }],
        }))
        messages.push({ role: "assistant", content: first.content }, { role: "user", content: results })
        const second = await api.stream({ model, max_tokens: 500, messages, tools: [WEATHER] }).finalText()
        expect(second).toBe("Sunny, and rain.")

        const [one, two] = at.asked(peer)
        expect(one).toMatchObject({ tools: ["get_weather"], calls: [], results: [] })
        expect(two?.calls.map((made) => made.arguments)).toEqual([{ city: "Paris" }, { city: "Köln 🌧" }])
        expect(two?.results.map((result) => result.id)).toEqual(two?.calls.map((made) => made.id))
        expect(two?.results.map((result) => result.text)).toEqual(calls.map(({ id }) => `result of ${id}`))
        expect(await at.rows(2)).toMatchObject([served(peer, { stream: true }), served(peer, { stream: true })])
      })

      test.each([[false], [true]])("the beta tool runner with stream: %s", async (stream) => {
        await using at = await stage([
          { toolCalls: [{ name: "get_weather", arguments: { city: "Paris" } }] },
          { text: "It is sunny." },
        ])
        const given: unknown[] = []
        const runner = clientOf(at).beta.messages.toolRunner({
          model,
          max_tokens: 500,
          system: "Be brief.",
          messages: [{ role: "user", content: "Weather in Paris?" }],
          stream,
          // Only a host itself can keep a thread, and the emulated one does not.
          ...(peer === "messages" ? { thread: false as const } : {}),
          tools: [
            betaTool({
              name: "get_weather",
              description: "Weather of a city",
              inputSchema: {
                type: "object",
                properties: { city: { type: "string" } },
                required: ["city"],
              },
              run: (args) => {
                given.push(args)
                return "sunny, 22 degrees"
              },
            }),
          ],
        })
        const last = await runner.runUntilDone()
        expect(last.content).toMatchObject([{ type: "text", text: "It is sunny." }])
        expect(given).toEqual([{ city: "Paris" }])
        expect(at.asked(peer)).toHaveLength(2)
        expect(at.asked(peer)[1]).toMatchObject({
          system: "Be brief.",
          tools: ["get_weather"],
          said: ["Weather in Paris?"],
          calls: [{ name: "get_weather", arguments: { city: "Paris" } }],
          results: [{ text: "sunny, 22 degrees" }],
        })
        // Told that its thread is not kept, the package sends the whole conversation; no host ever sees a part of it.
        const lost = { status: 404, error: "state_lost", outbound: undefined }
        const row = served(peer, { stream })
        expect(await at.rows(peer === "messages" ? 2 : 3)).toMatchObject(
          peer === "messages" ? [row, row] : [row, lost, row],
        )
      })

      test("structured output by a format", async () => {
        const answer = { text: `{"answer":"42"}` }
        await using at = await stage([answer, answer])
        const { messages: api } = clientOf(at)
        const params = {
          model,
          max_tokens: 500,
          messages: HI,
          output_config: { format: jsonSchemaOutputFormat(ANSWER_SCHEMA) },
        }
        expect((await api.parse(params)).parsed_output).toEqual({ answer: "42" })
        expect((await api.stream(params).finalMessage()).parsed_output).toEqual({ answer: "42" })
        const asked = { schema: { properties: { answer: { type: "string" } } } }
        expect(at.asked(peer)).toMatchObject([asked, asked])
        expect(await at.rows(2)).toMatchObject([served(peer), served(peer)])
      })

      test("structured output by a tool that must be called", async () => {
        await using at = await stage([{ toolCalls: [{ name: "get_weather", arguments: { city: "Paris" } }] }])
        const message = await clientOf(at).messages.create({
          model,
          max_tokens: 500,
          messages: HI,
          tools: [WEATHER],
          tool_choice: { type: "tool", name: "get_weather" },
        })
        expect(message.content).toMatchObject([{ type: "tool_use", input: { city: "Paris" } }])
        expect(at.asked(peer)).toMatchObject([{ forced: "get_weather", tools: ["get_weather"] }])
        expect(await at.rows(1)).toMatchObject([served(peer)])
      })

      test("thinking is shown, and goes back as it came", async () => {
        await using at = await stage([
          { thinking: "Let me see.", toolCalls: [{ name: "get_weather", arguments: { city: "Paris" } }] },
          { thinking: "It is there.", text: "Sunny." },
        ])
        const { messages: api } = clientOf(at)
        const messages: MessageParam[] = [{ role: "user", content: "Weather in Paris?" }]
        const params = {
          model: `${peer}/thinker`,
          max_tokens: 2000,
          thinking: { type: "enabled" as const, budget_tokens: 1024 },
          tools: [WEATHER],
        }
        const stream = api.stream({ ...params, messages })
        let thinking = ""
        stream.on("thinking", (piece) => (thinking += piece))
        const first = await stream.finalMessage()
        expect(thinking).toBe("Let me see.")
        expect(first.content).toMatchObject([
          { type: "thinking", thinking: "Let me see.", signature: expect.any(String) },
          { type: "tool_use", name: "get_weather" },
        ])
        const id = first.content.find((block) => block.type === "tool_use")?.id ?? ""
        messages.push({ role: "assistant", content: first.content })
        messages.push({ role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "sunny" }] })
        const second = await api.create({ ...params, messages })
        expect(second.content).toMatchObject([
          { type: "thinking", thinking: "It is there." },
          { type: "text", text: "Sunny." },
        ])
        // The emulated Messages host refuses a signature that is not its own, so that its answer is the proof.
        if (peer !== "mock") expect(JSON.stringify(at.requests(peer)[1]?.json)).toContain("Let me see.")
        const row = served(peer, { requestedModel: `${peer}/thinker` })
        expect(await at.rows(2)).toMatchObject([row, row])
      })

      test("OF-19 leaving in the middle takes the host's stream with it", async () => {
        await using at = await stage([{ text: "one two three four ".repeat(40), pace: { chars: 4, ms: 25 } }])
        const stream = clientOf(at).messages.stream({ model, max_tokens: 500, messages: HI })
        const ended = stream.done().catch((error: unknown) => error)
        await new Promise<void>((resolve) => stream.once("text", () => resolve()))
        stream.abort()
        expect(await ended).toBeInstanceOf(Anthropic.APIUserAbortError)
        await eventually(() => at.asked(peer)[0]?.left === true, 1000)
        expect(await at.rows(1)).toMatchObject([served(peer, { status: 499, error: "aborted" })])
      })

      test("errors are those that the package has a type for", async () => {
        await using at = await stage(
          [
            { error: { status: 404, message: "no such model here" } },
            { error: { status: 429, message: "Too many requests per minute", headers: { "retry-after": "120" } } },
            { error: { status: 400, message: "that is not right" } },
            { error: { status: 529, message: "Overloaded" } },
          ],
          { retry: { maxAttempts: 1 } },
        )
        const { messages: api } = clientOf(at)
        const ask = (): Promise<unknown> => api.create({ model, max_tokens: 100, messages: HI })
        const askStream = (): Promise<unknown> => api.stream({ model, max_tokens: 100, messages: HI }).finalMessage()
        await expect(ask()).rejects.toThrow(Anthropic.NotFoundError)
        const limited = await askStream().catch((error: unknown) => error)
        expect(limited).toBeInstanceOf(Anthropic.RateLimitError)
        expect(limited).toMatchObject({ status: 429, type: "rate_limit_error", requestID: expect.any(String) })
        expect((limited as InstanceType<typeof Anthropic.APIError>).headers?.get("retry-after")).toBe("120")
        expect((limited as Error).message).toContain("Too many requests")
        await expect(askStream()).rejects.toThrow(Anthropic.BadRequestError)
        const overloaded = await ask().catch((error: unknown) => error)
        expect(overloaded).toBeInstanceOf(Anthropic.InternalServerError)
        expect(overloaded).toMatchObject({ type: "overloaded_error" })
        expect(await at.rows(4)).toMatchObject([
          served(peer, { status: 404, error: "model_not_found" }),
          served(peer, { status: 429, error: "rate_limited" }),
          served(peer, { status: 400, error: "invalid_request" }),
          served(peer, { status: 529, error: "overloaded" }),
        ])
      })

      test("a stream that the host cuts is an error for the package too", async () => {
        await using at = await stage([
          { text: "one two three four five six", cut: { afterEvents: 5 }, pace: { chars: 4 } },
        ])
        const stream = clientOf(at).messages.stream({ model, max_tokens: 100, messages: HI })
        let text = ""
        stream.on("text", (piece) => (text += piece))
        await expect(stream.finalMessage()).rejects.toThrow(Anthropic.AnthropicError)
        expect(text).toMatch(/^one/)
        expect(await at.rows(1)).toMatchObject([served(peer, { error: expect.any(String) })])
      })

      test("a prompt is counted", async () => {
        await using at = await stage([])
        const { messages: api } = clientOf(at)
        const short = await api.countTokens({ model, messages: HI })
        const long = await api.countTokens({
          model,
          system: "Be brief.",
          messages: [{ role: "user", content: "one two three four ".repeat(50) }],
          tools: [WEATHER],
        })
        expect(short.input_tokens).toBeGreaterThan(0)
        expect(long.input_tokens).toBeGreaterThan(short.input_tokens + 100)
        expect(await at.rows(2)).toMatchObject([
          { inbound: "anthropic-messages", status: 200, inputTokens: short.input_tokens },
          {
            inbound: "anthropic-messages",
            status: 200,
            inputTokens: long.input_tokens,
            usageProvenance: "estimated",
          },
        ])
      })
    })

    test("the demo model answers with nothing set up", async () => {
      await using at = await stage([])
      const messages: MessageParam[] = [{ role: "user", content: "Good morning" }]
      const text = await clientOf(at).messages.stream({ model: "mock/demo", max_tokens: 500, messages }).finalText()
      expect(text).toContain("Good morning")
      expect(await at.rows(1)).toMatchObject([
        {
          inbound: "anthropic-messages",
          outbound: "mock",
          provider: "mock",
          model: "demo",
          status: 200,
          relayed: false,
        },
      ])
    })

    test("models are listed, and one is looked up", async () => {
      await using at = await stage([], {
        listModels: async () => [
          { id: "mock/demo", provider: "mock", name: "Demo" },
          { id: "chat/m", provider: "chat" },
        ],
      })
      const { models } = clientOf(at)
      const ids: string[] = []
      for await (const model of models.list()) ids.push(model.id)
      expect(ids).toEqual(["mock/demo", "chat/m"])
      expect(await models.retrieve("mock/demo")).toMatchObject({ id: "mock/demo", type: "model", display_name: "Demo" })
      await expect(models.retrieve("nobody")).rejects.toThrow(Anthropic.NotFoundError)
    })

    test("a wrong key and an unknown provider are refused before any host is asked", async () => {
      await using at = await stage([{ text: "fine" }])
      const params = { max_tokens: 100, messages: HI }
      const stranger = clientOf({ url: at.url, key: "sk-sluice-wrong" })
      const refused = await stranger.messages
        .create({ ...params, model: "messages/m" })
        .catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(Anthropic.AuthenticationError)
      expect(refused).toMatchObject({ type: "authentication_error" })
      expect(String(refused)).not.toContain("sk-sluice-wrong")
      await expect(stranger.models.list()).rejects.toThrow(Anthropic.AuthenticationError)
      await expect(clientOf(at).messages.create({ ...params, model: "nobody/m" })).rejects.toThrow(
        Anthropic.NotFoundError,
      )
      expect(at.requests("messages")).toEqual([])
      expect(await at.rows(2)).toMatchObject([
        { status: 401, error: "auth_invalid", outbound: undefined },
        { status: 404, error: "model_not_found", outbound: undefined },
      ])
    })

    describe.skipIf(whyNoServer !== undefined)(`to ${llamaTitle}`, () => {
      let llama: Llama
      beforeAll(async () => {
        llama = await startLlama()
      })
      afterAll(async () => {
        await llama?.[Symbol.asyncDispose]()
      })

      describe.each([
        ["openai-completions", "llama-chat/scripted"],
        ["anthropic-messages", "llama-messages/scripted"],
      ])("over %s", (outbound, model) => {
        const row = {
          inbound: "anthropic-messages",
          outbound,
          model: "scripted",
          relayed: outbound === "anthropic-messages",
          status: 200,
          error: undefined,
        }
        const hello: MessageParam[] = [{ role: "user", content: "hello there" }]

        test("text, whole and streamed", async () => {
          await using at = await stage([], { llama })
          const { messages: api } = clientOf(at)
          const whole = await api.create({ model, max_tokens: 200, messages: hello })
          expect(whole.stop_reason).toBe("end_turn")
          expect(whole.content.at(-1)).toMatchObject({ type: "text" })
          expect(JSON.stringify(whole.content)).toContain("Hello from a real server!")
          const streamed = await api.stream({ model, max_tokens: 200, messages: hello }).finalMessage()
          expect(streamed.content.map((block) => block.type)).toEqual(whole.content.map((block) => block.type))
          expect(JSON.stringify(streamed.content)).toContain("Hello from a real server!")
          expect(streamed.usage.output_tokens).toBeGreaterThan(5)
          const tokens = { inputTokens: expect.any(Number), outputTokens: expect.any(Number) }
          expect(await at.rows(2)).toMatchObject([
            { ...row, ...tokens, stream: false, usageProvenance: "reported" },
            { ...row, ...tokens, stream: true, usageProvenance: "reported" },
          ])
        })

        test("a tool loop, streamed", async () => {
          await using at = await stage([], { llama })
          const { messages: api } = clientOf(at)
          const messages: MessageParam[] = [{ role: "user", content: "Tell me the forecast for Paris" }]
          const first = await api.stream({ model, max_tokens: 500, messages, tools: [WEATHER] }).finalMessage()
          expect(first.stop_reason).toBe("tool_use")
          const call = first.content.find((block) => block.type === "tool_use")
          expect(call).toMatchObject({ name: "get_weather", input: { city: "Paris" } })
          messages.push({ role: "assistant", content: first.content })
          messages.push({
            role: "user",
            content: [{ type: "tool_result", tool_use_id: call?.id ?? "", content: "sunny" }],
          })
          const second = await api.stream({ model, max_tokens: 500, messages, tools: [WEATHER] }).finalText()
          expect(second).toContain("It is sunny and 22 degrees there")
          expect(await at.rows(2)).toMatchObject([row, row])
        })

        test("leaving in the middle of an endless answer", async () => {
          await using at = await stage([], { llama })
          const messages: MessageParam[] = [{ role: "user", content: "talk to me forever please" }]
          const stream = clientOf(at).messages.stream({ model, max_tokens: 100_000, messages })
          const ended = stream.done().catch((error: unknown) => error)
          await new Promise<void>((resolve) => stream.once("text", () => resolve()))
          stream.abort()
          expect(await ended).toBeInstanceOf(Anthropic.APIUserAbortError)
          expect(await at.rows(1)).toMatchObject([{ ...row, status: 499, error: "aborted" }])
        })
      })

      test("structured output over openai-completions", async () => {
        await using at = await stage([], { llama })
        const parsed = await clientOf(at).messages.parse({
          model: "llama-chat/scripted",
          max_tokens: 500,
          messages: [{ role: "user", content: "hello there" }],
          output_config: { format: jsonSchemaOutputFormat(ANSWER_SCHEMA) },
        })
        expect(parsed.parsed_output).toEqual({ answer: expect.any(String) })
        expect(await at.rows(1)).toMatchObject([{ outbound: "openai-completions", status: 200, relayed: false }])
      })
    })
  },
)
