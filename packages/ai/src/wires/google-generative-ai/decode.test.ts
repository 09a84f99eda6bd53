import { describe, expect, test } from "vitest"
import { chunk, decode, end, modelOf, type AnyBody } from "../../../../../tests/support/google-generative-ai.ts"
import { readRecording } from "../../assemble/read-recording.ts"
import type { AssistantMessageEvent } from "../../model/events.ts"
import { googleGenerativeAi } from "./client.ts"
import { parsePath } from "./json-path.ts"

const partial = (...partialArgs: AnyBody[]) => chunk([{ functionCall: { partialArgs, willContinue: true } }])
const opens = (name: string, more: AnyBody = {}) => chunk([{ functionCall: { name, willContinue: true, ...more } }])
const closes = chunk([{ functionCall: {} }])
const counts = (usage: AnyBody) => ({ usageMetadata: usage })

describe("arguments that stream", () => {
  test("texts grow, other values stand at once, lists and objects are made on the way", () => {
    const message = decode([
      opens("cook"),
      partial({ jsonPath: "$.recipe.steps[0].text", stringValue: "Bo", willContinue: true }),
      partial({ jsonPath: "$.recipe.steps[0].text", stringValue: "il" }),
      partial({ jsonPath: "$.recipe.steps[1]['the time']", numberValue: 5 }),
      partial({ jsonPath: "$.hot", boolValue: true }, { jsonPath: "$.salt", nullValue: "NULL_VALUE" }),
      closes,
      end(),
    ])
    expect(message).toMatchObject({
      stopReason: "toolUse",
      content: [
        {
          type: "toolCall",
          arguments: { recipe: { steps: [{ text: "Boil" }, { "the time": 5 }] }, hot: true, salt: null },
        },
      ],
    })
  })

  test("a call that stands open is closed by the next one, and by the end", () => {
    const { content } = decode([
      opens("a", { args: { x: 1 } }),
      partial({ jsonPath: "$.y", numberValue: 2 }),
      opens("b"),
      end(),
    ])
    expect(content).toMatchObject([
      { name: "a", arguments: { x: 1, y: 2 } },
      { name: "b", arguments: {} },
    ])
    for (const block of content) expect(block).not.toHaveProperty("incomplete")
  })

  test("a value that is the last of its call may be followed by another all the same", () => {
    const last = (jsonPath: string, numberValue: number) =>
      chunk([{ functionCall: { partialArgs: [{ jsonPath, numberValue }] } }])
    const { content } = decode([
      opens("a"),
      last("$.x", 1),
      last("$.y", 2),
      chunk([{ text: "b" }]),
      last("$.z", 3),
      end(),
    ])
    expect(content).toMatchObject([{ name: "a", arguments: { x: 1, y: 2 } }, { text: "b" }])
    expect(content[0]).not.toHaveProperty("arguments.z")
  })

  test.each([
    ["another call", opens("b")],
    ["a text", chunk([{ text: "b" }])],
    ["a whole part", chunk([{ executableCode: { code: "1" } }])],
  ])("a value that %s comes in the middle of is no argument", (_name, other) => {
    const half = partial({ jsonPath: "$.path", stringValue: "/home", willContinue: true })
    const { content, error } = decode([opens("rm"), half, other, end()])
    expect(error?.code).toBe("stream_malformed")
    expect(content[0]).toMatchObject({ name: "rm", incomplete: true })
  })

  test("a call that says its end has all of its values", () => {
    const half = partial({ jsonPath: "$.path", stringValue: "/home", willContinue: true })
    const { content, stopReason } = decode([opens("ls"), half, closes, end()])
    expect(stopReason).toBe("toolUse")
    expect(content).toMatchObject([{ name: "ls", arguments: { path: "/home" } }])
  })

  test("pieces that name their call again without an id go on with its open value", () => {
    const piece = (stringValue: string, willContinue: boolean): AnyBody =>
      chunk([{ functionCall: { name: "f", partialArgs: [{ jsonPath: "$.x", stringValue, willContinue }] } }])
    const { content } = decode([piece("he", true), piece("llo", false), piece("other", false), end()])
    expect(content).toMatchObject([{ arguments: { x: "hello" } }, { arguments: { x: "other" } }])
  })

  test("a value for a place that cannot be found fails the answer: without it the call is another one", () => {
    const { content, error } = decode([opens("rm"), partial({ jsonPath: "$.a[*]", stringValue: "x" }), closes, end()])
    expect(error).toMatchObject({ code: "stream_malformed", message: expect.stringContaining("$.a[*]") })
    expect(content[0]).toMatchObject({ incomplete: true })
  })

  test("a call that a cut left open must not be run", () => {
    const { content, error } = decode([opens("a"), partial({ jsonPath: "$.x", stringValue: "half" })])
    expect(error?.code).toBe("stream_incomplete")
    expect(content).toMatchObject([{ name: "a", arguments: { x: "half" }, incomplete: true }])
  })

  test("whole arguments are one piece", () => {
    const deltas: string[] = []
    decode([end("STOP", [{ functionCall: { name: "f", args: { a: 1 } } }])], {
      onEvents: (events: readonly AssistantMessageEvent[]) =>
        events.forEach((event) => event.type === "toolcall_delta" && deltas.push(event.delta)),
    })
    expect(deltas).toEqual(['{"a":1}'])
  })

  test.each([
    ["$.a.b", ["a", "b"]],
    ["$.a[2].b", ["a", 2, "b"]],
    ["$['a.b'][0]", ["a.b", 0]],
    [String.raw`$["say \"hi\""]`, ['say "hi"']],
    ["$", []],
    ["city", ["city"]],
    ["list[1].name", ["list", 1, "name"]],
    ["$.a..b", undefined],
    ["$.a[x]", undefined],
    ["$.a[*]", undefined],
  ])("the path %s", (text, steps) => {
    expect(parsePath(text)).toEqual(steps)
  })
})

