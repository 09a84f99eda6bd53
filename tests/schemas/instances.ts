import { Validator } from "@cfworker/json-schema"
import fc from "fast-check"

type Fields = Record<string, unknown>

/** Whether a value fits a schema. */
export function fitsSchema(schema: unknown, value: unknown, draft: "2020-12" | "7" = "2020-12"): boolean {
  return new Validator(schema as object, draft, true).validate(value).valid
}

/** Values that fit a schema of strict mode. Circles are cut off where they may be null, or where a list may be empty. */
export function valuesOf(root: Fields): fc.Arbitrary<unknown> {
  const of = (schema: Fields, depth: number): fc.Arbitrary<unknown> => {
    const { $ref, anyOf, enum: values, const: only, type } = schema
    if ($ref === "#") return of(root, depth)
    if (typeof $ref === "string") return of((root["$defs"] as Fields)[$ref.slice("#/$defs/".length)] as Fields, depth)
    if (Array.isArray(anyOf)) {
      const leaves = depth > 4 ? (anyOf as Fields[]).filter((one) => isLeaf(one)) : []
      const branches = leaves.length > 0 ? leaves : (anyOf as Fields[])
      return fc.nat(branches.length - 1).chain((i) => of(branches[i] as Fields, depth + 1))
    }
    if (only !== undefined) return fc.constant(only)
    if (Array.isArray(values)) return fc.constantFrom(...(values as unknown[]))
    if (Array.isArray(type)) return fc.constantFrom(...type).chain((one: string) => of({ ...schema, type: one }, depth))
    switch (type) {
      case "string":
        return fc.constantFrom("", "x", "xyz", "other")
      case "integer":
        return fc.integer({ min: -5, max: 5 })
      case "number":
        return fc.constantFrom(-3, 0, 0.5, 4)
      case "boolean":
        return fc.boolean()
      case "null":
        return fc.constant(null)
      case "array":
        return depth > 4 ? fc.constant([]) : fc.array(lazily(schema["items"] as Fields, depth + 1), { maxLength: 2 })
      default: {
        if (depth > 6) return fc.constant({})
        const entries = Object.entries(schema["properties"] as Record<string, Fields>)
        return fc
          .tuple(...entries.map(([, inner]) => lazily(inner, depth + 1)))
          .map((list) => Object.fromEntries(entries.map(([name], i) => [name, list[i]])))
      }
    }
  }
  const lazily = (schema: Fields, depth: number): fc.Arbitrary<unknown> =>
    fc.constant(null).chain(() => of(schema, depth))
  return lazily(root, 0)
}

function isLeaf({ type, $ref, anyOf }: Fields): boolean {
  return type !== "object" && type !== "array" && $ref === undefined && anyOf === undefined
}

/** A value without the nulls of properties that a schema lets be left out and that may not be null by it. */
export function withoutNulls(value: unknown, schema: unknown, root: Fields): unknown {
  if (!isFields(schema)) return value
  const fits = (one: unknown, by: unknown): boolean =>
    typeof by === "boolean" ? by : fitsSchema({ $defs: root["$defs"], ...rooted(by as Fields, root) }, one)
  const { $ref, anyOf, oneOf, allOf, properties, items } = schema
  let out = value
  if (typeof $ref === "string") {
    const target = $ref === "#" ? root : (root["$defs"] as Fields)[$ref.slice("#/$defs/".length)]
    out = withoutNulls(out, target, root)
  }
  for (const branch of Array.isArray(allOf) ? allOf : []) out = withoutNulls(out, branch, root)
  if (Array.isArray(out)) out = out.map((one) => withoutNulls(one, items, root))
  if (isFields(out) && isFields(properties)) {
    const required = Array.isArray(schema["required"]) ? schema["required"] : []
    const kept = Object.entries(out).filter(
      ([name, one]) =>
        one !== null || !Object.hasOwn(properties, name) || required.includes(name) || fits(null, properties[name]),
    )
    out = Object.fromEntries(
      kept.map(([name, one]) => [
        name,
        Object.hasOwn(properties, name) ? withoutNulls(one, properties[name], root) : one,
      ]),
    )
  }
  for (const union of [anyOf, oneOf]) {
    if (!Array.isArray(union)) continue
    const given = out
    const found = union.map((branch: unknown) => [branch, withoutNulls(given, branch, root)] as const)
    out = (found.find(([branch, one]) => fits(one, branch)) ?? [undefined, given])[1]
  }
  return out
}

/** A part of a schema as a schema of its own: `#` in it is still the whole. */
function rooted(schema: Fields, root: Fields): Fields {
  const text = JSON.stringify(schema).replaceAll('"$ref":"#"', '"$ref":"#/$defs/ROOT"')
  const whole = JSON.parse(JSON.stringify(root).replaceAll('"$ref":"#"', '"$ref":"#/$defs/ROOT"')) as Fields
  const { $defs, ...rest } = whole
  return { ...(JSON.parse(text) as Fields), $defs: { ...($defs as Fields), ROOT: rest } }
}

/** A schema without some keywords, and with `anyOf` for `oneOf` where that is one of them. */
export function without(schema: unknown, keywords: readonly string[]): unknown {
  if (Array.isArray(schema)) return schema.map((one) => without(one, keywords))
  if (!isFields(schema)) return schema
  const out: Fields = {}
  for (const [word, value] of Object.entries(schema)) {
    const isNamed = word === "properties" || word === "$defs"
    const written =
      isNamed && isFields(value)
        ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, without(inner, keywords)]))
        : ["items", "anyOf", "oneOf", "allOf", "additionalProperties"].includes(word)
          ? without(value, keywords)
          : value
    if (word === "oneOf" && keywords.includes("oneOf")) out["anyOf"] = written
    else if (!keywords.includes(word)) out[word] = written
  }
  return out
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
