import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { JsonSchema } from "../../model/tool.ts"
import { validateArguments } from "./validate.ts"

/** A schema, an instance of it, and the instance as a model may have written it. */
interface Sample {
  schema: JsonSchema
  value: unknown
  wrong: unknown
}

type Odds = () => number

/** Names that have no rule of their own. */
const NAMES = ["alpha", "beta", "gamma", "delta", "size"]
const WORDS = ["", "x", "two words", "5", "true", "null", "a\n", "{not json", "é😀", '"quoted"', "constructor"]

const pick = <T>(odds: Odds, list: readonly T[]): T => list[odds() % list.length] as T
const layers = (odds: Odds, value: unknown): string => {
  let text = JSON.stringify(value)
  for (let more = odds() % 3; more > 0; more--) text = JSON.stringify(text)
  return text
}

/** `mistakes`: whether `wrong` is to differ from `value`; else they are the same. */
function sample(odds: Odds, depth: number, mistakes: boolean): Sample {
  const wrong = mistakes && odds() % 3 === 0
  switch (odds() % (depth > 0 ? 9 : 5)) {
    case 0: {
      const value = pick(odds, WORDS)
      return { schema: { type: "string" }, value, wrong: wrong && /^\d+$/.test(value) ? Number(value) : value }
    }
    case 1: {
      const value = pick(odds, [0, 1, -7, 300, 2.5, 1e21])
      return { schema: { type: "number" }, value, wrong: wrong ? layers(odds, value) : value }
    }
    case 2: {
      const value = odds() % 2 === 0
      const words = value ? ["true", "True", "yes", "on", "1", 1] : ["false", "FALSE", "no", "off", "0", 0]
      return { schema: { type: "boolean" }, value, wrong: wrong ? pick(odds, words) : value }
    }
    case 3: {
      const value = pick(odds, ["read", "write"])
      const written = pick(odds, [`${value}\n`, `${value}\r\n`, JSON.stringify(value)])
      return { schema: { enum: ["read", "write"] }, value, wrong: wrong ? written : value }
    }
    case 4: {
      const value = pick(odds, [3, -4])
      return { schema: { type: "integer", maximum: 9 }, value, wrong: wrong ? `${value}.0` : value }
    }
    case 5:
    case 6:
      return objectSample(odds, depth, mistakes, wrong)
    case 7: {
      const item = sample(odds, depth - 1, mistakes)
      const count = odds() % 3
      const schema = { type: "array", items: item.schema }
      const value = Array.from({ length: count }, () => item.value)
      const items = Array.from({ length: count }, () => item.wrong)
      if (!wrong) return { schema, value, wrong: items }
      return { schema, value, wrong: count === 1 && canStandAlone(item) ? item.wrong : layers(odds, items) }
    }
    default: {
      const inner = sample(odds, depth - 1, mistakes)
      if (odds() % 2 === 0)
        return { schema: { anyOf: [inner.schema, { type: "null" }] }, value: inner.value, wrong: inner.wrong }
      const one = objectSample(odds, depth - 1, mistakes, false)
      const other = objectSample(odds, depth - 1, mistakes, false)
      const [a, b] = [tagged(one, "a"), tagged(other, "b")]
      const meant = odds() % 2 === 0 ? a : b
      return {
        schema: { [pick(odds, ["anyOf", "oneOf"])]: [a.schema, b.schema] },
        value: meant.value,
        wrong: meant.wrong,
      }
    }
  }
}

