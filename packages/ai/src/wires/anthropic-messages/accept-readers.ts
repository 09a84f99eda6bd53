import { SluiceError } from "../../model/errors.ts"
import type { CacheMark } from "../../model/tool.ts"
import { isObject, type Obj } from "./types.ts"

/** @throws SluiceError `invalid_request` that names the field */
export function refuse(path: string, what: string): never {
  throw new SluiceError({ code: "invalid_request", message: `${path}: ${what}`, param: path })
}

/** A JSON object. */
export function readItem(value: unknown, path: string): Obj {
  if (!isObject(value)) refuse(path, `must be an object, not ${kindOf(value)}.`)
  return value
}

/** A text. */
export function readText(value: unknown, path: string): string {
  if (typeof value !== "string") refuse(path, `must be a string, not ${kindOf(value)}.`)
  return value
}

/** A list. */
export function readList(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) refuse(path, `must be an array, not ${kindOf(value)}.`)
  return value
}

/** A text, or `undefined` where it is absent or null. */
export function optionalText(value: unknown, path: string): string | undefined {
  return isAbsent(value) ? undefined : readText(value, path)
}

/** A finite number, or `undefined` where it is absent or null. */
export function optionalNumber(value: unknown, path: string): number | undefined {
  if (isAbsent(value)) return undefined
  if (typeof value !== "number" || !Number.isFinite(value)) refuse(path, `must be a number, not ${kindOf(value)}.`)
  return value
}

/** A truth value, or `undefined` where it is absent or null. */
export function optionalFlag(value: unknown, path: string): boolean | undefined {
  if (isAbsent(value)) return undefined
  if (typeof value !== "boolean") refuse(path, `must be true or false, not ${kindOf(value)}.`)
  return value
}

/** An object, or `undefined` where it is absent or null. */
export function optionalItem(value: unknown, path: string): Obj | undefined {
  return isAbsent(value) ? undefined : readItem(value, path)
}

/** The cache mark of a block, as a field to spread. */
export function cacheOf(block: Obj, path: string): { cache?: CacheMark } {
  const control = optionalItem(block["cache_control"], `${path}.cache_control`)
  if (!control) return {}
  return { cache: control["ttl"] === "1h" ? "long" : "short" }
}

/** Whether a field is not there: null counts as that. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

function kindOf(value: unknown): string {
  if (isAbsent(value)) return "absent"
  return Array.isArray(value) ? "an array" : typeof value === "object" ? "an object" : `a ${typeof value}`
}
