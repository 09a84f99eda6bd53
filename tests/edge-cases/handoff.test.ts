import { describeModel, resolveModel, type Model } from "@sluice/catalog"
import {
  handoff,
  type AssistantMessage,
  type Block,
  type Context,
  type Message,
  type Opaque,
  type ToolResultMessage,
  type WireClient,
} from "@sluice/ai"
import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { bedrockConverseStream } from "@sluice/ai/wires/bedrock-converse-stream"
import { googleGenerativeAi } from "@sluice/ai/wires/google-generative-ai"
import { openaiCompletions } from "@sluice/ai/wires/openai-completions"
import { openaiResponses } from "@sluice/ai/wires/openai-responses"
import { describe, expect, test } from "vitest"
import { answerOf, callTo, sent, user, type AnyBody } from "../support/call.ts"

const claude = describeModel("anthropic", "claude-sonnet-4-5")
const opus = describeModel("anthropic", "claude-opus-4-5")
const gpt = describeModel("openai", "gpt-5.5", undefined, { api: "openai-responses" })
const chat = describeModel("openai", "gpt-4.1", undefined, { api: "openai-completions" })
const gemini = describeModel("google", "gemini-3-flash-preview")

const call = (id: string, name = "look", fields: object = {}): Block => ({
  type: "toolCall",
  id,
  name,
  arguments: {},
  ...fields,
})
const result = (toolCallId: string, content = "ok", fields: Partial<ToolResultMessage> = {}): ToolResultMessage => ({
  role: "toolResult",
  toolCallId,
  content,
  ...fields,
})
const text = (said: string, fields: object = {}): Block => ({ type: "text", text: said, ...fields })
const signed = (value: string, { api, provider, id }: Model): Opaque => ({
  value,
  issuer: { api, provider, model: id },
})
const thinking = (thought: string, signature?: Opaque): Block => ({
  type: "thinking",
  thinking: thought,
  ...(signature ? { signature } : {}),
})

/** A conversation as it is handed over. */
function handed(messages: readonly Message[], model: Model = claude, wire: WireClient = anthropicMessages): Message[] {
  return [...handoff({ messages }, model, wire.traits).context.messages]
}

/** What goes out. */
function request(context: Context, model: Model, wire: WireClient): { body: AnyBody; losses: string[] } {
  const { context: fit, losses } = handoff(context, model, wire.traits)
  const { body, losses: more } = wire.encode(callTo(model, { context: fit }))
  return { body: sent(body), losses: [...losses, ...more].map(({ kind, field }) => `${kind} ${field}`) }
}

function shape(messages: readonly Message[]): string[] {
  return messages.map((message) => {
    if (message.role === "toolResult") return `result ${message.toolCallId}: ${said(message)}`
    return message.role === "assistant"
      ? `answer ${message.content.map((block) => (block.type === "toolCall" ? block.id : block.type)).join(" ")}`
      : `${message.role}: ${said(message)}`
  })
}

function said({ content }: Exclude<Message, AssistantMessage>): string {
  return typeof content === "string"
    ? content
    : content.map((block) => (block.type === "text" ? block.text : block.type)).join("|")
}

const asked = (...content: Block[]): AssistantMessage => answerOf(claude, content, { stopReason: "toolUse" })

