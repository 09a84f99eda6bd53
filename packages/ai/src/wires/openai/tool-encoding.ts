import type { ResponsesCompat } from "@sluice/catalog/core"
import type { ToolCallBlock } from "../../model/message.ts"
import type { CustomTool, FunctionTool, Json } from "../../model/tool.ts"
import type { OutputFormat } from "../../model/options.ts"
import { inDialect } from "../../schema/dialect.ts"
import { NOT_REPRESENTABLE, strictOutput } from "../../schema/strict-use.ts"
import { schemaName } from "../output-plan.ts"
import { wellFormed } from "../well-formed.ts"
import type { Body, Encoding } from "./encoding.ts"
import { compactLark } from "./lark.ts"

/** Half a surrogate pair, which JSON has to escape. */
const HALF = /\\ud[89a-f]/i

/** A tool as it goes out. */
export interface EncodedTool {
  name: string
  body: Body
}

/** What a host is told about using tools. */
export type ToldChoice = "absent" | "free" | "forced"

/** How a wire spells a choice of tools. */
interface ChoiceSpelling<T extends EncodedTool> {
  /** The host refuses a tool that is forced. */
  refusesForced: boolean
  /** The choice of one tool. */
  named(tool: T): Json
}

/** Writes `tool_choice` into `fields`; may narrow the tools that stand there. */
export function encodeChoice<T extends EncodedTool>(
  { call, compat, lose }: Encoding<Pick<ResponsesCompat, "toolChoice">>,
  tools: readonly T[],
  fields: Body,
  { refusesForced, named: spell }: ChoiceSpelling<T>,
): ToldChoice {
  const choice = call.options.toolChoice
  if (choice === undefined) return "absent"
  if (tools.length === 0) {
    if (choice !== "none" && choice !== "auto") {
      lose("options.toolChoice", "dropped", "There is no tool that could be called.")
    }
    return "absent"
  }
  const named = typeof choice === "object" ? tools.find(({ name }) => name === choice.name) : undefined
  if (typeof choice === "object" && !named) {
    lose("options.toolChoice", "dropped", `There is no tool named ${choice.name}.`)
    return "absent"
  }
  if (compat.toolChoice === "none") {
    if (choice === "none") {
      lose("options.toolChoice", "approximated", "The host takes no tool choice: the tools were left out.")
      delete fields["tools"]
    } else if (choice !== "auto") lose("options.toolChoice", "dropped", "The host takes no tool choice.")
    return "absent"
  }
  if (choice === "auto" || choice === "none") {
    fields["tool_choice"] = choice
    return "free"
  }
  if (refusesForced) {
    lose("options.toolChoice", "approximated", "The host refuses a forced tool: the model may choose.")
    fields["tool_choice"] = "auto"
    return "free"
  }
  if (named === undefined) fields["tool_choice"] = "required"
  else if (compat.toolChoice === "strings") {
    // "required" alone would let the model take another tool.
    fields["tools"] = [named.body]
    fields["tool_choice"] = "required"
    if (tools.length > 1) lose("tools", "approximated", `Only ${named.name} was offered, as the host takes no name.`)
  } else fields["tool_choice"] = spell(named)
  return "forced"
}

/** What a function and a grammar tool have in common. */
export function toolHead({ name, description }: FunctionTool | CustomTool): Body {
  return { name, ...(description === undefined ? {} : { description: description.toWellFormed() }) }
}

/** A grammar as it goes out: a definition of Lark's without what only people read. */
export function sentGrammar({ syntax, definition }: NonNullable<CustomTool["grammar"]>): Body {
  return { syntax, definition: syntax === "lark" ? compactLark(definition) : definition }
}

/** The arguments of an earlier call. Half characters within them are replaced, since hosts refuse the whole request. */
export function sentArguments(call: ToolCallBlock): string {
  const text = JSON.stringify(call.arguments)
  return HALF.test(text) ? JSON.stringify(wellFormed(call.arguments)) : text
}

/** What of an output's schema is spelled alike on both wires. */
export function schemaFormat(
  { compat, lose }: Encoding<Pick<ResponsesCompat, "schemas" | "strictValidators"> & { strictTools?: string }>,
  output: Extract<OutputFormat, { type: "jsonSchema" }>,
): Body {
  const { name, description, schema, strict } = output
  // Hosts without strict tools hold a model to the schema as it is, or to none.
  const isStrictHost = strict === true && (compat.strictTools ?? "none") !== "none"
  const used = isStrictHost ? strictOutput(output, compat.strictValidators) : undefined
  const written = used?.schema ?? inDialect(schema, compat.schemas)
  if (isStrictHost && !used) lose("options.output.strict", "dropped", NOT_REPRESENTABLE)
  if (used?.reason !== undefined) lose("options.output.schema", "approximated", used.reason)
  else if (!used && written !== schema) {
    lose("options.output.schema", "approximated", "The schema was put into the words that the host reads.")
  }
  return {
    name: schemaName(name ?? schema["title"]),
    ...(description === undefined ? {} : { description }),
    schema: written as Json,
    ...(strict === undefined || (isStrictHost && !used) ? {} : { strict }),
  }
}
