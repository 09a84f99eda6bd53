/** A refusal of a request in the vendor's words. */
export class Refused extends Error {
  /** Name of the rule that the request broke, ours: vendors have none. */
  readonly rule: string
  readonly status: number
  readonly type: string
  readonly param: string | null
  readonly code: string | null

  constructor(
    status: number,
    type: string,
    message: string,
    more: { param?: string | null; code?: string | null; rule?: string } = {},
  ) {
    super(message)
    this.rule = more.rule ?? type
    this.status = status
    this.type = type
    this.param = more.param ?? null
    this.code = more.code ?? null
  }
}

/** A request that can be read, and what it is checked for in the order in which the vendor does. */
export interface Checked {
  body: Fields
  /** Each throws the first thing that it refuses. */
  checks: readonly (() => unknown)[]
}

/** The body of a request that no check refuses. @throws what the first one refuses */
export function passed({ body, checks }: Checked): Fields {
  for (const check of checks) check()
  return body
}

/** The fields of a JSON object. */
export type Fields = Record<string, unknown>

/** Whether a value is a JSON object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** The name that Python-born error messages give a JSON type. */
export function typeName(value: unknown): string {
  if (value === null) return "null"
  if (Array.isArray(value)) return "array"
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "decimal"
  return typeof value
}

/** Where a text with half a character stands, which is no JSON for most servers; `undefined` where there is none. */
export function halfCharacter(value: unknown, path = ""): string | undefined {
  if (typeof value === "string") return value.isWellFormed() ? undefined : path
  if (typeof value !== "object" || value === null) return undefined
  for (const [name, entry] of Object.entries(value)) {
    const at = path === "" ? name : `${path}.${name}`
    const found = name.isWellFormed() ? halfCharacter(entry, at) : at
    if (found !== undefined) return found
  }
  return undefined
}