describe("parts", () => {
  test("texts of one kind are one block until the kind changes", () => {
    const { content } = decode([
      chunk([
        { text: "a", thought: true },
        { text: "b", thought: true },
      ]),
      chunk([{ text: "c" }]),
      end("STOP", [{ text: "d" }, { text: "e", thought: true }]),
    ])
    expect(
      content.map((block) => [block.type, "text" in block ? block.text : "thinking" in block && block.thinking]),
    ).toEqual([
      ["thinking", "ab"],
      ["text", "cd"],
      ["thinking", "e"],
    ])
  })

  test("a signature alone does not make a text thinking", () => {
    expect(decode([end("STOP", [{ text: "a", thoughtSignature: "c2ln" }])]).content).toMatchObject([
      { type: "text", text: "a", signature: { value: "c2ln" } },
    ])
  })

  test("a signature behind a call that is over is kept as a part", () => {
    const { content } = decode([
      chunk([{ functionCall: { name: "f", args: {} } }]),
      end("STOP", [{ text: "", thoughtSignature: "c2ln" }]),
    ])
    expect(content[1]).toMatchObject({ type: "native", item: { text: "", thoughtSignature: "c2ln" } })
  })

  test("pictures and sounds are media, a sketch of the thinking and other files are items", () => {
    const file = (mimeType: string, more: AnyBody = {}) => ({ inlineData: { mimeType, data: "aGk=" }, ...more })
    const { content } = decode([
      end("STOP", [
        file("image/png"),
        file("audio/L16;rate=24000"),
        file("image/png", { thought: true }),
        file("application/pdf"),
        { fileData: { fileUri: "https://x.invalid/a.png", mimeType: "image/png" } },
      ]),
    ])
    expect(content.map(({ type }) => type)).toEqual(["image", "audio", "native", "native", "image"])
    expect(content[4]).toEqual({ type: "image", source: { url: "https://x.invalid/a.png", mimeType: "image/png" } })
  })

  test("a picture is signed by its own part", () => {
    const inlineData = { mimeType: "image/png", data: "aGk=" }
    const { content } = decode([end("STOP", [{ inlineData, thoughtSignature: "c2ln" }])])
    expect(content).toMatchObject([{ type: "image", source: inlineData, signature: { value: "c2ln" } }])
  })

  test("what the host ran itself stays as it is", () => {
    const code = { executableCode: { language: "PYTHON", code: "1" }, thoughtSignature: "c2ln" }
    const { content } = decode([chunk([{ text: "a" }, code]), end("STOP", [{ text: "b" }])])
    expect(content).toMatchObject([{ text: "a" }, { type: "native", item: code }, { text: "b" }])
  })

  test("the sources are told beside the text and whole, later reports over earlier ones", () => {
    const support = { segment: { endIndex: 1 }, groundingChunkIndices: [0] }
    const { content } = decode([
      chunk([{ text: "a" }], { groundingMetadata: { webSearchQueries: ["q"], groundingChunks: [] } }),
      chunk([{ text: "b" }], {
        finishReason: "STOP",
        groundingMetadata: {
          webSearchQueries: [],
          groundingChunks: [{ web: { uri: "u" } }],
          groundingSupports: [support],
        },
      }),
    ])
    expect(content).toMatchObject([
      { type: "text", text: "ab", citations: [support] },
      {
        type: "native",
        item: { groundingMetadata: { webSearchQueries: ["q"], groundingChunks: [{ web: { uri: "u" } }] } },
      },
    ])
  })

  test("what is said of a text that is over is kept with what is said of the answer", () => {
    const [one, two] = [{ uri: "1" }, { uri: "2" }]
    const logprobsResult = { chosenCandidates: [{ token: "a" }] }
    const { content } = decode([
      chunk([{ text: "a" }, { functionCall: { name: "f", args: {} } }]),
      chunk([], { citationMetadata: { citationSources: [one] } }),
      chunk([], { citationMetadata: { citationSources: [two] }, logprobsResult, finishReason: "STOP" }),
    ])
    expect(content.map(({ type }) => type)).toEqual(["text", "toolCall", "native"])
    expect(content[2]).toMatchObject({ item: { citationMetadata: { citationSources: [one, two] }, logprobsResult } })
  })

  test("fields that are written empty are none", () => {
    const inlineData = { mimeType: "image/png", data: "aGk=" }
    const nothing = { text: null, functionCall: null, inlineData: null, thought: null }
    const { content, error } = decode([
      chunk([nothing], {}, { error: false }),
      chunk([{ ...nothing, text: "a" }]),
      end("STOP", [{ ...nothing, text: "", inlineData }]),
    ])
    expect(error).toBeUndefined()
    expect(content).toEqual([
      { type: "text", text: "a" },
      { type: "image", source: inlineData },
    ])
  })

  test("only the first candidate is read", () => {
    const { content } = decode([
      {
        candidates: [
          { index: 1, content: { parts: [{ text: "other" }] }, finishReason: "STOP" },
          { index: 0, content: { parts: [{ text: "first" }] }, finishReason: "STOP" },
        ],
      },
    ])
    expect(content).toMatchObject([{ text: "first" }])
  })

  test("of another candidate nothing is read behind the end either", () => {
    const { content } = decode([
      end("STOP", [{ text: "first" }], counts({ promptTokenCount: 1, candidatesTokenCount: 1 })),
      {
        candidates: [
          {
            index: 1,
            content: { parts: [{ text: "other" }] },
            groundingMetadata: { webSearchQueries: ["q"] },
            finishReason: "STOP",
          },
        ],
        ...counts({ promptTokenCount: 1, candidatesTokenCount: 9 }),
      },
      { candidates: [{ index: 1, groundingMetadata: { webSearchQueries: ["q"] } }] },
    ])
    expect(content).toMatchObject([{ text: "first" }])
    expect(content).toHaveLength(1)
  })
})

