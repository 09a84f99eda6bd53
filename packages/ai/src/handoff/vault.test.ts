import { describe, expect, test } from "vitest"
import type { Model } from "@sluice/catalog/core"
import type { AssistantMessage, Block, Context, Message } from "../model/message.ts"
import { anthropicMessages } from "../wires/anthropic-messages/client.ts"
import { bedrockConverseStream } from "../wires/bedrock-converse-stream/client.ts"
import { googleGenerativeAi } from "../wires/google-generative-ai/client.ts"
import { ollamaChat } from "../wires/ollama-chat/client.ts"
import { openaiCompletions } from "../wires/openai-completions/client.ts"
import { openaiResponses } from "../wires/openai-responses/client.ts"
import { memoryVault } from "./vault-memory.ts"

const WIRES = [
  anthropicMessages,
  bedrockConverseStream,
  googleGenerativeAi,
  ollamaChat,
  openaiCompletions,
  openaiResponses,
]

const CLAUDE: Model = {
  id: "claude",
  provider: "anthropic",
  api: "anthropic-messages",
  baseUrl: "https://host.invalid",
  input: ["text"],
  output: ["text"],
  compat: {},
}
const MAKER = { api: CLAUDE.api, provider: CLAUDE.provider, model: CLAUDE.id }
const signed = (value: string) => ({ value, issuer: MAKER })

function answer(content: Block[], more: Partial<AssistantMessage> = {}): AssistantMessage {
  return {
    role: "assistant",
    content,
    ...MAKER,
    usage: { provenance: "absent" },
    stopReason: content.some(({ type }) => type === "toolCall") ? "toolUse" : "stop",
    timestamp: 0,
    ...more,
  }
}

/** The answer as a client of another wire sends it back. */
const from = (content: Block[]): AssistantMessage =>
  answer(content, { api: "openai-completions", provider: "", model: "asked" })
const user = (content: string): Message => ({ role: "user", content })
const call = (id: string, args: Record<string, unknown> = { a: 1, b: { c: 2, d: 3 } }): Block => ({
  type: "toolCall",
  id,
  name: "look",
  arguments: args,
})
const result = (toolCallId: string, content: string): Message => ({ role: "toolResult", toolCallId, content })

const THINKING: Block = { type: "thinking", thinking: "Hm.", signature: signed("s1") }
const HIDDEN: Block = { type: "redactedThinking", data: signed("h1") }

/** What a model is handed of a conversation: the answers that changed, and what is told of it. */
async function given(vault: ReturnType<typeof memoryVault>, messages: Message[], model = CLAUDE) {
  const context: Context = { messages }
  const restore = await vault.find(context, [model])
  const { traits } = WIRES.find(({ api }) => api === model.api) ?? anthropicMessages
  const { context: whole, losses } = restore?.(context, model, traits) ?? { context, losses: [] }
  return { messages: whole.messages, losses, contents: whole.messages.map(({ content }) => content) }
}