describe("calls and results", () => {
  test.each([["WO-247", "OF-330"]])("%s %s: a result whose call was compacted away stays as a note", () => {
    const note = handed([user("summary"), result("gone", "42", { toolName: "add", isError: true }), user("go on")])
    expect(shape(note)).toEqual([
      "user: summary",
      'user: <stale-tool-result tool="add" id="gone" is-error="true">\n42\n</stale-tool-result>',
      "user: go on",
    ])
    const picture = { type: "image" as const, source: { data: "AA==", mimeType: "image/png" } }
    const [kept] = handed([{ ...result("gone"), content: [text("see") as never, picture] }])
    expect(kept).toMatchObject({ content: [{ type: "text" }, { text: "see" }, picture, { type: "text" }] })
  })

  test("WO-247: within the results of other calls it goes", () => {
    expect(shape(handed([user("q"), asked(call("a")), result("gone"), result("a")]))).toEqual([
      "user: q",
      "answer a",
      "result a: ok",
    ])
  })

  test("a second result for a call goes, wherever it stands", () => {
    expect(shape(handed([user("q"), asked(call("a")), result("a"), user("n"), result("a", "again")]))).toEqual([
      "user: q",
      "answer a",
      "result a: ok",
      "user: n",
    ])
  })

  test("WO-248: the note is the user's, since instructions weigh more than a tool's word", () => {
    expect(handed([result("gone")]).map(({ role }) => role)).toEqual(["user"])
    const { body } = request({ messages: [result("gone", "obey me")] }, gpt, openaiResponses)
    expect(body["input"]).toMatchObject([{ role: "user" }])
  })

  test.each([["WO-249"], ["OF-328"]])("%s: a real result that comes later keeps a made-up one away", () => {
    const messages = [user("q"), asked(call("a"), call("b")), result("a"), user("wait"), result("b", "late")]
    expect(shape(handed(messages))).toEqual(["user: q", "answer a b", "result a: ok", "result b: late", "user: wait"])
  })

  test.each([["WO-250"], ["OF-329"]])("%s: also for a call of a turn that was aborted", () => {
    const cut = answerOf(claude, [call("a"), call("b")], { stopReason: "aborted" })
    expect(shape(handed([user("q"), cut, user("and?"), result("a", "real")]))).toEqual([
      "user: q",
      "answer a b",
      "result a: real",
      "result b: aborted",
      "user: and?",
    ])
  })

  test("a call that nobody answered gets a result that says so", () => {
    expect(handed([user("q"), asked(call("a"))])[2]).toMatchObject({ content: "No result provided", isError: true })
  })

  test.each([["WO-251"], ["OF-333"]])("%s: an old result is not the one of a later call with the same id", () => {
    const messages = [user("q"), asked(call("a")), result("a", "first"), user("again"), asked(call("a"))]
    expect(shape(handed(messages))).toEqual([
      "user: q",
      "answer a",
      "result a: first",
      "user: again",
      "answer a_dup2",
      "result a_dup2: No result provided",
    ])
    const orphan = [user("q"), result("a", "old"), asked(call("a"))]
    expect(shape(handed(orphan)).at(-1)).toBe("result a: No result provided")
  })

  test("WO-252: repeated ids stay apart, whatever length the target allows", () => {
    const long = "x".repeat(64)
    const ids = handed([
      user("q"),
      asked(call(long), call(long), call("a|fc_1"), call("a|fc_2")),
      result(long, "1"),
      result(long, "2"),
    ])
      .filter((message) => message.role === "toolResult")
      .map((message) => message.toolCallId)
    expect(new Set(ids).size).toBe(4)
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
    const { messages } = request(
      {
        messages: [
          user("q"),
          asked(call("call_same"), call("call_same")),
          result("call_same", "1"),
          result("call_same", "2"),
        ],
      },
      describeModel("mistral", "mistral-large-latest"),
      openaiCompletions,
    ).body as { messages: AnyBody[] }
    const nine = messages.filter(({ role }) => role === "tool").map(({ tool_call_id }) => String(tool_call_id))
    expect(new Set(nine).size).toBe(2)
    for (const id of nine) expect(id).toMatch(/^[A-Za-z0-9]{9}$/)
  })

  test.each([
    ["WO-253", call("a", "")],
    ["OF-334", call("a", " ")],
    ["WO-254", call("")],
    ["OF-335", call(" ")],
  ])("%s: a call without a name or an id goes, and its result with it", (_row, broken) => {
    const { id } = broken as { id: string }
    expect(shape(handed([user("q"), asked(broken), result(id, "lost"), user("next")]))).toEqual([
      "user: q",
      "user: next",
    ])
    // First call, first result: the one that stays keeps its own.
    const both = [
      user("q"),
      asked(broken, call(id === "a" ? "a" : "b")),
      result(id, "lost"),
      result(id === "a" ? "a" : "b", "own"),
    ]
    expect(shape(handed(both)).slice(2)).toEqual([`result ${id === "a" ? "a" : "b"}: own`])
  })

  test.each([
    ["with a pipe", "call_1|fc_2"],
    ["of 450 characters", "y".repeat(450)],
    ["with other letters", "ä.b:c"],
    ["of its own", "toolu_01.x"],
  ])("WO-255: an id %s is spelled as the target takes it, in call and result", (_name, id) => {
    const [, answer, back] = handed([user("q"), asked(call(id)), result(id)]) as [
      Message,
      AssistantMessage,
      ToolResultMessage,
    ]
    const spelled = (answer.content[0] as { id: string }).id
    expect(spelled).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
    expect(back.toolCallId).toBe(spelled)
  })
})

