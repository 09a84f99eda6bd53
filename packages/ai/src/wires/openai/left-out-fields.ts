import type { SluiceError } from "../../model/errors.ts"
import { refusesField } from "../refusal.ts"
import type { Change } from "../adaptation.ts"
import type { Body, Encoding } from "./encoding.ts"
import { learnedWords } from "../facts.ts"

/** Options whose name is not that of their field. */
const OPTION_OF: Readonly<Record<string, string>> = {
  parallel_tool_calls: "parallelToolCalls",
  top_p: "topP",
  top_k: "topK",
  min_p: "minP",
  presence_penalty: "presencePenalty",
  frequency_penalty: "frequencyPenalty",
  repetition_penalty: "repetitionPenalty",
  max_output_tokens: "maxTokens",
  service_tier: "serviceTier",
  prompt_cache_key: "promptCacheKey",
  prompt_cache_retention: "cacheRetention",
  top_logprobs: "logprobs",
  reasoning_effort: "reasoning",
  enable_thinking: "reasoning",
  thinking_budget: "thinkingBudget",
  chat_template_kwargs: "reasoning",
}

/** Name of the fact that lists the fields to leave out. */
export const WITHOUT = "without"

/** Takes the fields out of a body that the host has refused before. `fact` is what was learned as `WITHOUT`. */
export function leaveOut({ lose }: Pick<Encoding<unknown>, "lose">, body: Body, fact: unknown): Body {
  for (const name of learnedWords(fact) ?? []) {
    if (body[name] === undefined) continue
    delete body[name]
    // That nothing is stored is no wish of the caller's.
    if (name !== "store") lose(`options.${OPTION_OF[name] ?? name}`, "dropped", `The host refused the field ${name}.`)
  }
  return body
}

/** One change for each of the `optional` fields that the host refused. `fact` as for `leaveOut`. */
export function* refusedFields(
  error: SluiceError,
  body: Body,
  optional: readonly string[],
  fact: unknown,
): Generator<Change> {
  const known = learnedWords(fact) ?? []
  for (const field of optional) {
    const value = body[field]
    if (value === undefined || !refusesField(error, field, { value }) || known.includes(field)) continue
    yield { words: `without ${field}`, fact: WITHOUT, value: [...known, field] }
  }
}
