import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { HealedCall, OfferedTools } from "./family.ts"
import { FAMILIES } from "./registry.ts"
import { PARTIAL } from "./matcher.ts"
import { MAX_OPENER, TextHealer } from "./text-healer.ts"

const OPENERS = Object.values(FAMILIES).flatMap(({ openers }) => openers)
const TOOLS: OfferedTools = new Map([
  ["read", { type: "object", properties: { path: { type: "string" }, lines: { type: "integer" } } }],
])

/** What came out, in order; texts and thinking that went on are one entry. */
type Out = (["text" | "thinking" | "plan", string] | ["call", HealedCall] | ["end"] | ["cut"])[]

class Reader {
  readonly out: Out = []
  readonly healer: TextHealer

  constructor({ headOnly = false }: { headOnly?: boolean } = {}) {
    this.healer = new TextHealer(
      { openers: OPENERS, tools: TOOLS, headOnly },
      {
        text: (delta) => this.#say("text", delta),
        thinking: (delta) => this.#say("thinking", delta),
        thinkingEnd: () => this.out.push(["end"]),
        call: (call) => this.out.push(["call", call]),
        plan: (thought) => this.out.push(["plan", thought]),
        cut: () => this.out.push(["cut"]),
      },
    )
  }

  #say(kind: "text" | "thinking", delta: string): void {
    const last = this.out.at(-1)
    if (last?.[0] === kind) last[1] += delta
    else this.out.push([kind, delta])
  }

  get shown(): string {
    return this.out.map((one) => (one[0] === "text" ? one[1] : "")).join("")
  }
}

function read(pieces: readonly string[], options?: { headOnly?: boolean }): Out {
  const reader = new Reader(options)
  for (const piece of pieces) reader.healer.push(piece)
  reader.healer.end()
  return reader.out
}

/** The text in pieces that end at the places. */
function cut(text: string, places: readonly number[]): string[] {
  const sorted = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b)
  return [0, ...sorted].map((from, i) => text.slice(from, sorted[i] ?? text.length))
}

/** Bits of markup of every family, whole and broken, and of what looks like it. */
const BITS: readonly string[] = [
  ..."<>`~\n|{}\"' ".split(""),
  "word ",
  "<think>",
  "</think>",
  "<thinking>",
  "</thinking>",
  "<scratchpad>",
  "</scratchpad>",
  "\n```thinking\n",
  "\n```json\n",
  "\n```\n",
  "````",
  "<|channel>thought\n",
  "<channel|>",
  "<|start|>assistant",
  "<|channel|>",
  "analysis",
  "final",
  "commentary",
  "<|message|>",
  "<|end|>",
  "<|return|>",
  "<|call|>",
  " to=functions.read ",
  " to=functions.other ",
  "json\n",
  "<|tool_calls_section_begin|>",
  "<|tool_call_begin|>",
  "functions.read:0",
  "<|tool_call_argument_begin|>",
  '{"path":"a"}',
  '{"name":"read","arguments":{"path":"b"}}',
  "<|tool_call_end|>",
  "<|tool_calls_section_end|>",
  "<｜DSML｜tool_calls>",
  '<|DSML|invoke name="read">',
  '<｜DSML｜parameter name="path" string="true">',
  "</｜DSML｜parameter>",
  "</｜DSML｜invoke>",
  "</｜DSML｜tool_calls>",
  "<tool_call>",
  "read",
  "<arg_key>",
  "</arg_key>",
  "<arg_value>",
  "</arg_value>",
  "</tool_call>",
  "<function=read>",
  "<parameter=path>",
  "</parameter>",
  "</function>",
  "<minimax:tool_call>",
  '<invoke name="read">',
  '<parameter name="lines">',
  "</invoke>",
  "</minimax:tool_call>",
  "<|im_end|>",
  "<｜end▁of▁sentence｜>",
  "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>read<｜tool▁sep｜>",
  "<｜tool▁call▁end｜>",
  "<｜tool▁calls▁end｜>",
  '{"path":"a " b"}',
]
/** Whole pieces of markup, of which something may be missing. */
const SAMPLES: readonly string[] = [
  "<think>hm `x` </think>",
  "\n```thinking\na\n```js\nb\n```\n```\n",
  "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>yes<|return|>",
  '<|channel|>commentary to=functions.read <|constrain|>json<|message|>{"path":"a"}<|call|>',
  '<|tool_calls_section_begin|><|tool_call_begin|>functions.read:0<|tool_call_argument_begin|>{"path":"a"}<|tool_call_end|><|tool_calls_section_end|>',
  '<｜DSML｜tool_calls>\n<｜DSML｜invoke name="read">\n<｜DSML｜parameter name="path" string="true">a<b></｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>',
  "<tool_call>read\n<arg_key>path</arg_key>\n<arg_value>1</arg_value>\n</tool_call>",
  '<tool_call>\n{"name":"read","arguments":{"path":"</tool_call>"}}\n</tool_call>',
  '<tool_call>\n{"name":"read","arguments":{"path":"a " b"}}\n</tool_call>',
  '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>read<｜tool▁sep｜>{"path":"a"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
  "<tool_call>\n<function=read>\n<parameter=path>\na\n</parameter>\n</function>\n</tool_call>",
  '<minimax:tool_call>\n<invoke name="read">\n<parameter name="lines">2</parameter>\n</invoke>\n</minimax:tool_call>',
]
const sample = fc
  .tuple(fc.constantFrom(...SAMPLES), fc.nat(200), fc.oneof(fc.constant(0), fc.nat(12)))
  .map(([text, at, missing]) => text.slice(0, at % text.length) + text.slice((at % text.length) + missing))
