import { isObject } from "../../model/json.ts"
import { readLenientJson } from "../lenient-json.ts"
import { jsonString } from "../repair-arguments.ts"
import { CONTAINER, KIND, kindOf } from "./nodes.ts"

/** How often JSON may stand in JSON. */
const MAX_LAYERS = 3
/** Containers in containers that are looked into. */
export const MAX_DEPTH = 64

/** Values that are texts of their own. Where the schema takes a string they stay as they are, letter for letter. */
const CONTENT = new Set(["content", "input", "body", "text", "command", "code"])
/** Values of one line, which end with a line break by mistake only. */
const ONE_LINE = new Set(["path", "paths", "file", "file_path", "filePath", "filepath", "url", "uri", "title", "label"])

/** Whether the property of this name is a text of its own. */
export function isContent(key: string | undefined): boolean {
  return key !== undefined && CONTENT.has(key)
}

/** Whether the property of this name is one line, such as a path. */
export function isOneLine(key: string | undefined): boolean {
  return key !== undefined && ONE_LINE.has(key)
}

/** A text without the line breaks at its end. */
export function withoutLineBreaks(text: string): string {
  let end = text.length
  while (end > 0 && (text[end - 1] === "\n" || text[end - 1] === "\r")) end--
  return text.slice(0, end)
}

/** Sets an own property, whatever its name. */
export function put(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__") {
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
  } else target[name] = value
}

/** The object or list that a string is the JSON of, also where that is itself in strings or slightly broken. */
export function containerIn(text: string): Record<string, unknown> | unknown[] | undefined {
  const inner = unquoted(text)
  if (!looksLikeJson(inner)) return undefined
  try {
    const value: unknown = JSON.parse(inner)
    return (isObject(value) || Array.isArray(value)) && !isDeeper(value, MAX_DEPTH) ? value : undefined
  } catch {
    return readLenientJson(inner, { brackets: true })?.value
  }
}

/** Whether a text begins as an object or a list does. */
export function looksLikeJson(text: string): boolean {
  return /^\s*[{[]/.test(text)
}

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
const YES = new Set(["true", "yes", "on", "1"])
const NO = new Set(["false", "no", "off", "0"])

/** What a string says that stands where a number, a boolean or null is wanted; `undefined` where it does not. */
export function scalarIn(text: string, kinds: number): number | boolean | null | undefined {
  const word = unquoted(text).trim()
  if (kinds & KIND.null && word === "null") return null
  if (kinds & KIND.number && NUMBER.test(word)) {
    const number = Number(word)
    // Digits that a number cannot hold are more likely an id; rounded they are another one.
    const exact = /[.eE]/.test(word) || Number.isSafeInteger(number)
    if (Number.isFinite(number) && exact) return number
  }
  if (kinds & KIND.boolean) {
    if (YES.has(word.toLowerCase())) return true
    if (NO.has(word.toLowerCase())) return false
  }
  return undefined
}

/** The text without the quotes of JSON strings around it. */
export function unquoted(text: string): string {
  let inner = text
  for (let layer = 1; layer <= MAX_LAYERS; layer++) {
    const next = jsonString(inner)
    if (next === undefined) break
    inner = next
  }
  return inner
}

/** How many values there are in a value. */
export function partsOf(value: unknown): number {
  if ((kindOf(value) & CONTAINER) === 0) return 1
  return Object.values(value as object).reduce<number>((sum, inner) => sum + partsOf(inner), 1)
}

/** Whether containers stand in containers more than `limit` times. */
export function isDeeper(value: unknown, limit: number): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true
    level = level.flatMap((one) => ((kindOf(one) & CONTAINER) !== 0 ? Object.values(one as object) : []))
  }
  return false
}
