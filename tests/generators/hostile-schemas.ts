import * as fc from "fast-check"
import type { JsonSchema } from "@sluice/ai"
import { schema } from "./basics.ts"

const LEAVES: readonly JsonSchema[] = [
  { type: "string" },
  { type: "string", enum: ["a", "b", ""] },
  { type: "string", pattern: "^(?!x).*$", minLength: 1, maxLength: 3, format: "uuid" },
  { type: "integer", enum: [1, 2] },
  { type: "number", minimum: 0, exclusiveMaximum: 10, multipleOf: 0.5 },
  { type: ["string", "null"], default: null },
  { type: "array" },
  { type: "array", items: { type: "string" }, minItems: 2, maxItems: 3, uniqueItems: true },
  { type: "array", prefixItems: [{ type: "string" }, { type: "integer" }] },
  { type: "object" },
  { type: "object", additionalProperties: { type: "integer" } },
  { type: "object", patternProperties: { "^x": { type: "string" } }, propertyNames: { maxLength: 3 } },
  { const: "fixed" },
  { const: 7 },
  { enum: ["a", 1, null, true] },
  { enum: [] },
  { not: { type: "null" } },
  {},
  { description: "no type" },
  { $ref: "#/$defs/node" },
  { $ref: "#/definitions/missing" },
  { type: "string", $comment: "c", examples: ["e"], readOnly: true, title: "T", deprecated: true },
  { type: "null" },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  { if: { type: "string" }, then: { minLength: 1 }, else: {} },
]

const leaf: fc.Arbitrary<JsonSchema> = fc.constantFrom(...LEAVES)

const property: fc.Arbitrary<JsonSchema> = fc.oneof(
  { weight: 6, arbitrary: leaf },
  { weight: 1, arbitrary: fc.tuple(leaf, leaf).map((anyOf): JsonSchema => ({ anyOf })) },
  { weight: 1, arbitrary: fc.tuple(leaf, leaf).map((oneOf): JsonSchema => ({ oneOf, description: "one of two" })) },
  { weight: 1, arbitrary: fc.tuple(leaf, leaf).map((allOf): JsonSchema => ({ allOf })) },
  { weight: 1, arbitrary: leaf.map((items): JsonSchema => ({ type: "array", items })) },
  {
    weight: 1,
    arbitrary: leaf.map((one): JsonSchema => ({ type: "object", properties: { inner: one }, required: ["inner"] })),
  },
)

/** Keywords that stand beside the properties of a root. */
const ROOTS: readonly JsonSchema[] = [
  {},
  { additionalProperties: false },
  { additionalProperties: true },
  { additionalProperties: {} },
  { $schema: "https://json-schema.org/draft/2020-12/schema", $id: "x" },
  { anyOf: [{ required: ["a"] }, { required: ["b"] }] },
  { oneOf: [{ type: "object", properties: { z: { type: "string" } } }, { type: "object" }] },
  { allOf: [{ properties: { y: { type: "integer" } } }] },
  { minProperties: 1, maxProperties: 3, dependentRequired: { a: ["b"] }, unevaluatedProperties: false },
  { required: ["missing"] },
  { title: "Root", description: "root", examples: [{}], default: {} },
]

/** Schemas of objects with every word of JSON Schema, and some that are no schema of an object at all. */
export const hostileSchema: fc.Arbitrary<JsonSchema> = fc.oneof(
  { weight: 3, arbitrary: schema },
  {
    weight: 5,
    arbitrary: fc
      .record({
        properties: fc.dictionary(
          fc.constantFrom("a", "b", "$ref", "type", "properties", "enum", "x y", "é", "__proto__", "p".repeat(70)),
          property,
          { maxKeys: 4, noNullPrototype: true },
        ),
        root: fc.constantFrom(...ROOTS),
        all: fc.boolean(),
        recursive: fc.boolean(),
      })
      .map(({ properties, root, all, recursive }): JsonSchema => ({
        type: "object",
        properties,
        ...(all ? { required: Object.keys(properties) } : {}),
        ...(recursive
          ? { $defs: { node: { type: "object", properties: { next: { $ref: "#/$defs/node" } }, required: ["next"] } } }
          : {}),
        ...root,
      })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<JsonSchema[]>(
      {},
      { type: "object" },
      { properties: { a: {} } },
      { type: "string" },
      { type: ["object", "null"], properties: {} },
      { $ref: "#/$defs/root", $defs: { root: { type: "object", properties: { a: { type: "string" } } } } },
      {
        anyOf: [
          { type: "object", properties: { a: { type: "string" } } },
          { type: "object", properties: {} },
        ],
      },
    ),
  },
)
