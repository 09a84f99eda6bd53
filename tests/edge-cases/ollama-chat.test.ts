import {
  classify,
  complete,
  fetchTransport,
  handoff,
  keySource,
  ollamaEndpoint,
  readRecording,
  type AssistantMessage,
  type Call,
  type CallOptions,
  type Context,
  type Loss,
  type Model,
  type Route,
} from "@sluice/ai"
import { ollamaChat } from "@sluice/ai/wires/ollama-chat"
import { describeModel } from "@sluice/catalog"
import { ollamaEmulator, type EmulatorScript, type LoopbackServer } from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"
import { countingMint } from "../../packages/ai/src/assemble/read-recording.ts"

type Fields = Record<string, unknown>

const MODEL: Model = {
  id: "m",
  provider: "p",
  api: "ollama-chat",
  baseUrl: "http://127.0.0.1:1",
  input: ["text", "image"],
  output: ["text"],
  compat: {},
}
const THINKS = { thinking: { mode: "effort" as const, efforts: ["low" as const, "medium" as const, "high" as const] } }
const USER: Context = { messages: [{ role: "user", content: "hi" }] }
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

function sent(
  options: CallOptions = {},
  context: Context = USER,
  model: Partial<Model> = {},
): { body: Fields; losses: readonly Loss[] } {
  const target = { ...MODEL, ...model }
  const { context: handed } = handoff(context, target, ollamaChat.traits)
  const call: Call = {
    op: "generate",
    model: target,
    options,
    context: handed,
    auth: { kind: "none" },
    stream: true,
    known: {},
    channel: { kind: "http", memory: {} },
    mint: countingMint(),
  }
  const { body, losses } = ollamaChat.encode(call)
  return { body: body as Fields, losses }
}

function read(lines: readonly object[]): AssistantMessage {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("")
  return readRecording(ollamaChat, MODEL, { stream: true, chunks: [new TextEncoder().encode(text)] })
}

const line = (message: object): object => ({ model: "m", message: { role: "assistant", ...message }, done: false })
const last = (fields: object = {}): object => ({
  model: "m",
  message: { role: "assistant", content: "" },
  done: true,
  done_reason: "stop",
  prompt_eval_count: 3,
  eval_count: 1,
  ...fields,
})

async function host(script: EmulatorScript): Promise<{ server: LoopbackServer; route: Route }> {
  const server = await ollamaEmulator({ script })
  onTestFinished(() => server.close())
  const transport = fetchTransport()
  const model = { ...MODEL, baseUrl: server.url }
  return {
    server,
    route: { model, wire: ollamaChat, endpoint: ollamaEndpoint, credentials: keySource("k"), transport },
  }
}

