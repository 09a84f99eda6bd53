import type { FunctionTool, JsonSchema } from "../model/tool.ts"
import { once } from "./memo.ts"
import { isSchema, mapSchemas, Pass, usesKeyword } from "./subschemas.ts"
import { upgradeSchema } from "./upgrade.ts"
import { described, strings } from "./words.ts"

/** Keywords that the API's grammars take on every node. */
const COMMON = new Set(["$ref", "$defs", "$schema", "type", "anyOf", "allOf", "enum", "const"])
const TOLD = new Set(["description", "title", "default"])
const OF_OBJECTS = new Set(["properties", "required", "additionalProperties"])
const OF_ARRAYS = new Set(["items", "prefixItems", "minItems"])
const FORMATS = new Set(["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"])
/** Those of them that hold schemas; what stands in others is told in words, as it is. */
const HELD = new Set(["$defs", "properties", "items", "additionalProperties", "prefixItems", "anyOf", "allOf"])
/** Keywords with which a schema is not held to strictly. */
const NOT_STRICT = new Set(["oneOf", "allOf", "$ref", "patternProperties", "propertyNames"])
/** Limits of strict tools in one request. @see https://platform.claude.com/docs/en/build-with-claude/structured-outputs */
const STRICT = { tools: 20, optional: 24, unions: 16 } as const

/** A schema as Anthropic's API takes it. */
export interface AnthropicSchema {
  schema: JsonSchema
  /** Something was moved into a description. */
  changed: boolean
  /** Some object takes properties that are not named: it cannot be held to strictly. */
  open: boolean
  /** Properties that may be left out. */
  optional: number
  /** Nodes that are one of several types. */
  unions: number
}

/**
 * Makes a JSON Schema fit for `input_schema` or an output format: the root is an object, and keywords that the API
 * refuses are appended to the description of their node, so that the model still reads them.
 *
 * `close`: objects that do not say otherwise take no further properties, as strict mode wants it. `anyRoot`: the root
 * may be something else than an object, as in an output format.
 */
export function anthropicSchema(
  schema: JsonSchema,
  { close = false, anyRoot = false }: { close?: boolean; anyRoot?: boolean } = {},
): AnthropicSchema {
  return once(schema, `anthropic ${close} ${anyRoot}`, () => {
    const run = new Run(close)
    const given = upgradeSchema(schema)
    const root = anyRoot ? run.node(given) : run.root(given)
    return { schema: root, changed: run.changed, open: run.open, optional: run.optional, unions: run.unions }
  })
}

class Run {
  changed = false
  open = false
  optional = 0
  unions = 0
  readonly #close: boolean
  readonly #pass = new Pass()

  constructor(close: boolean) {
    this.#close = close
  }

  root(schema: JsonSchema): JsonSchema {
    const { anyOf, allOf, ...node } = schema
    const spilled = Object.fromEntries(Object.entries({ anyOf, allOf }).filter(([, value]) => value !== undefined))
    node["type"] = "object"
    if (!isSchema(node["properties"])) node["properties"] = {}
    if (node["required"] !== undefined) node["required"] = strings(node["required"])
    return this.#pass.node(
      schema,
      () => this.#fresh(node, spilled),
      () => ({}),
    )
  }

  node(source: JsonSchema): JsonSchema {
    return this.#pass.node(
      source,
      () => this.#fresh(source, {}),
      () => {
        this.changed = true
        return {}
      },
    )
  }

  #fresh(source: JsonSchema, spilled: JsonSchema): JsonSchema {
    const types = typesOf(source)
    if (types.length > 1 || Array.isArray(source["anyOf"])) this.unions++
    const kept: JsonSchema = {}
    for (const [keyword, value] of Object.entries(source)) {
      if (this.#takes(keyword, value, types)) kept[keyword] = value
      else if (value !== undefined) spilled[keyword] = value
    }
    const node = { ...mapSchemas(kept, (inner) => (isSchema(inner) ? this.node(inner) : inner), HELD) }
    if (types.includes("object")) this.#object(source, node)
    if (Object.keys(spilled).length > 0) {
      this.changed = true
      node["description"] = described(node["description"], spilled)
    }
    return node
  }

  #takes(keyword: string, value: unknown, types: readonly string[]): boolean {
    if (COMMON.has(keyword) || TOLD.has(keyword)) return true
    if (OF_OBJECTS.has(keyword)) return types.includes("object")
    if (keyword === "minItems") return types.includes("array") && (value === 0 || value === 1)
    if (OF_ARRAYS.has(keyword)) return types.includes("array")
    return keyword === "format" && types.includes("string") && FORMATS.has(value as string)
  }

  #object(source: JsonSchema, node: JsonSchema): void {
    const more = source["additionalProperties"]
    if (more === undefined) {
      if (this.#close) node["additionalProperties"] = false
    } else if (isSchema(more) && Object.keys(more).length === 0) {
      node["additionalProperties"] = true
    }
    if (more !== undefined && more !== false) this.open = true
    const names = isSchema(source["properties"]) ? Object.keys(source["properties"]) : []
    const required = new Set(strings(source["required"]))
    this.optional += names.filter((name) => !required.has(name)).length
  }
}

function typesOf(node: JsonSchema): readonly string[] {
  const { type } = node
  if (typeof type === "string") return [type]
  if (Array.isArray(type)) return strings(type)
  if (isSchema(node["properties"]) || node["required"] !== undefined) return ["object"]
  if (node["items"] !== undefined || node["prefixItems"] !== undefined) return ["array"]
  return []
}

/** What strict tools may still use of a request's limits. */
export class StrictBudget {
  readonly #allowed: boolean
  #tools: number = STRICT.tools
  #optional: number = STRICT.optional
  #unions: number = STRICT.unions

  /** @param allowed the host takes strict tools, and has not refused those of this conversation */
  constructor(allowed: boolean) {
    this.#allowed = allowed
  }

  /** Whether a tool can be strict; if so, what it uses is taken. */
  admits(tool: FunctionTool, schema: AnthropicSchema): boolean {
    if (!this.#allowed || schema.open || this.#tools === 0 || usesKeyword(tool.parameters, NOT_STRICT)) return false
    if (schema.optional > this.#optional || schema.unions > this.#unions) return false
    this.#tools--
    this.#optional -= schema.optional
    this.#unions -= schema.unions
    return true
  }
}
