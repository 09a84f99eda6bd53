import { ollamaEmulator } from "@sluice/testkit/emulators"
import { beforeAll, describe, expect, test } from "vitest"
import { loadClient, whyMissing } from "./clients/find.ts"
import { eventually, OUTBOUND, PEERS, stage, type Peer, type Stage } from "./support/stage.ts"

/** The parts of the package that are used here; its own declarations are not installed with the workspace. */
interface Answer {
  message: { role: string; content: string; thinking?: string; tool_calls?: Call[] }
  response: string
  thinking?: string
  done: boolean
  done_reason: string
  prompt_eval_count: number
  eval_count: number
  total_duration: number
}
interface Call {
  function: { name: string; arguments: Record<string, unknown> }
}
interface Client {
  /** The one or the other, by what was asked for. */
  chat(request: object): Promise<Answer & AsyncIterable<Answer>>
  generate(request: object): Promise<Answer & AsyncIterable<Answer>>
  list(): Promise<{ models: { name: string; model: string; details: { family: string } }[] }>
  show(request: object): Promise<{ capabilities: string[]; model_info: Record<string, unknown> }>
  ps(): Promise<{ models: unknown[] }>
  version(): Promise<{ version: string }>
  abort(): void
}

let Ollama: new (config: { host: string; headers?: Record<string, string> }) => Client

beforeAll(async () => {
  ;({ Ollama } = await loadClient<{ Ollama: typeof Ollama }>("ollama"))
})

const clientOf = ({ url, key }: Pick<Stage, "url" | "key">): Client =>
  new Ollama({ host: url, headers: { authorization: `Bearer ${key}` } })

const WEATHER = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
}
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

async function collected(
  answers: AsyncIterable<Answer>,
): Promise<{ text: string; thinking: string; calls: Call[]; last: Answer }> {
  let text = ""
  let thinking = ""
  const calls: Call[] = []
  let last: Answer | undefined
  for await (const answer of answers) {
    text += answer.message?.content ?? answer.response
    thinking += answer.message?.thinking ?? answer.thinking ?? ""
    calls.push(...(answer.message?.tool_calls ?? []))
    last = answer
  }
  return { text, thinking, calls, last: last as Answer }
}

/** Line of the log for an answer that this client got from a peer. */
const served = (peer: Peer, more: object = {}): object => ({
  inbound: "ollama-chat",
  outbound: OUTBOUND[peer],
  requestedModel: `${peer}/m`,
  provider: peer,
  relayed: false,
  status: 200,
  error: undefined,
  ...more,
})

const missing = whyMissing("ollama")

