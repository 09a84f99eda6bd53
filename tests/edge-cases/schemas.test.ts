import type { ChatCompat, GoogleCompat, JsonSchema, ResponsesCompat, Tool } from "@sluice/ai"
import { openaiCompletions } from "@sluice/ai/wires/openai-completions"
import { openaiResponses } from "@sluice/ai/wires/openai-responses"
import { googleGenerativeAi } from "@sluice/ai/wires/google-generative-ai"
import { describeModel } from "@sluice/catalog"
import { describe, expect, test } from "vitest"
import { classify } from "../../packages/ai/src/errors/classify.ts"
import { upgradeSchema } from "../../packages/ai/src/schema/upgrade.ts"
import { fitsSchema } from "../schemas/instances.ts"
import { type AnyBody, callTo, lossesOf, sent } from "../support/call.ts"
import { modelOf } from "../support/openai-completions.ts"

type Facts = Record<string, string | number | boolean>

function tool(parameters: JsonSchema, strict?: boolean): Tool {
  return { name: "f", parameters, ...(strict === undefined ? {} : { strict }) }
}

/** An object with one property that is required. */
function object(a: unknown, more: JsonSchema = {}): JsonSchema {
  return { type: "object", properties: { a }, required: ["a"], additionalProperties: false, ...more }
}

/** The functions of a request to a chat host, and what was lost. */
function chat(compat: ChatCompat, tools: readonly Tool[], known: Facts = {}): { tools: AnyBody[]; losses: string[] } {
  const { body, losses } = openaiCompletions.encode(
    callTo(modelOf({ chat: compat }), { context: { tools }, known: known as never }),
  )
  const list = sent(body)["tools"] as { function: AnyBody }[]
  return { tools: list.map((one) => one.function), losses: lossesOf(losses) }
}

const PER_TOOL: ChatCompat = { strictTools: "per-tool" }

function strictly(parameters: JsonSchema, compat: ChatCompat = PER_TOOL): AnyBody {
  return chat(compat, [tool(parameters, true)]).tools[0] as AnyBody
}

function responses(compat: ResponsesCompat, tools: readonly Tool[]): { tools: AnyBody[]; losses: string[] } {
  const model = { ...modelOf(), api: "openai-responses" as const, compat: { responses: compat } }
  const { body, losses } = openaiResponses.encode(callTo(model, { context: { tools } }))
  return { tools: sent(body)["tools"] as AnyBody[], losses: lossesOf(losses) }
}

/** A property's schema as Google's API gets it. */
function google(a: unknown, schemas: NonNullable<GoogleCompat["schemas"]> = "json", more: JsonSchema = {}): AnyBody {
  const model = { ...modelOf(), api: "google-generative-ai" as const, compat: { google: { schemas } } }
  const { body } = googleGenerativeAi.encode(callTo(model, { context: { tools: [tool(object(a, more))] } }))
  const [first] = sent(body)["tools"][0].functionDeclarations as AnyBody[]
  return (first?.["parametersJsonSchema"] ?? first?.["parameters"])?.properties.a as AnyBody
}

