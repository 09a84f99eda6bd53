import { isObject, type Obj } from "../model/json.ts"
import type { JsonSchema } from "../model/tool.ts"

const DEPTH = 24

const FORMATS: Readonly<Record<string, string>> = {
  "date-time": "2026-01-01T00:00:00Z",
  date: "2026-01-01",
  time: "00:00:00Z",
  duration: "P1D",
  email: "demo@example.com",
  hostname: "example.com",
  ipv4: "127.0.0.1",
  ipv6: "::1",
  uri: "https://example.com/",
  url: "https://example.com/",
  uuid: "00000000-0000-4000-8000-000000000000",
}

/**
 * A small value that fits a JSON Schema: what is required and no more, the first of several choices, the least of a
 * range. Text without a rule is `demo`. A `pattern` is met only where a short list of guesses meets it.
 */
export function exampleOf(schema: JsonSchema): unknown {
  return make(schema, schema, 0)
}

function make(schema: unknown, root: Obj, depth: number): unknown {
  if (!isObject(schema) || depth > DEPTH) return schema === false || depth > DEPTH ? null : "demo"
  const node = flatten(schema, root, 0)
  if ("const" in node) return node["const"]
  if (Array.isArray(node["enum"]) && node["enum"].length > 0) return node["enum"][0]
  const choices = node["anyOf"] ?? node["oneOf"]
  if (Array.isArray(choices) && choices.length > 0) {
    const { anyOf: _any, oneOf: _one, ...rest } = node
    return make(merge(rest, flatten(simplest(choices, root), root, 0)), root, depth + 1)
  }
  switch (typeOf(node)) {
    case "object":
      return makeObject(node, root, depth)
    case "array":
      return makeArray(node, root, depth)
    case "number":
      return makeNumber(node, false)
    case "integer":
      return makeNumber(node, true)
    case "boolean":
      return false
    case "null":
      return null
    default:
      return makeString(node)
  }
}

/** Follows references and folds `allOf` in. */
function flatten(schema: unknown, root: Obj, depth: number): Obj {
  if (!isObject(schema)) return {}
  if (depth > DEPTH) return schema
  let node = schema
  const ref = node["$ref"]
  if (typeof ref === "string") {
    const { $ref: _ref, ...rest } = node
    node = merge(rest, flatten(resolve(ref, root), root, depth + 1))
  }
  if (Array.isArray(node["allOf"])) {
    const { allOf, ...rest } = node
    node = (allOf as unknown[]).reduce<Obj>((sum, part) => merge(sum, flatten(part, root, depth + 1)), rest)
  }
  return node
}

function merge(a: Obj, b: Obj): Obj {
  const merged: Obj = { ...b, ...a }
  if (isObject(a["properties"]) && isObject(b["properties"]))
    merged["properties"] = { ...b["properties"], ...a["properties"] }
  if (Array.isArray(a["required"]) && Array.isArray(b["required"])) {
    merged["required"] = [...new Set<unknown>([...a["required"], ...b["required"]])]
  }
  return merged
}

function resolve(ref: string, root: Obj): unknown {
  if (!ref.startsWith("#")) return {}
  let at: unknown = root
  for (const part of ref.slice(1).split("/").filter(Boolean)) {
    const name = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~")
    at = Array.isArray(at) ? at[Number(name)] : isObject(at) ? at[name] : undefined
  }
  return at ?? {}
}

/** The first choice that does not lead deeper, so that a schema which holds itself comes to an end. */
function simplest(choices: readonly unknown[], root: Obj): unknown {
  const flat = choices.map((choice) => flatten(choice, root, 0))
  const plain = flat.findIndex(
    (node) => "const" in node || "enum" in node || !["object", "array"].includes(typeOf(node)),
  )
  const first = flat[0] as Obj
  const open = typeOf(first) === "object" && Array.isArray(first["required"]) && first["required"].length > 0
  const recursive = open && typeof (choices[0] as Obj)["$ref"] === "string"
  return recursive && plain > 0 ? choices[plain] : choices[0]
}

