/**
 * What hosts take of a schema, written apart from the code that writes schemas for them. Each function gives what a host
 * would say against a schema, in words; nothing where it takes it.
 */

type Fields = Record<string, unknown>

const TYPES = ["string", "number", "integer", "boolean", "null", "object", "array"]
const LIMITS = [
  "pattern",
  "format",
  "multipleOf",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "minItems",
  "maxItems",
]

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** OpenAI's strict mode, by its guide to structured outputs. `limits`: limits on values are taken. */
export function strictFaults(root: unknown, { limits = false } = {}): string[] {
  const faults: string[] = []
  const words = ["type", "description", "title", "enum", "const", "properties", "required", "additionalProperties"]
  const known = new Set([...words, "items", "anyOf", "$ref", "$defs", "$schema", ...(limits ? LIMITS : [])])
  const look = (schema: unknown, at: string): void => {
    if (!isFields(schema)) {
      faults.push(`${at}: no object`)
      return
    }
    for (const word of Object.keys(schema)) if (!known.has(word)) faults.push(`${at}: ${word}`)
    const { type, anyOf, $ref, $defs, properties, required, items, enum: values, additionalProperties } = schema
    if ($ref !== undefined) {
      if (Object.keys(schema).length > 1) faults.push(`${at}: something beside $ref`)
      if (typeof $ref !== "string" || !($ref === "#" || isFields(target(root, $ref))))
        faults.push(`${at}: lost ${$ref}`)
    } else if (anyOf !== undefined) {
      if (!Array.isArray(anyOf) || anyOf.length === 0) faults.push(`${at}: no branches`)
      else anyOf.forEach((branch, i) => look(branch, `${at}/anyOf/${i}`))
    } else if (![type].flat().every((one) => TYPES.includes(one as string))) faults.push(`${at}: no type`)
    if (Array.isArray(values) && values.length === 0) faults.push(`${at}: empty enum`)
    const types = [type].flat()
    if (types.includes("object")) {
      if (additionalProperties !== false) faults.push(`${at}: open`)
      const names = isFields(properties) ? Object.keys(properties) : []
      if (!Array.isArray(required) || names.some((name) => !required.includes(name))) faults.push(`${at}: optional`)
      if (Array.isArray(required) && required.some((name) => !names.includes(name as string)))
        faults.push(`${at}: required`)
    }
    if (isFields(properties))
      for (const [name, inner] of Object.entries(properties)) look(inner, `${at}/properties/${name}`)
    if (types.includes("array")) look(items, `${at}/items`)
    if (isFields($defs)) for (const [name, inner] of Object.entries($defs)) look(inner, `${at}/$defs/${name}`)
  }
  if (!isFields(root) || root["type"] !== "object" || root["anyOf"] !== undefined) faults.push("root")
  look(root, "")
  return faults
}

function target(root: unknown, ref: string): unknown {
  const name = /^#\/\$defs\/([^/]+)$/.exec(ref)?.[1]
  const defs = isFields(root) ? root["$defs"] : undefined
  return name !== undefined && isFields(defs) ? defs[decodeURIComponent(name)] : undefined
}

const ONE = ["items", "contains", "not", "if", "then", "else", "propertyNames"]
const SEVERAL = ["anyOf", "oneOf", "allOf", "prefixItems"]
const NAMED = ["properties", "patternProperties", "$defs", "dependentSchemas"]

