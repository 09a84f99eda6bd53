import type { OutputFormat } from "../model/options.ts"
import type { FunctionTool, JsonSchema } from "../model/tool.ts"
import { type StrictSchema, strictSchema } from "./strict.ts"

/** Why a tool or a format is not strict although that is asked for. */
export const NOT_REPRESENTABLE = "Strict mode has no words for the schema: it goes out as it is."

/** A schema to send as a strict one. */
export interface UsedStrictly {
  schema: JsonSchema
  /** What its author should know of, as the reason of a loss: more than the form of the schema is another. */
  reason?: string
}

/**
 * The schema with which a tool can be strict; `undefined` where it is not to be.
 *
 * Who asks for a strict tool gets one wherever strict mode has words for its schema. Where its author says nothing, a
 * tool is strict only if that costs nothing: each limit still holds, and nothing that the model may leave out becomes
 * null, since whoever runs the tool does not expect that.
 */
export function strictTool({ strict, parameters }: FunctionTool, validators = false): UsedStrictly | undefined {
  if (strict === false) return undefined
  const adapted = strictSchema(parameters, validators)
  if (!adapted || (strict !== true && reasonOf(adapted) !== undefined)) return undefined
  return used(adapted)
}

/** The same for an answer's format, which is strict where that is asked for. */
export function strictOutput(
  { strict, schema }: Extract<OutputFormat, { type: "jsonSchema" }>,
  validators = false,
): UsedStrictly | undefined {
  const adapted = strict === true ? strictSchema(schema, validators) : undefined
  return adapted && used(adapted)
}

function used(adapted: StrictSchema): UsedStrictly {
  const reason = reasonOf(adapted)
  return { schema: adapted.schema, ...(reason === undefined ? {} : { reason }) }
}

function reasonOf({ loosened, nulls }: StrictSchema): string | undefined {
  const parts = [
    ...(loosened.length > 0 ? [`${loosened.join(", ")} can only be told in descriptions`] : []),
    ...(nulls ? ["what may be left out is null instead"] : []),
  ]
  return parts.length === 0 ? undefined : `In strict mode ${parts.join(", and ")}.`
}