describe("turns that did not end well", () => {
  test.each([["WO-256"], ["OF-331"]])("%s: thinking that was cut short goes, since nothing follows it", () => {
    for (const stopReason of ["length", "error", "aborted"] as const) {
      const cut = answerOf(claude, [thinking("hm", signed("s", claude))], { stopReason })
      expect(shape(handed([user("q"), cut, user("again")]))).toEqual(["user: q", "user: again"])
    }
    const whole = answerOf(claude, [thinking("hm", signed("s", claude))], { stopReason: "stop" })
    expect(shape(handed([user("q"), whole, user("again")]))).toHaveLength(3)
  })

  test.each([["WO-262"], ["OF-332"]])("%s: no note about an abort comes into the conversation", () => {
    const cut = answerOf(claude, [text("half")], { stopReason: "aborted" })
    expect(shape(handed([user("q"), cut, user("go on")]))).toEqual(["user: q", "answer text", "user: go on"])
  })

  test("OF-338: what was whole before the cut keeps its signature, what was cut does not", () => {
    const cut = (...content: Block[]): Block[] =>
      (handed([user("q"), answerOf(claude, content, { stopReason: "aborted" })])[1] as AssistantMessage).content
    expect(cut(thinking("hm", signed("s", claude)), text("half"))[0]).toHaveProperty("signature")
    expect(cut(text("a"), thinking("half", signed("s", claude)))[1]).not.toHaveProperty("signature")
  })

  test("an answer that broke off in the middle of its calls keeps no signature, but for the latest of its provider", () => {
    const abandoned = answerOf(claude, [thinking("hm", signed("s", claude)), call("a")], { stopReason: "length" })
    const past = [user("q"), abandoned, result("a"), answerOf(claude, [text("b")]), user("c")]
    expect((handed(past)[1] as AssistantMessage).content[0]).not.toHaveProperty("signature")
    expect((handed(past.slice(0, 3))[1] as AssistantMessage).content[0]).toHaveProperty("signature")
  })

  test("hidden thinking does not stay where the thinking beside it does not", () => {
    const hidden: Block = { type: "redactedThinking", data: signed("r", claude) }
    const cut = answerOf(claude, [hidden, text("a"), thinking("half", signed("s", claude))], { stopReason: "aborted" })
    expect((handed([user("q"), cut])[1] as AssistantMessage).content.map(({ type }) => type)).toEqual([
      "text",
      "thinking",
    ])
    const whole = answerOf(claude, [hidden, thinking("hm", signed("s", claude)), text("a")])
    expect((handed([user("q"), whole])[1] as AssistantMessage).content).toHaveLength(3)
  })
})

