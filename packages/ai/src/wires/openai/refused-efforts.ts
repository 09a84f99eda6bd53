import type { SluiceError } from "../../model/errors.ts"
import { isConditional, namedEfforts } from "../refusal.ts"
import type { Change } from "../adaptation.ts"

/** Words that look like a condition and are about the model, or begin the list of what it takes. */
const NO_CONDITION =
  /\bwith (?:this|the|your) model\b|\bonly (?:supported|allowed) (?:efforts?|levels?|options?|values?)\b/gi

/**
 * The change to the levels that a host takes, when it refused the one that was `sent`: those that it lists, or none at
 * all where `refused` says so. A refusal for what else stood in the request, as of tools together with thinking, says
 * nothing about the model, whatever levels it names.
 */
export function effortChange(error: SluiceError, sent: unknown, refused: () => boolean): Change | undefined {
  const { message, param } = error
  if (sent === undefined || isConditional(message.replace(NO_CONDITION, ""))) return undefined
  if (param !== undefined && !/effort|^reasoning$/i.test(param)) return undefined
  const listed = namedEfforts(message)
  if (listed.length > 0 && /effort/i.test(`${message} ${param ?? ""}`)) {
    return { words: `with an effort out of ${listed.join(", ")}`, fact: "efforts", value: listed }
  }
  return refused() ? { words: "without an effort", fact: "efforts", value: [] } : undefined
}