describe("usage", () => {
  test("what was read from a cache is no input, thinking is output, and so is nothing of the host's tools", () => {
    const { usage } = decode([
      end("STOP", [{ text: "a" }], {
        ...counts({
          promptTokenCount: 100,
          cachedContentTokenCount: 30,
          toolUsePromptTokenCount: 7,
          candidatesTokenCount: 10,
          thoughtsTokenCount: 5,
          totalTokenCount: 122,
          serviceTier: "PRIORITY",
        }),
      }),
    ])
    expect(usage).toMatchObject({
      input: 77,
      cacheRead: 30,
      output: 15,
      reasoningTokens: 5,
      totalTokens: 122,
      serviceTier: "priority",
      provenance: "reported",
    })
  })

  test("each report replaces the one before, also in what it leaves out", () => {
    const { usage } = decode([
      chunk(
        [{ text: "a" }],
        {},
        counts({ promptTokenCount: 50, cachedContentTokenCount: 20, thoughtsTokenCount: 9, candidatesTokenCount: 3 }),
      ),
      end("STOP", [], counts({ promptTokenCount: 40, candidatesTokenCount: 4 })),
    ])
    expect(usage).toMatchObject({ input: 40, cacheRead: 0, reasoningTokens: 0, output: 4 })
  })

  test("a report without counts says nothing", () => {
    expect(decode([end("STOP", [{ text: "a" }], counts({ trafficType: "ON_DEMAND" }))]).usage).toEqual({
      provenance: "absent",
    })
  })
})