describe("thinking of another model", () => {
  const thought = answerOf(claude, [thinking("I weigh it up.", signed("s", claude)), text("Done.")])

  test("WO-257: stays as thinking where the target reads it, and is text elsewhere", () => {
    const context = { messages: [user("q"), answerOf(claude, [thinking("I weigh it up."), call("a")]), result("a")] }
    const reads = request(context, describeModel("deepseek", "deepseek-v4"), openaiCompletions)
    expect(reads.body["messages"][1]).toMatchObject({ reasoning_content: "I weigh it up." })
    const not = request(context, chat, openaiCompletions)
    expect(not.body["messages"][1]).not.toHaveProperty("reasoning_content")
    expect(not.body["messages"][1].content.trim()).toBe("I weigh it up.")
    expect(not.losses).toContain("approximated messages[1].content[0]")
    const { body } = request(context, gpt, openaiResponses)
    expect(body["input"][1].content[0].text).toBe("I weigh it up.")
  })

  test("WO-258: is plain prose for Claude, which takes tags for an attempt to read its reasoning", () => {
    const other = answerOf(gpt, [thinking("I weigh it up."), text("Done.")])
    const { body } = request({ messages: [user("q"), other, user("n")] }, claude, anthropicMessages)
    expect(body["messages"][1].content).toMatchObject([
      { type: "text", text: "I weigh it up." },
      { type: "text", text: "Done." },
    ])
    const bedrock = describeModel("amazon-bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", undefined, {
      api: "bedrock-converse-stream",
    })
    const converse = request({ messages: [user("q"), other, user("n")] }, bedrock, bedrockConverseStream)
    expect(converse.body["messages"][1].content[0]).toEqual({ text: "I weigh it up." })
    const fenced = request({ messages: [user("q"), other, user("n")] }, gemini, googleGenerativeAi)
    expect(fenced.body["contents"][1].parts[0].text).toBe("```thinking\nI weigh it up.\n```")
  })

  test.each([["WO-259"], ["OF-337"]])("%s: stands apart from what was said where both become one text", () => {
    const { body } = request({ messages: [user("q"), thought, user("n")] }, chat, openaiCompletions)
    expect(body["messages"][1].content).toBe("I weigh it up.\n\nDone.")
    const oss = request(
      { messages: [user("q"), thought] },
      describeModel("openai", "gpt-oss-120b", undefined, { api: "openai-completions" }),
      openaiCompletions,
    )
    expect(JSON.stringify(oss.body["messages"])).toContain("I weigh it up.")
  })

  test("at the end of an answer it ends without white space", () => {
    const other = answerOf(gpt, [thinking("I weigh it up. \n\n")])
    const { body } = request({ messages: [user("q"), other, user("n")] }, claude, anthropicMessages)
    expect(body["messages"][1].content.at(-1)).toMatchObject({ type: "text", text: "I weigh it up." })
  })

  test("of the model itself is not made text", () => {
    const own = answerOf(chat, [thinking("I weigh it up."), text("Done.")])
    const { body } = request({ messages: [user("q"), own, user("n")] }, chat, openaiCompletions)
    expect(body["messages"][1].content).toBe("Done.")
  })
})

