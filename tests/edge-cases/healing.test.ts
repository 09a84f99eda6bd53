import {
  builderFor,
  readRecording,
  type AssistantMessage,
  type FunctionTool,
  type HealingFamily,
  type WireClient,
} from "@sluice/ai"
import { autoWires } from "@sluice/ai/auto"
import { healing } from "@sluice/ai/healing"
import { ollamaChat } from "@sluice/ai/wires/ollama-chat"
import { openaiResponses } from "@sluice/ai/wires/openai-responses"
import { describeModel, custom, mergeCompat, PROVIDERS } from "@sluice/catalog"
import { describe, expect, test } from "vitest"
import { countingMint } from "../../packages/ai/src/assemble/read-recording.ts"
import { healed } from "../../packages/ai/src/tools/healing/healed-sink.ts"
import { callOf, chunk, decoded, finish, modelOf, textOf, type Obj } from "../support/openai-completions.ts"

const READ: FunctionTool = {
  name: "read",
  parameters: { type: "object", properties: { path: { type: "string" }, lines: { type: "integer" } } },
}
const KIMI =
  '<|tool_calls_section_begin|><|tool_call_begin|>functions.read:0<|tool_call_argument_begin|>{"path":"a"}<|tool_call_end|><|tool_calls_section_end|>'
const DSML =
  '<｜DSML｜tool_calls>\n<｜DSML｜invoke name="read">\n<｜DSML｜parameter name="path" string="true">a</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>'

type Asked = NonNullable<Parameters<typeof decoded>[2]>

/** What comes of a stream with a delta for each text or object, where a host lets markup of some families through. */
function healedFrom(
  heal: readonly HealingFamily[],
  deltas: readonly (string | Obj)[],
  { end = "stop", ...asked }: { end?: string } & Asked = {},
): AssistantMessage {
  const chunks = deltas.map((delta) => chunk(typeof delta === "string" ? { content: delta } : delta))
  return decoded([...chunks, finish(end)], undefined, { heal, offered: [READ], ...asked }).message
}

/** The text in pieces of a few characters. */
function pieces(text: string, length = 3): string[] {
  return Array.from({ length: Math.ceil(text.length / length) }, (_, i) => text.slice(i * length, (i + 1) * length))
}

const callsOf = ({ content }: AssistantMessage) => content.filter((block) => block.type === "toolCall")
const nativeCall = (fields: Obj): Obj => ({ tool_calls: [{ index: 0, ...fields }] })

