import { SluiceError } from "../../model/errors.ts"
import { isObject, type Obj } from "../../model/json.ts"

/** The error for a field that has the wrong shape. */
export function invalid(path: string, what: string): SluiceError {
  return new SluiceError({ code: "invalid_request", message: `Invalid '${path}': ${what}.`, param: path })
}

function expected(path: string, what: string, value: unknown): SluiceError {
  const got =
    value === undefined ? "nothing" : value === null ? "null" : Array.isArray(value) ? "an array" : typeof value
  return invalid(path, `expected ${what}, got ${got}`)
}

/** @throws SluiceError when `value` is no object */
export function readObject(value: unknown, path: string): Obj {
  if (!isObject(value)) throw expected(path, "an object", value)
  return value
}

/** @throws SluiceError when `value` is no array */
export function readArray(value: unknown, path: string): unknown[] {
  if (!Array.isArray(value)) throw expected(path, "an array", value)
  return value
}

/** @throws SluiceError when `value` is no string */
export function readString(value: unknown, path: string): string {
  if (typeof value !== "string") throw expected(path, "a string", value)
  return value
}

/** `undefined` for what is absent or null. @throws SluiceError when `value` is anything but a finite number */
export function optionalNumber(value: unknown, path: string): number | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== "number" || !Number.isFinite(value)) throw expected(path, "a number", value)
  return value
}

/** `undefined` for what is absent or null. @throws SluiceError when `value` is anything but a whole number from `least` */
export function optionalInteger(value: unknown, path: string, least = 0): number | undefined {
  const number = optionalNumber(value, path)
  if (number !== undefined && (!Number.isInteger(number) || number < least)) {
    throw invalid(path, `expected a whole number of at least ${least}`)
  }
  return number
}

/** `undefined` for what is absent or null. @throws SluiceError when `value` is anything but a boolean */
export function optionalBoolean(value: unknown, path: string): boolean | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== "boolean") throw expected(path, "a boolean", value)
  return value
}

/** `undefined` for what is absent or null. @throws SluiceError when `value` is anything but a string */
export function optionalString(value: unknown, path: string): string | undefined {
  return value === undefined || value === null ? undefined : readString(value, path)
}

/** `undefined` for what is absent or null. @throws SluiceError when `value` is anything but one of `words` */
export function optionalWord<T extends string>(value: unknown, path: string, words: readonly T[]): T | undefined {
  const word = optionalString(value, path)
  if (word === undefined) return undefined
  const known = words.find((one) => one === word)
  if (known === undefined) throw invalid(path, `expected one of ${words.join(", ")}, got "${word.slice(0, 40)}"`)
  return known
}

/** A list where there is one; nothing for what is absent or null. */
export function optionalList(value: unknown, path: string): unknown[] {
  return value === undefined || value === null ? [] : readArray(value, path)
}
