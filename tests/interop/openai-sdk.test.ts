import type { default as OpenAIClient } from "openai"
import type { ChatCompletionFunctionTool, ChatCompletionMessageParam } from "openai/resources/chat/completions"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { loadClient, whyMissing } from "./clients/find.ts"
import { startLlama, llamaTitle, whyNoServer, type Llama } from "./support/llama.ts"
import { eventually, OUTBOUND, PEERS, stage, type Peer, type Stage } from "./support/stage.ts"

let OpenAI: typeof OpenAIClient

beforeAll(async () => {
  ;({ default: OpenAI } = await loadClient<typeof import("openai")>("openai"))
})

const clientOf = ({ url, key }: Pick<Stage, "url" | "key">): OpenAIClient =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 })

const WEATHER: ChatCompletionFunctionTool = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
}

const ANSWER_SCHEMA = {
  type: "object",
  properties: { answer: { type: "string" } },
  required: ["answer"],
  additionalProperties: false,
}

/** Line of the log for an answer that this client got from a peer. */
const served = (peer: Peer, more: object = {}): object => ({
  inbound: "openai-completions",
  outbound: OUTBOUND[peer],
  requestedModel: `${peer}/m`,
  provider: peer,
  relayed: peer === "chat",
  status: 200,
  error: undefined,
  ...more,
})

const missing = whyMissing("openai")

