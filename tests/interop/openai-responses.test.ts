import type { default as OpenAIClient } from "openai"
import type { FunctionTool, ResponseInputItem, ResponseStreamEvent } from "openai/resources/responses/responses"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { checkResponse, checkResponsesStream } from "../grammar/openai-responses-stream.ts"
import { loadClient, whyMissing } from "./clients/find.ts"
import { startLlama, llamaTitle, whyNoServer, type Llama } from "./support/llama.ts"
import { eventually, OUTBOUND, PEERS, stage, type Peer, type Stage } from "./support/stage.ts"

let OpenAI: typeof OpenAIClient

beforeAll(async () => {
  ;({ default: OpenAI } = await loadClient<typeof import("openai")>("openai"))
})

const clientOf = ({ url, key }: Pick<Stage, "url" | "key">): OpenAIClient =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 })

const WEATHER: FunctionTool = {
  type: "function",
  name: "get_weather",
  description: "Weather of a city",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
  strict: true,
}

const ANSWER_SCHEMA = {
  type: "object",
  properties: { answer: { type: "string" } },
  required: ["answer"],
  additionalProperties: false,
}

/** Line of the log for an answer that this client got from a peer. */
const served = (peer: Peer, more: object = {}): object => ({
  inbound: "openai-responses",
  outbound: OUTBOUND[peer],
  requestedModel: `${peer}/m`,
  provider: peer,
  relayed: false,
  status: 200,
  error: undefined,
  ...more,
})

const missing = whyMissing("openai")

