import { Refused, type Checked } from "../emulators/check.ts"
import { GoogleRefused } from "../emulators/google/refused.ts"

/** A rule that a request breaks. */
export interface Violation {
  /** The rule's name, such as `tool-use-unanswered`. */
  rule: string
  /** Where in the request, as the vendor spells it; empty where the vendor does not say. */
  path: string
  /** In the vendor's words. */
  message: string
}

/** What checks refuse, each for itself, so that one does not hide another. */
export function violationsOf(begin: () => Checked): Violation[] {
  const found: Violation[] = []
  const tried = <T>(run: () => T): T | undefined => {
    try {
      return run()
    } catch (error) {
      if (!(error instanceof Refused || error instanceof GoogleRefused)) throw error
      found.push(violation(error))
      return undefined
    }
  }
  for (const check of tried(begin)?.checks ?? []) tried(check)
  return found
}

function violation(error: Refused | GoogleRefused): Violation {
  const { rule, message } = error
  const param = error instanceof Refused ? error.param : null
  return { rule, path: param ?? pathIn(message), message }
}

/** The first path that a text names: `messages.0.content`, `contents[0].parts`, `max_tokens:` at its head. */
function pathIn(text: string): string {
  return (
    /(?<![\w.])[a-zA-Z_]+(?:\.\w+|\[\d+\])*(?:\.\d+|\[\d+\])[\w.[\]]*/.exec(text)?.[0] ??
    /^[\w.]+(?=:)/.exec(text)?.[0] ??
    ""
  )
}