describe("the end", () => {
  test("a prompt is blocked although there is a candidate without a word", () => {
    const { error } = decode([{ candidates: [{ index: 0 }], promptFeedback: { blockReason: "OTHER" } }])
    expect(error).toMatchObject({ code: "content_blocked", message: "The prompt was blocked: OTHER." })
  })

  test("the first id of an answer is its id", () => {
    const { responseId } = decode([
      chunk([{ text: "a" }], {}, { responseId: "1" }),
      end("STOP", [], { responseId: "2" }),
    ])
    expect(responseId).toBe("1")
  })

  test("behind a reason to stop with counts nothing follows", () => {
    const { content, error } = decode([
      end("STOP", [{ text: "a" }], counts({ promptTokenCount: 1 })),
      chunk([{ text: "late" }]),
      { error: { code: 500, message: "late" } },
    ])
    expect(error).toBeUndefined()
    expect(content).toMatchObject([{ text: "a" }])
  })

  test("a host that answers a call itself goes on", () => {
    const { content, usage } = decode([
      end("STOP", [{ functionCall: { name: "mcp", args: {} } }], counts({ promptTokenCount: 1 })),
      chunk([{ functionResponse: { name: "mcp", response: {} } }], {}, counts({ promptTokenCount: 2 })),
      end("STOP", [{ text: "a" }], counts({ promptTokenCount: 3 })),
    ])
    expect(content.map(({ type }) => type)).toEqual(["toolCall", "native", "text"])
    expect(usage.input).toBe(3)
  })

  test("older models give a reason to stop with every piece", () => {
    expect(decode([end("STOP", [{ text: "a" }]), end("STOP", [{ text: "b" }])]).content).toMatchObject([{ text: "ab" }])
  })

  test("some hosts give reason and counts with every piece: the last is the one behind which nothing comes", () => {
    const pieces = ["a", "b", "c"].map((text, n) =>
      end("STOP", [{ text }], counts({ promptTokenCount: 1, candidatesTokenCount: n + 1 })),
    )
    const { content, usage, stopReason } = decode(pieces)
    expect(content).toMatchObject([{ text: "abc" }])
    expect([usage.output, stopReason]).toEqual([3, "stop"])
  })

  test("what stands beside the parts comes behind the counts as well", () => {
    const { content } = decode([
      end("STOP", [{ text: "a" }], counts({ promptTokenCount: 1 })),
      { candidates: [{ groundingMetadata: { webSearchQueries: ["q"] } }] },
      { candidates: [{ citationMetadata: { citations: [{ uri: "u" }] } }] },
    ])
    expect(content.map(({ type }) => type)).toEqual(["text", "native"])
    expect(content[0]).toMatchObject({ citations: [{ uri: "u" }] })
  })

  test("a value that was begun and not ended is a call that nobody may run", () => {
    const call = { functionCall: { name: "rm", willContinue: true } }
    const half = { partialArgs: [{ jsonPath: "$.path", stringValue: "/home", willContinue: true }], willContinue: true }
    const cut = decode([chunk([call]), end("STOP", [{ functionCall: half }], counts({ candidatesTokenCount: 1 }))])
    expect(cut.error).toMatchObject({ code: "stream_incomplete" })
    const capped = decode([chunk([call]), end("MAX_TOKENS", [{ functionCall: half }])])
    expect(capped).toMatchObject({ stopReason: "length", content: [{ name: "rm", incomplete: true }] })
  })

  test("pieces that name their call again by its id are of that call", () => {
    const piece = (path: string): object => ({
      functionCall: { name: "f", id: "1", partialArgs: [{ jsonPath: path, numberValue: 1 }], willContinue: true },
    })
    const { content } = decode([chunk([piece("$.a")]), chunk([piece("$.b")]), end()])
    expect(content).toMatchObject([{ id: "1", arguments: { a: 1, b: 1 } }])
  })

  test("arguments may be text, and an error may be none", () => {
    const call = { functionCall: { name: "f", args: '{"path":"/x"}' } }
    const { content, error } = decode([{ ...chunk([call]), error: null }, end()])
    expect(error).toBeUndefined()
    expect(content).toMatchObject([{ arguments: { path: "/x" } }])
  })

  test("a reason that is none yet is no end, and a signature ahead of everything is that of what follows", () => {
    const { content, stopReason } = decode([
      end("FINISH_REASON_UNSPECIFIED", [{ text: "", thoughtSignature: "c2ln" }]),
      end("STOP", [{ text: "a" }]),
    ])
    expect(stopReason).toBe("stop")
    expect(content).toMatchObject([{ text: "a", signature: { value: "c2ln" } }])
  })

  test("a place far behind the end of a list is no argument", () => {
    const far = { functionCall: { name: "f", partialArgs: [{ jsonPath: "$.a[99999999]", numberValue: 1 }] } }
    expect(decode([chunk([far]), end()]).error).toMatchObject({ code: "stream_malformed" })
  })

  test("a cap that is met is no call to a tool", () => {
    expect(decode([end("MAX_TOKENS", [{ text: "a" }])]).stopReason).toBe("length")
  })

  test.each([
    ["one document", (text: string) => text],
    ["a list", (text: string) => `[${text},\n${JSON.stringify(end("STOP", [{ text: "b" }]))}]`],
    ["an envelope", (text: string) => `{"response": ${text}, "traceId": "t"}`],
  ])("%s is read where a stream was asked for", (_name, wrap) => {
    const body = wrap(JSON.stringify({ ...end("STOP", [{ text: "a" }]), responseId: "r", modelVersion: "gemini-001" }))
    const message = readRecording(googleGenerativeAi, modelOf(), {
      stream: true,
      chunks: [new TextEncoder().encode(body)],
    })
    expect(message).toMatchObject({ responseId: "r", servedModel: "gemini-001", stopReason: "stop" })
    expect(message.content[0]).toMatchObject({ text: body.startsWith("[") ? "ab" : "a" })
  })

  test("a list is read as it grows where that is the framing", () => {
    const seen: string[] = []
    readRecording(
      googleGenerativeAi,
      modelOf(),
      {
        stream: true,
        framing: "json-array",
        chunks: [`[${JSON.stringify(chunk([{ text: "a" }]))}`, `,${JSON.stringify(end("STOP", [{ text: "b" }]))}]`].map(
          (text) => new TextEncoder().encode(text),
        ),
      },
      { onEvents: (events) => seen.push(events.map(({ type }) => type).join(" ")) },
    )
    expect(seen[0]).toBe("start text_start text_delta")
  })
})
