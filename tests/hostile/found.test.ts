/** What the hostile conversations brought to light, each by the smallest request that shows it. */
import type { AssistantMessage, Block, CallOptions, Context, InputBlock, Loss, Message } from "@sluice/ai"
import { resolveModel } from "@sluice/catalog"
import { describe, expect, test } from "vitest"
import { type AnyBody, answerOf, user } from "../support/call.ts"
import { send, wayTo } from "./support/send.ts"

interface Outcome {
  body: AnyBody
  losses: readonly Loss[]
}

async function asked(
  name: string,
  context: Partial<Context>,
  options: CallOptions = {},
  api?: string,
): Promise<Outcome> {
  const model = await resolveModel(name, api === undefined ? {} : { api })
  const { body, losses } = send(await wayTo(model), { messages: [user("hi")], ...context }, options)
  return { body: body as AnyBody, losses }
}

const lost = ({ losses }: Outcome): string[] => losses.map(({ field, kind }) => `${kind} ${field}`)

const TOOL = { name: "f", parameters: { type: "object", properties: {}, additionalProperties: false } }
const CALL: Block = { type: "toolCall", id: "c1", name: "f", arguments: {} }
const RESULT: Message = { role: "toolResult", toolCallId: "c1", content: "r" }

/** An answer of somebody else. */
function foreign(content: Block[]): AssistantMessage {
  return answerOf(
    { id: "other", provider: "elsewhere", api: "openai-completions" } as Parameters<typeof answerOf>[0],
    content,
  )
}

describe("a tool that is chosen and not there", () => {
  const options: CallOptions = { toolChoice: { name: "g" } }
  test.each([
    ["anthropic/claude-opus-4-5", (body: AnyBody) => body["tool_choice"]],
    ["google/gemini-2.5-flash", (body: AnyBody) => body["toolConfig"]],
    ["amazon-bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0", (body: AnyBody) => body["toolConfig"].toolChoice],
  ])("%s is told of none", async (name, choice) => {
    const outcome = await asked(name, { tools: [TOOL] }, options)
    expect(choice(outcome.body)).toBeUndefined()
    expect(lost(outcome)).toContain("dropped options.toolChoice")
  })

  test("nor is a choice sent where all tools were of another wire", async () => {
    const tools: Context["tools"] = [{ type: "native", api: "openai-responses", item: { type: "file_search" } }]
    const outcome = await asked("anthropic/claude-opus-4-5", { tools }, { toolChoice: "required" })
    expect(outcome.body["tool_choice"]).toBeUndefined()
  })
})

test("Anthropic: a conversation that begins with an answer is led in by the user", async () => {
  const outcome = await asked("anthropic/claude-opus-4-5", {
    messages: [foreign([{ type: "text", text: "a" }]), user("b")],
  })
  expect(outcome.body["messages"].map(({ role }: AnyBody) => role)).toEqual(["user", "assistant", "user"])
  expect(lost(outcome)).toContain("injected messages[0]")
})

describe("a turn of tools that began without thinking", () => {
  const context = { messages: [user("q"), foreign([CALL]), RESULT], tools: [TOOL] }
  test.each([
    ["anthropic/claude-sonnet-4-5", (body: AnyBody) => body["thinking"], { type: "disabled" }],
    [
      "amazon-bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0",
      (body: AnyBody) => body["additionalModelRequestFields"],
      undefined,
    ],
  ])("goes on without at %s", async (name, thinking, want) => {
    const outcome = await asked(name, context, { reasoning: "high" })
    expect(thinking(outcome.body)).toEqual(want)
    expect(lost(outcome)).toContain("dropped options.reasoning")
  })

  test("thinks again with what the user says next", async () => {
    const messages = [...context.messages, foreign([{ type: "text", text: "a" }]), user("b")]
    const { body } = await asked("anthropic/claude-sonnet-4-5", { ...context, messages }, { reasoning: "high" })
    expect(body["thinking"].type).toBe("enabled")
  })
})

describe("Gemini", () => {
  test("is asked for no more tokens than the model makes", async () => {
    const outcome = await asked("google/gemini-2.0-flash", {}, { maxTokens: 50_000 })
    expect(outcome.body["generationConfig"].maxOutputTokens).toBe(8192)
    expect(lost(outcome)).toEqual(["approximated options.maxTokens"])
  })

  test.each([
    ["gemini-2.5-pro", 1, 128],
    ["gemini-2.5-pro", 99_999, 32_768],
    ["gemini-2.5-flash-lite", 1, 512],
  ])("%s: a budget of %d is one of %d", async (name, budget, want) => {
    const outcome = await asked(`google/${name}`, {}, { thinkingBudget: budget })
    expect(outcome.body["generationConfig"].thinkingConfig.thinkingBudget).toBe(want)
    expect(lost(outcome)).toEqual(["approximated options.thinkingBudget"])
  })

  test("a model that does not think is given no budget", async () => {
    const outcome = await asked("google/gemini-2.0-flash", {}, { thinkingBudget: 2000 })
    expect(outcome.body["generationConfig"]).toBeUndefined()
    expect(lost(outcome)).toEqual(["dropped options.thinkingBudget"])
  })
})

