import fc from "fast-check"

type Fields = Record<string, unknown>

/** Names of properties, some of which are words of the language. */
const name = fc.constantFrom("a", "b", "properties", "type", "enum", "items", "$ref", "required", "anyOf")

function some<T>(value: T, weight = 1): { weight: number; arbitrary: fc.Arbitrary<T> } {
  return { weight, arbitrary: fc.constant(value) }
}

const about = fc.record(
  { description: fc.constantFrom("d", ""), title: fc.constant("T"), default: fc.constantFrom("x", 1, null) },
  { requiredKeys: [] },
)

const scalar: fc.Arbitrary<Fields> = fc.oneof(
  fc.record({ type: fc.constantFrom("string", "number", "integer", "boolean", "null") }),
  fc.record({ type: fc.constant("string"), minLength: fc.nat(2) }, { requiredKeys: ["type"] }),
  fc.record({ type: fc.constant("string"), pattern: fc.constantFrom("^x", "(?!y)") }, { requiredKeys: ["type"] }),
  fc.record({ type: fc.constant("integer"), minimum: fc.integer({ min: -2, max: 2 }) }, { requiredKeys: ["type"] }),
  fc.record({
    type: fc.subarray(["string", "null", "integer", "number", "boolean"], { minLength: 1 }),
  }),
  fc.record({
    type: fc.subarray(["string", "null", "integer"], { minLength: 1 }),
    enum: fc.subarray(["x", "y", 1, null], { minLength: 1 }),
  }),
  fc.record({ enum: fc.subarray(["x", "y", 1, 2.5, null, true], { minLength: 1 }) }),
  fc.record({ const: fc.constantFrom("x", 1, null, true, 1.5) }),
  fc.record({ type: fc.constantFrom("string", "integer"), const: fc.constantFrom("x", 1) }),
)

/** A schema of an object as people write them for tools, with most of what JSON Schema has. */
export const objectSchema: fc.Arbitrary<Fields> = schemas().root

function schemas(): { root: fc.Arbitrary<Fields> } {
  const { inner } = fc.letrec<{ inner: unknown; object: Fields }>((tie) => ({
    object: fc
      .record(
        {
          type: fc.constant("object"),
          properties: fc.dictionary(name, tie("inner"), { maxKeys: 3 }),
          additionalProperties: fc.oneof(some<unknown>(false, 12), some(true), some({}), some({ type: "string" })),
          description: fc.constant("o"),
          minProperties: fc.constant(1),
        },
        { requiredKeys: ["type", "properties"] },
      )
      .chain((schema) =>
        fc
          .option(fc.subarray(Object.keys(schema.properties)), { nil: undefined })
          .map((required) => (required === undefined ? schema : { ...schema, required })),
      ),
    inner: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      { weight: 8, arbitrary: fc.tuple(scalar, about).map(([one, words]) => ({ ...one, ...words })) },
      { weight: 3, arbitrary: tie("object") as fc.Arbitrary<unknown> },
      { weight: 2, arbitrary: fc.record({ type: fc.constant("array"), items: tie("inner") }) },
      {
        weight: 2,
        arbitrary: fc.record(
          { $ref: fc.constantFrom("#/$defs/x", "#/$defs/node", "#"), description: fc.constant("r") },
          { requiredKeys: ["$ref"] },
        ),
      },
      {
        weight: 2,
        arbitrary: fc.record({ anyOf: fc.array(tie("inner"), { minLength: 1, maxLength: 3 }) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ oneOf: fc.array(tie("inner"), { minLength: 1, maxLength: 3 }) }),
      },
      { weight: 1, arbitrary: fc.record({ allOf: fc.array(tie("inner"), { minLength: 1, maxLength: 2 }) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          type: fc.constant("object"),
          properties: fc.record({ k: fc.record({ type: fc.constant("string") }) }),
          anyOf: fc.array(tie("object"), { minLength: 1, maxLength: 2 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom<unknown>(
          true,
          false,
          {},
          { type: "array", prefixItems: [{ type: "string" }, true] },
          { type: "object", patternProperties: { "^x": { type: "string" } } },
          { type: "string", not: { const: "x" } },
          { nullable: true, type: "string" },
        ),
      },
    ),
  }))
  const { root } = fc.letrec<{ root: Fields }>(() => ({
    root: fc.record(
      {
        type: fc.constant("object"),
        properties: fc.dictionary(name, inner, { minKeys: 1, maxKeys: 3 }),
        required: fc.constant([] as string[]),
        additionalProperties: fc.constant(false),
        $defs: fc.record({
          x: scalar,
          node: fc.constant({
            type: "object",
            properties: { next: { $ref: "#/$defs/node" }, v: { type: "string" } },
            required: ["v"],
          }),
        }),
      },
      { requiredKeys: ["type", "properties", "$defs"] },
    ),
  }))
  return {
    root: root.chain((schema) =>
      fc.subarray(Object.keys(schema["properties"] as Fields)).map((required): Fields => ({ ...schema, required })),
    ),
  }
}
