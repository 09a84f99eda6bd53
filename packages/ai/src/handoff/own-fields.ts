import { codecOf, type Model } from "@sluice/catalog/core"
import { isObject } from "../model/json.ts"
import type { Loss } from "../model/message.ts"
import type { CallOptions } from "../model/options.ts"

/**
 * The fields of a call that are for hosts of other wires (`options.wire`), as losses. Those within an object have its
 * name before their own. A call that has fields for the target's wire as well has said what it wants of this one, and
 * loses nothing.
 */
export function ownFieldLosses({ wire }: Pick<CallOptions, "wire">, { api }: Pick<Model, "api">): Loss[] {
  if (!wire || wire[codecOf(api)] !== undefined) return []
  return Object.entries(wire).flatMap(([name, fields]) =>
    namesIn(fields).map((field): Loss => ({
      field: `options.wire.${name}.${field}`,
      kind: "dropped",
      reason: `Only hosts of ${name} know the field.`,
    })),
  )
}

function namesIn(fields: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (value === undefined) return []
    const within = isObject(value) ? Object.keys(value) : []
    return within.length > 0 ? within.map((field) => `${name}.${field}`) : [name]
  })
}