describe.skipIf(missing !== undefined)(
  `the openai package${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  () => {
    describe.each(PEERS)("to %s", (_, peer) => {
      const model = `${peer}/m`

      test("a whole answer", async () => {
        await using at = await stage([{ text: "Hello from the host.", usage: { prompt: 11, output: 5 } }])
        const completion = await clientOf(at).chat.completions.create({
          model,
          messages: [
            { role: "system", content: "Be brief." },
            { role: "user", content: "hi" },
          ],
        })
        expect(completion.object).toBe("chat.completion")
        expect(completion.choices).toMatchObject([
          { index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hello from the host." } },
        ])
        expect(completion.usage).toMatchObject({ prompt_tokens: 11, completion_tokens: 5, total_tokens: 16 })
        expect(completion._request_id).toEqual(expect.any(String))
        expect(at.asked(peer)).toMatchObject([{ model: "m", system: "Be brief.", said: ["hi"], tools: [] }])
        expect(await at.rows(1)).toMatchObject([
          served(peer, { stream: false, inputTokens: 11, outputTokens: 5, usageProvenance: "reported" }),
        ])
      })

      test("a streamed answer, with usage in the stream when it is asked for", async () => {
        const answer = { text: "Hello from the host.", usage: { prompt: 11, output: 5 } }
        await using at = await stage([answer, answer])
        for (const asked of [true, false]) {
          const chunks = await clientOf(at).chat.completions.create({
            model,
            messages: [{ role: "user", content: "hi" }],
            stream: true,
            ...(asked ? { stream_options: { include_usage: true } } : {}),
          })
          let text = ""
          let finish: string | null = null
          const usages = []
          for await (const chunk of chunks) {
            expect(chunk.object).toBe("chat.completion.chunk")
            text += chunk.choices[0]?.delta.content ?? ""
            finish = chunk.choices[0]?.finish_reason ?? finish
            if (chunk.usage) usages.push(chunk.usage)
          }
          expect({ text, finish }).toEqual({ text: "Hello from the host.", finish: "stop" })
          expect(usages).toMatchObject(asked ? [{ prompt_tokens: 11, completion_tokens: 5, total_tokens: 16 }] : [])
        }
        expect(at.asked(peer)).toMatchObject([{ stream: true }, { stream: true }])
        const row = served(peer, { stream: true, inputTokens: 11, outputTokens: 5, usageProvenance: "reported" })
        expect(await at.rows(2)).toMatchObject([row, row])
      })

      test("thinking comes beside the text", async () => {
        await using at = await stage([{ thinking: "Let me see.", text: "Here." }])
        const chunks = await clientOf(at).chat.completions.create({
          model: `${peer}/thinker`,
          messages: [{ role: "user", content: "hi" }],
          reasoning_effort: "low",
          stream: true,
        })
        let thinking = ""
        let text = ""
        for await (const { choices } of chunks) {
          thinking += (choices[0]?.delta as { reasoning_content?: string } | undefined)?.reasoning_content ?? ""
          text += choices[0]?.delta.content ?? ""
        }
        expect({ thinking, text }).toEqual({ thinking: "Let me see.", text: "Here." })
        expect(await at.rows(1)).toMatchObject([served(peer, { requestedModel: `${peer}/thinker` })])
      })

      test("a tool loop, streamed", async () => {
        const call = { name: "get_weather", arguments: { city: "Paris" } }
        const twice = { toolCalls: [call, { name: "get_weather", arguments: { city: "Köln 🌧" } }] }
        await using at = await stage([{ text: "I look it up.", ...twice }, { text: "Sunny, and rain." }])
        const client = clientOf(at)
        const messages: ChatCompletionMessageParam[] = [{ role: "user", content: "Weather in Paris and Köln?" }]
        const first = await client.chat.completions.stream({ model, messages, tools: [WEATHER] }).finalChatCompletion()
        const { finish_reason, message } = first.choices[0] as (typeof first.choices)[number]
        expect(finish_reason).toBe("tool_calls")
        expect(message.content).toBe("I look it up.")
        const calls = message.tool_calls ?? []
        const cities = calls.map((one) => one.type === "function" && JSON.parse(one.function.arguments).city)
        expect(cities).toEqual(["Paris", "Köln 🌧"])
        expect(new Set(calls.map((one) => one.id)).size).toBe(2)
        messages.push(message)
        for (const { id } of calls) messages.push({ role: "tool", tool_call_id: id, content: `result of ${id}` })
        const second = await client.chat.completions.stream({ model, messages, tools: [WEATHER] }).finalContent()
        expect(second).toBe("Sunny, and rain.")

        const [one, two] = at.asked(peer)
        expect(one).toMatchObject({ tools: ["get_weather"], calls: [], results: [] })
        expect(two?.calls.map((made) => made.arguments)).toEqual([{ city: "Paris" }, { city: "Köln 🌧" }])
        expect(two?.results.map((result) => result.id)).toEqual(two?.calls.map((made) => made.id))
        expect(two?.results.map((result) => result.text)).toEqual(calls.map(({ id }) => `result of ${id}`))
        expect(await at.rows(2)).toMatchObject([served(peer, { stream: true }), served(peer, { stream: true })])
      })

      test.each([[false], [true]])("runTools with stream: %s", async (stream) => {
        await using at = await stage([
          { toolCalls: [{ name: "get_weather", arguments: { city: "Paris" } }] },
          { text: "It is sunny." },
        ])
        const given: unknown[] = []
        const body = {
          model,
          messages: [{ role: "user" as const, content: "Weather in Paris?" }],
          tools: [
            {
              type: "function" as const,
              function: {
                name: "get_weather",
                description: "Weather of a city",
                parameters: WEATHER.function.parameters as object,
                parse: JSON.parse as (text: string) => { city: string },
                function: (args: { city: string }): string => {
                  given.push(args)
                  return "sunny, 22 degrees"
                },
              },
            },
          ],
        }
        const { completions } = clientOf(at).chat
        const runner = stream ? completions.runTools({ ...body, stream: true }) : completions.runTools(body)
        expect(await runner.finalContent()).toBe("It is sunny.")
        expect(given).toEqual([{ city: "Paris" }])
        expect(at.asked(peer)[1]).toMatchObject({
          calls: [{ name: "get_weather", arguments: { city: "Paris" } }],
          results: [{ text: "sunny, 22 degrees" }],
        })
        const row = served(peer, { stream })
        expect(await at.rows(2)).toMatchObject([row, row])
      })

      test("structured output", async () => {
        await using at = await stage([{ text: `{"answer":"42"}` }])
        const completion = await clientOf(at).chat.completions.parse({
          model,
          messages: [{ role: "user", content: "The answer?" }],
          response_format: { type: "json_schema", json_schema: { name: "reply", strict: true, schema: ANSWER_SCHEMA } },
        })
        expect(completion.choices[0]?.message.parsed).toEqual({ answer: "42" })
        expect(at.asked(peer)).toMatchObject([{ schema: { properties: { answer: { type: "string" } } } }])
        expect(await at.rows(1)).toMatchObject([served(peer)])
      })

      test("OF-19 leaving in the middle takes the host's stream with it", async () => {
        await using at = await stage([{ text: "one two three four ".repeat(40), pace: { chars: 4, ms: 25 } }])
        const chunks = await clientOf(at).chat.completions.create({
          model,
          messages: [{ role: "user", content: "hi" }],
          stream: true,
        })
        for await (const { choices } of chunks) if (choices[0]?.delta.content) break
        chunks.controller.abort()
        await eventually(() => at.asked(peer)[0]?.left === true, 1000)
        expect(await at.rows(1)).toMatchObject([served(peer, { status: 499, error: "aborted" })])
      })

      test("errors are those that the package has a type for", async () => {
        await using at = await stage(
          [
            { error: { status: 404, message: "no such model here" } },
            { error: { status: 429, message: "Too many requests per minute", headers: { "retry-after": "120" } } },
            { error: { status: 400, message: "that is not right" } },
            { error: { status: 503, message: "come back later" } },
          ],
          { retry: { maxAttempts: 1 } },
        )
        const { chat } = clientOf(at)
        const ask = (stream: boolean): Promise<unknown> =>
          chat.completions.create({ model, messages: [{ role: "user", content: "hi" }], stream }) as Promise<unknown>
        await expect(ask(false)).rejects.toThrow(OpenAI.NotFoundError)
        const limited = await ask(true).catch((error: unknown) => error)
        expect(limited).toBeInstanceOf(OpenAI.RateLimitError)
        expect(limited).toMatchObject({ status: 429, requestID: expect.any(String) })
        expect((limited as InstanceType<typeof OpenAI.APIError>).headers?.get("retry-after")).toBe("120")
        expect((limited as Error).message).toContain("Too many requests")
        await expect(ask(true)).rejects.toThrow(OpenAI.BadRequestError)
        await expect(ask(true)).rejects.toThrow(OpenAI.InternalServerError)
        expect(await at.rows(4)).toMatchObject([
          served(peer, { status: 404, error: "model_not_found" }),
          served(peer, { status: 429, error: "rate_limited" }),
          served(peer, { status: 400, error: "invalid_request" }),
          served(peer, { status: 503, error: expect.any(String) }),
        ])
      })

      test("a stream that the host cuts is an error for the package too", async () => {
        await using at = await stage([
          { text: "one two three four five six", cut: { afterEvents: 4 }, pace: { chars: 4 } },
        ])
        const chunks = await clientOf(at).chat.completions.create({
          model,
          messages: [{ role: "user", content: "hi" }],
          stream: true,
        })
        let text = ""
        await expect(
          (async () => {
            for await (const { choices } of chunks) text += choices[0]?.delta.content ?? ""
          })(),
        ).rejects.toThrow(OpenAI.APIError)
        expect(text).toMatch(/^one/)
        expect(await at.rows(1)).toMatchObject([served(peer, { error: expect.any(String) })])
      })
    })

    test("the demo model answers with nothing set up", async () => {
      await using at = await stage([])
      const { chat } = clientOf(at)
      const content = await chat.completions
        .stream({ model: "mock/demo", messages: [{ role: "user", content: "Good morning" }] })
        .finalContent()
      expect(content).toContain("Good morning")
      expect(await at.rows(1)).toMatchObject([
        {
          inbound: "openai-completions",
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
      expect(await models.retrieve("mock/demo")).toMatchObject({ id: "mock/demo", object: "model", owned_by: "mock" })
      await expect(models.retrieve("nobody")).rejects.toThrow(OpenAI.NotFoundError)
    })

    test("a wrong key and an unknown provider are refused before any host is asked", async () => {
      await using at = await stage([{ text: "fine" }])
      const messages: ChatCompletionMessageParam[] = [{ role: "user", content: "hi" }]
      const stranger = clientOf({ url: at.url, key: "sk-sluice-wrong" })
      const refused = await stranger.chat.completions
        .create({ model: "chat/m", messages })
        .catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(OpenAI.AuthenticationError)
      expect(String(refused)).not.toContain("sk-sluice-wrong")
      await expect(stranger.models.list()).rejects.toThrow(OpenAI.AuthenticationError)
      await expect(clientOf(at).chat.completions.create({ model: "nobody/m", messages })).rejects.toThrow(
        OpenAI.NotFoundError,
      )
      expect(at.requests("chat")).toEqual([])
      expect(await at.rows(2)).toMatchObject([
        { status: 401, error: "auth_invalid", outbound: undefined },
        { status: 404, error: "model_not_found", outbound: undefined },
      ])
    })

    test("a short limit is sat out by the gateway, so that the package never sees it", async () => {
      const limited = { error: { status: 429, message: "Too many requests", headers: { "retry-after-ms": "30" } } }
      await using at = await stage([limited, { text: "fine" }])
      const completion = await clientOf(at).chat.completions.create({
        model: "messages/m",
        messages: [{ role: "user", content: "hi" }],
      })
      expect(completion.choices[0]?.message.content).toBe("fine")
      expect(at.requests("messages")).toHaveLength(2)
      expect(await at.rows(1)).toMatchObject([{ status: 200, attempts: 2 }])
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
          inbound: "openai-completions",
          outbound,
          model: "scripted",
          relayed: outbound === "openai-completions",
          status: 200,
          error: undefined,
        }

        test("text, whole and streamed", async () => {
          await using at = await stage([], { llama })
          const { chat } = clientOf(at)
          const messages: ChatCompletionMessageParam[] = [{ role: "user", content: "hello there" }]
          const whole = await chat.completions.create({ model, messages })
          expect(whole.choices[0]).toMatchObject({ finish_reason: "stop" })
          expect(whole.choices[0]?.message.content).toContain("Hello from a real server!")
          const streamed = chat.completions.stream({ model, messages, stream_options: { include_usage: true } })
          expect(await streamed.finalContent()).toContain("Hello from a real server!")
          expect((await streamed.totalUsage()).completion_tokens).toBeGreaterThan(5)
          const tokens = { inputTokens: expect.any(Number), outputTokens: expect.any(Number) }
          expect(await at.rows(2)).toMatchObject([
            { ...row, ...tokens, stream: false, usageProvenance: "reported" },
            { ...row, ...tokens, stream: true, usageProvenance: "reported" },
          ])
        })

        test("a tool loop, streamed", async () => {
          await using at = await stage([], { llama })
          const given: unknown[] = []
          const runner = clientOf(at).chat.completions.runTools({
            model,
            stream: true,
            messages: [{ role: "user", content: "Tell me the forecast for Paris" }],
            tools: [
              {
                type: "function",
                function: {
                  name: "get_weather",
                  description: "Weather of a city",
                  parameters: WEATHER.function.parameters as object,
                  parse: JSON.parse as (text: string) => { city: string },
                  function: (args: { city: string }): string => {
                    given.push(args)
                    return "sunny"
                  },
                },
              },
            ],
          })
          expect(await runner.finalContent()).toContain("It is sunny and 22 degrees there")
          expect(given).toEqual([{ city: "Paris" }])
          expect(await at.rows(2)).toMatchObject([row, row])
        })

        test("leaving in the middle of an endless answer", async () => {
          await using at = await stage([], { llama })
          const chunks = await clientOf(at).chat.completions.create({
            model,
            messages: [{ role: "user", content: "talk to me forever please" }],
            stream: true,
          })
          for await (const { choices } of chunks) if (choices[0]?.delta.content) break
          chunks.controller.abort()
          expect(await at.rows(1)).toMatchObject([{ ...row, status: 499, error: "aborted" }])
        })
      })

      // Over its Messages wire a forced tool stands in for a schema, and there the scripted model calls it for ever.
      test("structured output over openai-completions", async () => {
        await using at = await stage([], { llama })
        const completion = await clientOf(at).chat.completions.parse({
          model: "llama-chat/scripted",
          messages: [{ role: "user", content: "hello there" }],
          response_format: { type: "json_schema", json_schema: { name: "reply", schema: ANSWER_SCHEMA } },
        })
        expect(completion.choices[0]?.message.parsed).toEqual({ answer: expect.any(String) })
        expect(await at.rows(1)).toMatchObject([{ outbound: "openai-completions", status: 200, relayed: true }])
      })
    })
  },
)
