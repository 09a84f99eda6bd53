import type { Adaptation, Attempt, Call } from "../../contract/wire-client.ts"
import type { SluiceError } from "../../model/errors.ts"
import { factName, learned } from "./types.ts"

const STRICT =
  /wrong_api_format|\bstrict\b|tool parameters? schema|invalid (?:tool parameters? )?schema|invalid schema for (?:function|tool)|structured outputs?.{0,40}(?:not|un)\s?supported|compiled grammar.{0,40}too large/i
const REFUSED =
  /unsupported|not supported|does ?n['o]t support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|extra (?:inputs?|fields?)|invalid|no longer|deprecated|cannot be used/i
/** Fields that may be left out without changing what is asked for beyond repair. */
const OPTIONAL: readonly string[] = [
  "parallel_tool_calls",
  "temperature",
  "top_p",
  "top_k",
  "min_p",
  "presence_penalty",
  "frequency_penalty",
  "repetition_penalty",
  "seed",
  "verbosity",
  "store",
  "user",
  "metadata",
  "service_tier",
  "prompt_cache_key",
  "logprobs",
  "top_logprobs",
  "reasoning",
  "reasoning_effort",
  "enable_thinking",
  "thinking_budget",
  "chat_template_kwargs",
]

/**
 * What to leave out of a request that a host refused, once for each thing. What is learned is kept for the host and
 * the model, so that the next call does without from the start.
 */
export function adapt(error: SluiceError, call: Call, past: readonly Attempt[]): Adaptation | undefined {
  const { status } = error
  if (error.delivered !== "nothing" || (status !== undefined && ![400, 404, 415, 422, 500, 501].includes(status))) {
    return undefined
  }
  if (error.code !== "invalid_request" && error.code !== "unsupported" && error.code !== "server_error")
    return undefined
  const clear = error.code !== "server_error" && status !== 500
  for (const change of changes(error, call, clear)) {
    if (learned(call, change.fact) !== undefined && change.once !== false) continue
    if (past.some((attempt) => attempt.change === change.words)) continue
    return { change: change.words, learn: { where: "host", facts: { [factName(call, change.fact)]: change.value } } }
  }
  return undefined
}

interface Change {
  words: string
  fact: string
  value: unknown
  /** `false`: the fact may be learned again with another value. */
  once?: boolean
}

function* changes(error: SluiceError, call: Call, clear: boolean): Generator<Change> {
  const text = `${error.message} ${error.param ?? ""} ${error.type ?? ""}`
  const param = error.param ?? ""
  const refused = clear && (REFUSED.test(text) || error.code === "unsupported")
  if (mentions(text, "max_tokens") || mentions(text, "max_completion_tokens")) {
    const field = capField(text, param, call)
    if (clear && field)
      yield { words: `without the field for the token cap it refused`, fact: "maxTokensField", value: field }
  }
  if (clear && /reasoning[._ ]?effort|\beffort\b/i.test(text)) {
    const efforts = namedEfforts(error.message)
    yield {
      words: efforts.length > 0 ? `with an effort out of ${efforts.join(", ")}` : "without an effort",
      fact: "efforts",
      value: efforts,
      once: false,
    }
  }
  if (refused && /stream_options|include_usage/i.test(text)) {
    yield { words: "without stream_options", fact: "streamUsage", value: false }
  }
  if (refused && /image_url[^ ]*\.detail|\bdetail\b/i.test(param || text) && sendsDetail(call)) {
    yield { words: "without the detail of images", fact: "imageDetail", value: false }
  }
  if (refused && /\bdeveloper\b/i.test(text) && call.model.compat.chat?.developerRole) {
    yield { words: "with the role system for developer", fact: "developerRole", value: false }
  }
  if (refused && /response_format|json_schema/i.test(text) && call.options.output?.type === "jsonSchema") {
    if (!/invalid schema/i.test(text)) {
      yield { words: "with json_object for a schema", fact: "structuredOutput", value: "json_object" }
    }
  }
  if (refused) {
    for (const field of OPTIONAL) {
      if (!(param === field || param.startsWith(`${field}.`) || mentions(text, field))) continue
      const known = learned(call, "without")
      const without = Array.isArray(known) ? (known as string[]) : []
      if (!without.includes(field)) {
        yield { words: `without ${field}`, fact: "without", value: [...without, field], once: false }
      }
    }
  }
  if (offersStrict(call) && (STRICT.test(text) || (/provider returned error\s*$/i.test(error.message) && clear))) {
    yield { words: "without strict tools", fact: "strictTools", value: false }
  }
}

function mentions(text: string, field: string): boolean {
  return new RegExp(`(?<![\\w.])${field}(?!\\w)`, "i").test(text)
}

/** The field for the cap that the host wants instead. */
function capField(text: string, param: string, call: Call): string | undefined {
  const sent = learned(call, "maxTokensField") ?? call.model.compat.chat?.maxTokensField ?? "max_completion_tokens"
  if (sent === "none" || (param !== "" && param !== sent)) return undefined
  if (!REFUSED.test(text) || /too large|at most|exceed|less than|greater than|must be/i.test(text)) return undefined
  return sent === "max_tokens" ? "max_completion_tokens" : "max_tokens"
}

/** The levels that a host lists when it refuses one. */
function namedEfforts(message: string): string[] {
  const list =
    /\b(?:supported|allowed|valid|accepted|expected|must be|one of|permitted)[^:]*?[:]?\s*(.*)$/is.exec(message)?.[1] ??
    ""
  const words = list.match(/\b(?:none|minimal|low|medium|high|xhigh|max|default)\b/gi) ?? []
  return [...new Set(words.map((word) => word.toLowerCase()))]
}

function offersStrict(call: Call): boolean {
  const mode = call.model.compat.chat?.strictTools ?? "none"
  return (
    mode !== "none" && (call.context.tools ?? []).some((tool) => tool.type === undefined || tool.type === "function")
  )
}

function sendsDetail(call: Call): boolean {
  return call.context.messages.some(
    (message) =>
      typeof message.content !== "string" &&
      message.content.some((block) => block.type === "image" && block.detail !== undefined),
  )
}
