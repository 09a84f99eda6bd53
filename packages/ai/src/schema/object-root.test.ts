import { expect, test } from "vitest"
import { bedrockSchema } from "./bedrock.ts"
import { objectRoot } from "./object-root.ts"
import { responsesSchema } from "./responses.ts"

test("what is an object, or does not say what it is, stays the same", () => {
  const schema = { type: "object", properties: {} }
  expect(objectRoot(schema)).toBe(schema)
  const reference = { $ref: "#/$defs/a" }
  expect(objectRoot(reference)).toBe(reference)
})

test.each([
  [
    { type: ["object", "null"], properties: { a: {} } },
    { type: "object", properties: { a: {} } },
  ],
  [
    { type: "string", enum: ["a"] },
    { type: "object", properties: {} },
  ],
])("%j takes arguments by name on every wire that asks for that", (schema, want) => {
  expect(objectRoot(schema)).toEqual(want)
  expect(responsesSchema(schema).schema).toEqual(want)
  expect(responsesSchema(schema).changes).not.toEqual([])
  expect(bedrockSchema(schema)).toEqual(want)
})

test("a list of OpenAI's says what it holds", () => {
  const { schema, changes } = responsesSchema({ type: "object", properties: { a: { type: "array" } } })
  expect(schema).toEqual({ type: "object", properties: { a: { type: "array", items: {} } } })
  expect(changes).toEqual(["a list without items may hold anything"])
})