describe("strict tools", () => {
  test("OF-287: an object that is used in two places is closed in both", () => {
    const shared = { type: "object", properties: { x: { type: "string" } } }
    const { parameters, strict } = strictly({
      type: "object",
      properties: { a: shared, b: shared },
      required: ["a", "b"],
    })
    const closed = {
      type: "object",
      properties: { x: { anyOf: [{ type: "string" }, { type: "null" }] } },
      required: ["x"],
      additionalProperties: false,
    }
    expect([strict, parameters.properties]).toEqual([true, { a: closed, b: closed }])
    expect(shared).toEqual({ type: "object", properties: { x: { type: "string" } } })
  })

  test("OF-288: a part that is shared is no circle, and what is frozen can be read", () => {
    const shared = Object.freeze({ type: "string", minLength: 1 })
    const either = Object.freeze({ anyOf: Object.freeze([shared, Object.freeze({ type: "array", items: shared })]) })
    const schema = Object.freeze(object(Object.freeze({ ...object(shared), description: "o" }), {}))
    const { parameters, strict } = strictly(
      Object.freeze({ ...schema, properties: { a: shared, b: either }, required: ["a", "b"] }),
    )
    const text = { type: "string", description: "{minLength: 1}" }
    expect([strict, parameters.properties]).toEqual([
      true,
      { a: text, b: { anyOf: [text, { type: "array", items: text }] } },
    ])
    const circle: JsonSchema = { type: "object", properties: {}, additionalProperties: false }
    circle["properties"] = { again: circle }
    expect(strictly(circle)).toMatchObject({ strict: false, parameters: { properties: { again: {} } } })
  })

  test.each([
    ["any keys", { type: "object", additionalProperties: {} }],
    ["any keys, in a word", { type: "object", properties: { x: { type: "string" } }, additionalProperties: true }],
    ["keys with values of one kind", { type: "object", additionalProperties: { type: "string" } }],
    ["keys by a pattern", { type: "object", properties: {}, patternProperties: { "^x": { type: "string" } } }],
    ["keys of which nothing is said", { type: "object" }],
  ])("OF-292: an open map stays open, and its tool alone is not strict: %s", (_name, map) => {
    const fine = { ...tool(object({ type: "string" }), true), name: "g" }
    const { tools, losses } = chat(PER_TOOL, [tool(object(map), true), fine])
    expect(tools).toMatchObject([{ parameters: object(map), strict: false }, { strict: true }])
    expect(tools[0]?.["parameters"]).toEqual(object(map))
    expect(losses).toEqual(["dropped tools[0].strict"])
    expect(responses({ strictTools: "per-tool" }, [tool(object(map), true)])).toMatchObject({
      tools: [{ strict: false, parameters: object(map) }],
      losses: ["dropped tools[0].strict"],
    })
  })

  test("OF-295: a property that is called as a keyword is a property, and what is inside of it is read", () => {
    const inner = { type: "string", minLength: 1, description: "d" }
    const names = ["properties", "items", "required", "anyOf", "additionalProperties", "$ref", "enum"]
    const schema = {
      type: "object",
      properties: Object.fromEntries(names.map((name) => [name, inner])),
      required: names,
    }
    const { parameters, strict } = strictly(schema)
    const told = { type: "string", description: "d\n\n{minLength: 1}" }
    expect(strict).toBe(true)
    expect(parameters).toEqual({
      type: "object",
      properties: Object.fromEntries(names.map((name) => [name, told])),
      required: names,
      additionalProperties: false,
    })
    expect(google({ ...schema, additionalProperties: false })).toEqual({
      type: "object",
      properties: Object.fromEntries(names.map((name) => [name, told])),
      required: names,
    })
  })

  test("OF-299: an optional union has null as one more branch, and no branch is without a type", () => {
    const union = { anyOf: [{ anyOf: [{ type: "string" }, { type: "integer" }] }, { type: "boolean" }] }
    const optional = { type: "object", properties: { a: union, b: { description: "d", ...union } } }
    const { parameters } = strictly(optional)
    const branches = ["string", "integer", "boolean", "null"].map((type) => ({ type }))
    expect(parameters.properties).toEqual({ a: { anyOf: branches }, b: { description: "d", anyOf: branches } })
    expect(strictly(object({ anyOf: [{ type: "string" }, { description: "anything" }] })).strict).toBe(false)
  })

  test.each<[string, unknown, unknown]>([
    ["a constant", { const: "x" }, { type: "string", enum: ["x"] }],
    [
      "a list of types",
      { type: ["string", "null"], description: "d", enum: ["x", null] },
      { description: "d", anyOf: [{ type: "string", enum: ["x"] }, { type: "null" }] },
    ],
    [
      "a default",
      { type: "integer", description: "d", default: 3 },
      { type: "integer", description: "d (default: 3)" },
    ],
    ["a title alone", { type: "integer", title: "T" }, { type: "integer", description: "T" }],
    ["one schema of all", { allOf: [{ type: "string", description: "d" }] }, { type: "string", description: "d" }],
    [
      "parts of one object",
      {
        allOf: [
          object({ type: "string" }, { additionalProperties: undefined }),
          { type: "object", properties: { b: { type: "null" } }, required: ["b"] },
        ],
      },
      {
        type: "object",
        properties: { a: { type: "string" }, b: { type: "null" } },
        required: ["a", "b"],
        additionalProperties: false,
      },
    ],
    [
      "what is around a union",
      { type: "string", anyOf: [{ enum: ["x"] }, { maxLength: 3 }] },
      {
        anyOf: [
          { type: "string", enum: ["x"] },
          { type: "string", description: "{maxLength: 3}" },
        ],
      },
    ],
    ["a reference alone", { $ref: "#/$defs/x" }, { $ref: "#/$defs/x" }],
    [
      "a reference with something beside it",
      { $ref: "#/$defs/x", description: "d" },
      { type: "string", description: "d" },
    ],
    [
      "a reference to what is around it, with words",
      { $ref: "#", description: "d" },
      { description: "d", anyOf: [{ $ref: "#" }] },
    ],
  ])("what it has other words for is said in those: %s", (_name, given, wanted) => {
    const { parameters, strict } = strictly(object(given, { $defs: { x: { type: "string" }, unused: true } }))
    const a = parameters.properties.a as AnyBody
    expect([strict, a]).toEqual([true, wanted])
    expect(parameters.$defs).toEqual(a["$ref"] === "#/$defs/x" ? { x: { type: "string" } } : undefined)
  })

  test.each<[string, unknown]>([
    ["true", true],
    ["nothing", {}],
    ["words alone", { description: "d" }],
    ["values of several types", { enum: ["x", 1] }],
    ["a list by place", { type: "array", prefixItems: [{ type: "string" }] }],
    ["a list of anything", { type: "array" }],
    ["parts that rule each other out", { allOf: [{ type: "string" }, { type: "integer" }] }],
    [
      "parts of which one is closed",
      { allOf: [object({ type: "string" }), { type: "object", properties: { b: {} } }] },
    ],
    ["a reference elsewhere", { $ref: "https://host.example/schema" }],
    ["what is required and not described", { type: "object", properties: { x: { type: "string" } }, required: ["y"] }],
  ])("what it has no words for goes out as it is: %s", (_name, given) => {
    const schema = object(given)
    const { tools, losses } = chat(PER_TOOL, [tool(schema, true)])
    expect(tools).toEqual([{ name: "f", parameters: schema, strict: false }])
    expect(losses).toEqual(["dropped tools[0].strict"])
    // Nobody asked for it: nothing is lost.
    expect(chat(PER_TOOL, [tool(schema)])).toEqual({ tools: [{ name: "f", parameters: schema }], losses: [] })
  })
})

