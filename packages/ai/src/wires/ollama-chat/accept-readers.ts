import { SluiceError } from "../../model/errors.ts"
import { isObject, type Obj } from "./types.ts"

/** Refuses a request for one of its fields. */
export function refuse(path: string, what: string): never {
  throw new SluiceError({ code: "invalid_request", param: path, message: `${path}: ${what}` })
}

/** Whether a field says nothing. */
export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}

/** A JSON object. @throws SluiceError `invalid_request` */
export function readItem(value: unknown, path: string): Obj {
  return isObject(value) ? value : refuse(path, "must be an object.")
}

/** A list. @throws SluiceError `invalid_request` */
export function readList(value: unknown, path: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(path, "must be a list.")
}

/** A text. @throws SluiceError `invalid_request` */
export function readText(value: unknown, path: string): string {
  return typeof value === "string" ? value : refuse(path, "must be a text.")
}

/** A list where there is one; nothing for what is absent. */
export function optionalList(value: unknown, path: string): readonly unknown[] {
  return isAbsent(value) ? [] : readList(value, path)
}

/** A text where there is one. */
export function optionalText(value: unknown, path: string): string | undefined {
  return isAbsent(value) ? undefined : readText(value, path)
}

/** A finite number where there is one. */
export function optionalNumber(value: unknown, path: string): number | undefined {
  if (isAbsent(value)) return undefined
  return typeof value === "number" && Number.isFinite(value) ? value : refuse(path, "must be a number.")
}

/** `true` or `false` where it is said. */
export function optionalFlag(value: unknown, path: string): boolean | undefined {
  if (isAbsent(value)) return undefined
  return typeof value === "boolean" ? value : refuse(path, "must be true or false.")
}
