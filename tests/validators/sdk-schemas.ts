import { type OutputUnit, Validator } from "@cfworker/json-schema"
import type { Violation } from "@sluice/testkit/rules"
import { requestSchemas, type RequestName } from "../../scripts/request-schemas.ts"

const schemas = await requestSchemas()
const validators = new Map<RequestName, Validator>()

/** Where a request is not what the types of the vendor's own SDK say; the deepest place alone. */
export function sdkViolations(name: RequestName, body: unknown): Violation[] {
  let validator = validators.get(name)
  if (!validator) validators.set(name, (validator = new Validator(schemas[name], "7", true)))
  const { valid, errors } = validator.validate(body)
  if (valid) return []
  const deepest = errors.reduce((one, other) => (depth(other) > depth(one) ? other : one))
  return [{ rule: "sdk-type", path: deepest.instanceLocation, message: `${deepest.keyword}: ${deepest.error}` }]
}

function depth({ instanceLocation }: OutputUnit): number {
  return instanceLocation.split("/").length
}