const markup = fc
  .array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...BITS) }, { weight: 1, arbitrary: sample }), {
    maxLength: 24,
  })
  .map((bits) => bits.join(""))
const places = fc.array(fc.nat(600), { maxLength: 40 })

describe("a text with markup in it", () => {
  test("comes to the same in pieces of any size", () => {
    fc.assert(
      fc.property(markup, places, fc.boolean(), (text, at, headOnly) => {
        const whole = read([text], { headOnly })
        expect(read(cut(text, at), { headOnly })).toEqual(whole)
        expect(read([...text], { headOnly })).toEqual(whole)
      }),
      { numRuns: 3000 },
    )
  })

  test("is held back only as far as it is a strict prefix of an opener", () => {
    fc.assert(
      fc.property(markup, (text) => {
        const reader = new Reader()
        let given = ""
        for (const char of text) {
          given += char
          reader.healer.push(char)
          if (reader.out.some(([kind]) => kind !== "text") || !reader.healer.inText) return
          const { held } = reader.healer
          expect(held.length).toBeLessThanOrEqual(2 * MAX_OPENER)
          const prefix = held.trimStart()
          const may = OPENERS.some(({ match }) => match(prefix, 0) === PARTIAL)
          expect(prefix === "" || may, JSON.stringify([given, held])).toBe(true)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test("goes out unchanged and at once where there is none", () => {
    const clean = fc
      .array(fc.constantFrom(..."<>`~|{}\"' \nabcto=".split(""), "\n```js\n", "```", "<div>", "</b>", "a < b"), {
        maxLength: 60,
      })
      .map((bits) => bits.join(""))
    fc.assert(
      fc.property(clean, (text) => {
        const reader = new Reader()
        let given = ""
        for (const char of text) {
          given += char
          reader.healer.push(char)
          expect(reader.shown + reader.healer.held).toBe(given)
        }
        reader.healer.end()
        expect(reader.shown).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })
})

describe("thinking", () => {
  test.each([
    ["in a tag", "<think>\nhm\n</think>\n\nyes", "hm", "yes"],
    ["in another tag", "<thinking>hm</thinking>yes", "hm", "yes"],
    ["that ends with the other tag", "<think>hm</thinking>yes", "hm", "yes"],
    ["in a third tag", "<scratchpad>hm</scratchpad>yes", "hm", "yes"],
    ["behind white space", "\n\n<think>hm</think>yes", "hm", "yes"],
    ["with a tag of its own", "<think>a <b> </thin c</think>yes", "a <b> </thin c", "yes"],
    ["in a fence", "```thinking\nhm\n```\nyes", "hm", "yes"],
    ["in a longer fence", "````thinking\nhm\n```\nhm\n````\nyes", "hm\n```\nhm", "yes"],
    ["with a fence in it", "```thinking\na\n```js\nb\n```\nc\n```\nyes", "a\n```js\nb\n```\nc", "yes"],
    ["in Gemma's channel", "<|channel>thought\nhm<channel|>yes", "hm", "yes"],
    ["in Harmony's analysis", "<|channel|>analysis<|message|>hm<|end|>yes", "hm", "yes"],
    [
      "and a final message",
      "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>yes<|return|>",
      "hm",
      "yes",
    ],
    [
      "that only the next message ends",
      "<|channel|>analysis<|message|>hm<|start|>assistant<|channel|>final<|message|>yes",
      "hm",
      "yes",
    ],
  ])("%s", (_name, text, thought, said) => {
    expect(read([text])).toEqual([["thinking", thought], ["end"], ["text", said]])
  })

  test.each([
    ["a tag", "<think>hm"],
    ["a fence", "```thinking\nhm"],
    ["a fence whose end has no line end", "```thinking\nhm\n```"],
  ])("that is not over at the end is thinking: %s", (_name, text) => {
    expect(read([text])).toEqual([["thinking", "hm"], ["end"]])
  })

  test("keeps two words apart that it stood between", () => {
    expect(read(["one<think>hm</think> two"])).toEqual([["text", "one"], ["thinking", "hm"], ["end"], ["text", " two"]])
  })
})

test("tokens of a template are left out, whatever its bars and spaces", () => {
  expect(read(["one<|im_end|> two<｜end▁of▁sentence｜><｜end of sentence｜>"])).toEqual([["text", "one two"]])
})

test("operators of a program are no tokens", () => {
  const text = "xs <| sort |> take and p <|> q"
  expect(read([text])).toEqual([["text", text]])
})

test("an end of thinking is left out where nothing stands before it", () => {
  for (const text of ["</think>\n\nyes", "\n</thinking>yes"]) {
    expect(read([text])).toEqual([["text", "yes"]])
    expect(read([...text], { headOnly: true })).toEqual([["text", "yes"]])
  }
})

describe("text that speaks of markup", () => {
  test.each([
    ["in a span", "use `<think>` here"],
    ["in a span of two", "use `` a ` <think> `` here"],
    ["in a fence", "x\n```xml\n<think>\n</think>\n```\ny"],
    ["in a fence of tildes", "~~~\n<think>\n~~~\ny"],
    ["in a fence within a quotation", "> ```\n> <think>\n> ```\n"],
    ["in a fence with a shorter one in it", "````\n```\n<think>\n```\n````\n"],
    ["in quotes", 'it wrote "<think>" there'],
    ["a fence's info within a line", "a ```thinking\n"],
    ["a closer alone", "a </think> b"],
    ["another tag", "<thinker> <thin> <think >"],
    ["a token outside of a section", "a <|tool_call_begin|>"],
    ["the beginning of a section", "<tool_call>\nis a tag"],
    ["a name of a recipient", "it calls to=functions.read when it can"],
    ["a recipient that is no tool", 'to=functions.other json\n{"path":"a"}'],
    ["a recipient with what is no JSON", "to=functions.read json\n{path}"],
    ["a tag with JSON that is no call", '<tool_call>{"path":"a"}</tool_call>'],
  ])("%s stays as it is", (_name, text) => {
    // Tokens in general are left out elsewhere.
    const openers = OPENERS.filter((opener) => !FAMILIES["control-tokens"].openers.includes(opener))
    let said = ""
    const nothing = (): void => expect.unreachable()
    const healer = new TextHealer(
      { openers, tools: TOOLS },
      {
        text: (delta) => void (said += delta),
        thinking: nothing,
        thinkingEnd: nothing,
        call: nothing,
        plan: nothing,
        cut: nothing,
      },
    )
    for (const char of text) healer.push(char)
    healer.end()
    expect(said).toBe(text)
  })

  test.each([
    ["a span that was closed", "`a` <think>hm"],
    ["a backtick that was never closed", "the ` sign\n<think>hm"],
    ["a fence that was closed", "```\na\n```\n<think>hm"],
  ])("switches nothing off behind %s", (_name, text) => {
    expect(read([text])).toContainEqual(["thinking", "hm"])
  })
})

const READ = { name: "read", arguments: { path: "a", lines: 2 } }

describe("calls", () => {
  test.each<[string, string, HealedCall[]]>([
    [
      "Kimi",
      '<|tool_calls_section_begin|> <|tool_call_begin|>functions.read:0<|tool_call_argument_begin|>{"path":"<|tool_call_end|>"}<|tool_call_end|>\n<|tool_call_begin|>functions.read:1<|tool_call_argument_begin|><|tool_call_end|><|tool_calls_section_end|>',
      [
        { name: "read", arguments: '{"path":"<|tool_call_end|>"}' },
        { name: "read", arguments: "" },
      ],
    ],
    [
      "Kimi without the ends",
      '<|tool_calls_section_begin|><|tool_call_begin|>functions.a.b:0<|tool_call_argument_begin|>{"x":1}',
      [{ name: "a.b", arguments: '{"x":1}' }],
    ],
    [
      "DSML with full-width bars",
      '<｜DSML｜tool_calls>\n<｜DSML｜invoke name="read">\n<｜DSML｜parameter name="path" string="true">a</｜DSML｜parameter>\n<｜DSML｜parameter name="lines" string="false">2</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>',
      [READ],
    ],
    [
      "DSML with ASCII bars, two of them, and the older name",
      '<||DSML||function_calls><||DSML||invoke name="read"><||DSML||parameter name="path">a</||DSML||parameter><||DSML||parameter name="lines">2</||DSML||parameter></||DSML||invoke></||DSML||function_calls>',
      [READ],
    ],
    [
      "DSML without a section",
      '<｜DSML｜invoke name="read"><｜DSML｜parameter name="path" string="true">a <｜b > c</｜DSML｜parameter></｜DSML｜invoke>',
      [{ name: "read", arguments: { path: "a <｜b > c" } }],
    ],
    [
      "GLM",
      "<tool_call>read\n<arg_key>path</arg_key>\n<arg_value>a</arg_value>\n<arg_key>lines</arg_key>\n<arg_value>2</arg_value>\n</tool_call>",
      [READ],
    ],
    ["GLM without arguments", "<tool_call>read</tool_call>", [{ name: "read", arguments: {} }]],
    [
      "Hermes",
      '<tool_call>\n{"name": "read", "arguments": {"path": "</tool_call>"}}\n</tool_call>\n<tool_call>{"name":"read","arguments":"{}"}</tool_call>',
      [
        { name: "read", arguments: { path: "</tool_call>" } },
        { name: "read", arguments: "{}" },
      ],
    ],
    [
      "Hermes with JSON that is broken",
      '<tool_call>{"name": "read", "arguments": {"path": "a"</tool_call>',
      [{ name: "read", arguments: '{"path": "a"' }],
    ],
    [
      "Hermes with a quote too many",
      '<tool_call>{"name": "read", "arguments": {"path": "a " b"}}</tool_call>',
      [{ name: "read", arguments: '{"path": "a " b"}}' }],
    ],
    [
      "Kimi with a quote too many",
      '<|tool_calls_section_begin|><|tool_call_begin|>functions.read:0<|tool_call_argument_begin|>{"path":"a " b"}<|tool_call_end|><|tool_calls_section_end|>',
      [{ name: "read", arguments: '{"path":"a " b"}' }],
    ],
    [
      "DeepSeek V3.1",
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>read<｜tool▁sep｜>{"path":"a"}<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>read<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
      [
        { name: "read", arguments: '{"path":"a"}' },
        { name: "read", arguments: "{}" },
      ],
    ],
    [
      "Qwen's coders",
      "<tool_call>\n<function=read>\n<parameter=path>\na\n</parameter>\n<parameter=lines>\n2\n</parameter>\n</function>\n</tool_call>",
      [READ],
    ],
    [
      "MiniMax",
      '<minimax:tool_call>\n<invoke name="read">\n<parameter name="path">a</parameter>\n<parameter name="lines">2</parameter>\n</invoke>\n</minimax:tool_call>',
      [READ],
    ],
    [
      "Harmony",
      '<|start|>assistant<|channel|>commentary to=functions.read <|constrain|>json<|message|>{"path":"a"}<|call|>',
      [{ name: "read", arguments: '{"path":"a"}' }],
    ],
    [
      "Harmony without its tokens",
      'assistant to=functions.read 彩票 commentary json\n{"path":"a"}',
      [{ name: "read", arguments: '{"path":"a"}' }],
    ],
  ])("of %s are read", (_name, text, calls) => {
    expect(read([text])).toEqual(calls.map((call) => ["call", call]))
    expect(read([`Well. ${text}`])).toEqual([["text", "Well. "], ...calls.map((call) => ["call", call])])
  })

  test.each([
    [
      "in Kimi's arguments",
      '<|tool_calls_section_begin|><|tool_call_begin|>functions.read:0<|tool_call_argument_begin|>{"a',
    ],
    ["in a tag", '<tool_call>{"name":"read","argu'],
    ["in an argument", "<tool_call>read<arg_key>path</arg_key><arg_value>a"],
    ["before the end of a call", '<｜DSML｜invoke name="read"><｜DSML｜parameter name="path">a</｜DSML｜parameter>'],
  ])("that are cut off %s are left out", (_name, text) => {
    expect(read([text])).toEqual([["cut"]])
  })

  test.each([
    ["the tag <tool_call> begins one"],
    ["<tool_call>read</tool_call> is one"],
    ["<function=read> and <function=write></function>"],
  ])("keep arguments that are about calls: %s", (path) => {
    const text = `<tool_call>\n<function=read>\n<parameter=path>\n${path}\n</parameter>\n</function>\n</tool_call>`
    expect(read([text])).toEqual([["call", { name: "read", arguments: { path } }]])
  })

  test("that are broken end where they say, so that the text behind them is shown", () => {
    const [call, ...rest] = read(['<tool_call>{"name":"read","arguments":{"path":"a " b"}}</tool_call>\nDone.'])
    expect(call?.[0]).toBe("call")
    expect(rest).toEqual([["text", "\nDone."]])
  })

  test("that are cut off within a text that speaks of calls are left out", () => {
    const text = '<tool_call>{"name":"read","arguments":{"path":"the tag </tool_call> ends'
    expect(read([text])).toEqual([["cut"]])
  })

  test("are followed by text again", () => {
    expect(read(["<tool_call>read</tool_call>\nDone."])).toEqual([
      ["call", { name: "read", arguments: {} }],
      ["text", "Done."],
    ])
  })

  test("have arguments of any name", () => {
    const [call] = read(["<tool_call>read<arg_key>__proto__</arg_key><arg_value>1</arg_value></tool_call>"])
    expect(JSON.stringify(call?.[1])).toBe('{"name":"read","arguments":{"__proto__":1}}')
  })
})

describe("a text with a format", () => {
  test("is read only until it begins", () => {
    expect(read(['<think>hm</think>{"a":"b <think>x</think>"}'], { headOnly: true })).toEqual([
      ["thinking", "hm"],
      ["end"],
      ["text", '{"a":"b <think>x</think>"}'],
    ])
  })
})
