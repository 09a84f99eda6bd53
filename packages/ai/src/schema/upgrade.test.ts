import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { fitsSchema } from "../../../../tests/schemas/instances.ts"
import { upgradeSchema } from "./upgrade.ts"

describe("an older schema in the words of 2020-12", () => {
  test.each([
    [
      "definitions and references to them",
      {
        $schema: "http://json-schema.org/draft-07/schema#",
        properties: { a: { $ref: "#/definitions/x~1y" }, definitions: { type: "string" } },
        definitions: { "x/y": { type: "integer", definitions: { z: { type: "string" } } } },
        not: { $ref: "#/definitions/x~1y/definitions/z" },
      },
      {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        properties: { a: { $ref: "#/$defs/x~1y" }, definitions: { type: "string" } },
        $defs: { "x/y": { type: "integer", $defs: { z: { type: "string" } } } },
        not: { $ref: "#/$defs/x~1y/$defs/z" },
      },
    ],
    [
      "a tuple, and a reference into it",
      { items: [{ type: "string" }, { $ref: "#/items/0" }], additionalItems: false },
      { prefixItems: [{ type: "string" }, { $ref: "#/prefixItems/0" }], items: false },
    ],
    ["what stands for more items beside no tuple", { items: {}, additionalItems: false }, { items: {} }],
    [
      "dependencies of both kinds",
      { dependencies: { a: ["b"], c: { required: ["d"] } } },
      { dependentRequired: { a: ["b"] }, dependentSchemas: { c: { required: ["d"] } } },
    ],
    [
      "bounds that say whether they are a part",
      { minimum: 1, exclusiveMinimum: true, maximum: 2, exclusiveMaximum: false },
      { exclusiveMinimum: 1, maximum: 2 },
    ],
    ["constants in a union", { anyOf: [{ const: "a" }, { const: "b" }] }, { enum: ["a", "b"] }],
    [
      "constants of one type in a union",
      {
        description: "d",
        oneOf: [
          { const: "a", type: "string" },
          { const: "b", type: "string" },
        ],
      },
      { description: "d", type: "string", enum: ["a", "b"] },
    ],
    ["nullable", { type: "string", nullable: true, enum: ["a"] }, { type: ["string", "null"], enum: ["a", null] }],
    ["not nullable", { type: "string", nullable: false }, { type: "string" }],
    [
      "a nullable reference",
      { description: "d", nullable: true, $ref: "#/$defs/x" },
      { description: "d", anyOf: [{ $ref: "#/$defs/x" }, { type: "null" }] },
    ],
    [
      "a nullable union",
      { nullable: true, anyOf: [{ type: "string" }, { type: "integer" }] },
      { anyOf: [{ type: "string" }, { type: "integer" }, { type: "null" }] },
    ],
  ])("%s", (_name, older, newer) => {
    const before = structuredClone(older)
    expect(upgradeSchema(older)).toEqual(newer)
    expect(older).toEqual(before)
  })

  test.each([
    [
      "constants that are told apart in words",
      {
        anyOf: [
          { const: "a", title: "A" },
          { const: "b", title: "B" },
        ],
      },
    ],
    ["one constant twice, which nothing fits", { oneOf: [{ const: "a" }, { const: "a" }] }],
    [
      "constants that their types rule out",
      {
        anyOf: [
          { const: 1, type: "string" },
          { const: 2, type: "integer" },
        ],
      },
    ],
    [
      "names of properties",
      { properties: { items: { type: "string" }, nullable: { const: true } }, required: ["items"] },
    ],
    [
      "values",
      { default: { definitions: { a: 1 }, items: [1] }, examples: [{ nullable: true }], enum: [{ items: [1] }] },
    ],
  ])("nothing is done to %s", (_name, schema) => {
    expect(upgradeSchema(schema)).toBe(schema)
  })

  test("means the same", () => {
    const leaf = fc.constantFrom<unknown>({ type: "string" }, { type: "integer" }, { $ref: "#/definitions/x" }, true)
    const older = fc.record(
      {
        definitions: fc.record({ x: fc.constantFrom({ type: "integer" }, { enum: ["a", 1] }) }),
        items: fc.oneof(leaf, fc.array(leaf, { minLength: 1, maxLength: 2 })),
        additionalItems: fc.oneof(leaf, fc.constant(false)),
        properties: fc.record({ a: leaf, b: leaf }, { requiredKeys: [] }),
        dependencies: fc.record({
          a: fc.constantFrom(["b"], { required: ["c"] }, { type: "object", maxProperties: 1 }),
        }),
        oneOf: fc.constant([{ const: 1 }, { const: "a" }, { type: "object" }, { type: "array" }]),
      },
      { requiredKeys: ["definitions"] },
    )
    const value = fc.oneof(
      fc.constantFrom<unknown>("a", 1, 2, null),
      fc.array(fc.constantFrom<unknown>("a", 1, null), { maxLength: 3 }),
      fc.record({ a: fc.constantFrom("a", 1), b: fc.constant(1), c: fc.constant(1) }, { requiredKeys: [] }),
    )
    fc.assert(
      fc.property(older, value, (schema, one) => {
        expect(fitsSchema(upgradeSchema(schema), one)).toBe(fitsSchema(schema, one, "7"))
      }),
      { numRuns: 2000 },
    )
  })
})
