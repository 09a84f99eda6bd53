import type { Json } from "../model/tool.ts"
import { isObject } from "../model/json.ts"

/** The body of a request, or an object within it. */
type Body = { [field: string]: Json | undefined }

/** Values as texts, for vendors that store nothing else. */
export function textValues(metadata: Readonly<Record<string, Json>>): Body {
  const fields: Body = {}
  for (const [name, value] of Object.entries(metadata)) {
    fields[name] = typeof value === "string" ? value : JSON.stringify(value)
  }
  return fields
}

/** The host's own fields below what the call asks for; objects merge, so that both can speak of one field. */
export function withExtra(extra: Readonly<Record<string, unknown>> | undefined, body: Body): Body {
  if (!extra) return body
  const merged: Body = { ...body }
  for (const [name, value] of Object.entries(extra)) {
    const own = merged[name]
    if (own === undefined) merged[name] = value as Json
    else if (isObject(own) && isObject(value)) merged[name] = withExtra(value, own as Body)
  }
  return merged
}

/** The caller's own fields, last; `undefined` removes one. */
export function withBag(bag: Readonly<Record<string, unknown>> | undefined, body: Body): Body {
  if (!bag) return body
  for (const [name, value] of Object.entries(bag)) {
    if (value === undefined) delete body[name]
    else body[name] = value as Json
  }
  return body
}