describe("calls in the text", () => {
  test("OF-270: Kimi's tokens are taken out and become the calls that they stand for", () => {
    const message = healedFrom(["kimi"], pieces(`I look.${KIMI}`))
    expect(message.content).toEqual([
      { type: "text", text: "I look." },
      { type: "toolCall", id: expect.stringMatching(/^call_\w{16,}$/), name: "read", arguments: { path: "a" } },
    ])
    expect(message.stopReason).toBe("toolUse")
  })

  test("OF-271: such a call makes an end of `stop` one for tools, and no other end", () => {
    expect(healedFrom(["kimi"], [KIMI]).stopReason).toBe("toolUse")
    const capped = healedFrom(["kimi"], [KIMI], { end: "length" })
    expect([capped.stopReason, callsOf(capped).length]).toEqual(["length", 1])
    const failed = healedFrom(["kimi"], [KIMI], { end: "error" })
    expect([failed.stopReason, callsOf(failed).length]).toEqual(["error", 0])
  })

  test("OF-272: a call that the host made itself counts, and those in the text are only taken out", () => {
    const made = nativeCall({ id: "own", function: { name: "read", arguments: '{"path":"b"}' } })
    for (const deltas of [
      [KIMI, made],
      [made, KIMI],
      [{ content: KIMI, ...made }],
      // The markup goes on in a chunk behind the host's own call.
      [KIMI.slice(0, 90), made, KIMI.slice(90)],
    ]) {
      const message = healedFrom(["kimi"], deltas)
      expect(message.content).toEqual([{ type: "toolCall", id: "own", name: "read", arguments: { path: "b" } }])
      expect(message.stopReason).toBe("toolUse")
    }
  })

  test("OF-273: a token outside of a section is text", () => {
    const text = "The token <|tool_call_end|> ends a call."
    expect(healedFrom(["kimi"], pieces(text)).content).toEqual([{ type: "text", text }])
  })

  test("OF-274: DeepSeek's markup is read where a host of Ollama's API lets it through", () => {
    const model = describeModel("ollama-cloud", "deepseek-v3.2")
    const lines = [...pieces(DSML).map((content) => ({ message: { content }, done: false })), { done: true }]
    const bytes = new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(""))
    const message = readRecording(ollamaChat, model, { stream: true, chunks: [bytes] }, { offered: [READ] })
    expect(message.content).toMatchObject([{ type: "toolCall", name: "read", arguments: { path: "a" } }])
    expect(message.stopReason).toBe("toolUse")
    expect(callsOf(healedFrom(["dsml"], pieces(DSML.replaceAll("｜", "|"))))).toMatchObject([
      { name: "read", arguments: { path: "a" } },
    ])
  })

  test.each([
    ["ollama", "deepseek-v3.1:671b"],
    ["ollama-cloud", "deepseek-v3.2"],
    ["deepseek", "deepseek-chat"],
    ["fireworks", "deepseek-v3p2"],
    ["openrouter", "deepseek/deepseek-v4-pro"],
  ])("OF-275: DeepSeek's markup is looked for on every host of its models: %s", (provider, id) => {
    expect(describeModel(provider, id).compat.heal).toContain("dsml")
    const unknown = describeModel(custom, "deepseek/deepseek-v3.2", undefined, {
      baseUrl: "https://nano-gpt.com/api/v1",
    })
    expect(unknown.compat.heal).toContain("dsml")
  })

  test("OF-276: a bare `<` goes on at once when it begins nothing", () => {
    const shown = (...texts: string[]): string[] => {
      const chunks = texts.map((content) => chunk({ content }))
      const { events } = decoded([...chunks, finish("stop")], undefined, {
        heal: ["thinking", "dsml", "kimi"],
        offered: [READ],
      })
      return events.flatMap((event) => (event.type === "text_delta" ? [event.delta] : []))
    }
    // With more behind it: what was held to the end of the text would come out with that.
    expect(shown("a <", " b", " c")).toEqual(["a ", "< b", " c"])
    expect(shown("a < b", " c")).toEqual(["a < b", " c"])
    expect(shown("a <th", "ird", " c")).toEqual(["a ", "<third", " c"])
  })

  test("OF-277: an argument of more than a million characters is cut, says so, and swallows nothing", () => {
    const long = "x".repeat(1_200_000)
    const [before, behind] = DSML.split(">a<") as [string, string]
    const message = healedFrom(["dsml"], [`${before}>`, long, `<${behind} Done.`])
    const [call] = callsOf(message)
    const path = call?.arguments["path"] as string
    expect(path.length).toBeLessThan(1_000_100)
    expect(path.slice(0, 1_000_000)).toBe(long.slice(0, 1_000_000))
    expect(path.slice(1_000_000)).toMatch(/\[cut: .* 1000000 /)
    expect(textOf(message)).toBe("Done.")
  })

  test("OF-282: calls of the host that are in the making keep their places and are not touched", () => {
    const message = healedFrom(
      ["thinking", "kimi"],
      [
        "<think>hm",
        nativeCall({ id: "one", function: { name: "read", arguments: '{"pa' } }),
        "</think>",
        { tool_calls: [{ index: 1, id: "two", function: { name: "list", arguments: "{}" } }] },
        KIMI,
        nativeCall({ function: { arguments: 'th":"x"}' } }),
      ],
    )
    expect(callsOf(message)).toMatchObject([
      { id: "one", name: "read", arguments: { path: "x" } },
      { id: "two", name: "list", arguments: {} },
    ])
    const events = decoded(
      [
        chunk(nativeCall({ id: "one", function: { name: "read", arguments: "{" } })),
        chunk({ content: "<think>hm</think>yes" }),
        chunk(nativeCall({ function: { arguments: "}" } })),
        finish("tool_calls"),
      ],
      undefined,
      { heal: ["thinking"] },
    ).events
    const of = (type: string) =>
      events.flatMap((event) => (event.type === type && "contentIndex" in event ? [event.contentIndex] : []))
    expect([of("toolcall_start"), of("toolcall_delta"), of("toolcall_end")]).toEqual([[0], [0, 0], [0]])
    expect([of("thinking_start"), of("text_start")]).toEqual([[1], [2]])
  })

  test("OF-283: of a call that came on two ways only one is kept, and none without a name", () => {
    const twice = healedFrom(
      ["kimi"],
      [KIMI, nativeCall({ id: "own", function: { name: "read", arguments: '{"path":"a"}' } })],
    )
    expect(callsOf(twice)).toMatchObject([{ id: "own" }])
    const nameless = healedFrom(["kimi"], [nativeCall({ id: "own", function: { arguments: '{"path":"a"}' } }), KIMI])
    expect(callsOf(nameless)).toMatchObject([{ name: "read", arguments: { path: "a" } }])
    const late = healedFrom(
      ["kimi"],
      [
        nativeCall({ id: "own", function: { arguments: '{"pa' } }),
        nativeCall({ function: { name: "read", arguments: 'th":"a"}' } }),
      ],
    )
    expect(callsOf(late)).toMatchObject([{ id: "own", name: "read", arguments: { path: "a" } }])
  })

  test.each([
    ["missing", "<arg_key>path</arg_key><arg_value>a<arg_key>lines</arg_key><arg_value>2</arg_value>"],
    [
      "another tag's",
      "<arg_key>path</arg_key><arg_value>a</arg_key>\n<arg_key>lines</arg_key><arg_value>2</arg_value>",
    ],
    ["mistyped", "<arg_key>path</arg_key><arg_value>a</arg_val>\n<arg_key>lines</arg_key><arg_value>2</argvalue>"],
    ["a second opening", "<arg_key>path</arg_key><arg_value>a<arg_value>\n<arg_key>lines</arg_key><arg_value>2"],
    ["missing behind the name", "<arg_key>path<arg_value>a</arg_value><arg_key>lines<arg_value>2</arg_value>"],
  ])("OF-284: an argument of GLM's whose end is %s does not swallow the next one", (_name, args) => {
    const message = healedFrom(["glm"], pieces(`<tool_call>read\n${args}</tool_call>`))
    expect(callsOf(message)).toMatchObject([{ name: "read", arguments: { path: "a", lines: 2 } }])
  })

  test("OF-285: a recipient with arguments behind it is a call that leaked, and a mention of one is none", () => {
    const leak = 'Let me see. assistant to=functions.read 天天 commentary json\n{"path":"a"} Then'
    const message = healedFrom(["harmony"], pieces(leak))
    expect(message.content).toMatchObject([
      { type: "text", text: "Let me see. Then" },
      { type: "toolCall", name: "read", arguments: { path: "a" } },
    ])
    for (const text of [
      "It writes to=functions.read and then the arguments.",
      'It writes to=functions.read and then {"path":"a"}.',
      'It writes to=functions.unknown json {"path":"a"}.',
      "It writes `to=functions.read json {}`.",
    ]) {
      expect(healedFrom(["harmony"], pieces(text)).content).toEqual([{ type: "text", text }])
    }
  })

  test("a call that is cut off is left out, and that is on record", () => {
    const message = healedFrom(["kimi"], [KIMI.slice(0, 100)], { end: "length" })
    expect(message.content).toEqual([])
    expect(message.losses).toMatchObject([{ field: "content.toolCall", kind: "dropped" }])
  })

  test.each([
    ["no tools are offered", { offered: [] }],
    ["none may be called", { asked: { toolChoice: "none" as const } }],
    ["the caller wants the text as it came", { asked: { healing: false } }],
    ["the text goes with log probabilities", { asked: { logprobs: true } }],
  ])("they are text where %s", (_name, asked) => {
    expect(healedFrom(["kimi"], [KIMI], asked).content).toEqual([{ type: "text", text: KIMI }])
  })
})

