import { toStandardJsonSchema } from "@valibot/to-json-schema"
import { type } from "arktype"
import * as v from "valibot"
import { describe, expect, expectTypeOf, test } from "vitest"
import { z } from "zod"
import { type AssistantMessage, keySource, type Model, openaiEndpoint, plainContext } from "../index.ts"
import { complete, type StreamOptions } from "../stream.ts"
import { openaiCompletions } from "../wires/openai-completions/client.ts"
import { type ContextInput, jsonSchemaOf, type SchemaInput } from "./standard.ts"

const WEATHER = { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
const messages = [{ role: "user" as const, content: "hi" }]
const MODEL: Model = {
  id: "m",
  provider: "p",
  api: "openai-completions",
  baseUrl: "https://host.example/v1",
  input: ["text"],
  output: ["text"],
  compat: {},
}

/** What goes out for a call, and how the call ends on a network that is down. */
async function asked(
  context: ContextInput,
  options: StreamOptions = {},
): Promise<{ body: Record<string, unknown> | undefined; message: AssistantMessage }> {
  let body: Record<string, unknown> | undefined
  const wire = {
    ...openaiCompletions,
    encode: (call: Parameters<typeof openaiCompletions.encode>[0]) => {
      const request = openaiCompletions.encode(call)
      body = request.body as Record<string, unknown>
      return request
    },
  }
  const channel = {
    kind: "http" as const,
    memory: new Map<string, unknown>(),
    send: () => Promise.reject(new Error("The network is down.")),
    close: () => {},
  }
  const transport = { open: () => Promise.resolve(channel) }
  const route = { model: MODEL, wire, endpoint: openaiEndpoint, credentials: keySource("k"), transport }
  const message = await complete(route, context, { ...options, retry: { maxAttempts: 1 } })
  return { body, message }
}

describe("Standard Schema", () => {
  const schemas: [string, SchemaInput][] = [
    ["Zod", z.object({ city: z.string() })],
    ["Valibot", toStandardJsonSchema(v.object({ city: v.string() }))],
    ["ArkType", type({ city: "string" })],
    ["JSON Schema", WEATHER],
  ]

  test.each(schemas)("of %s is read as JSON Schema, in tools and as the answer's form", async (_name, schema) => {
    expect(jsonSchemaOf(schema)).toMatchObject(WEATHER)
    const { body } = await asked(
      { messages, tools: [{ name: "weather", parameters: schema }] },
      { output: { type: "jsonSchema", schema } },
    )
    expect(body?.["tools"]).toMatchObject([{ function: { name: "weather", parameters: WEATHER } }])
    expect(body?.["response_format"]).toMatchObject({ json_schema: { schema: WEATHER } })
  })

  test("it is what the schema takes that a model has to write", () => {
    const schema = z.object({ n: z.string().transform(Number), unit: z.string().default("km") })
    expect(jsonSchemaOf(schema)).toMatchObject({ properties: { n: { type: "string" } }, required: ["n"] })
  })

  test("it is converted once", () => {
    const schema = z.object({ city: z.string() })
    expect(jsonSchemaOf(schema)).toBe(jsonSchemaOf(schema))
  })

  test("a conversation without one is the same object", () => {
    const context = { messages, tools: [{ name: "weather", parameters: WEATHER }] }
    expect(plainContext(context)).toBe(context)
    expect(plainContext({ messages })).toEqual({ messages })
  })

  test.each([
    [
      "cannot give JSON Schema",
      v.object({ city: v.string() }),
      /tools\[0\]\.parameters is a schema of valibot/,
      /toStandardJsonSchema/,
    ],
    [
      "has no form as JSON Schema",
      z.object({ at: z.date() }),
      /tools\[0\]\.parameters, a schema of zod.*Date/,
      /ISO 8601/,
    ],
  ] as const)("one that %s ends the call with an error that says what to do", async (_name, schema, message, hint) => {
    const { body, message: answer } = await asked({ messages, tools: [{ name: "f", parameters: schema }] })
    expect(body).toBeUndefined()
    expect(answer).toMatchObject({ stopReason: "error", error: { code: "config" } })
    expect(answer.error?.message).toMatch(message)
    expect(answer.error?.hint).toMatch(hint)
    const output = { type: "jsonSchema" as const, schema }
    expect((await asked({ messages }, { output })).message.error?.message).toMatch(/options\.output\.schema/)
  })

  test("schemas of libraries are taken by type", () => {
    expectTypeOf(z.object({ a: z.string() })).toExtend<SchemaInput>()
    expectTypeOf(type({ a: "string" })).toExtend<SchemaInput>()
    expectTypeOf(WEATHER).toExtend<SchemaInput>()
  })
})