describe.skipIf(missing !== undefined)(
  `the openai package over Responses${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  () => {
    describe.each(PEERS)("to %s", (_, peer) => {
      const model = `${peer}/m`

      test("a whole answer", async () => {
        await using at = await stage([{ text: "Hello from the host.", usage: { prompt: 11, output: 5 } }])
        const response = await clientOf(at).responses.create({ model, instructions: "Be brief.", input: "hi" })
        expect(response).toMatchObject({ object: "response", status: "completed", output_text: "Hello from the host." })
        expect(response.usage).toMatchObject({ input_tokens: 11, output_tokens: 5, total_tokens: 16 })
        expect(response._request_id).toEqual(expect.any(String))
        expect(at.asked(peer)).toMatchObject([{ model: "m", system: "Be brief.", said: ["hi"], tools: [] }])
        expect(await at.rows(1)).toMatchObject([
          served(peer, { stream: false, inputTokens: 11, outputTokens: 5, usageProvenance: "reported" }),
        ])
      })

      test("a streamed answer, event by event and put together by the package", async () => {
        const answer = { text: "Hello from the host.", usage: { prompt: 11, output: 5 } }
        await using at = await stage([answer, answer])
        const { responses } = clientOf(at)
        const events = await responses.create({ model, input: "hi", stream: true })
        let text = ""
        const types: string[] = []
        for await (const event of events) {
          types.push(event.type)
          if (event.type === "response.output_text.delta") text += event.delta
        }
        expect(text).toBe("Hello from the host.")
        expect([types[0], types.at(-1)]).toEqual(["response.created", "response.completed"])
        const final = await responses.stream({ model, input: "hi" }).finalResponse()
        expect(final.output_text).toBe("Hello from the host.")
        expect(final.usage).toMatchObject({ input_tokens: 11, output_tokens: 5 })
        const row = served(peer, { stream: true, inputTokens: 11, outputTokens: 5 })
        expect(await at.rows(2)).toMatchObject([row, row])
      })

      test("thinking comes as a summary, and goes back with the conversation", async () => {
        await using at = await stage([{ thinking: "Let me see.", text: "Here." }, { text: "Again." }])
        const { responses } = clientOf(at)
        const thinker = `${peer}/thinker`
        const asked = { model: thinker, reasoning: { effort: "low", summary: "auto" } as const, store: false }
        const first = await responses.stream({ ...asked, input: "hi" }).finalResponse()
        expect(first.output).toMatchObject([
          { type: "reasoning", summary: [{ type: "summary_text", text: "Let me see." }] },
          { type: "message", content: [{ text: "Here." }] },
        ])
        const input = [{ role: "user", content: "hi" }, ...first.output, { role: "user", content: "and?" }]
        const second = await responses.create({ ...asked, input: input as ResponseInputItem[] })
        expect(second.output_text).toBe("Again.")
        expect(at.asked(peer)[1]?.said).toEqual(["hi", "and?"])
        if (peer === "messages") {
          const sent = JSON.stringify(at.requests("messages")[1]?.json)
          expect(sent).toMatch(/"type":"thinking","thinking":"Let me see\.","signature":"[^"]+"/)
          expect(sent).not.toContain("sluice.")
        }
      })

      test("a tool loop, streamed", async () => {
        const call = { name: "get_weather", arguments: { city: "Paris" } }
        const twice = { toolCalls: [call, { name: "get_weather", arguments: { city: "Köln 🌧" } }] }
        await using at = await stage([{ text: "I look it up.", ...twice }, { text: "Sunny, and rain." }])
        const { responses } = clientOf(at)
        const input: ResponseInputItem[] = [{ role: "user", content: "Weather in Paris and Köln?" }]
        const first = await responses.stream({ model, input, tools: [WEATHER] }).finalResponse()
        expect(first.output_text).toBe("I look it up.")
        const calls = first.output.filter((item) => item.type === "function_call")
        expect(calls.map((one) => JSON.parse(one.arguments).city)).toEqual(["Paris", "Köln 🌧"])
        expect(new Set(calls.map((one) => one.call_id)).size).toBe(2)
        input.push(...(first.output as ResponseInputItem[]))
        for (const { call_id } of calls) {
          input.push({ type: "function_call_output", call_id, output: `result of ${call_id}` })
        }
        const second = await responses.stream({ model, input, tools: [WEATHER] }).finalResponse()
        expect(second.output_text).toBe("Sunny, and rain.")

        const [one, two] = at.asked(peer)
        expect(one).toMatchObject({ tools: ["get_weather"], calls: [], results: [] })
        expect(two?.calls.map((made) => made.arguments)).toEqual([{ city: "Paris" }, { city: "Köln 🌧" }])
        expect(two?.results.map((result) => result.id)).toEqual(two?.calls.map((made) => made.id))
        expect(two?.results.map((result) => result.text)).toEqual(calls.map(({ call_id }) => `result of ${call_id}`))
        expect(await at.rows(2)).toMatchObject([served(peer, { stream: true }), served(peer, { stream: true })])
      })

      test("structured output", async () => {
        await using at = await stage([{ text: `{"answer":"42"}` }])
        const response = await clientOf(at).responses.parse({
          model,
          input: "The answer?",
          text: { format: { type: "json_schema", name: "reply", strict: true, schema: ANSWER_SCHEMA } },
        })
        expect(response.output_parsed).toEqual({ answer: "42" })
        expect(at.asked(peer)).toMatchObject([{ schema: { properties: { answer: { type: "string" } } } }])
        expect(await at.rows(1)).toMatchObject([served(peer)])
      })

      test("a tool loop that goes on from the answer before, with only what is new", async () => {
        const call = { name: "get_weather", arguments: { city: "Paris" } }
        await using at = await stage([{ toolCalls: [call] }, { text: "Sunny." }, { text: "As I said." }])
        const { responses } = clientOf(at)
        const asked = { model, instructions: "Be brief.", tools: [WEATHER] }
        const first = await responses.create({ ...asked, input: "Weather in Paris?" })
        const [made] = first.output.filter((item) => item.type === "function_call")
        const output = { type: "function_call_output", call_id: made?.call_id ?? "", output: "sunny" } as const
        const second = await responses
          .stream({ ...asked, input: [output], previous_response_id: first.id })
          .finalResponse()
        expect(second).toMatchObject({ output_text: "Sunny.", previous_response_id: first.id })
        const third = await responses.create({ model, input: "Sure?", previous_response_id: second.id })
        expect(third.output_text).toBe("As I said.")

        const [, two, three] = at.asked(peer)
        expect(two).toMatchObject({ system: "Be brief.", said: ["Weather in Paris?"], calls: [call] })
        expect(two?.results).toMatchObject([{ text: "sunny" }])
        // Instructions hold for the answer that they were sent for; the conversation goes on.
        expect(three).toMatchObject({ system: "", said: ["Weather in Paris?", "Sure?"], calls: [call] })
        expect(await at.rows(3)).toMatchObject([served(peer), served(peer), served(peer)])
      })

      test("an answer that meets the cap is incomplete", async () => {
        await using at = await stage([{ text: "one two", length: true }])
        const response = await clientOf(at).responses.create({ model, input: "hi", max_output_tokens: 50 })
        expect(response).toMatchObject({
          status: "incomplete",
          incomplete_details: { reason: "max_output_tokens" },
          output_text: "one two",
        })
      })

      test("leaving in the middle takes the host's stream with it", async () => {
        await using at = await stage([{ text: "one two three four ".repeat(40), pace: { chars: 4, ms: 25 } }])
        const events = await clientOf(at).responses.create({ model, input: "hi", stream: true })
        for await (const event of events) if (event.type === "response.output_text.delta") break
        events.controller.abort()
        await eventually(() => at.asked(peer)[0]?.left === true, 1000)
        expect(await at.rows(1)).toMatchObject([served(peer, { status: 499, error: "aborted" })])
      })

      test("errors are those that the package has a type for", async () => {
        await using at = await stage(
          [
            { error: { status: 404, message: "no such model here" } },
            { error: { status: 429, message: "Too many requests per minute", headers: { "retry-after": "120" } } },
            { error: { status: 400, message: "that is not right" } },
          ],
          { retry: { maxAttempts: 1 } },
        )
        const { responses } = clientOf(at)
        const ask = (stream: boolean): Promise<unknown> =>
          responses.create({ model, input: "hi", stream }) as Promise<unknown>
        await expect(ask(false)).rejects.toThrow(OpenAI.NotFoundError)
        await expect(ask(true)).rejects.toThrow(OpenAI.RateLimitError)
        await expect(ask(true)).rejects.toThrow(OpenAI.BadRequestError)
      })

      test("a stream that the host cuts is a failure for the package too", async () => {
        const cut = { text: "one two three four five six", cut: { afterEvents: 4 }, pace: { chars: 4 } }
        await using at = await stage([cut, cut])
        const { responses } = clientOf(at)
        const types: string[] = []
        for await (const event of await responses.create({ model, input: "hi", stream: true })) types.push(event.type)
        expect(types).toContain("response.output_text.delta")
        expect(types.at(-1)).toBe("response.failed")
        const final = await responses.stream({ model, input: "hi" }).finalResponse()
        expect(final).toMatchObject({ status: "failed", error: { code: "server_error" } })
        expect((await at.rows(2)).map((row) => row.error)).toEqual([expect.any(String), expect.any(String)])
      })
    })

    test("tokens are counted", async () => {
      await using at = await stage([])
      const count = await clientOf(at).responses.inputTokens.count({ model: "mock/m", input: "word ".repeat(50) })
      expect(count.object).toBe("response.input_tokens")
      expect(count.input_tokens).toBeGreaterThan(20)
    })

    test("an answer that is not kept cannot be continued", async () => {
      await using at = await stage([])
      const lost = clientOf(at).responses.create({ model: "mock/m", input: "hi", previous_response_id: "resp_1" })
      await expect(lost).rejects.toMatchObject({ status: 404, code: "previous_response_not_found" })
    })

    test("an answer is read, listed with what was sent for it, and deleted by its id", async () => {
      await using at = await stage([{ text: "Hello from the host.", usage: { prompt: 11, output: 5 } }])
      const { responses } = clientOf(at)
      const made = await responses.create({ model: "mock/m", input: "hi" })
      const read = await responses.retrieve(made.id)
      expect(read).toMatchObject({ id: made.id, status: "completed", output_text: "Hello from the host." })
      const items = []
      for await (const item of responses.inputItems.list(made.id)) items.push(item)
      expect(items).toMatchObject([{ type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] }])
      await responses.delete(made.id)
      await expect(responses.retrieve(made.id)).rejects.toThrow(OpenAI.NotFoundError)
    })

    describe.skipIf(whyNoServer !== undefined)(`to ${llamaTitle}`, () => {
      const model = "llama-responses/scripted"
      const row = { inbound: "openai-responses", outbound: "openai-responses", relayed: false, status: 200 }
      let llama: Llama
      beforeAll(async () => {
        llama = await startLlama()
      })
      afterAll(async () => {
        await llama?.[Symbol.asyncDispose]()
      })

      test("text and thinking, whole", async () => {
        await using at = await stage([], { llama })
        const response = await clientOf(at).responses.create({ model, input: "hello there" })
        expect(response).toMatchObject({ status: "completed", output_text: "Hello from a real server!" })
        expect(response.output.map(({ type }) => type)).toEqual(["reasoning", "message"])
        expect(response.usage?.output_tokens).toBe(21)
        expect(checkResponse(response)).toEqual([])
        expect(await at.rows(1)).toMatchObject([{ ...row, stream: false, outputTokens: 21 }])
      })

      test("a stream has all that the server leaves out of it", async () => {
        await using at = await stage([], { llama })
        const { responses } = clientOf(at)
        const events: ResponseStreamEvent[] = []
        for await (const event of await responses.create({ model, input: "hello there", stream: true })) {
          events.push(event)
        }
        const frames = events.map((event) => ({ event: event.type, data: JSON.stringify(event) }))
        expect(checkResponsesStream(frames)).toEqual([])
        expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, at) => at))
        const deltas = events.filter((event) => event.type === "response.output_text.delta")
        expect(deltas.map(({ delta }) => delta).join("")).toBe("Hello from a real server!")
        expect(deltas[0]).toMatchObject({ output_index: 1, content_index: 0, item_id: expect.stringMatching(/^msg_/) })
        const head = { id: expect.stringMatching(/^resp_/), model, status: "in_progress", output: [] }
        expect(events[0]).toMatchObject({ type: "response.created", response: head })
      })

      test("a tool loop, put together by the package", async () => {
        await using at = await stage([], { llama })
        const { responses } = clientOf(at)
        const input: ResponseInputItem[] = [{ role: "user", content: "Tell me the forecast for Paris" }]
        const ended: string[] = []
        const first = await responses
          .stream({ model, input, tools: [WEATHER] })
          .on("response.function_call_arguments.done", ({ arguments: made }) => ended.push(made))
          .finalResponse()
        const [call] = first.output.filter((item) => item.type === "function_call")
        expect(call).toMatchObject({ name: "get_weather", status: "completed" })
        expect(ended.map((made) => JSON.parse(made) as unknown)).toEqual([{ city: "Paris" }])
        input.push(...(first.output as ResponseInputItem[]))
        input.push({ type: "function_call_output", call_id: call?.call_id ?? "", output: "sunny" })
        const second = await responses.stream({ model, input, tools: [WEATHER] }).finalResponse()
        expect(second.output_text).toBe("It is sunny and 22 degrees there: done")
        expect(await at.rows(2)).toMatchObject([row, row])
      })

      test("going on from an answer, which the server itself refuses", async () => {
        await using at = await stage([], { llama })
        const { responses } = clientOf(at)
        const first = await responses.create({
          model,
          input: "Tell me the forecast for Paris",
          tools: [WEATHER],
        })
        const [call] = first.output.filter((item) => item.type === "function_call")
        const second = await responses.create({
          model,
          input: [{ type: "function_call_output", call_id: call?.call_id ?? "", output: "sunny" }],
          tools: [WEATHER],
          previous_response_id: first.id,
        })
        expect(second.output_text).toBe("It is sunny and 22 degrees there: done")
      })

      test("an answer that meets the cap is incomplete, though the server calls it complete", async () => {
        await using at = await stage([], { llama })
        const { responses } = clientOf(at)
        const asked = { model, input: "talk to me forever please", max_output_tokens: 16 }
        const cut = { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } }
        expect(await responses.create(asked)).toMatchObject(cut)
        expect(await responses.stream(asked).finalResponse()).toMatchObject(cut)
      })

      test("leaving in the middle of an endless answer", async () => {
        await using at = await stage([], { llama })
        const asked = { model, input: "talk to me forever please", stream: true } as const
        const events = await clientOf(at).responses.create(asked)
        for await (const event of events) if (event.type === "response.output_text.delta") break
        events.controller.abort()
        expect(await at.rows(1)).toMatchObject([{ ...row, status: 499, error: "aborted" }])
      })

      test("a conversation beyond its window is the package's error for a bad request", async () => {
        await using at = await stage([], { llama })
        const long = clientOf(at).responses.create({ model, input: "word ".repeat(140_000) })
        await expect(long).rejects.toMatchObject({ status: 400, code: "context_length_exceeded" })
      })
    })
  },
)
