import type { ToolCallBlock } from "../../model/message.ts"
import type { CustomTool } from "../../model/tool.ts"
import { type FunctionToolInput, jsonSchemaOf, type SchemaInput, type ToolInput } from "../../schema/standard.ts"
import { isObject } from "../../model/json.ts"
import { repairArguments } from "../repair-arguments.ts"
import { Coercion } from "./coerce.ts"
import { type Compiled, compile } from "./compile.ts"
import { Explanation } from "./explain.ts"
import { withoutSpill } from "./spill.ts"
import { childrenOf, isClosed, KIND, kindsOf, list, namedNodes, reachOf, viewsOf } from "./nodes.ts"
import { failureText } from "./text.ts"
import { tidy } from "./tidy.ts"
import type { ArgumentChange, ArgumentIssue } from "./types.ts"
import { isDeeper, MAX_DEPTH, put } from "./values.ts"

/** Arguments that a tool may be run with. */
export interface ValidArguments {
  ok: true
  /** The call's own object where nothing had to be put right. */
  arguments: Record<string, unknown>
  changes: readonly ArgumentChange[]
}

/** Arguments that a tool must not be run with. */
export interface InvalidArguments {
  ok: false
  issues: readonly ArgumentIssue[]
  /** What to tell the model: every issue, and what it sent, with long strings cut. */
  message: string
}

/** How often the whole is gone over: what one repair brings to light, the next may put right. */
const MAX_PASSES = 5

/**
 * Checks the arguments of a call against the schema of its tool, and puts right what models get wrong.
 *
 * What the schema accepts is never touched, with three exceptions where the wrong value is a valid one too: names that
 * are JSON strings once more, line breaks behind paths, addresses and titles (`path`, `url`, `title` …), and a list
 * written as JSON where a string is allowed as well. Texts in `content`, `input`, `body`, `text`, `command` and `code`
 * stay letter for letter where the schema takes a string.
 *
 * What the schema refuses is made into what it asks for, where the value shows what was meant: see `ArgumentRepair`.
 * Properties that the outermost object does not know are kept. A call that was cut off is never valid. The call itself
 * is not changed: it goes back to its model as it came.
 *
 * A Standard Schema is asked itself as well, after its JSON Schema: `arguments` is then its output. One that answers with
 * a promise is not waited for; what one throws is an issue like any other.
 *
 * @throws SluiceError `config` for a Standard Schema that cannot give JSON Schema
 *
 * @example
 * const checked = validateArguments(tool, call)
 * messages.push(checked.ok ? await run(checked.arguments) : toolError(call, checked))
 */
export function validateArguments(
  tool: FunctionToolInput | CustomTool,
  call: ToolCallBlock,
): ValidArguments | InvalidArguments {
  if (call.incomplete) return failure(tool, call, [{ path: [], message: "the call was cut off before its end" }])
  const changes: ArgumentChange[] = []
  let args = call.arguments
  if (call.rawArguments !== undefined) {
    const repaired = repairArguments(call.rawArguments)
    if (!repaired) return failure(tool, call, [{ path: [], message: "the arguments are no whole JSON object" }])
    args = repaired.value
    for (const repair of repaired.repairs) changes.push({ path: [], repair })
  }
  if (tool.type === "custom") {
    if (typeof args["input"] === "string") return { ok: true, arguments: args, changes }
    return failure(tool, call, [{ path: ["input"], message: "expected string" }])
  }
  if (isDeeper(args, MAX_DEPTH)) {
    return failure(tool, call, [{ path: [], message: `nested more than ${MAX_DEPTH} levels deep` }])
  }
  const schema = compile(jsonSchemaOf(tool.parameters, `parameters of the tool ${tool.name}`))
  const result = checked(schema, args)
  if (result.ok) return ownSay(tool, call, { ...result, changes: [...changes, ...result.changes] })
  const spilled = withoutSpill(schema, args)
  if (spilled) {
    const split = checked(schema, spilled.arguments)
    if (split.ok) return ownSay(tool, call, { ...split, changes: [...changes, ...spilled.changes, ...split.changes] })
  }
  return failure(tool, call, result.issues)
}

/**
 * `validateArguments` with the tool that the call names. A name that no tool has is an issue as well; a tool of the
 * type `native` is run by its provider, and so it is not looked for.
 *
 * @example
 * const checked = validateToolCall(tools, call)
 * messages.push(checked.ok ? await run(checked.tool, checked.arguments) : toolError(call, checked))
 */
export function validateToolCall<T extends ToolInput>(
  tools: readonly T[],
  call: ToolCallBlock,
): (ValidArguments & { tool: Exclude<T, { type: "native" }> }) | InvalidArguments {
  const ours = tools.filter((tool): tool is Exclude<T, { type: "native" }> => tool.type !== "native")
  const tool = ours.find(({ name }) => name === call.name)
  if (!tool) {
    const names = ours.map(({ name }) => name).join(", ")
    return {
      ok: false,
      issues: [{ path: [], message: "no such tool" }],
      message: `There is no tool "${call.name}". ${names === "" ? "There are no tools at all." : `The tools are: ${names}.`}`,
    }
  }
  const result = validateArguments(tool, call)
  return result.ok ? { ...result, tool } : result
}

