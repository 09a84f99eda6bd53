import { SluiceError } from "../model/errors.ts"
import type { Context } from "../model/message.ts"
import type { CallOptions, OutputFormat } from "../model/options.ts"
import type { FunctionTool, JsonSchema, Tool } from "../model/tool.ts"
import { once } from "./memo.ts"

/**
 * A schema of a library that follows Standard Schema and can give itself as JSON Schema, such as Zod's since 4.2,
 * ArkType's since 2.1.28, and Valibot's within `toStandardJsonSchema` of `@valibot/to-json-schema`.
 *
 * Of a library that only validates, the type is the same without `jsonSchema`; such a schema is refused when it is used.
 *
 * @see https://standardschema.dev/json-schema
 */
export interface StandardSchema {
  readonly "~standard": {
    readonly version: 1
    readonly vendor: string
    readonly jsonSchema?: {
      /** What the schema takes, which is what a model has to write. May throw. */
      readonly input: (options: { readonly target: "draft-2020-12" }) => Record<string, unknown>
    }
  }
}

/** A schema as a program may give it. */
export type SchemaInput = JsonSchema | StandardSchema

/** A function whose schema may be a Standard Schema. */
export interface FunctionToolInput extends Omit<FunctionTool, "parameters"> {
  parameters: SchemaInput
}

/** A tool as a program may give it. */
export type ToolInput = Exclude<Tool, FunctionTool> | FunctionToolInput

/** A conversation as a program may give it: schemas of its tools may be Standard Schemas. */
export interface ContextInput extends Omit<Context, "tools"> {
  tools?: readonly ToolInput[]
}

/** A shape of the answer as a program may give it. */
export type OutputFormatInput =
  | Exclude<OutputFormat, { type: "jsonSchema" }>
  | (Omit<Extract<OutputFormat, { type: "jsonSchema" }>, "schema"> & { schema: SchemaInput })

/**
 * A schema as JSON Schema. Of a Standard Schema it is made once.
 * @throws SluiceError `config` for a Standard Schema that cannot give JSON Schema
 */
export function jsonSchemaOf(schema: SchemaInput, param = "schema"): JsonSchema {
  return isStandard(schema) ? once(schema, "standard", () => converted(schema, param)) : schema
}

/** A conversation with nothing but JSON Schema; the same object where there was nothing else. @throws SluiceError `config` */
export function plainContext(context: ContextInput): Context {
  const { tools } = context
  if (!Array.isArray(tools) || !tools.some(hasStandard)) return context as Context
  return {
    ...context,
    tools: (tools as readonly ToolInput[]).map((tool, i) => plainTool(tool, `tools[${i}].parameters`)),
  }
}

/** Options with nothing but JSON Schema; the same object where there was nothing else. @throws SluiceError `config` */
export function plainOptions<T extends Pick<CallOptions, "output">>(
  options: Omit<T, "output"> & { output?: OutputFormatInput },
): T {
  const { output } = options
  if (output?.type !== "jsonSchema" || !isStandard(output.schema)) return options as T
  return { ...options, output: { ...output, schema: jsonSchemaOf(output.schema, "options.output.schema") } } as T
}

function hasStandard(tool: ToolInput): tool is FunctionToolInput {
  return "parameters" in tool && isStandard(tool.parameters)
}

function plainTool(tool: ToolInput, param: string): Tool {
  if (!hasStandard(tool)) return tool as Tool
  const parameters = jsonSchemaOf(tool.parameters, param)
  return { ...tool, parameters }
}

function isStandard(schema: unknown): schema is StandardSchema {
  // ArkType's schemas are functions.
  if ((typeof schema !== "object" || schema === null) && typeof schema !== "function") return false
  const standard: unknown = (schema as Partial<StandardSchema>)["~standard"]
  return typeof standard === "object" && standard !== null && "version" in standard
}

function converted(schema: StandardSchema, param: string): JsonSchema {
  const { vendor, jsonSchema } = schema["~standard"]
  if (typeof jsonSchema?.input !== "function") {
    throw new SluiceError({
      code: "config",
      message: `${param} is a schema of ${vendor} that cannot give itself as JSON Schema.`,
      param,
      hint: `Give a schema that can (Zod from 4.2 on, ArkType from 2.1.28 on, Valibot's within toStandardJsonSchema of @valibot/to-json-schema), or JSON Schema itself.`,
    })
  }
  try {
    return jsonSchema.input({ target: "draft-2020-12" })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new SluiceError(
      {
        code: "config",
        message: `${param}, a schema of ${vendor}, has no form as JSON Schema: ${reason}`,
        param,
        hint: "Use types there that JSON has, e.g. a text in ISO 8601 for a date, or give JSON Schema itself.",
      },
      { cause },
    )
  }
}