describe("what a vault puts back", () => {
  test("hidden and signed thinking, in its place, with the answer's maker; it is named", async () => {
    const vault = memoryVault()
    const content: Block[] = [THINKING, HIDDEN, { type: "text", text: "Look." }, call("c1")]
    void vault.keep({ messages: [user("hi")] }, answer(content))
    const history = [user("hi"), from([{ type: "text", text: "Look." }, call("c1")]), result("c1", "x")]
    const { messages, losses } = await given(vault, history)
    expect(messages[1]).toMatchObject({ ...MAKER, content })
    expect(losses).toEqual([{ field: "messages[1]", kind: "restored", reason: expect.any(String) }])
    expect(messages[0]).toBe(history[0])
  })

  test("signatures of texts and calls, and items that the host ran", async () => {
    const vault = memoryVault()
    const content: Block[] = [
      { type: "native", api: MAKER.api, item: { type: "search" } },
      { type: "text", text: "Look.", signature: { value: "t" } },
      { ...call("c1"), signature: { value: "c" } } as Block,
    ]
    void vault.keep({ messages: [user("hi")] }, answer(content))
    const { contents } = await given(vault, [user("hi"), from([{ type: "text", text: "Look." }, call("c1")])])
    // Who made them is told, as other messages do not say it.
    expect(contents[1]).toEqual([
      { type: "native", api: MAKER.api, item: { type: "search" }, issuer: MAKER },
      { type: "text", text: "Look.", signature: signed("t") },
      { ...call("c1"), signature: signed("c") },
    ])
  })

  test("signatures of pictures that a client sends back; of one that it does not, the rest", async () => {
    const vault = memoryVault()
    const picture = (data: string): Block => ({ type: "image", source: { data, mimeType: "image/png" } })
    const content: Block[] = [
      { ...picture("AA=="), signature: { value: "p1" } } as Block,
      { type: "text", text: "There.", signature: { value: "t" } },
    ]
    void vault.keep({ messages: [user("hi")] }, answer(content))
    const { contents } = await given(vault, [user("hi"), from([{ type: "text", text: "There." }, picture("AA==")])])
    const text = { type: "text", text: "There.", signature: signed("t") }
    expect(contents[1]).toEqual([{ ...picture("AA=="), signature: signed("p1") }, text])
    const without = await given(vault, [user("hi"), from([{ type: "text", text: "There." }])])
    expect(without.contents[1]).toEqual([text])
  })

  test("texts that a client joined are cut as they were, with their mark on the last", async () => {
    const vault = memoryVault()
    const content: Block[] = [{ type: "text", text: "One. " }, THINKING, { type: "text", text: "Two." }]
    void vault.keep({ messages: [user("hi")] }, answer(content))
    const { contents } = await given(vault, [
      user("hi"),
      from([{ type: "text", text: "One. Two.", cache: "short" }]),
      user("go on"),
    ])
    expect(contents[1]).toEqual([content[0], THINKING, { type: "text", text: "Two.", cache: "short" }])
  })

  test("where texts were joined with something in between, all stand where the first one did", async () => {
    const vault = memoryVault()
    void vault.keep(
      { messages: [user("hi")] },
      answer([{ type: "text", text: "One." }, THINKING, { type: "text", text: "Two." }]),
    )
    const { contents } = await given(vault, [user("hi"), from([{ type: "text", text: "One.\n\nTwo." }])])
    expect(contents[1]).toEqual([{ type: "text", text: "One.\n\nTwo." }, THINKING])
  })

  test("the order in which calls and text came", async () => {
    const vault = memoryVault()
    const content: Block[] = [THINKING, call("c1"), { type: "text", text: "Look." }, call("c2")]
    void vault.keep({ messages: [user("hi")] }, answer(content))
    const { contents } = await given(vault, [
      user("hi"),
      from([{ type: "text", text: "Look." }, call("c1"), call("c2")]),
    ])
    expect(contents[1]).toEqual(content)
  })

  test("signed thinking in place of what a client has of it in the open", async () => {
    const vault = memoryVault()
    void vault.keep({ messages: [user("hi")] }, answer([THINKING, { type: "text", text: "Yes." }]))
    const open: Block = { type: "thinking", thinking: "Hm.", field: "reasoning_content" }
    const { contents } = await given(vault, [user("hi"), from([open, { type: "text", text: "Yes." }])])
    expect(contents[1]).toEqual([THINKING, { type: "text", text: "Yes." }])
  })

  test("thinking in the open, unless the client has it", async () => {
    const vault = memoryVault()
    const open: Block = { type: "thinking", thinking: "Hm.", field: "reasoning_content" }
    void vault.keep({ messages: [user("hi")] }, answer([open, call("c1")]))
    const lacking = await given(vault, [user("hi"), from([call("c1")])])
    expect(lacking.contents[1]).toEqual([open, call("c1")])
    const history = [user("hi"), from([open, call("c1")])]
    const whole = await given(vault, history)
    expect(whole.losses).toEqual([])
    expect(whole.messages).toEqual(history)
  })
})

