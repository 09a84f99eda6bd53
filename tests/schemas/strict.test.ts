import fc from "fast-check"
import { expect, test } from "vitest"
import { strictSchema } from "../../packages/ai/src/schema/strict.ts"
import { checkStrict } from "../../packages/testkit/src/emulators/openai-schema.ts"
import { strictFaults } from "./accepts.ts"
import { objectSchema } from "./generate.ts"
import { fitsSchema, valuesOf, without, withoutNulls } from "./instances.ts"

test.each([false, true])("what strict mode is given it takes, whatever it was (limits on values: %s)", (limits) => {
  let adapted = 0
  fc.assert(
    fc.property(objectSchema, (schema) => {
      const before = JSON.stringify(schema)
      const strict = strictSchema(schema, limits)
      expect(JSON.stringify(schema)).toBe(before)
      if (!strict) return
      adapted++
      expect(strictFaults(strict.schema, { limits })).toEqual([])
      checkStrict(strict.schema, [], (why) => new Error(why) as never)
      const again = strictSchema(strict.schema, limits)
      expect(again).toEqual({ schema: strict.schema, loosened: [], nulls: false })
    }),
    { numRuns: 2000 },
  )
  // Enough of them have a strict form for this to say something.
  expect(adapted).toBeGreaterThan(500)
})

test("what fits the strict schema fits the one that was given, less nulls that stand for absence", () => {
  fc.assert(
    fc.property(
      objectSchema.chain((schema) => {
        const strict = strictSchema(schema, false)
        return fc.tuple(fc.constant(schema), strict ? valuesOf(strict.schema) : fc.constant(undefined))
      }),
      ([schema, value]) => {
        const strict = strictSchema(schema, false)
        if (!strict) return
        // What valuesOf cut off too early is no value of the schema.
        if (!fitsSchema(strict.schema, value)) return
        const given = without(nullableAsUnion(schema), strict.loosened) as Record<string, unknown>
        const cleaned = strict.nulls ? withoutNulls(value, given, given) : value
        expect(fitsSchema(given, cleaned), JSON.stringify([schema, strict, cleaned], null, 1)).toBe(true)
      },
    ),
    { numRuns: 4000 },
  )
})

/** OpenAPI's word for null in those of JSON Schema, for the validator; the generator has it in one form only. */
function nullableAsUnion(schema: unknown): unknown {
  return JSON.parse(
    JSON.stringify(schema).replaceAll('{"nullable":true,"type":"string"}', '{"type":["string","null"]}'),
  )
}

test.each<[string, (size: number) => unknown[]]>([
  [
    "references in a row",
    (size) =>
      Array.from({ length: size }, (_, i) =>
        i === size - 1 ? { type: "string" } : { $ref: `#/$defs/d${i + 1}`, description: "next" },
      ),
  ],
  [
    "references in a ring, each with words of its own",
    (size) =>
      Array.from({ length: size }, (_, i) => ({
        type: "object",
        properties: {
          next: { anyOf: [{ type: "null" }, { $ref: `#/$defs/d${(i + 1) % size}`, description: "next" }] },
        },
        required: ["next"],
        additionalProperties: false,
      })),
  ],
  [
    "parts put together from many",
    (size) => [
      { allOf: Array.from({ length: size }, (_, i) => ({ $ref: `#/$defs/d${i + 1}` })) },
      ...Array.from({ length: size }, (_, i) => ({ type: "object", properties: { [`p${i}`]: { type: "string" } } })),
    ],
  ],
])("what would take long to write is not written: %s", (_what, made) => {
  const schema = (size: number) => ({
    type: "object",
    $defs: Object.fromEntries(made(size).map((def, i) => [`d${i}`, def])),
    properties: { first: { $ref: "#/$defs/d0", description: "first" } },
    required: ["first"],
    additionalProperties: false,
  })
  expect(strictSchema(schema(100))).toBeDefined()
  expect(strictSchema(schema(500))).toBeUndefined()
})

test("a schema that goes too deep to be read has no strict form, and is no failure", () => {
  let schema: Record<string, unknown> = { type: "string" }
  for (let i = 0; i < 20_000; i++) {
    schema = { type: "object", properties: { in: schema }, required: ["in"], additionalProperties: false }
  }
  expect(strictSchema(schema)).toBeUndefined()
})