describe("thinking in the text", () => {
  test("OF-278: a tag in pieces begins thinking, which ends with the answer, and is not told twice", () => {
    expect(healedFrom(["thinking"], ["<th", "ink>h", "m</thi", "nk>yes"]).content).toEqual([
      { type: "thinking", thinking: "hm" },
      { type: "text", text: "yes" },
    ])
    expect(healedFrom(["thinking"], ["<think>hm"]).content).toEqual([{ type: "thinking", thinking: "hm" }])
    for (const copies of [
      [{ content: "<think>on", reasoning_content: "on" }, { content: "e</think>", reasoning_content: "e" }, "yes"],
      [{ content: "<think>on", reasoning_content: "on" }, { content: "e", reasoning_content: "e" }, "</think>\nyes"],
      [{ content: "<think>one", reasoning_content: "one" }, "yes"],
      [{ reasoning_content: "one" }, "<think>", "one</think>yes"],
    ]) {
      expect(healedFrom(["thinking"], copies).content).toMatchObject([
        { type: "thinking", thinking: "one" },
        { type: "text", text: "yes" },
      ])
    }
  })

  test("OF-279: who does not want healing gets the tags", () => {
    const text = "<think>hm</think>yes"
    expect(healedFrom(["thinking"], [text], { asked: { healing: false } }).content).toEqual([{ type: "text", text }])
  })

  test("OF-280: any host but a vendor's own may leak it", () => {
    for (const [provider, id] of [
      ["groq", "some-model"],
      ["llama.cpp", "default"],
      ["openrouter", "anthropic/claude-opus-4.6"],
      ["xai", "grok-4"],
    ] as const) {
      expect(describeModel(provider, id).compat.heal, provider).toContain("thinking")
    }
    for (const text of ["```thinking\nhm\n```\nyes", "<think>hm</think>yes"]) {
      expect(healedFrom(["thinking"], pieces(text)).content).toMatchObject([
        { type: "thinking", thinking: "hm" },
        { type: "text", text: "yes" },
      ])
    }
  })

  test("OF-281: fences with a language within a fence of thinking are part of it", () => {
    const message = healedFrom(["thinking"], pieces("```thinking\na\n```js\nb()\n```\nc\n```\nyes"))
    expect(message.content).toMatchObject([
      { type: "thinking", thinking: "a\n```js\nb()\n```\nc" },
      { type: "text", text: "yes" },
    ])
  })

  test("OF-286: a vendor's own host is never healed, by whatever name it is called", () => {
    const ours = Object.values(PROVIDERS).flatMap(({ id, apis }) =>
      apis.flatMap(({ api, baseUrl, firstParty }) => (firstParty ? [{ id, api, baseUrl }] : [])),
    )
    expect(new Set(ours.map(({ id }) => id))).toEqual(
      new Set(["openai", "anthropic", "openai-codex", "google", "google-gemini-cli", "google-antigravity"]),
    )
    for (const { id, api, baseUrl } of ours) {
      expect(describeModel(id, "gpt-oss-120b", undefined, { api }).compat.heal).toBeUndefined()
      expect(describeModel(custom, "gpt-oss-120b", undefined, { api, baseUrl }).compat.heal).toBeUndefined()
    }
    // What only looks like it, or stands in its place, is another host.
    for (const baseUrl of ["https://api.openai.com.example/v1", "https://proxy.example/v1"]) {
      expect(describeModel("openai", "gpt-5", undefined, { baseUrl }).compat.heal).toContain("thinking")
    }
  })
})