describe("thinking that nobody has signed", () => {
  const open: Block = { type: "thinking", thinking: "Hm." }
  const texts: Block[] = [{ type: "text", text: "Yes." }]
  test.each<[string, string, Model["compat"], Block[], boolean]>([
    ["a chat host, behind calls", "openai-completions", {}, [call("c1")], true],
    ["a chat host, behind text alone", "openai-completions", {}, texts, false],
    ["a chat host that wants all of it", "openai-completions", { chat: { replayThinking: "all" } }, texts, true],
    ["a chat host that wants none", "openai-completions", { chat: { replayThinking: "never" } }, [call("c1")], false],
    ["one that verifies signatures", "anthropic-messages", { messages: { verifiesSignatures: true } }, texts, false],
    ["one that does not", "anthropic-messages", {}, texts, true],
    ["a host of Responses", "openai-responses", {}, texts, false],
    ["one that takes its text", "openai-responses", { responses: { replayThinkingText: true } }, texts, true],
    ["a model of Bedrock's", "bedrock-converse-stream", {}, texts, true],
    ["one that signs", "bedrock-converse-stream", { converse: { replayThinking: "signed" } }, texts, false],
    ["one that takes none", "bedrock-converse-stream", { converse: { replayThinking: "never" } }, texts, false],
    ["a host of Ollama's API", "ollama-chat", {}, texts, true],
    ["one of it that takes none", "ollama-chat", { ollama: { replayThinking: "never" } }, texts, false],
    ["Gemini", "google-generative-ai", {}, texts, false],
  ])("is put back where the host takes it: %s", async (_name, api, compat, content, is) => {
    const vault = memoryVault()
    const model: Model = { ...CLAUDE, api, compat }
    void vault.keep({ messages: [user("hi")] }, answer([open, ...content], { api }))
    const { contents, losses } = await given(vault, [user("hi"), from(content)], model)
    expect(contents[1]).toEqual(is ? [open, ...content] : content)
    expect(losses).toHaveLength(is ? 1 : 0)
  })
})

describe("what a vault leaves alone", () => {
  const kept = () => {
    const vault = memoryVault()
    void vault.keep({ messages: [user("hi")] }, answer([THINKING, { type: "text", text: "Yes." }]))
    return vault
  }

  test.each<[string, Message[], Partial<Model>]>([
    ["another text", [user("hi"), from([{ type: "text", text: "No." }])], {}],
    ["the same text behind another question", [user("ho"), from([{ type: "text", text: "Yes." }])], {}],
    ["another model", [user("hi"), from([{ type: "text", text: "Yes." }])], { id: "claude-2" }],
    ["another provider", [user("hi"), from([{ type: "text", text: "Yes." }])], { provider: "other" }],
    ["another wire", [user("hi"), from([{ type: "text", text: "Yes." }])], { api: "bedrock-converse-stream" }],
    [
      "an answer that somebody else made",
      [user("hi"), answer([{ type: "text", text: "Yes." }], { model: "other" })],
      {},
    ],
    [
      "an answer with a signature",
      [
        user("hi"),
        from([
          { type: "thinking", thinking: "Hm.", signature: { value: "s" } },
          { type: "text", text: "Yes." },
        ]),
      ],
      {},
    ],
  ])("%s", async (_name, history, change) => {
    const { messages, losses } = await given(kept(), history, { ...CLAUDE, ...change })
    expect(messages).toEqual(history)
    expect(losses).toEqual([])
  })

  test("what another client was answered", async () => {
    const vault = memoryVault()
    const context = { messages: [user("hi")] }
    void vault.of("one").keep(context, answer([THINKING, { type: "text", text: "Yes." }]))
    const history = { messages: [user("hi"), from([{ type: "text", text: "Yes." }])] }
    expect(await vault.of("two").find(history, [CLAUDE])).toBeUndefined()
    expect(await vault.find(history, [CLAUDE])).toBeUndefined()
    expect(await vault.of("one").find(history, [CLAUDE])).toBeDefined()
  })

  test.each<[string, AssistantMessage]>([
    ["failed", answer([THINKING, { type: "text", text: "Yes." }], { stopReason: "error" })],
    ["was aborted", answer([THINKING, { type: "text", text: "Yes." }], { stopReason: "aborted" })],
    ["has a call that was cut off", answer([THINKING, { ...call("c1"), incomplete: true } as Block])],
    ["met its cap among its calls", answer([THINKING, call("c1")], { stopReason: "length" })],
    ["shows nothing", answer([THINKING])],
    ["hides nothing", answer([{ type: "text", text: "Yes." }])],
  ])("an answer that %s is not kept", (_name, message) => {
    const vault = memoryVault()
    void vault.keep({ messages: [user("hi")] }, message)
    expect(vault.size.entries).toBe(0)
  })
})

