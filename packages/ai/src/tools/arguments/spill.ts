import type { Compiled } from "./compile.ts"
import { declares, reachOf } from "./nodes.ts"
import type { ArgumentChange } from "./types.ts"
import { isContent, put } from "./values.ts"

const BEGIN = /<\/arg_value>|<arg_key>/
/** No two parts in a row take white space: what a model wrote must not be tried in every way that it can be shared out. */
const PAIR = /<arg_key>([^<>]+)(?:<\/arg_key>\s*)?<arg_value>([\s\S]*?)(?=<\/?arg_|<\/?tool_call>|$)/g
const END = /<\/arg_value>|<\/?tool_call>/g

/**
 * Takes further arguments out of a value into which a model spilled them in the markup of its own template:
 * `a.ts</arg_value><arg_key>limit</arg_key><arg_value>10`. `undefined` where there are none, and where one has a name
 * that the tool does not know or that the call has already.
 */
export function withoutSpill(
  schema: Compiled,
  args: Record<string, unknown>,
): { arguments: Record<string, unknown>; changes: ArgumentChange[] } | undefined {
  const views = reachOf(schema, [schema.root])
  const made: Record<string, unknown> = {}
  const changes: ArgumentChange[] = []
  for (const [name, value] of Object.entries(args)) {
    const begin = typeof value === "string" && !isContent(name) ? value.search(BEGIN) : -1
    if (typeof value !== "string" || begin === -1) {
      put(made, name, value)
      continue
    }
    put(made, name, value.slice(0, begin).trimEnd())
    changes.push({ path: [name], repair: "markup" })
    const rest = value.slice(begin)
    if (rest.replace(PAIR, "").replace(END, "").trim() !== "") return undefined
    for (const [, written = "", text] of rest.matchAll(PAIR)) {
      const key = written.trim()
      if (Object.hasOwn(args, key) || Object.hasOwn(made, key) || !views.some((view) => declares(view, key)))
        return undefined
      put(made, key, text)
      changes.push({ path: [key], repair: "markup" })
    }
  }
  return changes.length === 0 ? undefined : { arguments: made, changes }
}
