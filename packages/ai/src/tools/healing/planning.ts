import type { Family, OfferedTools, Opener, Section, SectionContext, SectionEnd } from "./family.ts"
import { JsonObjectEnd } from "./json-object-end.ts"
import { sequence, SPACE } from "./matcher.ts"

/** Longest plan that is read. */
const MAX_PLAN = 65_536
/** Names that a plan begins with: what is thought, or which tool is going to be called. */
const THOUGHTS = ["thought", "thoughts"] as const
const TOOLS = ["name", "tool", "tool_name", "action", "function"] as const

/** Reads one JSON object at the head of an answer, which is text after all unless it is a plan. */
class PlanSection implements Section {
  readonly #context: SectionContext
  readonly #end = new JsonObjectEnd()
  #json = ""

  constructor(context: SectionContext) {
    this.#context = context
  }

  push(piece: string): SectionEnd | undefined {
    const end = this.#end.find(piece, 0)
    this.#json += end < 0 ? piece : piece.slice(0, end)
    if (end < 0 && this.#json.length <= MAX_PLAN) return undefined
    const rest = end < 0 ? "" : piece.slice(end)
    const plan = end < 0 || this.#end.broken ? undefined : planOf(this.#json, this.#context.tools)
    if (plan === undefined) return { text: this.#json, rest }
    this.#context.plan(plan)
    return { rest }
  }

  end(): { text: string } {
    return { text: this.#json }
  }
}

/** What a plan says; `undefined` where the object is none. */
function planOf(json: string, tools: OfferedTools): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return undefined
  }
  const fields = value as Record<string, unknown>
  for (const name of THOUGHTS) if (typeof fields[name] === "string") return fields[name]
  const tool = TOOLS.map((name) => fields[name]).find((one) => typeof one === "string")
  return tool !== undefined && tools.has(tool as string) ? "" : undefined
}

function opener(name: string): Opener {
  return {
    first: "{",
    atHead: true,
    match: sequence("{", SPACE, `"${name}"`),
    open: (_opener, context) => ({ kind: "section", section: new PlanSection(context) }),
  }
}

/**
 * A plan in JSON before the answer: `{"thought": …}`, or the call that is about to be made in the shape of an object.
 * Models of Google's that are quick print it where they are to call tools.
 */
export const planning: Family = { calls: true, openers: [...THOUGHTS, ...TOOLS].map(opener) }
