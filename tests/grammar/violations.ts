/** A breach of a wire's grammar. */
export interface Violation {
  /** Index of the frame; the number of frames for what is missing at the end; 0 for a document. */
  at: number
  /** Name of the rule. */
  rule: string
  detail: string
}

/** A frame as a client of the wire gets it. */
export interface StreamFrame {
  event?: string | undefined
  data: string | Uint8Array
}

export type Fields = Record<string, unknown>

/** Whether a value is a JSON object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** Collects violations and checks the types of fields. */
export class Checks {
  readonly list: Violation[] = []
  /** Index of the frame that is being checked. */
  at = 0

  fail(rule: string, detail: string): void {
    this.list.push({ at: this.at, rule, detail })
  }

  /** Fails with the rule unless `holds`; gives `holds` back. */
  must(holds: boolean, rule: string, detail: string): boolean {
    if (!holds) this.fail(rule, detail)
    return holds
  }

  fields(value: unknown, name: string): Fields {
    if (isFields(value)) return value
    this.fail("type", `${name} is no object`)
    return {}
  }

  items(value: unknown, name: string): readonly unknown[] {
    if (Array.isArray(value)) return value
    this.fail("type", `${name} is no array`)
    return []
  }

  text(value: unknown, name: string, filled = false): string {
    if (typeof value === "string" && !(filled && value === "")) return value
    this.fail("type", `${name} is no ${filled ? "text with something in it" : "text"}`)
    return ""
  }

  /** A text or null; the key must be there. */
  textOrNull(of: Fields, key: string, name: string): void {
    const value = of[key]
    this.must(value === null || typeof value === "string", "type", `${name}.${key} is neither text nor null`)
  }

  /** A whole number from 0. */
  count(value: unknown, name: string): void {
    this.must(Number.isInteger(value) && (value as number) >= 0, "type", `${name} is no whole number from 0`)
  }

  /** A whole number from 0, or absent or null. */
  maybeCount(value: unknown, name: string): void {
    if (value !== undefined && value !== null) this.count(value, name)
  }

  oneOf(value: unknown, words: readonly unknown[], name: string): void {
    this.must(words.includes(value), "word", `${name} is ${JSON.stringify(value)}`)
  }

  only(value: Fields, names: readonly string[], of: string): void {
    for (const name of Object.keys(value)) this.must(names.includes(name), "unknown-field", `${of}.${name}`)
  }
}

/** The JSON of a frame; `undefined`, with a violation, where it is none. */
export function parsed(frame: StreamFrame, checks: Checks): Fields | undefined {
  const text = typeof frame.data === "string" ? frame.data : new TextDecoder().decode(frame.data)
  try {
    const value: unknown = JSON.parse(text)
    if (isFields(value)) return value
  } catch {
    // Told below.
  }
  checks.fail("json", `the frame is no JSON object: ${text.slice(0, 60)}`)
  return undefined
}
