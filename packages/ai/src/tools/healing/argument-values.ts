import type { JsonSchema } from "../../model/tool.ts"

/** Characters of one argument that are kept. */
const MAX_ARGUMENT = 1_000_000
/** What stands behind an argument that was cut. */
const CUT: string = `\n[cut: the argument is longer than ${MAX_ARGUMENT} characters]`

/** An argument in the making. */
export class ArgumentText {
  #text = ""
  #cut = false

  add(piece: string): void {
    if (this.#cut || piece === "") return
    const room = MAX_ARGUMENT - this.#text.length
    this.#cut = piece.length > room
    this.#text += this.#cut ? piece.slice(0, room) + CUT : piece
  }

  get text(): string {
    return this.#text
  }
}

/**
 * The value of an argument that was written as bare text. A tool that takes a text gets it as it stands; else it is
 * read as JSON where it is some.
 */
export function argumentValue(text: string, schema: JsonSchema | undefined, name: string): unknown {
  if (takesText(schema, name)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function takesText(schema: JsonSchema | undefined, name: string): boolean {
  const { properties } = schema ?? {}
  if (typeof properties !== "object" || properties === null || !Object.hasOwn(properties, name)) return false
  const property: unknown = (properties as Record<string, unknown>)[name]
  if (typeof property !== "object" || property === null) return false
  const { type, enum: values } = property as JsonSchema
  if (type !== undefined) return Array.isArray(type) ? type.includes("string") : type === "string"
  return Array.isArray(values) && values.length > 0 && values.every((value) => typeof value === "string")
}