describe("OpenAI's wires", () => {
  const WIRES = [
    ["openai-completions", "messages"],
    ["openai-responses", "input"],
  ] as const

  test.each(WIRES)("%s: a conversation in which nothing is said is refused before it is sent", async (api, param) => {
    const empty = asked("openai/gpt-4.1", { messages: [user("")] }, {}, api)
    await expect(empty).rejects.toMatchObject({ code: "invalid_request", param })
  })

  test.each(WIRES)("%s: JSON is spoken of where it is wanted, once", async (api) => {
    const wanted = await asked("openai/gpt-4.1", {}, { output: { type: "json" } }, api)
    expect(JSON.stringify(wanted.body)).toMatch(/Answer with JSON/)
    expect(lost(wanted)).toEqual(["injected systemPrompt"])
    const spoken = await asked("openai/gpt-4.1", { systemPrompt: "Speak json." }, { output: { type: "json" } }, api)
    expect(JSON.stringify(spoken.body)).not.toMatch(/Answer with JSON/)
    expect(lost(spoken)).toEqual([])
  })

  test.each(WIRES)("%s: a picture of another kind is a note", async (api) => {
    const content: InputBlock[] = [{ type: "image", source: { data: "AA==", mimeType: "image/tiff" } }]
    const outcome = await asked("openai/gpt-4.1", { messages: [{ role: "user", content }] }, {}, api)
    expect(JSON.stringify(outcome.body)).toContain("[unsupported image: image/tiff]")
    const jpg: InputBlock[] = [{ type: "image", source: { data: "AA==", mimeType: "IMAGE/JPG" } }]
    const { body } = await asked("openai/gpt-4.1", { messages: [{ role: "user", content: jpg }] }, {}, api)
    expect(JSON.stringify(body)).toContain("data:image/jpeg;base64,AA==")
  })

  test("Responses: addresses of a cloud are not sent to a vendor who fetches those of the web", async () => {
    const content: InputBlock[] = [
      { type: "image", source: { url: "gs://bucket/a.png" } },
      { type: "document", source: { url: "s3://bucket/b.pdf" } },
    ]
    const { body } = await asked("openai/gpt-4.1", { messages: [{ role: "user", content }] }, {}, "openai-responses")
    expect(body["input"][0].content.map(({ type }: AnyBody) => type)).toEqual(["input_text", "input_text"])
  })

  test("Responses: the id of another kind of item does not go back", async () => {
    const model = await resolveModel("openai/gpt-5.5", { api: "openai-responses" })
    const item = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "c2ln" }
    const thinking: Block = { type: "thinking", thinking: "", signature: { value: JSON.stringify(item) } }
    const ids = async (itemId: string): Promise<unknown[]> => {
      const own = answerOf(model, [thinking, { type: "text", text: "a", itemId }])
      const { body } = await asked("openai/gpt-5.5", { messages: [user("q"), own, user("b")] }, {}, "openai-responses")
      return body["input"].map(({ id }: AnyBody) => id)
    }
    expect(await ids("msg_1")).toEqual([undefined, "rs_1", "msg_1", undefined])
    expect(await ids("fc_1")).toEqual([undefined, undefined, undefined, undefined])
  })

  test("Responses: a reference within an answer goes to nothing that is stored", async () => {
    const own = { ...answerOf(await resolveModel("openai/gpt-4.1", { api: "openai-responses" }), []) }
    own.content = [
      { type: "text", text: "a" },
      { type: "native", api: "openai-responses", item: { type: "item_reference", id: "rs_1" } },
    ]
    const { body } = await asked("openai/gpt-4.1", { messages: [user("q"), own, user("b")] }, {}, "openai-responses")
    expect(JSON.stringify(body)).not.toContain("item_reference")
  })
})

test("a document without a word in it is left out", async () => {
  const content: InputBlock[] = [
    { type: "document", source: { text: " " } },
    { type: "text", text: "b" },
  ]
  const outcome = await asked("google/gemini-2.5-flash", { messages: [{ role: "user", content }] })
  expect(outcome.body["contents"]).toEqual([{ role: "user", parts: [{ text: "b" }] }])
  expect(lost(outcome)).toEqual(["dropped messages[0].content[0]"])
})

test("Anthropic: what only an answer may hold is left out of a tool's result", async () => {
  const content: InputBlock[] = [
    { type: "text", text: "r" },
    { type: "native", api: "anthropic-messages", item: { type: "server_tool_use", id: "s", name: "f", input: {} } },
  ]
  const messages: Message[] = [user("q"), foreign([CALL]), { role: "toolResult", toolCallId: "c1", content }]
  const outcome = await asked("anthropic/claude-opus-4-5", { messages })
  expect(outcome.body["messages"][2].content[0].content).toEqual([{ type: "text", text: "r" }])
  expect(lost(outcome)).toContain("dropped messages[2].content")
})

test("DeepSeek: nothing is said of parallel calls where the choice took the tools away", async () => {
  const options: CallOptions = { toolChoice: "none", parallelToolCalls: false, reasoning: "off" }
  const { body } = await asked("deepseek/deepseek-v4-pro", { tools: [TOOL] }, options)
  expect(body["tools"]).toBeUndefined()
  expect(body["parallel_tool_calls"]).toBeUndefined()
})

test("a native tool that is there twice is sent once", async () => {
  const tool = {
    type: "native" as const,
    api: "anthropic-messages",
    item: { type: "web_search_20250305", name: "web_search" },
  }
  const outcome = await asked("anthropic/claude-opus-4-5", { tools: [tool, { ...tool, item: { ...tool.item } }] })
  expect(outcome.body["tools"]).toHaveLength(1)
  expect(lost(outcome)).toEqual(["dropped tools[1]"])
})
