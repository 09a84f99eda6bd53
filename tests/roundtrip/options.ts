import type { CallOptions, Loss, Model } from "@sluice/ai"
import { ANY, OneOf, SomeOf } from "./match.ts"
import { strictForm } from "./strict-form.ts"
import { applyLosses } from "./paths.ts"
import type { ContextCanon } from "./canonical.ts"

/*
 * What settings of a call say the same, in words.
 *
 * - What a host does unasked need not be said: text as output, no log probabilities, thinking off for a model that
 *   does not think, a budget beside thinking that is off; a budget of 0 and a forced tool are thinking that is off,
 *   an empty list of stop sequences, parallel calls on, an empty description of a format.
 * - Values of metadata are texts.
 * - Without tools a choice of tools and parallel calls say nothing.
 * - A level and a budget are two words for one wish: where one is reported, or only a budget was given, the level is
 *   open.
 * - What belongs to sessions, caches and routing is not told (`sessionId`, `promptCacheKey`, `cacheRetention`,
 *   `wire`).
 * - A format has a name on every host of chat and of responses; the one that the caller left out or that the wire
 *   respelled is open.
 * - responses: thinking is shown where a summary is asked for, and a request without one leaves that to the host.
 * - The tier `auto` is none, and `default` need not be said to a host without tiers; messages has words of its own
 *   for both.
 * - gemini, ollama: an answer that is held to a schema is held to it strictly.
 * - gemini: a free choice of tools need not be said; whether thinking is shown is told where it is asked for.
 * - ollama: a free choice of tools and parallel calls are what a host does unasked.
 * - messages: a cap is always sent; a model with levels is asked to show its thinking; the tiers `default` and
 *   `standard_only`, `priority` and `fast` are two words for one.
 */

type Fields = Record<string, unknown>

/** What settings are expected to be on the other side, given what was reported. */
export function projectOptions(
  options: CallOptions,
  losses: readonly Loss[],
  model: Model,
  canon: ContextCanon,
  hasTools: boolean,
): unknown {
  const { options: left } = applyLosses({ options }, losses) as { options: Fields }
  const lost = new Set(losses.map((loss) => loss.field))
  const expected = canonOptions(left as CallOptions, canon)
  const touched = lost.has("options.reasoning") || lost.has("options.thinkingBudget")
  if (options.thinkingBudget !== undefined || touched) expected["reasoning"] = ANY
  if (touched) expected["thinkingBudget"] = ANY
  if (options.thinkingBudget === 0) expected["thinkingBudget"] = ANY
  if (options.reasoning === "off") {
    if (!touched) expected["reasoning"] = "off"
    delete expected["thinkingBudget"]
  }
  const { toolChoice } = options
  const forced = hasTools && toolChoice !== undefined && toolChoice !== "auto" && toolChoice !== "none"
  if (expected["reasoning"] === "off" && (!model.thinking || forced))
    expected["reasoning"] = new OneOf("off", undefined)
  if (options.showThinking !== false) expected["showThinking"] = ANY
  const off = options.reasoning === "off" || options.thinkingBudget === 0
  if (lost.has("options.reasoning") || off || options.reasoning === undefined) {
    expected["showThinking"] = ANY
  }
  if (!hasTools) {
    delete expected["toolChoice"]
    delete expected["parallelToolCalls"]
  }
  if (options.maxTokens === undefined && (canon === "messages" || model.maxTokens !== undefined)) {
    expected["maxTokens"] = ANY
  }
  if (options.serviceTier === "default" && (canon === "chat" || canon === "responses" || canon === "ollama")) {
    expected["serviceTier"] = new OneOf("default", undefined)
  }
  const output = expected["output"] as Fields | undefined
  if (isFields(output) && output["strict"] === true && (canon === "gemini" || canon === "ollama")) {
    delete output["strict"]
  }
  if ((canon === "chat" || canon === "responses") && output !== undefined && isFields(output)) output["name"] = ANY
  if (canon === "gemini" && model.thinking?.mode === "budget" && expected["reasoning"] !== "off") {
    // A level goes out as the number of tokens that stands for it.
    if (expected["reasoning"] !== undefined) expected["thinkingBudget"] ??= ANY
  }
  if (canon === "messages") {
    // Where the host cannot be held to a format, a tool that must be called stands in for it.
    if (output === (ANY as unknown)) expected["toolChoice"] = ANY
    if (isFields(output)) expected["output"] = { type: "jsonSchema", schema: ANY }
    const free = options.toolChoice === undefined || lost.has("options.toolChoice")
    if (hasTools && free && options.parallelToolCalls === false) {
      expected["toolChoice"] = "auto"
    }
    if (options.toolChoice === "none") delete expected["parallelToolCalls"]
    if (expected["metadata"] !== undefined) delete expected["metadata"]
    if (model.thinking?.mode === "budget" && expected["reasoning"] !== undefined) {
      expected["reasoning"] = expected["reasoning"] === "off" ? "off" : ANY
      if (expected["reasoning"] === ANY && options.thinkingBudget === undefined) expected["thinkingBudget"] = ANY
    }
  }
  return expected
}

/** Settings in the form in which two of them are compared. */
export function canonOptions(options: CallOptions, canon: ContextCanon): Fields {
  const {
    sessionId: _session,
    promptCacheKey: _key,
    cacheRetention: _retention,
    wire: _wire,
    ...said
  } = options as Fields
  const { output, logprobs, stop, parallelToolCalls, serviceTier } = said
  if (isFields(output) && output["type"] === "text") delete said["output"]
  if (isFields(output) && output["type"] !== "text") said["output"] = { ...output }
  const isOpenAi = canon === "chat" || canon === "responses"
  if (isOpenAi && isFields(said["output"]) && said["output"]["strict"] === true) {
    const { schema } = said["output"]
    if (isFields(schema)) said["output"]["schema"] = strictForm(schema)
  }
  if (logprobs === false) delete said["logprobs"]
  if (Array.isArray(stop) && stop.length === 0) delete said["stop"]
  if (stop instanceof SomeOf && stop.list.length === 0) delete said["stop"]
  if (isFields(said["metadata"])) {
    const texts = Object.entries(said["metadata"]).map(([name, value]) => [name, String(value)])
    said["metadata"] = Object.fromEntries(texts)
  }
  if (canon !== "messages" && serviceTier === "auto") delete said["serviceTier"]
  if (canon === "responses") delete said["showThinking"]
  if (canon === "ollama") {
    if (parallelToolCalls === true) delete said["parallelToolCalls"]
    if (said["toolChoice"] === "auto") delete said["toolChoice"]
  }
  if (canon === "gemini") {
    if (parallelToolCalls === true) delete said["parallelToolCalls"]
    if (said["toolChoice"] === "auto") delete said["toolChoice"]
    if (serviceTier === "default") delete said["serviceTier"]
    if (said["thinkingBudget"] === 0) said["reasoning"] = "off"
    if (said["reasoning"] === "off") delete said["thinkingBudget"]
    if (said["reasoning"] === "off" || (said["reasoning"] ?? said["thinkingBudget"]) === undefined) {
      delete said["showThinking"]
    }
  }
  if (canon === "messages") {
    if (parallelToolCalls === true) delete said["parallelToolCalls"]
    if (serviceTier === "default") said["serviceTier"] = "standard_only"
  }
  return said
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
