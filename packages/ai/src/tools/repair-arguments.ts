import { type JsonRepair, readLenientJson } from "./lenient-json.ts"

/** Arguments that were read out of a text that is no JSON object. */
export interface RepairedArguments {
  value: Record<string, unknown>
  /** What was wrong with the text, each kind once. */
  repairs: readonly (JsonRepair | "encoded-twice")[]
}

/** How often a text may be wrapped as a JSON string. */
const MAX_LAYERS = 3

/**
 * Reads the arguments of a tool out of a text that is nearly a JSON object: the `rawArguments` of a call. What is put
 * right is listed at `JsonRepair`; `undefined` where that does not help, and where the text was cut.
 *
 * `partial` reads a cut text as well, to show what has come so far (`repairs` then holds `truncated`). Never run a tool
 * with that: half a path or half a command is another one.
 */
export function repairArguments(
  text: string,
  { partial = false }: { partial?: boolean } = {},
): RepairedArguments | undefined {
  let inner = text
  for (let layer = 0; layer <= MAX_LAYERS; layer++) {
    const string = jsonString(inner)
    if (string === undefined) {
      const read = readLenientJson(inner, { partial })
      if (!read || Array.isArray(read.value)) return undefined
      return { value: read.value, repairs: layer === 0 ? read.repairs : ["encoded-twice", ...read.repairs] }
    }
    inner = string
  }
  return undefined
}

/** The string that a text is as JSON. */
export function jsonString(text: string): string | undefined {
  if (!/^\s*"/.test(text)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "string" ? value : undefined
  } catch {
    return undefined
  }
}
