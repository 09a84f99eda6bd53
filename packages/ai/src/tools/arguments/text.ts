import type { ToolCallBlock } from "../../model/message.ts"
import { MAX_ISSUES } from "./explain.ts"
import type { ArgumentIssue, ArgumentPath } from "./types.ts"

/** Characters of a string that the model is shown again. */
const MAX_STRING = 256
/** Characters of all arguments that the model is shown again. */
const MAX_TEXT = 4096

/** What the model is told about a call that was not run. */
export function failureText(name: string, call: ToolCallBlock, issues: readonly ArgumentIssue[]): string {
  const told = issues
    .slice(0, MAX_ISSUES)
    .map(({ path, message }) => `- ${path.length === 0 ? "" : `${pathText(path)}: `}${message}`)
  if (issues.length > MAX_ISSUES) told.push(`- and ${issues.length - MAX_ISSUES} more`)
  const received =
    call.rawArguments === undefined ? JSON.stringify(cut(call.arguments)) : cutText(call.rawArguments, MAX_STRING)
  return [
    `The tool "${name}" was not run, because the arguments of the call are not valid:`,
    ...told,
    "",
    `Received: ${cutText(received, MAX_TEXT)}`,
  ].join("\n")
}

/** A path as programs write it: `edits[0].path`. */
function pathText(path: ArgumentPath): string {
  return path
    .map((step, i) => {
      if (typeof step === "number") return `[${step}]`
      if (!/^[A-Za-z_$][\w$-]*$/.test(step)) return `[${cutText(JSON.stringify(step), MAX_STRING)}]`
      return i === 0 ? step : `.${step}`
    })
    .join("")
}

/** The value with long strings cut; deep down it is left out. */
function cut(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return cutText(value, MAX_STRING)
  if (typeof value !== "object" || value === null) return value
  if (depth > 32) return "…"
  if (Array.isArray(value)) return value.map((item) => cut(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [cutText(name, MAX_STRING), cut(inner, depth + 1)]),
  )
}

function cutText(text: string, length: number): string {
  if (text.length <= length) return text
  const kept = text.slice(0, length).toWellFormed()
  return `${kept}… (${text.length - length} more characters)`
}
