import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { anthropicSchema } from "../../packages/ai/src/schema/anthropic.ts"
import { bedrockSchema } from "../../packages/ai/src/schema/bedrock.ts"
import { googleSchema } from "../../packages/ai/src/schema/google.ts"
import { grammarSchema } from "../../packages/ai/src/schema/grammar.ts"
import { moonshotSchema } from "../../packages/ai/src/schema/moonshot.ts"
import { ollamaSchema } from "../../packages/ai/src/schema/ollama.ts"
import { responsesSchema } from "../../packages/ai/src/schema/responses.ts"
import { strictSchema } from "../../packages/ai/src/schema/strict.ts"
import { checkJsonSchema, checkSchema } from "../../packages/testkit/src/emulators/google/check-schema.ts"
import { readMessage } from "../../packages/testkit/src/emulators/google/fields.ts"
import { anthropicFaults, grammarFaults, moonshotFaults } from "./accepts.ts"
import { objectSchema } from "./generate.ts"

type Fields = Record<string, unknown>

/** Each form that schemas are written in, and what its host says against one. */
const FORMS: readonly [string, (schema: Fields) => unknown, (written: unknown) => string[]][] = [
  ["Anthropic", (schema) => anthropicSchema(schema).schema, anthropicFaults],
  ["Anthropic, strict", (schema) => anthropicSchema(schema, { close: true }).schema, anthropicFaults],
  ["a sampler's grammar", (schema) => grammarSchema(schema), (written) => grammarFaults(written)],
  ["Ollama", ollamaSchema, (written) => grammarFaults(written, { more: false, lists: false })],
  ["Moonshot", moonshotSchema, moonshotFaults],
  ["Google, JSON Schema", (schema) => googleSchema(schema).schema, thrown((one) => checkJsonSchema(one, "schema"))],
  ["Google, its own", (schema) => googleSchema(schema, "openapi").schema, thrown(checkOpenApi)],
  ["Google, flat", (schema) => googleSchema(schema, "flat").schema, thrown(checkOpenApi)],
  ["Responses", (schema) => responsesSchema(schema).schema, () => []],
  ["Bedrock", bedrockSchema, () => []],
  ["OpenAI, strict", (schema) => strictSchema(schema)?.schema ?? schema, () => []],
]

function checkOpenApi(written: unknown): void {
  checkSchema(readMessage(written, "schema", "schema", []), "schema")
}

function thrown(check: (written: unknown) => void): (written: unknown) => string[] {
  return (written) => {
    try {
      check(written)
      return []
    } catch (error) {
      return [String(error)]
    }
  }
}

describe.each(FORMS)("schemas for %s", (_name, write, faults) => {
  test("are taken, whatever they were", () => {
    fc.assert(
      fc.property(objectSchema, (schema) => {
        expect(faults(write(schema))).toEqual([])
      }),
      { numRuns: 1000 },
    )
  })

  test("are written without a change of what was given, from frozen objects too, and once for each", () => {
    fc.assert(
      fc.property(objectSchema, (schema) => {
        const before = JSON.stringify(schema)
        const written = write(deeplyFrozen(schema))
        expect(JSON.stringify(schema)).toBe(before)
        expect(write(schema)).toBe(written)
        // The same words for the same schema, so that a prompt stays in its cache.
        expect(JSON.stringify(write(structuredClone(schema)))).toBe(JSON.stringify(written))
      }),
      { numRuns: 300 },
    )
  })

  test("that contain themselves as objects end somewhere", () => {
    const loop: Fields = { type: "object", properties: {} }
    loop["properties"] = { self: loop, list: { type: "array", items: loop }, either: { anyOf: [loop, loop] } }
    const written = write(loop)
    // Strict mode has no words for it.
    if (written !== loop) expect(() => JSON.stringify(written)).not.toThrow()
  })

  test("that share a part have it in each place", () => {
    const shared = {
      type: "object",
      properties: { x: { type: "string" } },
      required: ["x"],
      additionalProperties: false,
    }
    const schema = { type: "object", properties: { a: shared, b: shared }, required: ["a", "b"] }
    const { properties } = write(schema) as { properties: Fields }
    expect(properties["b"]).toEqual(properties["a"])
    expect(properties["b"]).toMatchObject({ type: "object", properties: { x: { type: "string" } } })
  })
})

function deeplyFrozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(deeplyFrozen)
  return value
}
