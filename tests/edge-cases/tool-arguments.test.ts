import { type JsonSchema, MessageBuilder, type ToolCallBlock, classify } from "@sluice/ai"
import { repairArguments, toolError, validateArguments } from "@sluice/ai/tools"
import { describe, expect, test } from "vitest"

/** A call of a tool with the schema, as it is checked. */
function check(parameters: JsonSchema, args: unknown, more: Partial<ToolCallBlock> = {}) {
  const call: ToolCallBlock = {
    type: "toolCall",
    id: "call_1",
    name: "edit",
    arguments: args as Record<string, unknown>,
    ...more,
  }
  return { ...validateArguments({ name: "edit", parameters }, call), call }
}

/** The arguments that a tool is run with. */
function run(parameters: JsonSchema, args: unknown, more: Partial<ToolCallBlock> = {}): unknown {
  const result = check(parameters, args, more)
  return result.ok ? result.arguments : result.issues
}

/** What is told to the model: `path: message`. */
function told(parameters: JsonSchema, args: unknown, more: Partial<ToolCallBlock> = {}): string[] {
  const result = check(parameters, args, more)
  return result.ok ? [] : result.issues.map(({ path, message }) => `${path.join(".")}: ${message}`)
}

const object = (properties: JsonSchema, required: string[] = [], more: JsonSchema = {}): JsonSchema => ({
  type: "object",
  properties,
  required,
  ...more,
})
const STRING = { type: "string" }
const NUMBER = { type: "number" }
const BOOLEAN = { type: "boolean" }
const listOf = (items: JsonSchema): JsonSchema => ({ type: "array", items })

/** The block of a call whose arguments came in these pieces; `cut`: the answer ended without the call's end. */
function streamed(pieces: readonly string[], cut = false): ToolCallBlock {
  const out = new MessageBuilder({
    api: "openai-completions",
    provider: "p",
    model: "m",
    timestamp: 0,
    now: () => 0,
    mintId: (prefix) => `${prefix}1`,
    toError: (facts) => classify(facts, { provider: "p", model: "m" }),
  })
  out.toolCall("0", { id: "call_1", name: "edit" })
  for (const piece of pieces) out.args("0", piece)
  if (!cut) out.close("0")
  if (!cut) out.stop("toolUse")
  out.finish()
  return out.message.content[0] as ToolCallBlock
}