describe("an answer that is healed", () => {
  test("comes forward while markup is read that is not shown yet", () => {
    const builder = builderFor(modelOf(), { mint: countingMint() })
    const sink = healed(callOf({ model: { heal: ["kimi"] }, context: { tools: [READ] } }), builder)
    sink.text("a", KIMI.slice(0, 100))
    expect([builder.progressed, builder.content]).toEqual([true, false])
  })

  test("has all of its text when it fails, and none of the calls in that", () => {
    const message = healedFrom(["thinking", "kimi"], [`a${KIMI} b <`], { end: "error" })
    expect(message.content).toEqual([{ type: "text", text: "a b <" }])
    expect(message.stopReason).toBe("error")
  })

  test("comes also over the wires that do not heal by themselves, where all are loaded", async () => {
    for (const api of ["openai-responses", "anthropic-messages"]) {
      const entry = (await autoWires[api]?.()) as { wire: WireClient }
      const builder = builderFor(modelOf(), { mint: countingMint() })
      const call = callOf({ model: { api, heal: ["thinking"] } })
      const document =
        api === "anthropic-messages"
          ? { type: "message", content: [{ type: "text", text: "<think>hm</think>yes" }], stop_reason: "end_turn" }
          : {
              object: "response",
              status: "completed",
              output: [{ type: "message", content: [{ type: "output_text", text: "<think>hm</think>yes" }] }],
            }
      entry.wire.decoder(call, { status: 200, headers: new Headers(), channel: "http" }, builder).whole(document)
      builder.finish()
      expect(builder.message.content, api).toMatchObject([
        { type: "thinking", thinking: "hm" },
        { type: "text", text: "yes" },
      ])
    }
  })
})

