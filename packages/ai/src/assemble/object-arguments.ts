import { SluiceError } from "../model/errors.ts"
import { isObject, type Obj } from "../model/json.ts"

/** Tool arguments from vendors that stream them as objects or as values at paths instead of text. */
const UNSAFE = new Set(["__proto__", "constructor", "prototype"])

/**
 * Merges a fragment into what came before. Some hosts send deltas, others all so far: a string or an array that
 * begins with the old one replaces it, anything else is appended; nested objects merge; other values replace.
 */
export function mergeObject(target: Obj, fragment: Obj): void {
  for (const key of Object.keys(fragment)) {
    if (UNSAFE.has(key)) continue
    target[key] = mergeValue(target[key], fragment[key])
  }
}

function mergeValue(old: unknown, next: unknown): unknown {
  if (typeof old === "string" && typeof next === "string") return next.startsWith(old) ? next : old + next
  if (Array.isArray(old) && Array.isArray(next)) {
    if (beginsWith(next, old)) return next
    if (beginsWith(old, next)) return old
    return [...old, ...next]
  }
  if (isObject(old) && isObject(next)) {
    mergeObject(old, next)
    return old
  }
  return next
}

function beginsWith(list: readonly unknown[], prefix: readonly unknown[]): boolean {
  return list.length >= prefix.length && prefix.every((value, i) => JSON.stringify(value) === JSON.stringify(list[i]))
}

/** Places in a list that may be passed over. No host leaves any; a number that is far off would cost all memory. */
const MAX_GAP = 16

function checkedPart(target: Record<string | number, unknown>, part: string | number): string | number {
  if (typeof part !== "number" || !Array.isArray(target) || part <= target.length + MAX_GAP) return part
  throw new SluiceError({
    code: "stream_malformed",
    message: "A piece of a tool's arguments names a place far behind the end of its list.",
  })
}

/**
 * Sets or appends to the value at a path, making objects and arrays on the way.
 * @throws SluiceError `stream_malformed` for a place far behind the end of a list
 */
export function setPath(
  root: Obj,
  path: readonly (string | number)[],
  piece: { value?: unknown; append?: string },
): void {
  if (path.length === 0 || path.some((part) => UNSAFE.has(String(part)))) return
  let target: Record<string | number, unknown> = root
  for (let i = 0; i < path.length - 1; i++) {
    const part = checkedPart(target, path[i] as string | number)
    const next = target[part]
    if (typeof next === "object" && next !== null) target = next as Record<string | number, unknown>
    else {
      const made = typeof path[i + 1] === "number" ? [] : {}
      target[part] = made
      target = made as Record<string | number, unknown>
    }
  }
  const last = checkedPart(target, path[path.length - 1] as string | number)
  if (piece.append !== undefined) {
    const old = target[last]
    target[last] = (typeof old === "string" ? old : "") + piece.append
  } else target[last] = piece.value
}
