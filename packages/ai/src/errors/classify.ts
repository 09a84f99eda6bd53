import type { ErrorFacts } from "../contract/error-facts.ts"
import { CODES, SluiceError, type ErrorCode } from "../model/errors.ts"

/** One line of the table: all that is given must hold. */
export interface ErrorRule {
  code: ErrorCode
  /** A status, or the two ends of a range. */
  status?: number | readonly [number, number]
  /** The vendor's structured code or type, compared without case. */
  word?: readonly string[]
  /** The vendor's message. */
  text?: RegExp
  /** Must not match the message, which the name of the field at fault is put before. */
  not?: RegExp
  /** The status must be none of these. */
  unless?: readonly number[]
}

const OVERFLOW: RegExp = new RegExp(
  [
    "prompt (?:is )?too long",
    "input is too long for requested model",
    "exceeds? the context window",
    "input token count.*exceeds the maximum",
    "maximum prompt length is \\d+",
    "reduce the length of the messages",
    "maximum context length is \\d+",
    "exceeds the available context size",
    "requested tokens.*(?:exceed|greater than).*(?:context|n_ctx)",
    "context[ _](?:window|length|size).{0,40}(?:exceed|overflow|too small)",
    "exceed(?:s|ed|ing)?[^.]{0,40}context (?:window|length|size|limit)",
    "(?:prompt|input).{0,20}too (?:long|large).*(?:context|n_ctx)",
    "greater than the context length",
    "exceeded model token limit",
    "context_length_exceeded",
    "too many (?:prompt[ _])?tokens",
    "total length of all messages is too long",
    "token limit exceeded",
    "request_too_large",
    "request exceeds the maximum size",
    "(?:payload|entity) too large",
    "model_context_window_exceeded",
    "prompt filled the context window",
    "max(?:imum)? context length",
    // What a relay says of a host that said nothing.
    "(?:400|413) status code \\(no body\\)",
  ].join("|"),
  "i",
)

/** Tokens that are too many for now. */
const RATE = /\bper[ _](?:minute|hour|day)\b|\brate[ _]?limit|throttl|please wait|\btp[md]\b/i

/** Said of prompts, and of any other number in a request. */
const LIMIT = /exceeds the limit of \d+/i
const OTHER_LIMIT =
  /^(?!.*(?:\bprompt|\binput[ _]tokens?|\bcontext\b)).*(?:max_?(?:completion_?|output_?)?tokens|output tokens?|\bimages?\b|\bdocuments?\b|\bfiles?\b|\btools?\b|\bfunctions?\b|\bstop\b|stop_sequences|\bn\b|\bchoices\b|temperature|top_[pk]\b|logprobs|logit_bias|penalty|\bseed\b|metadata|\bbudget)/is

const CONCURRENCY = /concurren(?:t|cy)|too many (?:simultaneous|parallel) requests|parallel requests?.{0,20}limit/i

const QUOTA: RegExp = new RegExp(
  [
    "usage limit",
    "usage_limit_reached|usage_not_included|limit_reached",
    "quota (?:exceeded|reached|insufficient|exhausted)",
    "(?:exceeded|exhausted) your (?:current )?(?:quota|capacity)",
    "exhausted your capacity",
    "quota will reset",
    "insufficient[ _](?:balance|quota|credits?)",
    "balance (?:is )?(?:exhausted|too low)|credit balance",
    "(?:run )?out of credits",
    "spend(?:ing)? limit",
    "free-models-per-day",
    "your limit will reset",
    "(?:account|organi[sz]ation|team|workspace|overall)(?:'s)? (?:\\w+ )?rate limit",
    "(?:account|plan|subscription|membership)\\b[^.]{0,60}\\b(?:quota|usage cap)",
    "extra usage is required|usage credits are required",
    "额度|余额不足|配额|用量上限",
  ].join("|"),
  "i",
)

const BLOCKED =
  /content[_ ](?:filter|policy|management)|responsible ?ai|safety (?:filter|system)|flagged|prohibited[_ ]content|violat(?:es|ing).{0,30}polic/i
const TRANSIENT =
  /overloaded|no[_ ]capacity|at capacity|high demand|service unavailable|temporarily unavailable|try again later|internal (?:server )?error|server error|provider returned error|upstream (?:error|connect)/i
const NETWORK =
  /fetch failed|unable to connect|connection (?:error|reset|refused|closed)|socket (?:hang up|closed)|other side closed|econn(?:reset|refused)|enotfound|etimedout|eai_again|network error|http2 ?(?:stream)?(?:reset|refused)|enhance your calm|bad record mac|terminated/i

/**
 * The table, read from the top; the first rule that holds decides. Structured words come before statuses, because
 * hosts answer with the same status for very different reasons, and text comes last.
 */