/** A sampler that makes a grammar of a schema: neither yes, no nor nothing may stand in the place of one. */
export function grammarFaults(root: unknown, { more = true, lists = true } = {}): string[] {
  const faults: string[] = []
  const look = (schema: unknown, at: string): void => {
    if (!isFields(schema)) {
      faults.push(`${at}: ${String(schema)}`)
      return
    }
    if (at !== "" && Object.keys(schema).every((word) => word === "description")) faults.push(`${at}: empty`)
    if (!lists && Array.isArray(schema["type"])) faults.push(`${at}: list of types`)
    const { additionalProperties } = schema
    if (typeof additionalProperties === "boolean" && !more) faults.push(`${at}: additionalProperties`)
    else if (additionalProperties !== undefined && typeof additionalProperties !== "boolean")
      look(additionalProperties, `${at}/additionalProperties`)
    for (const word of ONE) if (schema[word] !== undefined) look(schema[word], `${at}/${word}`)
    for (const word of SEVERAL) {
      if (Array.isArray(schema[word])) schema[word].forEach((one, i) => look(one, `${at}/${word}/${i}`))
    }
    for (const word of NAMED) {
      const named = schema[word]
      if (isFields(named)) for (const [name, inner] of Object.entries(named)) look(inner, `${at}/${word}/${name}`)
    }
  }
  look(root, "")
  return faults
}

/** Moonshot's dialect of JSON Schema. */
export function moonshotFaults(root: unknown): string[] {
  const faults: string[] = []
  const words = ["type", "description", "title", "default", "enum", "properties", "required", "additionalProperties"]
  const known = new Set([...words, "items", "anyOf", "$ref", "$defs"])
  const look = (schema: unknown, at: string): void => {
    if (!isFields(schema)) {
      faults.push(`${at}: ${String(schema)}`)
      return
    }
    for (const word of Object.keys(schema)) if (!known.has(word)) faults.push(`${at}: ${word}`)
    const { type, anyOf, enum: values, items, properties, $defs, additionalProperties } = schema
    if (type !== undefined && typeof type !== "string") faults.push(`${at}: list of types`)
    if (type !== undefined && anyOf !== undefined) faults.push(`${at}: type beside anyOf`)
    if (Array.isArray(values) && values.some((value) => typeof value === "object" && value !== null))
      faults.push(`${at}: enum`)
    if (Array.isArray(anyOf)) anyOf.forEach((branch, i) => look(branch, `${at}/anyOf/${i}`))
    if (items !== undefined) look(items, `${at}/items`)
    if (additionalProperties !== undefined && typeof additionalProperties !== "boolean")
      look(additionalProperties, `${at}/additionalProperties`)
    for (const named of [properties, $defs]) {
      if (isFields(named)) for (const [name, inner] of Object.entries(named)) look(inner, `${at}/${name}`)
    }
  }
  look(root, "")
  return faults
}

/** Anthropic's `input_schema`. */
export function anthropicFaults(root: unknown): string[] {
  const faults: string[] = []
  const common = [
    "$ref",
    "$defs",
    "$schema",
    "type",
    "anyOf",
    "allOf",
    "enum",
    "const",
    "description",
    "title",
    "default",
  ]
  const words = ["properties", "required", "additionalProperties", "items", "prefixItems", "minItems", "format"]
  const known = new Set([...common, ...words])
  const look = (schema: unknown, at: string): void => {
    if (typeof schema === "boolean") return
    if (!isFields(schema)) {
      faults.push(`${at}: ${String(schema)}`)
      return
    }
    for (const word of Object.keys(schema)) if (!known.has(word)) faults.push(`${at}: ${word}`)
    for (const word of ["items", "additionalProperties"])
      if (schema[word] !== undefined) look(schema[word], `${at}/${word}`)
    for (const word of ["anyOf", "allOf", "prefixItems"]) {
      if (Array.isArray(schema[word])) schema[word].forEach((one, i) => look(one, `${at}/${word}/${i}`))
    }
    for (const word of ["properties", "$defs"]) {
      const named = schema[word]
      if (isFields(named)) for (const [name, inner] of Object.entries(named)) look(inner, `${at}/${word}/${name}`)
    }
  }
  if (!isFields(root) || root["type"] !== "object" || root["anyOf"] !== undefined || root["allOf"] !== undefined)
    faults.push("root")
  look(root, "")
  return faults
}