describe("which tools are strict", () => {
  const open = { type: "object", properties: { a: { const: "x" } }, required: ["a"] }
  const optional = { type: "object", properties: { a: { type: "string" } } }
  const limited = object({ type: "string", pattern: "^x" })

  test("unasked, those that lose nothing by it", () => {
    const { tools, losses } = chat(PER_TOOL, [tool(open), tool(optional), tool(limited), tool(open, false)])
    expect(tools.map(({ strict }) => strict)).toEqual([true, undefined, undefined, false])
    expect(tools.map(({ parameters }) => parameters)).toEqual([
      object({ type: "string", enum: ["x"] }),
      optional,
      limited,
      open,
    ])
    expect(losses).toEqual([])
    const other = responses({ strictTools: "per-tool" }, [tool(open), tool(optional), tool(open, false)])
    expect(other.tools.map(({ strict }) => strict)).toEqual([true, false, false])
    expect(responses({ strictTools: "asked" }, [tool(open)]).tools).toMatchObject([{ strict: false, parameters: open }])
  })

  test("asked for, those that strict mode has words for, with what it costs on record", () => {
    for (const { tools, losses } of [
      chat(PER_TOOL, [tool(open, true), tool(optional, true), tool(limited, true)]),
      responses({ strictTools: "asked" }, [tool(open, true), tool(optional, true), tool(limited, true)]),
    ]) {
      expect(tools.map(({ strict }) => strict)).toEqual([true, true, true])
      expect(tools[1]?.["parameters"]).toEqual(object({ anyOf: [{ type: "string" }, { type: "null" }] }))
      expect(tools[2]?.["parameters"]).toEqual(
        object({ type: "string", description: "{pattern: ^x}".replace("^x", '"^x"') }),
      )
      expect(losses).toEqual(["approximated tools[1].parameters", "approximated tools[2].parameters"])
    }
  })

  test("limits on values stay where the host takes them", () => {
    const host: ChatCompat = { strictTools: "per-tool", strictValidators: true }
    const { tools, losses } = chat(host, [tool(limited), tool(object({ type: "string", pattern: "^(?!x)" }), true)])
    expect(tools).toMatchObject([
      { parameters: limited, strict: true },
      { parameters: object({ type: "string", description: '{pattern: "^(?!x)"}' }), strict: true },
    ])
    expect(losses).toEqual(["approximated tools[1].parameters"])
    const { compat } = describeModel("openai", "gpt-5.5", undefined, { api: "openai-responses" })
    expect(compat.responses?.strictValidators).toBe(true)
  })

  test("where all are or none, one that cannot be keeps the others as they are", () => {
    const host: ChatCompat = { strictTools: "all-or-none" }
    expect(chat(host, [tool(open), tool(open, true)]).tools.map(({ strict }) => strict)).toEqual([true, true])
    const { tools, losses } = chat(host, [tool(open, true), tool(object(true))])
    expect(tools).toEqual([
      { name: "f", parameters: open },
      { name: "f", parameters: object(true) },
    ])
    expect(losses).toEqual(["dropped tools[0].strict"])
  })

  test("a host that refused them once gets the schemas as they were", () => {
    const tools = [tool(open), tool(optional, true)]
    const model = modelOf({ chat: PER_TOOL })
    const message = "Invalid schema for function 'f': 'format' is not permitted"
    const error = classify({ status: 400, type: "invalid_request_error", message })
    const facts = openaiCompletions.adapt?.(error, callTo(model, { context: { tools } }), [])?.learn?.facts
    const again = chat(PER_TOOL, tools, facts as Facts)
    expect(again.tools).toEqual([
      { name: "f", parameters: open },
      { name: "f", parameters: optional },
    ])
    expect(again.losses).toEqual(["dropped tools[1].strict"])
  })

  test("the form of an answer is adapted where it is to be strict", () => {
    const format = (strict: boolean | undefined, schema: JsonSchema, compat: ChatCompat = PER_TOOL): AnyBody => {
      const output = { type: "jsonSchema" as const, schema, ...(strict === undefined ? {} : { strict }) }
      const { body, losses } = openaiCompletions.encode(callTo(modelOf({ chat: compat }), { options: { output } }))
      return { ...sent(body)["response_format"].json_schema, losses: lossesOf(losses) }
    }
    expect(format(true, open)).toMatchObject({
      schema: object({ type: "string", enum: ["x"] }),
      strict: true,
      losses: [],
    })
    expect(format(true, optional)).toMatchObject({ strict: true, losses: ["approximated options.output.schema"] })
    expect(format(true, object(true))).toEqual({
      name: "response",
      schema: object(true),
      losses: ["dropped options.output.strict"],
    })
    expect(format(undefined, open)).toEqual({ name: "response", schema: open, losses: [] })
    // Where there is no strict mode, the host holds the model to the schema as it is.
    expect(format(true, open, {})).toMatchObject({ schema: open, strict: true, losses: [] })
  })
})

