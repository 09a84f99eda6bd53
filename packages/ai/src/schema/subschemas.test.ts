import { describe, expect, test } from "vitest"
import { finiteSchema, mapSchemas, Pass, refsIn, resolveRef, usesKeyword } from "./subschemas.ts"

describe("where schemas stand in a schema", () => {
  test("each keyword that holds schemas gives those that it holds, and the way to them", () => {
    const inner = { type: "string" }
    const one = ["items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else"]
    const schema = {
      ...Object.fromEntries([...one, "unevaluatedItems", "unevaluatedProperties"].map((keyword) => [keyword, inner])),
      ...Object.fromEntries(["allOf", "anyOf", "oneOf", "prefixItems"].map((keyword) => [keyword, [inner]])),
      ...Object.fromEntries(
        ["properties", "patternProperties", "dependentSchemas", "$defs", "definitions"].map((keyword) => [
          keyword,
          { items: inner },
        ]),
      ),
      default: { items: inner },
      enum: [{ items: inner }],
      const: { properties: { a: inner } },
      examples: [inner],
    }
    const seen: string[] = []
    expect(
      mapSchemas(schema, (schemaThere, _keyword, path) => {
        seen.push(path)
        return schemaThere
      }),
    ).toBe(schema)
    expect(seen).toEqual([
      ...[...one, "unevaluatedItems", "unevaluatedProperties"].map((keyword) => `/${keyword}`),
      ...["allOf", "anyOf", "oneOf", "prefixItems"].map((keyword) => `/${keyword}/0`),
      ...["properties", "patternProperties", "dependentSchemas", "$defs", "definitions"].map(
        (name) => `/${name}/items`,
      ),
    ])
  })

  test("what is written anew stands where it stood, what is left out is gone, and nothing else changes", () => {
    const kept = { a: { type: "string" } }
    const schema = Object.freeze({
      properties: JSON.parse('{"x":true,"__proto__":false,"y":{}}') as object,
      anyOf: Object.freeze([false, true]),
      items: false,
      $defs: kept,
    })
    const written = mapSchemas(schema, (inner) =>
      inner === true ? { type: "null" } : inner === false ? undefined : inner,
    )
    expect(written).toEqual({ properties: { x: { type: "null" }, y: {} }, anyOf: [{ type: "null" }], $defs: kept })
    expect(written["$defs"]).toBe(kept)
    const named = mapSchemas(schema, (inner) => (inner === false ? { type: "null" } : inner))
    expect(JSON.stringify(named["properties"])).toBe('{"x":true,"__proto__":{"type":"null"},"y":{}}')
  })

  test("a property that is called as a keyword does not count as one", () => {
    const schema = { properties: { oneOf: { type: "string" }, a: { default: { oneOf: 1 } } }, enum: [{ oneOf: [] }] }
    expect(usesKeyword(schema, new Set(["oneOf"]))).toBe(false)
    expect(usesKeyword({ properties: { oneOf: { items: { oneOf: [] } } } }, new Set(["oneOf"]))).toBe(true)
    expect(refsIn({ properties: { $ref: { $ref: "#/a" } }, default: { $ref: "#/b" } })).toEqual(new Set(["#/a"]))
  })

  test("a schema that contains itself is cut off where it does, one that is shared is not", () => {
    const loop: Record<string, unknown> = { type: "object" }
    loop["properties"] = { a: loop }
    expect(finiteSchema(loop)).toEqual({ type: "object", properties: { a: {} } })
    const shared = { type: "string" }
    const schema = { properties: { a: shared, b: shared } }
    expect(finiteSchema(schema)).toBe(schema)
  })

  test("an object is written once, however often it stands there", () => {
    let schema: object = { type: "string" }
    for (let i = 0; i < 40; i++) schema = { anyOf: [schema, schema] }
    const pass = new Pass()
    let written = 0
    const write = (node: object): object =>
      pass.node(
        node,
        () => {
          written++
          return mapSchemas({ ...node }, (inner) => write(inner as object))
        },
        () => ({}),
      )
    write(schema)
    expect(written).toBe(41)
  })
})

test.each([
  ["#", true],
  ["#/$defs/a~1b", { type: "string" }],
  ["#/$defs/c%25d", { type: "null" }],
  ["#/anyOf/1", { type: "integer" }],
  ["#/$defs/toString", undefined],
  ["#/nowhere/at", undefined],
  ["#/%", undefined],
  ["#anchor", undefined],
  ["https://host.example/s", undefined],
])("the reference %s is followed within the document", (ref, wanted) => {
  const root = { $defs: { "a/b": { type: "string" }, "c%d": { type: "null" } }, anyOf: [{}, { type: "integer" }] }
  expect(resolveRef(root, ref)).toEqual(wanted === true ? root : wanted)
})