describe("answers that read alike", () => {
  const thought = (value: string): Block => ({ type: "thinking", thinking: value, signature: signed(value) })

  test("are told apart by the ids of their calls", async () => {
    const vault = memoryVault()
    const before = [user("hi")]
    void vault.keep({ messages: before }, answer([thought("one"), call("c1")]))
    const next = [...before, from([call("c1")]), result("c1", "busy")]
    void vault.keep({ messages: next }, answer([thought("two"), call("c2")]))
    const { contents } = await given(vault, [...next, from([call("c2")]), result("c2", "busy")])
    expect([contents[1], contents[3]]).toEqual([
      [thought("one"), call("c1")],
      [thought("two"), call("c2")],
    ])
  })

  test("are told apart by what came before, where the host's ids are no names", async () => {
    const vault = memoryVault()
    for (const city of ["Rome", "Oslo"]) {
      void vault.keep({ messages: [user(city)] }, answer([thought(city), call("call_0")]))
    }
    for (const city of ["Rome", "Oslo"]) {
      const { contents } = await given(vault, [user(city), from([call("call_0")])])
      expect(contents[1]).toEqual([thought(city), call("call_0")])
    }
  })

  test("are found by what came before where a client has no ids, and keep the client's", async () => {
    const vault = memoryVault()
    void vault.keep(
      { messages: [user("hi")] },
      answer([thought("one"), { ...call("toolu_1"), signature: signed("c") } as Block]),
    )
    const { contents } = await given(vault, [user("hi"), from([call("ollama_call_1")])])
    expect(contents[1]).toEqual([thought("one"), { ...call("ollama_call_1"), signature: signed("c") }])
  })

  test.each([
    ["toolu_01A09q90qw90lq917835lq9", true],
    ["call_Xk3T9dYq0vB2mN5rLw8ZsPfA", true],
    ["550e8400-e29b-41d4-a716-446655440000", true],
    ["call_0", false],
    ["functions.get_current_weather_information:12", false],
  ])(
    "are found by the ids of their calls where older messages were shortened, if those are random: %s",
    async (id, is) => {
      const vault = memoryVault()
      void vault.keep({ messages: [user("a long page")] }, answer([thought("one"), call(id)]))
      const { contents } = await given(vault, [user("[page left out]"), from([call(id)])])
      expect(contents[1]).toEqual(is ? [thought("one"), call(id)] : [call(id)])
    },
  )

  test("get what the first one held, so that a history does not change", async () => {
    const vault = memoryVault()
    const history = [user("hi"), from([{ type: "text", text: "Yes." }])]
    const keep = (value: string) =>
      vault.keep({ messages: [user("hi")] }, answer([thought(value), { type: "text", text: "Yes." }]))
    void keep("one")
    const before = await given(vault, history)
    void keep("two")
    expect(await given(vault, history)).toEqual(before)
    expect(vault.size.entries).toBe(1)
  })
})

test("routes to several models each get their own", async () => {
  const vault = memoryVault()
  const other: Model = { ...CLAUDE, id: "claude-2" }
  const context = { messages: [user("hi")] }
  const thought = (value: string): Block => ({ type: "thinking", thinking: value, signature: { value } })
  for (const { id } of [CLAUDE, other]) {
    void vault.keep(context, answer([thought(id), { type: "text", text: "Yes." }], { model: id }))
  }
  const history = { messages: [user("hi"), from([{ type: "text", text: "Yes." }])] }
  const restore = await vault.find(history, [CLAUDE, other])
  for (const model of [CLAUDE, other]) {
    const [, made] = restore?.(history, model, anthropicMessages.traits).context.messages ?? []
    expect(made).toMatchObject({ model: model.id, content: [{ thinking: model.id }, { text: "Yes." }] })
  }
})
