import { isObject } from "./types.ts"

/** Whether a citation has this wire's shape: a location of some kind. */
export function isCitation(value: unknown): boolean {
  return isObject(value) && typeof value["type"] === "string" && value["type"].endsWith("_location")
}
