import type { Model } from "@sluice/catalog/core"
import { SluiceError } from "../model/errors.ts"
import type { Loss } from "../model/message.ts"

/** Losses that an error names one by one. */
const NAMED = 5

/**
 * Ends a call that is not to be changed. What a target wants besides what was asked, and got, changes nothing of it;
 * nor does what was put back as it had been.
 *
 * @throws SluiceError `unsupported` of the scope `model`, whose `param` is the first that would be lost
 */
export function refuseLosses(losses: readonly Loss[], model?: Pick<Model, "provider" | "id">): void {
  const lost = losses.filter(({ kind }) => kind !== "injected" && kind !== "restored")
  const [first] = lost
  if (!first) return
  const named = lost.slice(0, NAMED).map(({ kind, field, reason }) => `${field} would be ${kind} (${reason})`)
  const more = lost.length > NAMED ? `, and ${lost.length - NAMED} more` : ""
  const target = model ? `${model.provider}/${model.id} cannot take the call` : "The call cannot be taken"
  throw new SluiceError({
    code: "unsupported",
    message: `${target} as it is: ${named.join("; ")}${more}.`,
    param: first.field,
    scope: "model",
    ...(model ? { provider: model.provider, model: model.id } : {}),
    hint: "Leave out what is named, ask another model, or call without `strict` to have it changed and reported.",
  })
}
