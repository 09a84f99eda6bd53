import { isFields, type Refused } from "./check.ts"

/** Refuses a schema that strict mode refuses. @throws Refused */
export function checkStrict(
  schema: unknown,
  path: readonly string[],
  refuse: (rule: string, why: string) => Refused,
): void {
  if (!isFields(schema)) return
  const context = `In context=(${path.map((part) => `'${part}'`).join(", ")})`
  const { properties } = schema
  if (schema["type"] === "object" || isFields(properties)) {
    if (schema["additionalProperties"] !== false) {
      throw refuse(
        "strict-additional-properties",
        `${context}, 'additionalProperties' is required to be supplied and to be false.`,
      )
    }
    const required = Array.isArray(schema["required"]) ? (schema["required"] as unknown[]) : []
    for (const [name, entry] of Object.entries(isFields(properties) ? properties : {})) {
      if (!required.includes(name)) {
        throw refuse(
          "strict-required",
          `${context}, 'required' is required to be supplied and to be an array including every key in properties. Missing '${name}'.`,
        )
      }
      checkStrict(entry, [...path, "properties", name], refuse)
    }
  }
  checkStrict(schema["items"], [...path, "items"], refuse)
  for (const choice of Array.isArray(schema["anyOf"]) ? schema["anyOf"] : [])
    checkStrict(choice, [...path, "anyOf"], refuse)
}