export const ERROR_RULES: readonly ErrorRule[] = [
  { code: "aborted", word: ["aborted"] },
  { code: "state_lost", word: ["previous_response_not_found", "response_not_found"] },
  {
    code: "context_overflow",
    word: [
      "context_length_exceeded",
      "request_too_large",
      "exceed_context_size_error",
      "model_context_window_exceeded",
      "too_many_prompt_tokens",
      "string_above_max_length",
    ],
  },
  { code: "context_overflow", status: 413 },
  { code: "context_overflow", text: OVERFLOW, not: RATE, unless: [401, 403, 429] },
  { code: "context_overflow", text: LIMIT, not: OTHER_LIMIT, unless: [401, 403, 429] },
  { code: "concurrency_limited", text: CONCURRENCY, unless: [400, 401, 402, 404, 422] },
  { code: "concurrency_limited", word: ["concurrency_limit_exceeded", "concurrent_limit"] },
  {
    code: "quota_exhausted",
    word: [
      "insufficient_quota",
      "usage_limit_reached",
      "usage_not_included",
      "limit_reached",
      "quota_exceeded",
      "quota_exhausted",
    ],
  },
  { code: "billing", word: ["billing_error", "billing_not_active", "billing_hard_limit_reached"] },
  { code: "billing", status: 402 },
  { code: "account_policy", word: ["cyber_policy", "account_deactivated", "organization_restricted"] },
  { code: "quota_exhausted", status: 429, text: QUOTA },
  {
    code: "quota_exhausted",
    status: 403,
    text: /usage limit|quota|your limit will reset|spend(?:ing)? limit|credits/i,
  },
  {
    code: "overloaded",
    word: ["overloaded_error", "overloaded", "server_is_overloaded", "slow_down", "no_capacity", "engine_overloaded"],
  },
  { code: "rate_limited", word: ["rate_limit_error", "rate_limit_exceeded", "too_many_requests"] },
  {
    code: "content_blocked",
    word: [
      "content_filter",
      "content_policy_violation",
      "responsibleaipolicyviolation",
      "sensitive",
      "moderation_blocked",
    ],
  },
  { code: "auth_expired", word: ["token_expired", "expired_token", "invalidated_oauth_token"] },
  { code: "auth_expired", status: 401, text: /expired|invalidated oauth token/i },
  { code: "auth_invalid", word: ["authentication_error", "invalid_api_key", "incorrect_api_key", "unauthorized"] },
  { code: "auth_invalid", status: 401 },
  { code: "permission_denied", word: ["permission_error", "permission_denied", "forbidden"] },
  { code: "permission_denied", status: 403 },
  { code: "model_not_found", word: ["model_not_found", "deploymentnotfound", "model_not_available"] },
  { code: "model_not_found", word: ["not_found_error"], text: /model|deployment/i },
  { code: "model_not_found", status: 404, text: /model|deployment/i },
  { code: "invalid_request", word: ["not_found_error"] },
  { code: "timeout", word: ["timeout_error", "request_timeout"] },
  { code: "timeout", status: 408 },
  { code: "timeout", status: 504 },
  { code: "overloaded", status: 529 },
  { code: "overloaded", status: 503 },
  { code: "content_blocked", status: 400, text: BLOCKED },
  {
    code: "unsupported",
    word: ["unsupported_parameter", "unsupported_value", "not_supported_error", "unsupported_feature"],
  },
  { code: "unsupported", status: 501 },
  // llama.cpp's server says of what its model cannot read that it is itself at fault.
  { code: "unsupported", status: 500, text: /\b(?:image|audio|video) input is not supported\b/i },
  { code: "rate_limited", status: 429 },
  {
    code: "model_not_found",
    status: 400,
    text: /model[^.]{0,60}(?:does not exist|not found|is not (?:a valid|available))|not a valid model|unknown model|no such model/i,
  },
  {
    code: "server_error",
    word: ["server_error", "api_error", "internal_server_error", "internal_error", "upstream_error"],
  },
  {
    code: "invalid_request",
    word: ["invalid_request_error", "invalid_value", "invalid_type", "missing_required_parameter"],
  },
  // Some hosts answer a prompt that is too long with a bare 400.
  { code: "context_overflow", status: 400, text: /^\s*$/ },
  { code: "invalid_request", status: [400, 499] },
  { code: "server_error", status: [500, 599] },
  { code: "quota_exhausted", text: QUOTA },
  { code: "rate_limited", text: /\brate limit|too many requests|per minute|throttl|please wait/i },
  { code: "overloaded", text: /overloaded|no[_ ]capacity|at capacity|high demand/i },
  { code: "content_blocked", text: BLOCKED },
  { code: "network", text: NETWORK },
  { code: "server_error", text: TRANSIENT },
]

/** Statuses that vendors answer with, by the type of an error inside a stream that has a status of its own (200). */
const STATUS_OF_TYPE: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  insufficient_quota: 429,
  api_error: 500,
  server_error: 500,
  internal_server_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
}