describe("older drafts", () => {
  const older = {
    type: "object",
    properties: {
      pair: { type: "array", items: [{ type: "string" }, { $ref: "#/definitions/n" }], additionalItems: false },
    },
    required: ["pair"],
    definitions: { n: { type: "integer" } },
  }

  test("OF-291: a schema of draft-07 that does not say so is read as what it is", () => {
    const now = upgradeSchema(older)
    for (const pair of [["a", 1], ["a"], ["a", "b"], [1, 1], ["a", 1, 2]]) {
      expect(fitsSchema(now, { pair })).toBe(fitsSchema(older, { pair }, "7"))
    }
    expect([fitsSchema(now, { pair: ["a", 1] }), fitsSchema(now, { pair: ["a", "b"] })]).toEqual([true, false])
    expect(fitsSchema(now, { pair: ["a", 1, 2] })).toBe(false)
  })
})

describe("other dialects", () => {
  test("OF-293: Google gets nullable for null, definitions in place, and in words what it does not take", () => {
    const $defs = { x: { type: ["string", "null"], minLength: 2, description: "d" } }
    expect(google({ $ref: "#/$defs/x" }, "json", { $defs })).toEqual({
      type: "string",
      nullable: true,
      description: "d\n\n{minLength: 2}",
    })
    expect(
      google({ anyOf: [{ $ref: "#/definitions/y" }, { type: "null" }] }, "openapi", {
        definitions: { y: { type: "integer" } },
      }),
    ).toEqual({ type: "integer", nullable: true })
  })

  test("OF-296: of a union of kinds that becomes one, only what is about that one stays", () => {
    const union = { type: ["array", "string"], items: { type: "integer" }, enum: ["x"], required: ["a"] }
    expect(google(union, "flat")).toEqual({ type: "string", enum: ["x"] })
    const branches = {
      anyOf: [{ type: "object", properties: { x: { type: "string" } }, required: ["x"] }, { type: "integer" }],
    }
    expect(google(branches, "flat")).toEqual({ type: "integer" })
  })

  test("OF-297: Gemini's models get schemas by the same rules, through every one of Google's services", () => {
    for (const [provider, id] of [
      ["google", "gemini-3-pro-preview"],
      ["google-vertex", "gemini-3-pro-preview"],
    ] as const) {
      const model = describeModel(provider, id)
      const { body } = googleGenerativeAi.encode(
        callTo(model, { context: { tools: [tool(object({ type: ["string", "null"], pattern: "x" }))] } }),
      )
      const [first] = sent(body)["tools"][0].functionDeclarations as AnyBody[]
      expect(first?.["parametersJsonSchema"] ?? first?.["parameters"]).toEqual({
        type: "object",
        properties: { a: { type: "string", nullable: true, description: '{pattern: "x"}' } },
        required: ["a"],
      })
    }
  })

  test("OF-298: a union of kinds with words in each branch is kept as far as it goes, not given up", () => {
    const union = {
      description: "how many",
      anyOf: [
        { type: "string", description: "in words" },
        { type: "integer", description: "as a number" },
        { type: "null" },
      ],
    }
    const model = {
      ...modelOf(),
      api: "google-generative-ai" as const,
      compat: { google: { schemas: "flat" as const } },
    }
    const tools = [tool({ type: "object", properties: { a: union, b: { type: "string" } }, required: ["a", "b"] })]
    const { body, losses } = googleGenerativeAi.encode(callTo(model, { context: { tools } }))
    expect(sent(body)["tools"][0].functionDeclarations[0].parameters).toEqual({
      type: "object",
      properties: { a: { type: "string", description: "how many" }, b: { type: "string" } },
      required: ["b"],
    })
    expect(lossesOf(losses)).toEqual(["approximated tools[0].parameters"])
  })

  const anything = { anyOf: ["string", "number", "boolean", "object", "array", "null"].map((type) => ({ type })) }

  test("OF-294: a sampler is not given a schema without keywords, which it takes for an empty object", () => {
    const schema = object({ type: "array", items: {} }, { additionalProperties: {} })
    expect(chat({ schemas: "grammar" }, [tool(schema)])).toEqual({
      tools: [{ name: "f", parameters: object({ type: "array", items: anything }, { additionalProperties: true }) }],
      losses: ["approximated tools[0].parameters"],
    })
    expect(chat({}, [tool(schema)])).toEqual({ tools: [{ name: "f", parameters: schema }], losses: [] })
  })

  test("OF-300: local samplers get the union of all kinds for true, but where yes and no are words of their own", () => {
    const schema = {
      type: "object",
      properties: { any: true, never: false, words: { description: "d" }, kinds: { type: ["string", "null"] } },
      additionalProperties: false,
    }
    const parameters = {
      type: "object",
      properties: { any: anything, words: { description: "d", ...anything }, kinds: { type: ["string", "null"] } },
      additionalProperties: false,
    }
    for (const provider of ["llama.cpp", "lm-studio", "vllm"]) {
      const { compat } = describeModel(provider, "some-model")
      expect(chat(compat.chat ?? {}, [tool(schema)]).tools, provider).toEqual([{ name: "f", parameters }])
    }
    const { compat } = describeModel("llama.cpp", "some-model", undefined, { api: "openai-responses" })
    expect(responses(compat.responses ?? {}, [tool(schema)]).tools).toMatchObject([{ parameters }])
  })

  test("OF-301: Moonshot gets schemas as objects, and what its dialect has no word for in descriptions", () => {
    const { compat } = describeModel("moonshot", "kimi-k2.6")
    const { tools, losses } = chat(compat.chat ?? {}, [
      tool({
        type: "object",
        properties: {
          any: true,
          never: false,
          one: { const: "x", default: "x" },
          kinds: { type: ["string", "null"], description: "d", maxLength: 3 },
          union: { type: "string", oneOf: [{ enum: ["a"] }, { pattern: "^b" }] },
          values: { enum: ["a", {}, 1] },
          pair: { type: "array", prefixItems: [{ type: "string" }] },
        },
        additionalProperties: false,
      }),
    ])
    expect(tools[0]?.["parameters"]).toEqual({
      type: "object",
      properties: {
        any: {},
        one: { type: "string", default: "x", enum: ["x"] },
        kinds: { description: "d", anyOf: [{ type: "string", description: "{maxLength: 3}" }, { type: "null" }] },
        union: {
          anyOf: [
            { type: "string", enum: ["a"] },
            { type: "string", description: '{pattern: "^b"}' },
          ],
        },
        values: { enum: ["a", 1] },
        pair: { type: "array", description: '{prefixItems: [{"type":"string"}]}' },
      },
      additionalProperties: false,
    })
    expect(losses).toEqual(["approximated tools[0].parameters"])
  })
})