describe("what a schema says", () => {
  const rules: readonly (readonly [string, JsonSchema, unknown, unknown])[] = [
    ["propertyNames", { propertyNames: { pattern: "^[a-z]+$" } }, { a: 1 }, { A: 1 }],
    ["patternProperties", { patternProperties: { "^n_": NUMBER } }, { n_a: 1 }, { n_a: [] }],
    ["dependentRequired", { dependentRequired: { a: ["b"] } }, { a: 1, b: 1 }, { a: 1 }],
    [
      "if, then and else",
      JSON.parse(
        '{"if":{"properties":{"mode":{"const":"w"}},"required":["mode"]},"then":{"required":["text"]},"else":{"required":["lines"]}}',
      ) as JsonSchema,
      { mode: "w", text: "x" },
      { mode: "w", lines: 1 },
    ],
    ["contains", object({ list: { contains: NUMBER } }), { list: ["a", 1] }, { list: ["a"] }],
    [
      "prefixItems",
      object({ pair: { type: "array", prefixItems: [STRING, NUMBER] } }),
      { pair: ["a", 1] },
      { pair: ["a", {}] },
    ],
    ["minContains", object({ list: { contains: NUMBER, minContains: 2 } }), { list: [1, 2] }, { list: [1] }],
    [
      "unevaluatedProperties",
      object({ o: { allOf: [object({ a: NUMBER })], unevaluatedProperties: NUMBER } }),
      { o: { a: 1, b: 2 } },
      { o: { a: 1, b: [] } },
    ],
  ]
  test.each(rules)("OF-289: %s is enforced", (_keyword, schema, valid, invalid) => {
    expect(run({ type: "object", ...schema }, valid)).toBe(valid)
    expect(told({ type: "object", ...schema }, invalid)).not.toEqual([])
  })

  const tree = {
    ...object({ tree: { $ref: "#/$defs/node" } }, ["tree"]),
    $defs: { node: object({ value: NUMBER, children: listOf({ $ref: "#/$defs/node" }) }, ["value"]) },
  }

  test("OF-290: a reference to itself is followed as deep as the value goes", () => {
    const valid = { tree: { value: 1, children: [{ value: 2, children: [{ value: 3 }] }] } }
    expect(run(tree, valid)).toBe(valid)
    const wrong = { tree: { value: 1, children: [{ value: 2, children: [{ value: "3" }, {}] }] } }
    expect(told(tree, wrong)).toEqual(["tree.children.0.children.1.value: is required, and missing"])
  })

  test("OF-290: a reference that leads back without a step into the value ends, and the rest is enforced", () => {
    const schema = { ...object({ a: { $ref: "#/$defs/a" } }), $defs: { a: { allOf: [{ $ref: "#/$defs/a" }, STRING] } } }
    expect(run(schema, { a: "x" })).toEqual({ a: "x" })
    expect(
      told(
        { ...schema, $defs: { a: { anyOf: [{ $ref: "#/$defs/b" }] }, b: { allOf: [{ $ref: "#/$defs/a" }, NUMBER] } } },
        { a: {} },
      ),
    ).toEqual(["a: expected number, received object"])
  })

  test("OF-290: a value that is nested without an end in sight is refused", () => {
    let deep: unknown = { value: 1 }
    for (let level = 0; level < 10_000; level++) deep = { value: 1, children: [deep] }
    expect(told(tree, { tree: deep })).toEqual([": nested more than 64 levels deep"])
  })

  test("OF-291: a schema of draft 7 is enforced without being marked as one", () => {
    const schema = object({
      pair: { type: "array", items: [STRING, { $ref: "#/definitions/size" }], additionalItems: false },
      name: { ...STRING, nullable: true },
    })
    const older = {
      ...schema,
      definitions: { size: { type: "integer", minimum: 0 } },
      dependencies: { pair: ["name"] },
    }
    const valid = { pair: ["a", 1], name: null }
    expect(run(older, valid)).toBe(valid)
    expect(told(older, { pair: ["a", -1], name: "n" })).toEqual(["pair.1: must be 0 or more"])
    expect(told(older, { pair: ["a", 1, 2], name: "n" })).toEqual(["pair.2: is not allowed"])
    expect(told(older, { pair: ["a", 1] })).toEqual(["name: is required beside pair, and missing"])
  })
})

