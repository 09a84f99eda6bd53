import { shapeInstruction } from "../output-plan.ts"
import type { Body, Encoding } from "./encoding.ts"

/**
 * What joins the system prompt of a request that wants any JSON: the API refuses it where nobody speaks of JSON. The
 * system prompt alone is looked at, so that the next turn begins as this one did.
 *
 * @param format the format as it is sent
 * @see https://platform.openai.com/docs/guides/structured-outputs#json-mode
 */
export function jsonInstruction({ call, lose }: Encoding<unknown>, format: Body | undefined): string | undefined {
  if (format?.["type"] !== "json_object") return undefined
  if (/json/i.test(JSON.stringify(call.context.systemPrompt ?? ""))) return undefined
  lose("systemPrompt", "injected", "The host wants a prompt that speaks of JSON.")
  return shapeInstruction({ type: "json" })
}
