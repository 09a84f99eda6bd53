import type { Traits } from "../contract/wire-client.ts"
import { hash } from "../model/hash.ts"
import type { CallOptions } from "../model/options.ts"
import type { Tool } from "../model/tool.ts"
import type { Losses } from "../model/losses.ts"

type Rule = Traits["toolName"]

/**
 * A tool's name as a target takes it. One that has to be changed ends in a hash of what it was, so that two of them stay
 * two and a name is spelled the same in every turn, whatever other tools there are.
 */
export function spelledName(name: string, { pattern, maxLength }: Rule): string {
  if (name.length <= maxLength && pattern.test(name)) return name
  const end = `_${hash(name).slice(0, 8)}`
  // One character is left for the head, which a digit may not be everywhere.
  const cleaned = name.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, maxLength - end.length - 1)
  const spelled = cleaned + end
  return pattern.test(spelled) ? spelled : `_${spelled}`
}

/** The tools as a target takes them: each with a name that it can read, and no name twice. */
export function handOverTools(tools: readonly Tool[], rule: Rule, losses: Losses): readonly Tool[] {
  const names = new Set<string>()
  let changed = false
  const kept = tools.flatMap((tool, index): Tool[] => {
    const field = `tools[${index}]`
    if (tool.type === "native") {
      const item = JSON.stringify(tool.item)
      if (!names.has(item)) {
        names.add(item)
        return [tool]
      }
      losses.dropped(field, "The same tool is there already.")
      changed = true
      return []
    }
    const name = spelledName(tool.name, rule)
    if (tool.name.trim() === "" || names.has(name)) {
      const why = names.has(name) ? "Another tool has the same name." : "A tool without a name cannot be called."
      losses.dropped(field, why)
      changed = true
      return []
    }
    names.add(name)
    if (name === tool.name) return [tool]
    losses.approximated(`${field}.name`, `The host does not take this name: it is told ${name}.`)
    changed = true
    return [{ ...tool, name }]
  })
  return changed ? kept : tools
}

/** The options with the name of a chosen tool as the target is told it. */
export function handOverChoice(options: CallOptions, rule: Rule): CallOptions {
  const { toolChoice } = options
  if (typeof toolChoice !== "object") return options
  const name = spelledName(toolChoice.name, rule)
  return name === toolChoice.name ? options : { ...options, toolChoice: { ...toolChoice, name } }
}

/** The tools' own names by those that a target was told; `undefined` where it was told their own. */
export function ownNames(tools: readonly Tool[] | undefined, rule: Rule): ReadonlyMap<string, string> | undefined {
  let names: Map<string, string> | undefined
  for (const tool of tools ?? []) {
    if (tool.type === "native") continue
    const name = spelledName(tool.name, rule)
    if (name !== tool.name) (names ??= new Map()).set(name, tool.name)
  }
  return names
}
