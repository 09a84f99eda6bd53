import { describe, expect, test } from "vitest"
import { z } from "zod"
import type { ToolCallBlock } from "../../model/message.ts"
import type { JsonSchema, Tool } from "../../model/tool.ts"
import { toolError, toolResult } from "../results.ts"
import { validateArguments, validateToolCall } from "./validate.ts"

const call = (args: unknown, more: Partial<ToolCallBlock> = {}): ToolCallBlock => ({
  type: "toolCall",
  id: "c1",
  name: "edit",
  arguments: args as Record<string, unknown>,
  ...more,
})
const check = (parameters: JsonSchema, args: unknown) => validateArguments({ name: "edit", parameters }, call(args))

const NUMBER = { type: "number" }
const point = {
  type: "object",
  properties: { x: NUMBER, y: NUMBER },
  required: ["x", "y"],
  additionalProperties: false,
}

describe("the arguments of a call", () => {
  test("are checked against the tool that it names", () => {
    const tools: Tool[] = [
      { type: "native", api: "openai-responses", item: { type: "edit" } },
      { name: "edit", parameters: point },
      { type: "custom", name: "patch" },
    ]
    expect(validateToolCall(tools, call({ x: 1, y: "2" }))).toEqual({
      ok: true,
      tool: tools[1],
      arguments: { x: 1, y: 2 },
      changes: [{ path: ["y"], repair: "kind" }],
    })
    expect(validateToolCall(tools, call({ input: "text" }, { name: "patch", custom: true }))).toMatchObject({
      ok: true,
      tool: tools[2],
    })
    expect(validateToolCall(tools, call({}, { name: "patch", custom: true }))).toMatchObject({ ok: false })
    expect(validateToolCall(tools, call({}, { name: "toString" }))).toMatchObject({
      ok: false,
      message: 'There is no tool "toString". The tools are: edit, patch.',
    })
  })

  test("are answered with a result or with what is wrong", () => {
    expect(toolResult(call({}), "done")).toEqual({
      role: "toolResult",
      toolCallId: "c1",
      toolName: "edit",
      content: "done",
    })
    expect(toolError(call({}), new Error("no such file"))).toMatchObject({ content: "no such file", isError: true })
    expect(toolError(call({}), "no")).toMatchObject({ content: "no", isError: true })
  })

  test("leave the call and the schema as they are, frozen ones too", () => {
    const freeze = <T>(value: T): T => {
      if (typeof value === "object" && value !== null) Object.values(value).forEach(freeze)
      return Object.freeze(value)
    }
    const schema = freeze({ type: "object", properties: { at: point, points: { type: "array", items: point } } })
    const args = freeze({ at: '{"x":1,"y":"2"}', points: { x: 1, y: null, z: 1 } })
    expect(check(schema, args)).toMatchObject({
      ok: false,
      issues: [{ path: ["points", 0, "y"] }, { path: ["points", 0, "z"] }],
    })
    expect(check(schema, freeze({ at: '{"x":1,"y":"2"}' }))).toMatchObject({
      ok: true,
      arguments: { at: { x: 1, y: 2 } },
    })
  })

  test("may have names of any kind", () => {
    const schema = {
      type: "object",
      properties: { ["__proto__"]: NUMBER, constructor: NUMBER, "a/b~c %": NUMBER, toString: { type: "string" } },
      required: ["constructor"],
    }
    const args = JSON.parse('{"__proto__":"1","constructor":"2","a/b~c %":"3","\\ud800":4}') as unknown
    const result = check(JSON.parse(JSON.stringify(schema)) as JsonSchema, args)
    expect(result.ok && JSON.stringify(result.arguments)).toBe(
      '{"__proto__":1,"constructor":2,"a/b~c %":3,"\\ud800":4}',
    )
    expect(check(schema, {})).toMatchObject({
      ok: false,
      issues: [{ path: ["constructor"], message: "is required, and missing" }],
    })
  })

  test("go to the form of a union that they say they are", () => {
    const form = (kind: string, more: JsonSchema) => ({
      type: "object",
      properties: { kind: { const: kind }, ...more },
      required: ["kind", ...Object.keys(more)],
      additionalProperties: false,
    })
    const schema = {
      type: "object",
      properties: {
        shape: { oneOf: [form("circle", { r: NUMBER }), form("box", { w: NUMBER, tags: { type: "array" } })] },
      },
    }
    expect(check(schema, { shape: { kind: "box", w: "3", tags: "a", stray: 1 } })).toMatchObject({
      ok: true,
      arguments: { shape: { kind: "box", w: 3, tags: ["a"] } },
    })
    expect(check(schema, { shape: { kind: "box", w: 3 } })).toMatchObject({
      issues: [{ path: ["shape", "tags"], message: "is required, and missing" }],
    })
    // Of two forms that fit after all, the one that loses nothing.
    const open = {
      type: "object",
      properties: {
        v: {
          anyOf: [
            { type: "object", properties: { a: NUMBER }, additionalProperties: false },
            { type: "object", properties: { b: NUMBER }, additionalProperties: false },
          ],
        },
      },
    }
    expect(check(open, { v: { b: "1" } })).toMatchObject({ ok: true, arguments: { v: { b: 1 } } })
  })

  test("may have a Standard Schema, whose output they are then", () => {
    const parameters = z.object({
      path: z.string().refine((path) => !path.startsWith("/"), "must be relative"),
      limit: z.number().default(10),
      tags: z.array(z.string()).transform((tags) => tags.length),
    })
    const tools = [{ name: "edit", parameters }]
    expect(validateToolCall(tools, call({ path: "a", tags: "x", limit: null }))).toMatchObject({
      ok: true,
      arguments: { path: "a", limit: 10, tags: 1 },
    })
    expect(validateToolCall(tools, call({ path: "/a", tags: [] }))).toMatchObject({
      issues: [{ path: ["path"], message: "must be relative" }],
    })
    expect(validateToolCall(tools, call({ path: "/a", tags: 5 }))).toMatchObject({ ok: false })
  })

  test("are judged by what can be judged", () => {
    const schema = {
      type: "object",
      properties: {
        a: { type: "string", pattern: "(?P<x>a)" },
        b: { $ref: "https://example.com/s" },
        c: { type: "file" },
        d: { $ref: "#size" },
        e: { $ref: "#/properties/d" },
      },
      patternProperties: { "(": false },
      required: true,
      $defs: { s: { $anchor: "size", type: "integer" } },
    }
    expect(check(schema, { a: "x", b: 1, c: [], d: 1, e: 2 })).toMatchObject({ ok: true, changes: [] })
    expect(check(schema, { d: 1.5, e: {} })).toMatchObject({ issues: [{ path: ["d"] }, { path: ["e"] }] })
  })
})