/** Whether one item for the list of it can be told from the list. */
function canStandAlone({ schema, wrong }: Sample): boolean {
  if (schema["type"] === "array" || schema["anyOf"] || schema["oneOf"] || Array.isArray(wrong)) return false
  return typeof wrong !== "string" || (wrong !== "" && wrong !== "null" && !/^["{[]/.test(wrong))
}

function tagged({ schema, value, wrong }: Sample, tag: string): Sample {
  const add = (to: unknown): unknown => ({ kind: tag, ...(to as object) })
  return {
    schema: {
      ...schema,
      properties: { ...(schema["properties"] as object), kind: { const: tag } },
      required: ["kind", ...(schema["required"] as string[])],
    },
    value: add(value),
    wrong: add(wrong),
  }
}

function objectSample(odds: Odds, depth: number, mistakes: boolean, wrong: boolean, root = false): Sample {
  const properties: Record<string, unknown> = {}
  const required: string[] = []
  const value: Record<string, unknown> = {}
  const written: Record<string, unknown> = {}
  for (const name of NAMES.slice(0, odds() % (NAMES.length + 1))) {
    const inner = sample(odds, depth - 1, mistakes)
    properties[name] = inner.schema
    const part = odds() % 4
    if (part < 2) required.push(name)
    if (part < 3) {
      value[name] = inner.value
      const twice = mistakes && odds() % 6 === 0
      written[twice ? JSON.stringify(name) : name] = inner.wrong
    } else if (mistakes && inner.schema["anyOf"] === undefined) {
      const absent = inner.schema["type"] === "string" ? [null] : [null, "null", ""]
      if (odds() % 2 === 0) written[name] = pick(odds, absent)
    }
  }
  const closed = odds() % 2 === 0
  if (closed && mistakes && !root && odds() % 4 === 0) written["stray"] = pick(odds, [1, null, "x", { a: [] }])
  const schema = { type: "object", properties, required, ...(closed ? { additionalProperties: false } : {}) }
  return { schema, value, wrong: wrong && !root ? layers(odds, written) : written }
}

const odds = fc.array(fc.nat(1000), { minLength: 300, maxLength: 300 }).map((numbers): Odds => {
  let at = 0
  return () => numbers[at++ % numbers.length] as number
})

const call = (args: unknown) =>
  ({ type: "toolCall", id: "c", name: "t", arguments: args as Record<string, unknown> }) as const

describe("arguments of any schema", () => {
  test("what models get wrong comes back as it was meant", () => {
    let different = 0
    fc.assert(
      fc.property(odds, (next) => {
        const { schema, value, wrong } = objectSample(next, 4, true, false, true)
        const before = JSON.stringify(wrong)
        if (before !== JSON.stringify(value)) different++
        const result = validateArguments({ name: "t", parameters: schema }, call(wrong))
        const all = JSON.stringify({ schema, wrong, result }, null, 1)
        expect(result.ok ? result.arguments : result.issues, all).toEqual(value)
        expect(JSON.stringify(wrong), "the call stays as it came").toBe(before)
      }),
      { numRuns: 1000 },
    )
    expect(different).toBeGreaterThan(500)
  })

  test("a valid instance is handed back untouched", () => {
    fc.assert(
      fc.property(odds, (next) => {
        const { schema, value } = objectSample(next, 4, false, false, true)
        const result = validateArguments({ name: "t", parameters: schema }, call(value))
        expect(result).toEqual({ ok: true, arguments: value, changes: [] })
        if (result.ok) expect(result.arguments).toBe(value)
      }),
      { numRuns: 1000 },
    )
  })

  test("anything at all is answered, whatever the schema is: nothing is thrown, and what is valid is kept", () => {
    const odd = fc.jsonValue({ maxDepth: 1 })
    const schema = fc.letrec((tie) => ({
      schema: fc.oneof(
        { maxDepth: 3 },
        fc.boolean(),
        fc.record(
          {
            type: fc.oneof(fc.constantFrom("string", "number", "array", "object", "null", "any"), odd),
            properties: fc.oneof(fc.dictionary(fc.constantFrom("a", "b", ""), tie("schema")), odd),
            patternProperties: fc.dictionary(fc.constantFrom("^a", "(", "."), tie("schema"), { maxKeys: 2 }),
            required: fc.oneof(fc.array(fc.string(), { maxLength: 2 }), fc.boolean()),
            additionalProperties: tie("schema"),
            items: fc.oneof(tie("schema"), fc.array(tie("schema"), { maxLength: 2 })),
            anyOf: fc.oneof(fc.array(tie("schema"), { maxLength: 3 }), odd),
            allOf: fc.array(tie("schema"), { maxLength: 2 }),
            not: tie("schema"),
            if: tie("schema"),
            else: tie("schema"),
            enum: fc.oneof(fc.array(odd, { maxLength: 3 }), fc.string()),
            pattern: fc.constantFrom("^a", "(?<", "\\d"),
            $ref: fc.constantFrom("#", "#/properties/a", "#/nowhere", "https://example.com/x", "#/%"),
            $id: fc.string(),
          },
          { requiredKeys: [] },
        ),
      ),
    })).schema
    fc.assert(
      fc.property(
        schema.filter((one) => typeof one === "object"),
        fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()),
        (parameters, args) => {
          const given = structuredClone(args)
          const result = validateArguments({ name: "t", parameters: parameters as JsonSchema }, call(args))
          expect(args).toEqual(given)
          if (!result.ok) expect(result.issues.length).toBeGreaterThan(0)
        },
      ),
      { numRuns: 100 },
    )
  })
})