/** What a Standard Schema answers to a value. */
type StandardResult =
  | { value: unknown; issues?: undefined }
  | { issues: readonly { message: string; path?: readonly (PropertyKey | { key: PropertyKey })[] }[] }

/** What a schema's own library says of arguments that its JSON Schema accepts. */
function ownSay(
  tool: FunctionToolInput,
  call: ToolCallBlock,
  valid: ValidArguments,
): ValidArguments | InvalidArguments {
  const result = ownResult(tool.parameters, valid.arguments)
  if (!result) return valid
  if (!result.issues) return isObject(result.value) ? { ...valid, arguments: result.value } : valid
  const issues = result.issues.map(({ message, path = [] }) => ({
    message,
    path: path.map((step) => {
      const key = typeof step === "object" ? step.key : step
      return typeof key === "number" ? key : String(key)
    }),
  }))
  return failure(tool, call, issues)
}

/** `undefined` where the library has nothing to say, or says it later. What it throws, it has against the arguments. */
function ownResult(parameters: SchemaInput, args: Record<string, unknown>): StandardResult | undefined {
  const standard: unknown = parameters["~standard"]
  const validate: unknown = isObject(standard) ? standard["validate"] : undefined
  if (typeof validate !== "function") return undefined
  try {
    const result: unknown = validate.call(standard, args)
    if (isObject(result) && typeof result["then"] === "function") {
      // Nobody waits for it, so that nobody else would see it fail.
      Promise.resolve(result).catch(() => {})
      return undefined
    }
    return isObject(result) ? (result as StandardResult) : undefined
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { issues: [{ message: `the tool's own check failed: ${reason}` }] }
  }
}

function checked(
  schema: Compiled,
  args: Record<string, unknown>,
): ValidArguments | { ok: false; issues: readonly ArgumentIssue[] } {
  const changes: ArgumentChange[] = []
  let value = tidy(schema, [schema.root], args, changes) as Record<string, unknown>
  value = renamed(schema, value, changes)
  const unknown = unknownNames(schema, value)
  let known =
    unknown.size === 0 ? value : Object.fromEntries(Object.entries(value).filter(([name]) => !unknown.has(name)))
  for (let pass = 0; pass < MAX_PASSES && !schema.accepts(schema.root, known); pass++) {
    const coercion = new Coercion(schema, known)
    const made = coercion.value(schema.root, known) as Record<string, unknown>
    if (made === known) break
    known = made
    changes.push(...coercion.changes)
  }
  if (schema.accepts(schema.root, known)) return { ok: true, arguments: merged(value, unknown, known), changes }
  const explanation = new Explanation(schema)
  explanation.explain(schema.root, known)
  const dropped = changes.filter(({ repair }) => repair === "unknown-property")
  const hints = [...[...unknown].map((name) => [name]), ...dropped.map(({ path }) => path)]
  return {
    ok: false,
    issues: [...explanation.issues, ...hints.map((path) => ({ path, message: "is not a known property" }))],
  }
}

/** The one argument of a call, under the one name that the tool requires, where that is missing and a text. */
function renamed(schema: Compiled, args: Record<string, unknown>, changes: ArgumentChange[]): Record<string, unknown> {
  const [only, ...others] = Object.keys(args)
  if (only === undefined || others.length > 0 || typeof args[only] !== "string") return args
  const views = viewsOf(schema, schema.root, args)
  const required = new Set(views.flatMap((view) => list<string>(view["required"])))
  const [name] = required
  if (name === undefined || required.size > 1 || name === only) return args
  if (reachOf(schema, [schema.root]).some((view) => namedNodes(view, only).length > 0)) return args
  const nodes = childrenOf(views, name)
  if (nodes.length === 0 || !nodes.every((node) => kindsOf(schema, node) & KIND.string)) return args
  changes.push({ path: [name], repair: "renamed" })
  const made: Record<string, unknown> = {}
  put(made, name, args[only])
  return made
}

/** Names that the outermost object refuses only because it does not know them. */
function unknownNames(schema: Compiled, args: Record<string, unknown>): Set<string> {
  const views = reachOf(schema, [schema.root])
  if (!views.some(isClosed)) return new Set()
  return new Set(Object.keys(args).filter((name) => !views.some((view) => namedNodes(view, name).length > 0)))
}

/** The arguments as they were, with the known ones as they are now. */
function merged(
  before: Record<string, unknown>,
  unknown: ReadonlySet<string>,
  known: Record<string, unknown>,
): Record<string, unknown> {
  if (unknown.size === 0) return known
  const names = [...Object.keys(before), ...Object.keys(known)]
  const made: Record<string, unknown> = {}
  let changed = false
  for (const name of names) {
    if (!unknown.has(name) && !Object.hasOwn(known, name)) {
      changed = true
      continue
    }
    const value = unknown.has(name) ? before[name] : known[name]
    changed ||= value !== before[name]
    put(made, name, value)
  }
  return changed ? made : before
}

function failure(
  tool: FunctionToolInput | CustomTool,
  call: ToolCallBlock,
  issues: readonly ArgumentIssue[],
): InvalidArguments {
  return { ok: false, issues, message: failureText(tool.name, call, issues) }
}
