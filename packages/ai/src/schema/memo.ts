const results = new WeakMap<object, Map<string, unknown>>()

/**
 * What a schema is for a target, made once for each. Schemas are told by identity: whoever edits one puts another
 * object in its place. What is made is shared by all requests, and so not changed either.
 */
export function once<T>(schema: object, target: string, make: () => T): T {
  let made = results.get(schema)
  if (!made) results.set(schema, (made = new Map()))
  if (!made.has(target)) made.set(target, make())
  return made.get(target) as T
}