const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  auth_invalid: "Check the key: it was refused. A new one comes from the provider's key page.",
  auth_expired: "Log in again, or supply a fresh token.",
  permission_denied: "The account may not use this model or feature; ask its administrator or use another account.",
  account_policy: "The provider restricts this account; its message says why.",
  quota_exhausted: "Wait until the allowance is renewed, or use another account.",
  billing: "Check the account's balance and billing at the provider.",
  context_overflow: "Shorten the conversation or use a model with a larger context window.",
  model_not_found: "Check the model's name; `sluice models` lists the known ones.",
  content_blocked: "The provider's filter refused the content; rephrase it.",
  unsupported: "Leave the named option out or use a model that supports it.",
}

/** Longest message of a vendor that is carried in an error. */
const MAX_MESSAGE = 4096

/** Where an error came up. */
export interface ErrorContext {
  provider?: string
  model?: string
}

/** Makes the error from what a vendor said. The only place that decides on a code. */
export function classify(facts: ErrorFacts, context: ErrorContext = {}): SluiceError {
  const status = facts.status ?? statusOfType(facts)
  const code = facts.is ?? codeOf(facts, status)
  const noBody = facts.message === undefined || facts.message === ""
  const message = noBody ? defaultMessage(code, status) : (facts.message as string).slice(0, MAX_MESSAGE)
  const retryable = facts.shouldRetry ?? (code === "server_error" && status === 501 ? false : CODES[code].retryable)
  return new SluiceError({
    code,
    message,
    retryable,
    ...(status === undefined ? {} : { status }),
    ...pick(context, "provider"),
    ...pick(context, "model"),
    ...pick(facts, "requestId"),
    ...pick(facts, "param"),
    ...pick(facts, "retryAfterMs"),
    ...pick(facts, "quota"),
    ...typeOf(facts),
    ...hintOf(code, facts),
  })
}

/** What to do: the vendor's own page where it names one. */
function hintOf(code: ErrorCode, { help }: ErrorFacts): { hint?: string } {
  const hint = help === undefined ? HINTS[code] : `The provider says how to go on: ${help}`
  return hint === undefined ? {} : { hint }
}

function typeOf(facts: ErrorFacts): { type?: string } {
  const type = facts.code ?? facts.type
  return type === undefined ? {} : { type }
}

function pick<T extends object, K extends keyof T>(from: T, key: K): Partial<Pick<T, K>> {
  const picked: Partial<Pick<T, K>> = {}
  if (from[key] !== undefined) picked[key] = from[key]
  return picked
}

function statusOfType(facts: ErrorFacts): number | undefined {
  for (const word of [facts.code, facts.type]) {
    if (word === undefined) continue
    const type = word.toLowerCase()
    if (Object.hasOwn(STATUS_OF_TYPE, type)) return STATUS_OF_TYPE[type]
    const number = Number(word)
    if (Number.isInteger(number) && number >= 400 && number < 600) return number
  }
  return undefined
}

function codeOf(facts: ErrorFacts, status: number | undefined): ErrorCode {
  const words = [facts.code?.toLowerCase(), facts.type?.toLowerCase()]
  const text = facts.message ?? ""
  // A limit without a word of explanation is an account's: a host that is merely busy says so, or for how long.
  const silent = isOpaque(text) && !words.some((word) => word && /[a-z]{3}/.test(word))
  if (silent && (status === 402 || (status === 429 && facts.retryAfterMs === undefined))) {
    return status === 402 ? "billing" : "quota_exhausted"
  }
  for (const rule of ERROR_RULES) if (holds(rule, words, text, status, facts.param)) return rule.code
  return facts.inStream || status === undefined ? "server_error" : "invalid_request"
}

function holds(
  rule: ErrorRule,
  words: readonly (string | undefined)[],
  text: string,
  status: number | undefined,
  param: string | undefined,
): boolean {
  if (rule.status !== undefined) {
    if (status === undefined) return false
    const range = rule.status
    if (typeof range === "number" ? status !== range : status < (range[0] as number) || status > (range[1] as number))
      return false
  }
  if (rule.unless && status !== undefined && rule.unless.includes(status)) return false
  if (rule.word && !words.some((word) => word !== undefined && rule.word?.includes(word))) return false
  if (rule.text && !rule.text.test(text)) return false
  return !rule.not?.test(`${param ?? ""}: ${text}`)
}

/** Whether a body says nothing beyond its status. */
function isOpaque(text: string): boolean {
  return !/[\p{L}\p{N}]{3}/u.test(text.replace(/\b\d{3}\b|https?|status|error|code|response|message|no body/gi, ""))
}

const TEXT: Readonly<Partial<Record<ErrorCode, string>>> = {
  stream_incomplete: "The stream ended before the answer was complete.",
  stream_malformed: "The stream holds something that cannot be read.",
  empty_response: "The host answered with nothing.",
  timeout: "The host did not answer in time.",
  network: "The connection to the host failed.",
  aborted: "The call was aborted.",
}

function defaultMessage(code: ErrorCode, status: number | undefined): string {
  if (TEXT[code] && status === undefined) return TEXT[code]
  return status === undefined ? `The call failed (${code}).` : `${status} status code (no body)`
}