describe("what is healed", () => {
  test("adds up over the layers of a model's description, until an empty list begins anew", () => {
    expect(mergeCompat({ heal: ["thinking"] }, { heal: ["dsml", "thinking"] }).heal).toEqual(["thinking", "dsml"])
    expect(mergeCompat({ heal: ["thinking"] }, { heal: [] }).heal).toEqual([])
    expect(mergeCompat({ heal: ["thinking"] }, { heal: [] }, { heal: ["glm"] }).heal).toEqual(["glm"])
  })

  test("is read in a text with a format only before that begins", () => {
    const json = '{"a":"b <think>x</think>"}'
    const message = healedFrom(["thinking"], pieces(`<think>hm</think>${json}`), {
      asked: { output: { type: "json" } },
    })
    expect(message.content).toMatchObject([
      { type: "thinking", thinking: "hm" },
      { type: "text", text: json },
    ])
  })

  test("is read on a wire with blocks of its own, whose last word on a text is the whole of it", () => {
    const item = { id: "msg_1", type: "message", role: "assistant", status: "in_progress", content: [] }
    const at = { item_id: "msg_1", output_index: 0, content_index: 0 }
    const text = "<think>hm</think>yes"
    const done = { type: "output_text", text, annotations: [{ type: "url_citation", url: "https://a.example" }] }
    const events: Obj[] = [
      { type: "response.created", response: { id: "r", model: "m" } },
      { type: "response.output_item.added", output_index: 0, item },
      { type: "response.content_part.added", ...at, part: { type: "output_text", text: "", annotations: [] } },
      { type: "response.output_text.delta", ...at, delta: "<think>hm</th" },
      { type: "response.output_text.done", ...at, text },
      { type: "response.content_part.done", ...at, part: done },
      { type: "response.output_item.done", output_index: 0, item: { ...item, status: "completed", content: [done] } },
      { type: "response.completed", response: { id: "r", model: "m", status: "completed", output: [] } },
    ] as Obj[]
    const bytes = new TextEncoder().encode(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""))
    const model = { ...modelOf({ heal: ["thinking"] }), api: "openai-responses" as const }
    const message = readRecording(healing(openaiResponses), model, { stream: true, chunks: [bytes] })
    expect(message.content).toMatchObject([
      { type: "thinking", thinking: "hm" },
      { type: "text", text: "yes", citations: [{ url: "https://a.example" }] },
    ])
    expect(message.content).toHaveLength(2)
  })
})