describe("what models get wrong", () => {
  test("OF-302: raw control characters in strings are read, however the text is cut", () => {
    const text = '{"path":"a.txt","content":"one\n\ttwo\u0001"}'
    for (let size = 1; size < text.length; size++) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
        text.slice(i * size, (i + 1) * size),
      )
      const block = streamed(pieces)
      expect(block).toMatchObject({ arguments: { path: "a.txt", content: "one\n\ttwo\u0001" } })
      expect(block).not.toHaveProperty("rawArguments")
    }
  })

  test("OF-302: a text that ends early is not made whole, neither by itself nor by the check", () => {
    const schema = object({ path: STRING, content: STRING })
    for (const text of ['{"path":"a.txt","content":"one\ntw', '{"path":"a.txt"', '{"path":"a.txt",']) {
      for (const block of [streamed([text]), streamed([text], true)]) {
        expect(block).toMatchObject({ arguments: {}, rawArguments: text })
        expect(validateArguments({ name: "edit", parameters: schema }, block)).toMatchObject({ ok: false })
      }
    }
    const cut = streamed(['{"path":"a.txt"}'], true)
    expect(cut).toMatchObject({ incomplete: true, arguments: { path: "a.txt" } })
    expect(validateArguments({ name: "edit", parameters: schema }, cut)).toMatchObject({
      ok: false,
      issues: [{ message: "the call was cut off before its end" }],
    })
  })

  test("OF-302: text that is JSON but for single quotes, bare keys, comments or Python's words is read by the check", () => {
    const rawArguments = `Sure:\n\`\`\`json\n{'path': "C:\\dir", dry: True, /* all */ limit: 3, "list": [None,],}\n\`\`\``
    const schema = object({ path: STRING, dry: BOOLEAN, limit: NUMBER, list: listOf({}) })
    const value = { path: "C:\\dir", dry: true, limit: 3, list: [null] }
    expect(streamed([rawArguments])).toMatchObject({ arguments: {}, rawArguments })
    expect(run(schema, {}, { rawArguments })).toEqual(value)
    expect(run(schema, {}, { rawArguments: JSON.stringify(JSON.stringify(value)) })).toEqual(value)
    expect(repairArguments(rawArguments.slice(0, 40))).toBeUndefined()
    expect(repairArguments(rawArguments.slice(0, 40), { partial: true })?.repairs).toContain("truncated")
  })

  test("OF-303: objects and lists that were written as strings are read", () => {
    const schema = object({ options: object({ n: NUMBER }), list: listOf(NUMBER), input: object({ a: NUMBER }) })
    expect(run(schema, { options: '{"n":1}', list: "[1,2]", input: '{"a":1}' })).toEqual({
      options: { n: 1 },
      list: [1, 2],
      input: { a: 1 },
    })
    expect(run(schema, { options: JSON.stringify(JSON.stringify('{"n":1}')) })).toEqual({ options: { n: 1 } })
    expect(run(schema, { options: "{'n': 1}", list: "[1,2] as asked" })).toEqual({ options: { n: 1 }, list: [1, 2] })
    expect(run(object({ list: listOf(object({ n: NUMBER })) }), { list: '[{"n":1]' })).toEqual({ list: [{ n: 1 }] })
    expect(run(object({ text: STRING }), { text: '{"n":1}' })).toEqual({ text: '{"n":1}' })
  })

  test("OF-304: properties of the whole that the schema does not know are kept, null among them", () => {
    const closed = object({ n: NUMBER }, ["n"], { additionalProperties: false })
    expect(run(closed, { why: null, n: "5", more: { a: null } })).toEqual({ why: null, n: 5, more: { a: null } })
    expect(Object.keys(run(closed, { why: null, n: "5", z: 1 }) as object)).toEqual(["why", "n", "z"])
    expect(run(object({ o: closed }), { o: { n: 1, stray: 2 } })).toEqual({ o: { n: 1 } })
  })

  test("OF-305: one string for a list of strings becomes the list", () => {
    expect(run(object({ files: listOf(STRING) }), { files: "a.ts" })).toEqual({ files: ["a.ts"] })
    expect(run(object({ files: { anyOf: [listOf(STRING), { type: "null" }] } }), { files: "a.ts" })).toEqual({
      files: ["a.ts"],
    })
    expect(told(object({ files: { anyOf: [listOf(STRING), NUMBER] } }), { files: "a.ts" })).toEqual([
      "files: expected number or array, received string",
    ])
    expect(told(object({ files: listOf(listOf(STRING)) }), { files: "a.ts" })).toEqual([
      "files: expected array, received string",
    ])
  })

  test("OF-306: one object or number for a list of such becomes the list", () => {
    const schema = object({ edits: listOf(object({ line: NUMBER })), lines: listOf(NUMBER) })
    expect(run(schema, { edits: { line: "3" }, lines: 4 })).toEqual({ edits: [{ line: 3 }], lines: [4] })
    expect(told(object({ edits: listOf(object({ line: NUMBER }, ["line"])) }), { edits: { text: "x" } })).toEqual([
      "edits.0.line: is required, and missing",
    ])
    expect(told(schema, { edits: 4 })).toEqual(["edits: expected array, received number"])
  })

  test("OF-307: a list as a string becomes the list where a string is allowed too, if the list is valid", () => {
    const schema = object({ paths: { anyOf: [STRING, listOf(STRING)] }, content: { type: ["string", "array"] } })
    expect(run(schema, { paths: '["a","b"]' })).toEqual({ paths: ["a", "b"] })
    for (const paths of ["[1,2]", '["a"', "[a]"]) expect(run(schema, { paths })).toEqual({ paths })
    expect(run(schema, { content: '["a"]' })).toEqual({ content: '["a"]' })
  })

  test("OF-308: a number in strings in a string is the number", () => {
    const schema = object({ timeout: NUMBER })
    for (const timeout of ["300", '"300"', '"\\"300\\""', " 300 "])
      expect(run(schema, { timeout })).toEqual({ timeout: 300 })
    for (const timeout of ["300s", "0x12c", "Infinity", "1,000", "9007199254740993"]) {
      expect(told(schema, { timeout })).toEqual(["timeout: expected number, received string"])
    }
  })

  test("OF-309: a broken list in a string is one issue, at its own place", () => {
    const schema = object({ edits: listOf(object({ line: NUMBER }, ["line"])), tags: listOf(STRING) })
    for (const text of ['[{"line": 1}, {"line', "[one, two]", '{"line" 1}', "["]) {
      expect(told(schema, { edits: text, tags: text })).toEqual([
        "edits: expected array, received string",
        "tags: expected array, received string",
      ])
    }
  })

  test("OF-310: an empty string or null for an optional property that may not be one is left out", () => {
    const schema = object({
      mode: { enum: ["r", "w"] },
      n: NUMBER,
      list: listOf(STRING),
      name: STRING,
      id: { ...STRING, minLength: 1 },
    })
    expect(run(schema, { mode: "", n: "", list: "", name: "", id: "" })).toEqual({ name: "" })
    expect(run(schema, { mode: null, n: "null", list: "null", name: "null", id: null })).toEqual({ name: "null" })
    expect(run(object({ n: { type: ["number", "null"] } }), { n: null })).toEqual({ n: null })
    expect(told({ ...schema, required: ["n", "id"] }, { n: "", id: "" })).toEqual([
      "n: expected number, received string",
      "id: must have 1 characters or more",
    ])
    const withDefault = object({ n: { ...NUMBER, default: 7 } }, ["n"])
    expect(run(withDefault, { n: null })).toEqual({ n: 7 })
  })

  test("OF-311: names that were encoded twice are read, at every depth, before unknown names are looked for", () => {
    const schema = object({ op: STRING, options: object({ n: NUMBER }, ["n"], { additionalProperties: false }) }, [
      "op",
    ])
    expect(run(schema, { '"op"': "add", '"options"': { '"\\"n\\""': 1 } })).toEqual({ op: "add", options: { n: 1 } })
    expect(run(schema, { op: "add", '"op"': "other" })).toEqual({ op: "add", '"op"': "other" })
    const prototype = run(schema, JSON.parse('{"\\"__proto__\\"": {"x": 1}, "op": "add"}'))
    expect(Object.getPrototypeOf(prototype)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined()
    const map = object({ words: { type: "object", additionalProperties: STRING } })
    expect(run(map, { words: { '"quoted"': "x" } })).toEqual({ words: { '"quoted"': "x" } })
  })

  test("OF-312: the one argument of a tool under another name is taken for it", () => {
    const schema = object({ path: STRING, limit: NUMBER }, ["path"], { additionalProperties: false })
    expect(run(schema, { file: "a.ts" })).toEqual({ path: "a.ts" })
    expect(told(schema, { limit: 3 })).toEqual(["path: is required, and missing"])
    expect(told(schema, { file: "a.ts", name: "b.ts" })).toEqual([
      "path: is required, and missing",
      "file: is not a known property",
      "name: is not a known property",
    ])
    expect(told(object({ path: STRING, to: STRING }, ["path", "to"]), { file: "a.ts" })).toHaveLength(2)
    expect(told(object({ count: NUMBER }, ["count"]), { n: "3" })).toHaveLength(1)
  })

  test("OF-313: line breaks behind choices, paths and titles are taken off, and texts are left alone", () => {
    const texts = Object.fromEntries(
      ["content", "input", "body", "text", "command", "code"].map((name) => [name, "x\r\n"]),
    )
    const lines = Object.fromEntries(
      ["path", "file", "file_path", "filePath", "filepath", "url", "uri", "title", "label"].map((name) => [
        name,
        "x\r\n",
      ]),
    )
    const properties = Object.fromEntries(Object.keys({ ...texts, ...lines }).map((name) => [name, STRING]))
    const schema = object({ ...properties, paths: listOf(STRING), mode: { enum: ["r", "w"] }, other: STRING })
    const trimmed = Object.fromEntries(Object.keys(lines).map((name) => [name, "x"]))
    expect(run(schema, { ...texts, ...lines, paths: ["a\n", " b \n\n"], mode: "r\n", other: "x\n" })).toEqual({
      ...texts,
      ...trimmed,
      paths: ["a", " b "],
      mode: "r",
      other: "x\n",
    })
    expect(told(object({ code: { enum: ["a"] } }), { code: "a\n" })).toEqual(['code: must be one of "a"'])
  })

  test("OF-314: a value of another kind is made into what the schema wants, where that can be told", () => {
    const schema = object({ on: BOOLEAN, n: { type: "integer" }, s: STRING })
    for (const [on, meant] of [
      ["true", true],
      ["Yes", true],
      ["on", true],
      ["1", true],
      [1, true],
      ["false", false],
      ["no", false],
      ["OFF", false],
      [0, false],
    ] as const) {
      expect(run(schema, { on })).toEqual({ on: meant })
    }
    expect(run(schema, { n: "5" })).toEqual({ n: 5 })
    expect(run(schema, { n: true })).toEqual({ n: 1 })
    expect(run(schema, { s: { a: [1] } })).toEqual({ s: '{"a":[1]}' })
    expect(run(schema, { s: [1, 2] })).toEqual({ s: "[1,2]" })
    expect(run(schema, { s: 5 })).toEqual({ s: "5" })
    expect(run(object({ content: STRING }), { content: { a: 1 } })).toEqual({ content: '{"a":1}' })
    expect(told(schema, { on: 2, n: "5.5" })).toEqual([
      "on: expected boolean, received number",
      "n: expected integer, received number",
    ])
    // Of a kind that is allowed, and wrong in itself: nothing else is made of it.
    expect(told(object({ v: { anyOf: [STRING, { ...NUMBER, minimum: 10 }] } }), { v: 5 })).toEqual([
      "v: must be 10 or more",
    ])
  })

  test("OF-314: arguments that a model spilled into another one in its own markup come apart", () => {
    const schema = object({ path: STRING, limit: NUMBER, content: STRING }, ["path", "limit"])
    const path = "a.ts</arg_value>\n<arg_key>limit</arg_key>\n<arg_value>10"
    expect(run(schema, { path })).toEqual({ path: "a.ts", limit: 10 })
    expect(run(schema, { path: "a.ts\n<arg_key>limit<arg_value>10</arg_value>\n</tool_call>" })).toEqual({
      path: "a.ts",
      limit: 10,
    })
    // Valid as it is, known already, or in a text: nothing is taken apart.
    expect(run(schema, { path, limit: 3 })).toEqual({ path, limit: 3 })
    expect(told(schema, { path: "a</arg_value><arg_key>path</arg_key><arg_value>b" })).toHaveLength(1)
    expect(told(schema, { path: "a.ts", content: "x</arg_value><arg_key>limit</arg_key><arg_value>1" })).toHaveLength(1)
  })

  test("OF-315: the model is told what is wrong and what it sent, with long texts cut", () => {
    const schema = object(
      { path: STRING, mode: { enum: ["r", "w"] }, edits: listOf(object({ line: NUMBER }, ["line"])) },
      ["path"],
    )
    const result = check(schema, {
      content: "x".repeat(1000),
      mode: "rw",
      edits: [{}],
      deep: { text: "y".repeat(300) },
    })
    const message = result.ok ? "" : result.message
    expect(message.split("\n")).toEqual([
      'The tool "edit" was not run, because the arguments of the call are not valid:',
      "- path: is required, and missing",
      '- mode: must be one of "r", "w"',
      "- edits[0].line: is required, and missing",
      "",
      `Received: {"content":"${"x".repeat(256)}… (744 more characters)","mode":"rw","edits":[{}],"deep":{"text":"${"y".repeat(256)}… (44 more characters)"}}`,
    ])
    expect(result.ok || toolError(result.call, result)).toEqual({
      role: "toolResult",
      toolCallId: "call_1",
      toolName: "edit",
      content: message,
      isError: true,
    })
    const many = check(object({ list: listOf(NUMBER) }), { list: Array.from({ length: 3000 }, () => "long text") })
    expect(many.ok ? "" : many.message.length).toBeLessThan(6000)
  })
})
