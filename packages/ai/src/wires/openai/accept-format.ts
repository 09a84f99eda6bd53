import type { OutputFormat } from "../../model/options.ts"
import type { Obj } from "../../model/json.ts"
import { optionalBoolean, optionalString, readObject } from "./accept-readers.ts"

/** The output that a format of type `json_schema` asks for. `format` holds the schema and its name. */
export function acceptSchema(format: Obj, path: string): OutputFormat {
  const name = optionalString(format["name"], `${path}.name`)
  const description = optionalString(format["description"], `${path}.description`)
  const strict = optionalBoolean(format["strict"], `${path}.strict`)
  return {
    type: "jsonSchema",
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    schema: readObject(format["schema"], `${path}.schema`),
    ...(strict === undefined ? {} : { strict }),
  }
}
