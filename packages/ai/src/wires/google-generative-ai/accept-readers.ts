import { SluiceError } from "../../model/errors.ts"
import { isObject, type Obj } from "./types.ts"

/** @throws SluiceError `invalid_request` that names the field */
export function refuse(path: string, what: string, hint?: string): never {
  throw new SluiceError({
    code: "invalid_request",
    message: `${path}: ${what}`,
    param: path,
    ...(hint === undefined ? {} : { hint }),
  })
}

/** A field by its name in camelCase; the API takes the same name in snake_case. Null counts as absent. */
export function get(item: Obj, name: string): unknown {
  return item[name] ?? item[snakeCase(name)] ?? undefined
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** A name in camelCase, however it was spelled. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
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

/** A list. One object stands for a list of one, as the API itself reads it. */
export function readList(value: unknown, path: string): readonly unknown[] {
  if (isObject(value)) return [value]
  if (!Array.isArray(value)) refuse(path, `must be an array, not ${kindOf(value)}.`)
  return value
}

/** A field that is a text, or `undefined`. */
export function textOf(item: Obj, name: string, path: string): string | undefined {
  const value = get(item, name)
  return value === undefined ? undefined : readText(value, below(path, name))
}

/** A field that is a word of an enumeration, in capitals; `undefined` where it is absent or says nothing. */
export function wordOf(item: Obj, name: string, path: string): string | undefined {
  const word = textOf(item, name, path)?.toUpperCase()
  return word === undefined || word === "" || word.endsWith("_UNSPECIFIED") ? undefined : word
}

/** A field that is a finite number, or `undefined`. A number may be written as a string, as the API itself reads it. */
export function numberOf(item: Obj, name: string, path: string): number | undefined {
  const value = get(item, name)
  if (value === undefined) return undefined
  const number = typeof value === "string" && /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value
  if (typeof number !== "number" || !Number.isFinite(number)) {
    refuse(below(path, name), `must be a number, not ${kindOf(value)}.`)
  }
  return number
}

/** A field that is a truth value, or `undefined`. */
export function flagOf(item: Obj, name: string, path: string): boolean | undefined {
  const value = get(item, name)
  if (value === undefined) return undefined
  if (typeof value !== "boolean") refuse(below(path, name), `must be true or false, not ${kindOf(value)}.`)
  return value
}

/** A field that is an object, or `undefined`. */
export function itemOf(item: Obj, name: string, path: string): Obj | undefined {
  const value = get(item, name)
  return value === undefined ? undefined : readItem(value, below(path, name))
}

/** A field that is a list, or `undefined`. */
export function listOf(item: Obj, name: string, path: string): readonly unknown[] | undefined {
  const value = get(item, name)
  return value === undefined ? undefined : readList(value, below(path, name))
}

/** The path of a field. */
export function below(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return "absent"
  return Array.isArray(value) ? "an array" : typeof value === "object" ? "an object" : `a ${typeof value}`
}