test.each(["anyOf", "oneOf"])(
  "definitions that name the next one twice in %s are followed up to a point",
  (keyword) => {
    const doubling = (depth: number): JsonSchema => {
      const twice = (i: number) => ({ [keyword]: [{ $ref: `#/$defs/d${i - 1}` }, { $ref: `#/$defs/d${i - 1}` }] })
      const defs = Array.from({ length: depth }, (_, i) => [`d${i}`, i === 0 ? { enum: ["a"] } : twice(i)] as const)
      const properties = { value: { $ref: `#/$defs/d${depth - 1}` } }
      return { type: "object", $defs: Object.fromEntries(defs), properties, required: ["value"] }
    }
    expect(check(doubling(6), { value: "b" }).ok).toBe(false)
    // Nothing is known beyond: to find out took as long as there are ways.
    expect(check(doubling(18), { value: "b" }).ok).toBe(true)
  },
)

describe("what a model may write to keep a program busy", () => {
  // Each of these took minutes where two parts of a pattern could share the same characters.
  test("is looked through once", () => {
    const parameters = { type: "object", properties: { path: { type: "string", maxLength: 9 }, limit: NUMBER } }
    expect(check(parameters, { path: `a</arg_value><arg_key>${" ".repeat(100_000)}` }).ok).toBe(false)
    expect(check(parameters, { limit: `${"1".repeat(200_000)}x` }).ok).toBe(false)
  })
})

describe("a schema's own library", () => {
  const parameters = (validate: (value: unknown) => unknown) => ({
    "~standard": { version: 1, vendor: "own", validate, jsonSchema: { input: () => point } } as const,
  })

  test("has against the arguments what it throws", () => {
    const thrown = (error: unknown) =>
      validateArguments(
        {
          name: "edit",
          parameters: parameters(() => {
            throw error
          }),
        },
        call({ x: 1, y: 2 }),
      )
    const issues = [{ path: [], message: "the tool's own check failed: Invalid URL" }]
    expect(thrown(new TypeError("Invalid URL"))).toMatchObject({ ok: false, issues })
    expect(thrown("Invalid URL")).toMatchObject({ ok: false, issues })
  })

  test("is not waited for, and may fail when nobody does", async () => {
    const unhandled: unknown[] = []
    const listener = (reason: unknown) => void unhandled.push(reason)
    process.on("unhandledRejection", listener)
    const tool = { name: "edit", parameters: parameters(() => Promise.reject(new Error("late"))) }
    expect(validateArguments(tool, call({ x: 1, y: 2 })).ok).toBe(true)
    await new Promise((resolve) => setImmediate(resolve))
    process.off("unhandledRejection", listener)
    expect(unhandled).toEqual([])
  })

  test("may answer with nothing", () => {
    expect(validateArguments({ name: "edit", parameters: parameters(() => null) }, call({ x: 1, y: 2 })).ok).toBe(true)
  })
})

test("a text of several lines keeps its last line break, even where a path is looked for", () => {
  const parameters = { type: "object", properties: { file: { type: "string" } } }
  expect(check(parameters, { file: "one\ntwo\n" })).toMatchObject({ arguments: { file: "one\ntwo\n" }, changes: [] })
  expect(check(parameters, { file: "a.ts\r\n" })).toMatchObject({ arguments: { file: "a.ts" } })
})
