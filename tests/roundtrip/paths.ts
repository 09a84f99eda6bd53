import type { Loss } from "@sluice/ai"
import { ANY, SomeOf } from "./match.ts"

type Node = Record<string | number, unknown>

/** The steps of a path like `messages[2].content[0].cache`. */
export function steps(path: string): (string | number)[] {
  return [...path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map((match) =>
    match[2] === undefined ? (match[1] as string) : Number(match[2]),
  )
}

/** In the place of an entry of a list that is gone. */
export const GONE: unique symbol = Symbol("gone")

/**
 * Changes a copy of a value exactly as losses say: a dropped field is gone, a dropped entry of a list too; of a
 * dropped or changed list some entries may be left; what was approximated or injected is open. A step into a list
 * without an index speaks of every entry. A path that leads nowhere changes nothing.
 */
export function applyLosses<T>(value: T, losses: readonly Loss[]): T {
  const copy = structuredClone(value)
  const deepestFirst = losses.map((loss) => ({ path: steps(loss.field), kind: loss.kind }))
  deepestFirst.sort((a, b) => b.path.length - a.path.length)
  for (const { path, kind } of deepestFirst) change(copy, path, kind)
  return copy
}

function change(node: unknown, [step, ...rest]: (string | number)[], kind: Loss["kind"]): void {
  if (step === undefined || typeof node !== "object" || node === null) return
  if (Array.isArray(node) && typeof step === "string") {
    for (const entry of node) change(entry, [step, ...rest], kind)
    return
  }
  const holder = node as Node
  if (rest.length > 0) {
    change(holder[step], rest, kind)
    return
  }
  const before = holder[step]
  if (Array.isArray(before)) holder[step] = new SomeOf(before)
  else if (kind === "dropped") {
    if (Array.isArray(node)) holder[step] = GONE
    else delete holder[step]
  } else holder[step] = ANY
}
