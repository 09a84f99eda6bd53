import type { default as OpenAIClient } from "openai"
import type { FunctionTool, ResponsesServerEvent, ResponsesClientEvent } from "openai/resources/responses/responses"
import type { ResponsesWS } from "openai/resources/responses/ws"
import { beforeAll, describe, expect, test } from "vitest"
import { checkResponsesStream } from "../grammar/openai-responses-stream.ts"
import { loadClient, whyMissing } from "./clients/find.ts"
import { eventually, OUTBOUND, PEERS, stage, type Stage } from "./support/stage.ts"

let OpenAI: typeof OpenAIClient
let Socket: typeof ResponsesWS

beforeAll(async () => {
  ;({ default: OpenAI } = await loadClient<typeof import("openai")>("openai"))
  ;({ ResponsesWS: Socket } = await loadClient<typeof import("openai/resources/responses/ws")>(
    "openai/resources/responses/ws",
  ))
})

type Asked = Omit<ResponsesClientEvent.ResponseCreate, "type">
type Answer = Extract<ResponsesServerEvent, { type: "response.completed" }>["response"]

/** The package's own connection to the gateway. */
class Client {
  readonly socket: ResponsesWS
  readonly events: ResponsesServerEvent[] = []
  readonly errors: Error[] = []

  constructor({ url, key }: Pick<Stage, "url" | "key">) {
    this.socket = new Socket(new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 }))
    this.socket.on("event", (event) => this.events.push(event))
    this.socket.on("error", (error) => this.errors.push(error))
  }

  /** Asks, and takes the events up to the one that ends the answer. */
  async ask(request: Asked): Promise<{ events: ResponsesServerEvent[]; response: Answer }> {
    this.socket.send({ type: "response.create", ...request })
    await eventually(() => this.events.some(ends), 5000)
    const events = this.events.splice(0)
    return { events, response: (events.at(-1) as { response: Answer }).response }
  }

  [Symbol.dispose](): void {
    this.socket.close({ code: 1000, reason: "done" })
  }
}

const ends = ({ type }: ResponsesServerEvent): boolean =>
  /^(?:response\.(?:completed|incomplete|failed)|error)$/.test(type ?? "")

const WEATHER: FunctionTool = {
  type: "function",
  name: "get_weather",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  strict: false,
}

const missing = whyMissing("openai")

describe.skipIf(missing !== undefined)(
  `the openai package over a WebSocket${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  () => {
    describe.each(PEERS)("to %s", (_, peer) => {
      const model = `${peer}/m`

      test("an answer, event by event", async () => {
        await using at = await stage([{ text: "Hello from the host.", usage: { prompt: 11, output: 5 } }])
        using client = new Client(at)
        const { events, response } = await client.ask({ model, instructions: "Be brief.", input: "hi" })
        const frames = events.map((event) => ({ event: String(event.type), data: JSON.stringify(event) }))
        expect(checkResponsesStream(frames)).toEqual([])
        expect(response).toMatchObject({
          status: "completed",
          output: [{ type: "message", content: [{ type: "output_text", text: "Hello from the host." }] }],
          usage: { input_tokens: 11, output_tokens: 5 },
        })
        expect(at.asked(peer)).toMatchObject([{ model: "m", system: "Be brief.", said: ["hi"] }])
        expect(await at.rows(1)).toMatchObject([
          { inbound: "openai-responses", outbound: OUTBOUND[peer], status: 200, inputTokens: 11, outputTokens: 5 },
        ])
        expect(client.errors).toEqual([])
      })

      test("a tool loop on one connection, which is told what is new and nothing else", async () => {
        const call = { name: "get_weather", arguments: { city: "Paris" } }
        await using at = await stage([{ thinking: "Let me see.", toolCalls: [call] }, { text: "Sunny." }])
        using client = new Client(at)
        const asked = { model, tools: [WEATHER], store: false }
        const first = await client.ask({ ...asked, input: "Weather in Paris?" })
        const made = first.response.output.find((item) => item.type === "function_call")
        expect(made).toMatchObject({ name: "get_weather", arguments: `{"city":"Paris"}` })
        const second = await client.ask({
          ...asked,
          previous_response_id: first.response.id,
          input: [{ type: "function_call_output", call_id: made?.call_id ?? "", output: "sunny" }],
        })
        expect(second.response.output).toMatchObject([{ type: "message", content: [{ text: "Sunny." }] }])
        const [, two] = at.asked(peer)
        expect(two).toMatchObject({ said: ["Weather in Paris?"], calls: [call], results: [{ text: "sunny" }] })
        expect(client.errors).toEqual([])
      })

      test("closing in the middle takes the host's stream with it", async () => {
        await using at = await stage([{ text: "one two three four ".repeat(40), pace: { chars: 4, ms: 25 } }])
        using client = new Client(at)
        client.socket.send({ type: "response.create", model, input: "hi" })
        await eventually(() => client.events.some(({ type }) => type === "response.output_text.delta"))
        client.socket.close()
        await eventually(() => at.asked(peer)[0]?.left === true, 1000)
        expect(await at.rows(1)).toMatchObject([{ status: 499, error: "aborted" }])
      })
    })

    test("an error is an error of the package, and the connection serves on", async () => {
      await using at = await stage([{ error: { status: 400, message: "the host says no" } }, { text: "Fine." }])
      using client = new Client(at)
      const refused = await client.ask({ model: "chat/m", input: "hi" })
      expect(refused.events).toMatchObject([{ type: "error", status: 400 }])
      expect(client.errors.map(({ message }) => message)).toEqual([expect.stringContaining("the host says no")])
      const { response } = await client.ask({ model: "chat/m", input: "hi" })
      expect(response).toMatchObject({ status: "completed", output: [{ content: [{ text: "Fine." }] }] })
    })

    test("a wrong key is let in no further than the door", async () => {
      await using at = await stage([{ text: "Hello." }])
      using client = new Client({ url: at.url, key: "sk-sluice-wrong" })
      await eventually(() => client.errors.length > 0)
      expect(String(client.errors[0])).toContain("401")
      expect(at.asked("chat")).toEqual([])
    })
  },
)
