import type { Effort } from "@sluice/catalog/core"
import { spelledEffort, wantedEffort } from "../openai/efforts.ts"
import { learnedWords } from "../facts.ts"
import { learned, type Body, type Encoding } from "./types.ts"

/** The fields that ask for thinking, and whether its encrypted form is wanted. */
export interface Thinking {
  fields: Body
  encrypted: boolean
}

/** The field `reasoning`. */
export function encodeThinking(encoding: Encoding): Thinking {
  const { call, compat, lose } = encoding
  const { model, options } = call
  const wish = wantedEffort(encoding, Boolean(model.thinking || model.assumed || compat.efforts))
  const reasoning: Body = {}
  if (wish === "off") {
    const effort = offEffort(encoding)
    if (effort !== undefined) reasoning["effort"] = effort
  } else if (wish !== undefined) {
    const effort = spelled(encoding, wish, true)
    if (effort !== undefined) reasoning["effort"] = effort
    if (options.thinkingBudget !== undefined) {
      lose("options.thinkingBudget", "approximated", "The host takes a level, not a budget.")
    }
  }
  const thinks = model.thinking !== undefined || (wish !== undefined && wish !== "off")
  const summary = thinks && wish !== "off" && options.showThinking !== false
  const wanted = compat.thinkingSummary !== "asked" || options.showThinking === true
  if (summary && wanted && compat.thinkingSummary !== false && learned(call, "summary") !== false) {
    reasoning["summary"] = "auto"
  }
  const encrypted = thinks && compat.encryptedThinking !== false && learned(call, "encryptedThinking") !== false
  return { fields: Object.keys(reasoning).length === 0 ? {} : { reasoning }, encrypted }
}

function offEffort(encoding: Encoding): string | undefined {
  const { call, compat, lose } = encoding
  const taken = takenEfforts(encoding)
  if (compat.effortOff !== undefined && (!taken || taken.includes(compat.effortOff))) return compat.effortOff
  const lowest = (compat.efforts ?? call.model.thinking?.efforts)?.[0]
  const effort = lowest && spelled(encoding, lowest, false)
  if (effort !== undefined) {
    lose("options.reasoning", "approximated", "The host cannot switch thinking off: its lowest level was asked for.")
  }
  return effort
}

/** A level as the host spells it. */
function spelled(encoding: Encoding, wanted: Effort, report: boolean): string | undefined {
  return spelledEffort(encoding, wanted, takenEfforts(encoding), report)
}

/** The efforts that the host named when it refused one; `undefined` where it has refused none. */
function takenEfforts({ call }: Encoding): readonly string[] | undefined {
  return learnedWords(learned(call, "efforts"))
}
