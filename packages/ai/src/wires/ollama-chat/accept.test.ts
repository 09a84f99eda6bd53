import { describe, expect, test } from "vitest"
import { SluiceError } from "../../model/errors.ts"
import type { InboundCall } from "../../contract/wire-server.ts"
import { accept } from "./accept.ts"

const USER = [{ role: "user", content: "hi" }]

function read(body: unknown, route = "/api/chat", headers: Record<string, string> = {}): InboundCall {
  return accept({
    route,
    params: {},
    query: new URLSearchParams(),
    headers: new Headers(headers),
    body,
    raw: new Uint8Array(),
  })
}

function refusal(body: unknown, route?: string): SluiceError {
  try {
    read(body, route)
  } catch (error) {
    if (SluiceError.is(error)) return error
    throw error
  }
  throw new Error("accepted")
}

describe("a conversation", () => {
  test("is streamed unless the client says otherwise", () => {
    expect(read({ model: "m", messages: USER })).toMatchObject({ op: "generate", stream: true, framing: "ndjson" })
    expect(read({ model: "m", messages: USER, stream: false }).stream).toBe(false)
  })

  test("has its settings in our words; what only such a host understands is kept for it", () => {
    const { options, losses } = read({
      model: "m",
      messages: USER,
      think: "high",
      format: { type: "object" },
      keep_alive: "5m",
      logprobs: true,
      top_logprobs: 2,
      options: {
        temperature: 0,
        top_p: 0.5,
        top_k: 3,
        min_p: 0.1,
        repeat_penalty: 1.1,
        presence_penalty: 1,
        frequency_penalty: 2,
        seed: 3,
        stop: "x",
        num_predict: 9,
        num_ctx: 8192,
      },
    })
    expect(losses).toEqual([])
    expect(options).toEqual({
      temperature: 0,
      topP: 0.5,
      topK: 3,
      minP: 0.1,
      repetitionPenalty: 1.1,
      presencePenalty: 1,
      frequencyPenalty: 2,
      seed: 3,
      stop: ["x"],
      maxTokens: 9,
      reasoning: "high",
      output: { type: "jsonSchema", schema: { type: "object" } },
      logprobs: 2,
      wire: { "ollama-chat": { options: { num_ctx: 8192 }, keep_alive: "5m" } },
    })
  })

  test.each([
    [true, "medium"],
    [false, "off"],
    ["low", "low"],
    ["max", "max"],
  ])("thinking %j is %s", (think, reasoning) => {
    expect(read({ model: "m", messages: USER, think }).options.reasoning).toBe(reasoning)
  })

  test("a cap below one is no cap", () => {
    for (const num_predict of [-1, -2, 0]) {
      expect(read({ model: "m", messages: USER, options: { num_predict } }).options).toEqual({})
    }
  })

  test("system messages at the head are the system prompt, later ones a developer's", () => {
    const system = (content: string): object => ({ role: "system", content })
    const { context } = read({ model: "m", messages: [system("a"), system("b"), ...USER, system("c")] })
    expect(context.systemPrompt).toEqual(["a", "b"])
    expect(context.messages).toEqual([
      { role: "user", content: "hi" },
      { role: "developer", content: "c" },
    ])
  })

  test("images stand before the text, with a type by their first bytes", () => {
    const { context } = read({
      model: "m",
      messages: [{ role: "user", content: "what?", images: ["/9j/AAAA", "data:image/gif;base64,R0lGODlh"] }],
    })
    expect(context.messages).toEqual([
      {
        role: "user",
        content: [
          { type: "image", source: { data: "/9j/AAAA", mimeType: "image/jpeg" } },
          { type: "image", source: { data: "R0lGODlh", mimeType: "image/gif" } },
          { type: "text", text: "what?" },
        ],
      },
    ])
  })

  test("calls without ids get ids by their place, and results find their call by the tool's name", () => {
    const call = (name: string, n: number): object => ({ function: { name, arguments: { n } } })
    const messages = [
      ...USER,
      { role: "assistant", content: "", thinking: "hm", tool_calls: [call("a", 1), call("b", 2), call("a", 3)] },
      { role: "tool", tool_name: "b", content: "B2" },
      { role: "tool", tool_name: "a", content: "A1" },
      { role: "tool", content: "A3" },
    ]
    const { context } = read({ model: "m", messages })
    const again = read({ model: "m", messages })
    expect(context).toEqual(again.context)
    const [, said, ...results] = context.messages
    const ids =
      said?.role === "assistant" ? said.content.map((block) => (block.type === "toolCall" ? block.id : "")) : []
    expect(ids).toEqual(["", "ollama_call_1", "ollama_call_2", "ollama_call_3"])
    expect(results).toMatchObject([
      { toolCallId: "ollama_call_2", toolName: "b", content: "B2" },
      { toolCallId: "ollama_call_1", toolName: "a", content: "A1" },
      { toolCallId: "ollama_call_3", toolName: "a", content: "A3" },
    ])
  })

  test("thinking that comes back under another name, and roles in capitals, are understood", () => {
    const messages = [
      { role: "User", content: "hi" },
      { role: "Assistant", content: "a", reasoning: "1" },
      { role: "assistant", content: "b", thinking: "", reasoning_content: "2" },
    ]
    expect(read({ model: "m", messages }).context.messages).toMatchObject([
      { role: "user" },
      { role: "assistant", content: [{ thinking: "1" }, { text: "a" }] },
      { role: "assistant", content: [{ thinking: "2" }, { text: "b" }] },
    ])
    const wrong = refusal({ model: "m", messages: [{ role: "assistant", reasoning: 7 }] })
    expect(wrong).toMatchObject({ code: "invalid_request", param: "messages[0].reasoning" })
  })

  test("ids that a client gives are kept", () => {
    const messages = [
      ...USER,
      { role: "assistant", tool_calls: [{ id: "x", function: { name: "a", arguments: '{"n":1}' } }] },
      { role: "tool", tool_call_id: "x", content: "r" },
    ]
    expect(read({ model: "m", messages }).context.messages.slice(1)).toMatchObject([
      { content: [{ id: "x", arguments: { n: 1 } }] },
      { toolCallId: "x", toolName: "a" },
    ])
  })

  test("tools are functions, and a choice of them is understood", () => {
    const tools = [{ type: "function", function: { name: "f", description: "d", parameters: { type: "object" } } }]
    const call = read({ model: "m", messages: USER, tools, tool_choice: { type: "function", function: { name: "f" } } })
    expect(call.context.tools).toEqual([{ name: "f", description: "d", parameters: { type: "object" } }])
    expect(call.options.toolChoice).toEqual({ name: "f" })
  })

  test("without a message only loads the model", () => {
    expect(read({ model: "m" }).op).toBe("prewarm")
    expect(read({ model: "m", messages: [] }).op).toBe("prewarm")
  })

  test("the tag that stands for none is no part of the name", () => {
    expect(read({ model: "anthropic/claude-sonnet-4-5:latest", messages: USER }).model).toBe(
      "anthropic/claude-sonnet-4-5",
    )
    expect(read({ model: "qwen3:8b", messages: USER }).model).toBe("qwen3:8b")
  })

  test("a field that is not known is reported", () => {
    expect(read({ model: "m", messages: USER, frobnicate: 1 }).losses).toMatchObject([{ field: "request.frobnicate" }])
  })

  test.each([
    [{}, "model"],
    [{ model: "" }, "model"],
    [{ model: "m", messages: "x" }, "messages"],
    [{ model: "m", messages: [{ role: "user", content: 1 }] }, "messages[0].content"],
    [{ model: "m", messages: [{ role: "robot" }] }, "messages[0].role"],
    [{ model: "m", messages: [{ role: "user", images: [1] }] }, "messages[0].images[0]"],
    [{ model: "m", messages: [{ role: "assistant", tool_calls: [{}] }] }, "messages[0].tool_calls[0].function"],
    [{ model: "m", messages: USER, tools: [{ function: {} }] }, "tools[0].function.name"],
    [{ model: "m", messages: USER, options: { temperature: "hot" } }, "options.temperature"],
    [{ model: "m", messages: USER, think: "loudly" }, "think"],
    [{ model: "m", messages: USER, format: "xml" }, "format"],
    [{ model: "m", messages: USER, stream: "yes" }, "stream"],
  ])("%j is refused for %s", (body, param) => {
    expect(refusal(body)).toMatchObject({ code: "invalid_request", param })
  })
})

describe("a single prompt", () => {
  const single = (body: object): InboundCall => read({ model: "m", ...body }, "/api/generate")

  test("is a conversation of one message", () => {
    expect(single({ prompt: "hi", system: "s", images: ["/9j/AAAA"] }).context).toEqual({
      systemPrompt: ["s"],
      messages: [
        {
          role: "user",
          content: [
            { type: "image", source: { data: "/9j/AAAA", mimeType: "image/jpeg" } },
            { type: "text", text: "hi" },
          ],
        },
      ],
    })
  })

  test("that is empty only loads the model", () => {
    expect(single({}).op).toBe("prewarm")
    expect(single({ prompt: "" }).op).toBe("prewarm")
  })

  test("with a text behind a gap is refused with what to do", () => {
    const error = refusal({ model: "m", prompt: "a", suffix: "b" }, "/api/generate")
    expect(error).toMatchObject({ code: "unsupported", param: "suffix", hint: expect.stringContaining("prompt") })
  })
})