describe("requests", () => {
  test("OF-254: thinking that is switched off is said to be", () => {
    expect(sent({ reasoning: "off" }, USER, THINKS).body["think"]).toBe(false)
    expect(sent({}, USER, THINKS).body).not.toHaveProperty("think")
  })

  test("OF-255: a host that takes no cap is sent none, and the caller hears of it", () => {
    expect(sent({ maxTokens: 9 }).body["options"]).toEqual({ num_predict: 9 })
    const { body, losses } = sent({ maxTokens: 9 }, USER, { compat: { ollama: { outputCap: false } } })
    expect(body).not.toHaveProperty("options")
    expect(losses).toMatchObject([{ field: "options.maxTokens", kind: "dropped" }])
  })

  test("OF-257: a tool that is chosen by name is the only one that is offered", () => {
    const tools = ["a", "b"].map((name) => ({ name, parameters: { type: "object" } }))
    const { body, losses } = sent({ toolChoice: { name: "b" } }, { ...USER, tools })
    expect((body["tools"] as { function: Fields }[]).map((tool) => tool.function["name"])).toEqual(["b"])
    expect(body["tool_choice"]).toBe("required")
    expect(losses.map(({ field }) => field)).toEqual(["options.toolChoice", "tools"])
  })

  test("OF-258: images are base64 beside the text, and a note for a model without eyes", () => {
    const context: Context = {
      messages: [
        {
          role: "user",
          content: [
            { type: "image", source: { data: PNG, mimeType: "image/png" } },
            { type: "text", text: "What is it?" },
          ],
        },
      ],
    }
    expect(sent({}, context).body["messages"]).toEqual([{ role: "user", content: "What is it?", images: [PNG] }])
    const [blind] = sent({}, context, { input: ["text"] }).body["messages"] as Fields[]
    expect(blind).not.toHaveProperty("images")
    expect(blind?.["content"]).toMatch(/image omitted[^]*What is it\?/)
  })

  test("OF-259: the cloud is asked for no more than 65536 tokens, whatever a model's entry says", () => {
    const cloud = { ...describeModel("ollama-cloud", "gpt-oss:120b"), maxTokens: 131_072 }
    const { body, losses } = sent({ maxTokens: 100_000 }, USER, cloud)
    expect(body["options"]).toEqual({ num_predict: 65_536 })
    expect(losses).toMatchObject([{ field: "options.maxTokens", kind: "approximated" }])
  })

  test("OF-260: what the user says between turns stays the user's, and instructions are the system's", () => {
    const { body } = sent(
      {},
      {
        systemPrompt: "s",
        messages: [
          { role: "user", content: "a" },
          { role: "developer", content: "be brief" },
          { role: "user", content: "b" },
        ],
      },
    )
    expect((body["messages"] as Fields[]).map(({ role }) => role)).toEqual(["system", "user", "system", "user"])
  })

  test("OF-264: schemas in words that the host does not read are respelled", async () => {
    const parameters = {
      type: "object",
      properties: {
        any: true,
        never: false,
        either: { type: ["string", "null"] },
        list: { type: "array", items: true },
        open: { type: "object", additionalProperties: true },
      },
      additionalProperties: false,
    }
    const tools = [{ name: "f", parameters }]
    const { body, losses } = sent({}, { ...USER, tools })
    const fn = (body["tools"] as { function: Fields }[])[0]?.function as { parameters: Fields }
    const anything = { anyOf: ["string", "number", "boolean", "object", "array", "null"].map((type) => ({ type })) }
    expect(fn.parameters).toEqual({
      type: "object",
      properties: {
        any: anything,
        either: { anyOf: [{ type: "string" }, { type: "null" }] },
        list: { type: "array", items: anything },
        open: { type: "object" },
      },
    })
    expect(losses).toMatchObject([{ field: "tools[0].parameters", kind: "approximated" }])
    const { route } = await host([{ text: "ok" }])
    expect((await complete(route, { ...USER, tools })).stopReason).toBe("stop")
  })

  test("OF-265: the highest level of a model that has two is asked for where a higher one than it has is wanted", () => {
    expect(sent({ reasoning: "xhigh" }, USER, describeModel("ollama-cloud", "glm-5.2")).body["think"]).toBe("max")
    expect(sent({ reasoning: "xhigh" }, USER, THINKS).body["think"]).toBe("high")
    expect(sent({ reasoning: "minimal" }, USER, THINKS).body["think"]).toBe("low")
  })
})

describe("answers", () => {
  test("OF-256: the words of a refusal are the error's", async () => {
    const { route, server } = await host([
      { error: { status: 400, message: 'option "num_ctx" must be of type integer' } },
    ])
    const { error } = await complete(route, USER)
    expect(error).toMatchObject({
      code: "invalid_request",
      status: 400,
      message: 'option "num_ctx" must be of type integer',
    })
    expect(server.requests).toHaveLength(1)
  })

  test("OF-261: an answer that meets its cap with nothing in it is a prompt that filled the window", () => {
    const message = read([last({ done_reason: "length" })])
    expect(message).toMatchObject({ stopReason: "error", error: { code: "context_overflow", retryable: false } })
    expect(read([line({ content: "a" }), last({ done_reason: "length" })]).stopReason).toBe("length")
  })

  test("OF-262: an answer of nothing but its end is asked for again", async () => {
    const { route, server } = await host([{ usage: { output: 1 } }, { text: "there" }])
    const message = await complete(route, USER, { retry: { baseDelayMs: 1 } })
    expect(message).toMatchObject({ stopReason: "stop", content: [{ text: "there" }] })
    expect(server.requests).toHaveLength(2)
  })

  test("OF-263: arguments that the host itself could not read are not asked for again", async () => {
    const message = "error parsing tool call: raw='{\"a\":', err=unexpected end of JSON input"
    const { route, server } = await host([{ error: { status: 500, message } }, { text: "never" }])
    const { error } = await complete(route, USER, { retry: { baseDelayMs: 1 } })
    expect(error).toMatchObject({ code: "server_error", retryable: false, message })
    expect(server.requests).toHaveLength(1)
    const words = "failed to parse tool call arguments as JSON"
    expect(
      classify(ollamaChat.readError({ status: 500, headers: new Headers(), channel: "http" }, { error: words })),
    ).toMatchObject({
      retryable: false,
    })
  })

  test("OF-266: a line that comes in pieces is one line", () => {
    const text = `${JSON.stringify(line({ content: "grüße 𝔘" }))}\n${JSON.stringify(last())}`
    const bytes = new TextEncoder().encode(text)
    for (let at = 1; at < bytes.length; at++) {
      const chunks = [bytes.subarray(0, at), bytes.subarray(at)]
      expect(readRecording(ollamaChat, MODEL, { stream: true, chunks })).toMatchObject({
        stopReason: "stop",
        content: [{ text: "grüße 𝔘" }],
      })
    }
  })
})