describe.skipIf(missing !== undefined)(
  `the ollama package${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  () => {
    describe.each(PEERS)("to %s", (_, peer) => {
      const model = `${peer}/m`
      const messages = [
        { role: "system", content: "Be brief." },
        { role: "user", content: "hi" },
      ]

      test("a whole answer", async () => {
        await using at = await stage([{ text: "Hello from the host.", usage: { prompt: 11, output: 5 } }])
        const answer = await clientOf(at).chat({ model, messages, options: { num_predict: 100 } })
        expect(answer).toMatchObject({
          model,
          message: { role: "assistant", content: "Hello from the host." },
          done: true,
          done_reason: "stop",
          prompt_eval_count: 11,
          eval_count: 5,
        })
        expect(answer.total_duration).toBeGreaterThanOrEqual(0)
        expect(at.asked(peer)).toMatchObject([{ model: "m", system: "Be brief.", said: ["hi"] }])
        expect(await at.rows(1)).toMatchObject([served(peer, { stream: false, inputTokens: 11, outputTokens: 5 })])
      })

      test("a streamed answer", async () => {
        await using at = await stage([{ text: "Hello from the host.", usage: { prompt: 11, output: 5 } }])
        const { text, last } = await collected(await clientOf(at).chat({ model, messages, stream: true }))
        expect(text).toBe("Hello from the host.")
        expect(last).toMatchObject({ done: true, done_reason: "stop", prompt_eval_count: 11, eval_count: 5 })
        expect(at.asked(peer)).toMatchObject([{ stream: true }])
        expect(await at.rows(1)).toMatchObject([served(peer, { stream: true, inputTokens: 11, outputTokens: 5 })])
      })

      test("thinking comes beside the text", async () => {
        await using at = await stage([{ thinking: "Let me see.", text: "Here." }])
        const answers = await clientOf(at).chat({ model: `${peer}/thinker`, messages, think: "low", stream: true })
        expect(await collected(answers)).toMatchObject({ thinking: "Let me see.", text: "Here." })
      })

      test("a tool loop, streamed", async () => {
        const made = [
          { name: "get_weather", arguments: { city: "Paris" } },
          { name: "get_weather", arguments: { city: "Köln 🌧" } },
        ]
        await using at = await stage([{ text: "I look it up.", toolCalls: made }, { text: "Sunny, and rain." }])
        const client = clientOf(at)
        const said: object[] = [{ role: "user", content: "Weather in Paris and Köln?" }]
        const first = await collected(await client.chat({ model, messages: said, tools: [WEATHER], stream: true }))
        expect(first.text).toBe("I look it up.")
        expect(first.calls.map((call) => call.function.arguments)).toEqual([{ city: "Paris" }, { city: "Köln 🌧" }])
        said.push({ role: "assistant", content: first.text, tool_calls: first.calls })
        for (const [n] of first.calls.entries())
          said.push({ role: "tool", tool_name: "get_weather", content: `result ${n}` })
        const second = await collected(await client.chat({ model, messages: said, tools: [WEATHER], stream: true }))
        expect(second.text).toBe("Sunny, and rain.")

        const [one, two] = at.asked(peer)
        expect(one).toMatchObject({ tools: ["get_weather"], calls: [], results: [] })
        expect(two?.calls.map((call) => call.arguments)).toEqual([{ city: "Paris" }, { city: "Köln 🌧" }])
        expect(two?.results.map((result) => result.text)).toEqual(["result 0", "result 1"])
        expect(two?.results.map((result) => result.id)).toEqual(two?.calls.map((call) => call.id))
        expect(await at.rows(2)).toMatchObject([served(peer), served(peer)])
      })

      test("calls without ids, as clients keep them that go by the documented fields", async () => {
        await using at = await stage([{ text: "Sunny." }])
        const call = (city: string): object => ({ function: { name: "get_weather", arguments: { city } } })
        const answer = await clientOf(at).chat({
          model,
          messages: [
            { role: "user", content: "Weather?" },
            { role: "assistant", content: "", tool_calls: [call("Paris"), call("Rome")] },
            { role: "tool", tool_name: "get_weather", content: "sun" },
            { role: "tool", tool_name: "get_weather", content: "rain" },
          ],
          tools: [WEATHER],
        })
        expect(answer.message.content).toBe("Sunny.")
        const [asked] = at.asked(peer)
        expect(asked?.results.map(({ text }) => text)).toEqual(["sun", "rain"])
        expect(asked?.results.map(({ id }) => id)).toEqual(asked?.calls.map(({ id }) => id))
        expect(new Set(asked?.calls.map(({ id }) => id)).size).toBe(2)
      })

      test("structured output", async () => {
        await using at = await stage([{ text: `{"answer":"42"}` }])
        const format = {
          type: "object",
          properties: { answer: { type: "string" } },
          required: ["answer"],
          additionalProperties: false,
        }
        const answer = await clientOf(at).chat({ model, messages, format })
        expect(JSON.parse(answer.message.content)).toEqual({ answer: "42" })
        expect(at.asked(peer)).toMatchObject([{ schema: { properties: { answer: { type: "string" } } } }])
      })

      test("an image reaches the model", async () => {
        await using at = await stage([{ text: "A dot." }])
        const image = Uint8Array.from(Buffer.from(PIXEL, "base64"))
        const answer = await clientOf(at).chat({
          model,
          messages: [{ role: "user", content: "What?", images: [image] }],
        })
        expect(answer.message.content).toBe("A dot.")
        if (peer !== "mock") expect(at.requests(peer)[0]?.body).toContain(PIXEL)
      })

      test("a single prompt, whole and streamed", async () => {
        await using at = await stage([{ text: "Once." }, { text: "Twice." }])
        const client = clientOf(at)
        const whole = await client.generate({ model, prompt: "Count.", system: "Be brief." })
        expect(whole).toMatchObject({ response: "Once.", done: true, done_reason: "stop" })
        expect((await collected(await client.generate({ model, prompt: "Again.", stream: true }))).text).toBe("Twice.")
        expect(at.asked(peer)).toMatchObject([{ system: "Be brief.", said: ["Count."] }, { said: ["Again."] }])
      })

      test("an error has its status and the host's words", async () => {
        const error = { status: 400, message: "That is too much." }
        await using at = await stage([{ error }, { error }])
        const client = clientOf(at)
        const refused = { status_code: 400, message: expect.stringContaining("That is too much.") as unknown }
        await expect(client.chat({ model, messages })).rejects.toMatchObject(refused)
        await expect(client.chat({ model, messages, stream: true })).rejects.toMatchObject(refused)
      })

      test("a stream that breaks off is no answer", async () => {
        await using at = await stage([{ text: "one two three four", cut: { afterEvents: 4 } }], {
          retry: { maxAttempts: 1 },
        })
        const run = async (): Promise<unknown> => collected(await clientOf(at).chat({ model, messages, stream: true }))
        await expect(run()).rejects.toThrow()
      })

      test("leaving in the middle takes the host's stream with it", async () => {
        await using at = await stage([{ text: "one two three four ".repeat(40), pace: { chars: 4, ms: 25 } }])
        const client = clientOf(at)
        const answers = await client.chat({ model, messages, stream: true })
        await expect(
          (async () => {
            for await (const _answer of answers) client.abort()
          })(),
        ).rejects.toThrow()
        await eventually(() => at.asked(peer)[0]?.left === true)
        expect(await at.rows(1)).toMatchObject([{ status: 499 }])
      })
    })

    test("looking round: models, one of them, those that are loaded, the version", async () => {
      const listModels = async () => [{ id: "chat/m", provider: "chat" }]
      await using at = await stage([], { listModels })
      const client = clientOf(at)
      expect(await client.list()).toMatchObject({
        models: [{ name: "chat/m", model: "chat/m", details: { family: "chat" } }],
      })
      expect((await client.show({ model: "anthropic/claude-sonnet-4-5" })).capabilities).toEqual([
        "completion",
        "tools",
        "vision",
        "thinking",
      ])
      expect((await client.show({ model: "messages/m" })).model_info).toMatchObject({
        "general.architecture": "sluice",
      })
      await expect(client.show({ model: "nobody/m" })).rejects.toMatchObject({ status_code: 404 })
      expect(await client.ps()).toEqual({ models: [] })
      expect((await client.version()).version).toMatch(/^\d+\.\d+\.\d+$/)
    })

    test("the emulated host is read as the vendor's own is", async () => {
      const toolCalls = [{ name: "f", arguments: { x: 1 } }]
      const answer = { thinking: "hm", text: "Hello there", toolCalls, usage: { prompt: 7, output: 9 } }
      await using server = await ollamaEmulator({ script: [answer, answer, answer] })
      const client = new Ollama({ host: server.url })
      const messages = [{ role: "user", content: "hi" }]
      const streamed = await collected(await client.chat({ model: "m", messages, stream: true }))
      expect(streamed).toMatchObject({
        text: "Hello there",
        thinking: "hm",
        last: { prompt_eval_count: 7, eval_count: 9 },
      })
      expect(streamed.calls).toMatchObject([{ function: { name: "f", arguments: { x: 1 } } }])
      expect(await client.chat({ model: "m", messages })).toMatchObject({
        message: { content: "Hello there" },
        done_reason: "stop",
      })
      expect(await client.generate({ model: "m", prompt: "hi" })).toMatchObject({
        response: "Hello there",
        thinking: "hm",
      })
      expect((await client.list()).models.map(({ name }) => name)).toEqual(["emulated:latest"])
      expect((await client.show({ model: "m" })).capabilities).toContain("tools")
      await expect(client.chat({ model: "m", messages: [{ role: "robot", content: "" }] })).rejects.toMatchObject({
        status_code: 400,
      })
    })
  },
)