describe("what only its maker reads", () => {
  test("WO-263: sealed thinking of another model or wire stays out", () => {
    const sealed = signed('{"type":"reasoning","summary":[],"encrypted_content":"gAAA"}', gpt)
    const context = {
      messages: [user("q"), answerOf(gpt, [thinking("", sealed), text("a")]), answerOf(gpt, [text("b")]), user("n")],
    }
    expect(JSON.stringify(request(context, gpt, openaiResponses).body)).toContain("gAAA")
    const next = describeModel("openai", "gpt-5.4", undefined, { api: "openai-responses" })
    for (const [model, wire] of [
      [next, openaiResponses],
      [chat, openaiCompletions],
      [claude, anthropicMessages],
    ] as const) {
      expect(JSON.stringify(request(context, model, wire).body)).not.toContain("gAAA")
    }
  })

  test("WO-264: what a provider ran itself goes to that provider alone", () => {
    const ran: Block = {
      type: "native",
      api: "anthropic-messages",
      item: { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} },
      issuer: { api: claude.api, provider: claude.provider, model: claude.id },
    }
    const context = { messages: [user("q"), answerOf(claude, [ran, text("a")]), user("n")] }
    expect(JSON.stringify(request(context, claude, anthropicMessages).body)).toContain("srvtoolu_1")
    const elsewhere = describeModel("google-vertex", "claude-sonnet-4-5", undefined, { api: "google-vertex-anthropic" })
    for (const [model, wire] of [
      [elsewhere, anthropicMessages],
      [gpt, openaiResponses],
      [gemini, googleGenerativeAi],
    ] as const) {
      const { body, losses } = request(context, model, wire)
      expect(JSON.stringify(body)).not.toContain("srvtoolu_1")
      expect(losses).toContain("dropped messages[1].content[0]")
    }
  })

  test("WO-265: signatures and ids of another provider stay out", () => {
    const said = text("a", { signature: signed("sig-text", gemini), itemId: "msg_gone" })
    const context = {
      messages: [
        user("q"),
        answerOf(gemini, [said, call("c", "f", { signature: signed("sig-call", gemini), itemId: "fc_gone" })]),
        result("c"),
      ],
    }
    for (const [model, wire] of [
      [gpt, openaiResponses],
      [chat, openaiCompletions],
      [claude, anthropicMessages],
    ] as const) {
      expect(JSON.stringify(request(context, model, wire).body)).not.toMatch(/sig-text|sig-call|msg_gone|fc_gone/)
    }
    expect(JSON.stringify(request(context, gemini, googleGenerativeAi).body)).toMatch(/sig-text.*sig-call/)
  })

  test("the latest answer stays as it is for another model of the same provider", () => {
    const own = answerOf(claude, [thinking("hm", signed("s", claude)), call("a")], { stopReason: "toolUse" })
    const latest = [user("q"), own, result("a")]
    expect((handed(latest, opus)[1] as AssistantMessage).content[0]).toHaveProperty("signature")
    const past = [...latest, answerOf(opus, [text("b")]), user("c")]
    expect((handed(past, opus)[1] as AssistantMessage).content[0]).not.toHaveProperty("signature")
  })
})

describe("what a target cannot read", () => {
  test("WO-260: a picture in a tool's result becomes a note for a model that sees none", async () => {
    const blind = await resolveModel("deepseek/deepseek-chat")
    const picture = { type: "image" as const, source: { data: "AA==", mimeType: "image/png" } }
    const context = { messages: [user("q"), asked(call("a")), { ...result("a"), content: [picture] }] }
    const { body, losses } = request(context, blind, openaiCompletions)
    expect(JSON.stringify(body)).not.toContain("AA==")
    expect(JSON.stringify(body["messages"])).toContain("image omitted: model does not support vision")
    expect(losses).toContain("approximated messages[2].content[0]")
  })

  test("WO-261: a blank system prompt is none", () => {
    const { body } = request({ systemPrompt: ["", "  \n"], messages: [user("q")] }, claude, anthropicMessages)
    expect(body).not.toHaveProperty("system")
    const { body: told } = request({ systemPrompt: " ", messages: [user("q")] }, chat, openaiCompletions)
    expect(told["messages"]).toHaveLength(1)
  })

  test("OF-336: half a surrogate pair is replaced, in texts and arguments, and all else stays as it was", () => {
    const half = "a\ud83d"
    const context: Context = {
      systemPrompt: half,
      messages: [
        user(half),
        asked(text(half), call("a", "f", { arguments: { [half]: half, n: 1 } })),
        result("a", half),
      ],
    }
    for (const [model, wire] of [
      [claude, anthropicMessages],
      [chat, openaiCompletions],
      [gpt, openaiResponses],
      [gemini, googleGenerativeAi],
    ] as const) {
      const { body } = request(context, model, wire)
      const bytes = JSON.stringify(body)
      expect(bytes.isWellFormed()).toBe(true)
      expect(bytes).not.toMatch(/\\ud83d(?!\\u)/i)
    }
    const plain = asked(call("a", "f", { arguments: { b: 1, a: "ü" } }))
    expect((handed([user("q"), plain, result("a")])[1] as AssistantMessage).content[0]).toBe(plain.content[0])
  })
})
