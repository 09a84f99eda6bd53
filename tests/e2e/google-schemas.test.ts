import type { JsonSchema } from "@sluice/ai"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { googleSchema } from "../../packages/ai/src/schema/google.ts"
import { checkJsonSchema, checkSchema } from "../../packages/testkit/src/emulators/google/check-schema.ts"
import { readMessage } from "../../packages/testkit/src/emulators/google/fields.ts"

const FORMS = ["json", "openapi", "flat"] as const

/** What the emulated vendor says of a schema as the wire writes it. */
function judge(schema: unknown, form: (typeof FORMS)[number]): void {
  const { schema: written } = googleSchema(schema as JsonSchema, form)
  if (form === "json") checkJsonSchema(written, "schema")
  else checkSchema(readMessage(written, "schema", "schema", []), "schema")
}

/** Names of properties, some of which are words of the language. */
const names = fc.constantFrom("a", "b", "properties", "type", "enum", "items", "$ref", "propertyNames")
const leaf = fc.oneof(
  fc.record({ type: fc.constantFrom("string", "number", "integer", "boolean", "null", "array", "object") }),
  fc.record({ type: fc.subarray(["string", "null", "integer", "array"], { minLength: 1 }) }),
  fc.constantFrom<unknown>(true, false, {}),
  fc.record({ enum: fc.array(fc.constantFrom("x", "", 1, null, true), { maxLength: 3 }) }),
  fc.record({ const: fc.constantFrom("x", "", 1, null) }),
  fc.record({ $ref: fc.constantFrom("#/$defs/x", "#", "#/nowhere", "https://example.com/schema") }),
  fc.record(
    {
      type: fc.constant("string"),
      format: fc.string(),
      pattern: fc.string(),
      minLength: fc.nat(5),
      default: fc.string(),
    },
    { requiredKeys: [] },
  ),
)
const { schema } = fc.letrec((tie) => {
  const several = fc.array(tie("schema"), { maxLength: 3 })
  const required = fc.array(names, { maxLength: 2 })
  return {
    schema: fc.oneof(
      { depthSize: "small" },
      leaf,
      fc.record(
        {
          type: fc.constant("object"),
          properties: fc.dictionary(names, tie("schema"), { maxKeys: 3 }),
          required,
          additionalProperties: fc.oneof(fc.boolean(), tie("schema")),
          patternProperties: fc.constant({ "^x": {} }),
          propertyNames: fc.constant({ pattern: "x" }),
          $defs: fc.constant({ x: { type: "string", minLength: 1 } }),
        },
        { requiredKeys: [] },
      ),
      fc.record(
        { type: fc.constant("array"), items: tie("schema"), prefixItems: several, contains: tie("schema") },
        { requiredKeys: [] },
      ),
      fc.record({ anyOf: several, oneOf: several, allOf: several }, { requiredKeys: [] }),
      fc.record({ if: tie("schema"), else: tie("schema"), not: tie("schema") }, { requiredKeys: [] }),
    ),
  }
})
const root = fc.record({
  type: fc.constant("object"),
  properties: fc.dictionary(names, schema, { maxKeys: 3 }),
  additionalProperties: fc.constant(false),
  $schema: fc.constant("https://json-schema.org/draft/2020-12/schema"),
})

describe.each(FORMS)("schemas in the form %s", (form) => {
  test("are taken by the vendor, whatever they were", () => {
    fc.assert(
      fc.property(root, (given) => judge(given, form)),
      { numRuns: 500 },
    )
  })

  test.each([
    ["names that are wanted, of properties that are elsewhere", { required: ["b"] }],
    ["what nothing fits", false],
    ["what nothing fits, in other words", { not: {} }],
    ["an empty text among the values", { enum: ["", "x"] }],
    ["a list among the types", { type: ["string", "array"] }],
  ])("are taken with %s", (_name, a) => {
    expect(() => judge({ type: "object", properties: { a } }, form)).not.toThrow()
  })
})
