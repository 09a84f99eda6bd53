import type { InboundCall, Loss } from "@sluice/ai"

/**
 * Fields of a client's request that only hosts of its own API are given, as losses where another one answers. Those
 * within an object have its name before their own.
 */
export function ownFields({ options }: Pick<InboundCall, "options">, api: string): Loss[] {
  return Object.entries(options.wire?.[api] ?? {}).flatMap(([name, value]) => {
    const within = isObject(value) ? Object.keys(value) : []
    const fields = within.length > 0 ? within.map((field) => `${name}.${field}`) : [name]
    return fields.map((field): Loss => ({ field, kind: "dropped", reason: `Only hosts of ${api} know the field.` }))
  })
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