function typeOf(node: Obj): string {
  const type = node["type"]
  if (typeof type === "string") return type
  if (Array.isArray(type)) return (type as string[]).find((name) => name !== "null") ?? "null"
  if (isObject(node["properties"]) || Array.isArray(node["required"])) return "object"
  if ("items" in node || "prefixItems" in node) return "array"
  if ("minimum" in node || "maximum" in node) return "number"
  return "string"
}

function makeObject(node: Obj, root: Obj, depth: number): unknown {
  const properties = isObject(node["properties"]) ? node["properties"] : {}
  const made: Obj = {}
  for (const name of Array.isArray(node["required"]) ? (node["required"] as string[]) : []) {
    made[name] = make(properties[name] ?? additional(node), root, depth + 1)
  }
  const least = typeof node["minProperties"] === "number" ? node["minProperties"] : 0
  for (const name of Object.keys(properties)) {
    if (Object.keys(made).length >= least) break
    made[name] ??= make(properties[name], root, depth + 1)
  }
  for (let n = 1; Object.keys(made).length < least; n++) made[`key${n}`] = make(additional(node), root, depth + 1)
  return made
}

function additional(node: Obj): unknown {
  return isObject(node["additionalProperties"]) ? node["additionalProperties"] : {}
}

function makeArray(node: Obj, root: Obj, depth: number): unknown[] {
  const least = typeof node["minItems"] === "number" ? node["minItems"] : 0
  const first = Array.isArray(node["prefixItems"]) ? (node["prefixItems"] as unknown[]) : []
  const unique = node["uniqueItems"] === true
  const made: unknown[] = []
  for (let n = 0; n < least; n++) {
    const item = n < first.length ? first[n] : node["items"]
    const choices = unique && isObject(item) ? flatten(item, root, 0)["enum"] : undefined
    const value = Array.isArray(choices) ? choices[n % choices.length] : make(item ?? {}, root, depth + 1)
    made.push(unique && typeof value === "number" ? value + n : unique && value === "demo" ? `demo${n}` : value)
  }
  return made
}

function makeNumber(node: Obj, whole: boolean): number {
  const number = (name: string): number | undefined => (typeof node[name] === "number" ? node[name] : undefined)
  const step = number("multipleOf") ?? (whole ? 1 : undefined)
  const above = number("exclusiveMinimum")
  const below = number("exclusiveMaximum")
  const min = number("minimum") ?? -Infinity
  const max = number("maximum") ?? Infinity
  const low = Math.max(min, above ?? -Infinity)
  const high = Math.min(max, below ?? Infinity)
  const fits = (n: number): boolean =>
    n >= min && n <= max && (above === undefined || n > above) && (below === undefined || n < below)
  if (fits(0)) return 0
  if (step !== undefined) {
    const up = Math.ceil(low / step) * step
    if (fits(up)) return up
    if (fits(up + step)) return up + step
    return Math.floor(high / step) * step
  }
  if (fits(low)) return low
  if (Number.isFinite(low)) return Number.isFinite(high) ? (low + high) / 2 : low + 1
  return fits(high) ? high : high - 1
}

function makeString(node: Obj): string {
  const least = typeof node["minLength"] === "number" ? node["minLength"] : 0
  const most = typeof node["maxLength"] === "number" ? node["maxLength"] : Infinity
  const plain = FORMATS[String(node["format"])] ?? "demo".padEnd(least, "x").slice(0, most)
  const { pattern } = node
  if (typeof pattern !== "string") return plain
  const fits = (text: string): boolean => {
    try {
      return new RegExp(pattern, "u").test(text) && text.length >= least && text.length <= most
    } catch {
      return true
    }
  }
  const guesses = [plain, "a", "A", "0", "1", "abc", "ABC", "123", "#000000", "a-b", "a_b", "a1", "1.0.0", "2026-01-01"]
  const sizes = [least, 2, 3, 4, 5, 6, 8, 10, 12, 16, 32].flatMap((n) => ["0".repeat(n), "a".repeat(n), "A".repeat(n)])
  return [...guesses, ...Object.values(FORMATS), ...sizes].find(fits) ?? plain
}
