import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type GoogleForm, googleSchema } from "./google.ts"

const property = (schema: unknown, form?: GoogleForm): unknown =>
  (googleSchema({ type: "object", properties: { a: schema } }, form).schema["properties"] as Record<string, unknown>)[
    "a"
  ]

describe("schemas", () => {
  test("one that the host takes stays as it is", () => {
    const schema = {
      type: "object",
      description: "d",
      properties: { a: { type: "string", enum: ["x"] }, b: { type: "array", items: { type: "number" } } },
      required: ["a"],
    }
    expect(googleSchema(schema)).toEqual({ schema, changed: false, lost: false })
  })

  test("several types are several forms, each with what belongs to it", () => {
    expect(
      property({
        type: ["object", "string", "null"],
        properties: { x: { type: "string" } },
        required: ["x", "y"],
        enum: ["s"],
      }),
    ).toEqual({
      nullable: true,
      anyOf: [
        { type: "object", properties: { x: { type: "string" } }, required: ["x"] },
        { type: "string", enum: ["s"] },
      ],
    })
  })

  test("references are put in place, with what stands beside them", () => {
    const schema = {
      type: "object",
      properties: { a: { $ref: "#/definitions/x~1y", description: "own" }, b: { $ref: "https://x.invalid/s" } },
      definitions: { "x/y": { type: "integer", description: "of the definition" } },
    }
    expect(googleSchema(schema).schema["properties"]).toEqual({ a: { type: "integer", description: "own" }, b: {} })
  })

  test("objects of a union are merged for models without unions", () => {
    const object = (properties: object, required: string[]) => ({ type: "object", properties, required })
    const union = {
      oneOf: [
        object({ x: { type: "string" }, y: { type: "string" } }, ["x", "y"]),
        object({ x: { type: "string" } }, ["x"]),
      ],
    }
    expect(property(union, "flat")).toEqual(object({ x: { type: "string" }, y: { type: "string" } }, ["x"]))
  })

  test("a property that several of them have keeps what is true in each", () => {
    const kind = (value: string, more: object) => ({
      type: "object",
      properties: { kind: { const: value }, ...more },
      required: ["kind"],
    })
    const union = {
      oneOf: [
        kind("circle", { size: { type: "number" }, at: { type: "object", properties: { x: { type: "number" } } } }),
        kind("square", { size: { type: "string" }, at: { type: "object", properties: { y: { type: "number" } } } }),
        {
          type: "object",
          properties: { kind: { enum: ["square", "line"] }, name: { enum: ["a"] } },
          required: ["kind"],
        },
        { type: "object", properties: { kind: { const: "line" }, name: { type: "string" } }, required: ["kind"] },
      ],
    }
    const merged = {
      type: "object",
      properties: {
        kind: { type: "string", enum: ["circle", "square", "line"] },
        size: { type: "number" },
        at: { type: "object", properties: { x: { type: "number" }, y: { type: "number" } } },
        name: { type: "string" },
      },
      required: ["kind"],
    }
    expect(property(union, "flat")).toEqual(merged)
    // The parameters of a tool have one form in every dialect.
    for (const form of ["json", "openapi", "flat"] as const) {
      const { schema, lost } = googleSchema({ description: "d", ...union }, form)
      expect(schema).toMatchObject({ ...merged, description: "d" })
      expect(lost).toBe(false)
    }
  })

  test("what all of several schemas say is said in one", () => {
    expect(
      property({
        allOf: [
          { type: "object", properties: { x: { type: "string" } }, required: ["x"] },
          { properties: { y: { type: "string" } }, required: ["y"] },
        ],
      }),
    ).toEqual({ type: "object", properties: { x: { type: "string" }, y: { type: "string" } }, required: ["x", "y"] })
  })

  test("the parameters of a tool are an object, a format need not be", () => {
    const nothing = { schema: { type: "object", properties: {} }, changed: true, lost: true }
    expect(googleSchema({ type: "string" })).toEqual(nothing)
    expect(googleSchema({ anyOf: [{ type: "object" }, { type: "array" }] })).toEqual(nothing)
    expect(googleSchema({ description: "d" })).toMatchObject({ schema: { type: "object" }, lost: false })
    expect(googleSchema({ type: "string" }, "json", false).schema).toEqual({ type: "string" })
  })

  test("keywords with underscores are read", () => {
    expect(property({ any_of: [{ type: "string" }, { type: "null" }] })).toEqual({ type: "string", nullable: true })
  })

  test("a schema that holds itself by its own objects is cut off", () => {
    const loop: Record<string, unknown> = { type: "object", properties: {} }
    ;(loop["properties"] as Record<string, unknown>)["self"] = loop
    expect(googleSchema(loop).schema).toEqual({ type: "object", properties: { self: {} } })
  })

  const FORBIDDEN =
    /"(?:\$ref|\$defs|\$schema|additionalProperties|pattern|format|minimum|oneOf|allOf|const|prefixItems)":/
  const leaf = fc.constantFrom<unknown>(
    { type: "string", pattern: "a" },
    { type: ["integer", "null"], minimum: 1 },
    { enum: ["a", null] },
    { const: 3 },
    true,
    false,
    { $ref: "#" },
    { type: "array", prefixItems: [{ type: "string" }] },
  )
  const any = fc.letrec<{ schema: unknown }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.record({
        type: fc.constant("object"),
        properties: fc.dictionary(fc.constantFrom("a", "type", "properties", "enum"), tie("schema"), { maxKeys: 3 }),
        required: fc.subarray(["a", "type", "z"]),
        additionalProperties: fc.boolean(),
      }),
      fc.record({ type: fc.constant("array"), items: tie("schema") }),
      fc.record({ oneOf: fc.array(tie("schema"), { maxLength: 3 }) }),
      fc.record({ allOf: fc.array(tie("schema"), { maxLength: 2 }) }),
    ),
  })).schema

  test.each(["json", "openapi", "flat"] as const)(
    "any schema is written without what the host refuses (%s)",
    (form) => {
      fc.assert(
        fc.property(any, (inner) => {
          const given = { type: "object", properties: { a: inner } }
          const before = JSON.stringify(given)
          const { schema } = googleSchema(given, form)
          // Names of properties may be those of keywords; what stands in a description is text.
          expect(JSON.stringify(schema, (name, value: unknown) => (name === "description" ? "" : value))).not.toMatch(
            FORBIDDEN,
          )
          expect(JSON.stringify(given)).toBe(before)
          if (form === "flat") expect(JSON.stringify(schema)).not.toMatch(/"(?:anyOf|nullable|not)":/)
          const again = googleSchema(schema, form)
          expect(again.schema).toEqual(schema)
        }),
        { numRuns: 500 },
      )
    },
  )
})
