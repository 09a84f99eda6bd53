import type { SluiceError } from "../model/errors.ts"

/** Words that say that a host does not know or take a thing at all. */
const REFUSED =
  /unsupported|not (?:currently |yet )?(?:supported|permitted|allowed|available|accepted|recogni[sz]ed|implemented)|n['o]?t support\b|does not (?:accept|take)\b|unrecogni[sz]ed|unknown|\bunexpected|extra (?:inputs?|fields?)|additional propert|invalid (?:parameter|field|argument|key|property|option)|no longer|deprecated|cannot be (?:used|set|specified)|unavailable/i
/** Words about the value that was sent: another value would be taken. */
const VALUE =
  /\bmust\b|\bshould\b|\bbetween\b|(?:invalid|unsupported|illegal) values?\b|\brange\b|\bat (?:most|least)\b|\b(?:less|greater|more|fewer) than\b|\btoo (?:large|small|long|short|high|low|many|few)\b|exceed|\bexpect(?:s|ed)\b|\b(?:supported|allowed|valid|accepted|permitted|available) (?:values?|levels?|options?)\b|\bone of\b|not a valid|of type\b|minimum|maximum/i
/** Every value but the host's own default is refused, which comes to the same as the field. */
const ONLY_DEFAULT = /\bonly (?:the |its )?default\b/i
/** Words about what else stood in the request: without that the field would be taken. */
const COMBINED =
  /\b(?:when|while|if|unless|together|both|combin\w*|simultaneously|alongside|in conjunction|only allowed|only supported|at the same time)\b|\bwith(?:out)? (?:an? |the )?["'`]?(?:tools?|tool_choice|functions?|stream\w*|reasoning|thinking|logprobs|temperature|top_p|response_format|json|images?|structured)\b|\b(?:tools?|functions?|streaming|thinking|reasoning) with\b/i
/** Codes that say which kind of refusal it is. */
const CODE = /^(?:unsupported|unknown|unrecogni[sz]ed)_(?:parameter|argument|field)$/i

/** The host has no such thing as strict tools. */
const STRICT_UNKNOWN =
  /\bstrict\b.{0,60}(?:unsupported|not (?:supported|permitted|allowed)|extra inputs|unrecogni[sz]ed|unknown)|(?:unsupported|unrecogni[sz]ed|unknown|unexpected|extra fields?|not support)\b.{0,60}\bstrict\b|structured outputs?.{0,40}(?:not |un)supported/i
/** These tools cannot be strict; others may. */
const STRICT_REFUSED =
  /wrong_api_format|\bmixed\b.{0,40}\bstrict\b|\bstrict\b.{0,80}(?:schema|mode|must|require|invalid)|tool parameters? schema|invalid (?:tool parameters? )?schema|compiled grammar.{0,40}too large/i
/** What an aggregator says that keeps the reason to itself. */
const OPAQUE = /provider returned error\s*$/i
/** How a field is looked for. */
export interface FieldQuery {
  /** What was sent in it. A refusal that names the value is one of the value. */
  value?: unknown
  /** Stands below other fields: its path may be longer than its name. */
  nested?: boolean
}

/**
 * Whether a host refused a field itself: it does not know it, or does not take it for this model.
 *
 * A refusal of the value that was sent, or of the field beside another one, is none: the next request may hold
 * another value, or not hold the other field.
 */
export function refusesField(error: SluiceError, field: string, query: FieldQuery = {}): boolean {
  const param = error.param ?? ""
  const named = param !== "" && isField(param, field, query.nested === true)
  if (param !== "" && !named) return false
  if (COMBINED.test(error.message)) return false
  if (named && CODE.test(error.type ?? "")) return true
  const names = mention(field, query.nested === true)
  if (ONLY_DEFAULT.test(error.message)) return named || names.test(error.message)
  return clauses(error.message).some(
    (clause) =>
      REFUSED.test(clause) &&
      !VALUE.test(clause) &&
      (named || names.test(clause)) &&
      !(/support/i.test(clause) && namesValue(clause, query.value)),
  )
}

/**
 * What a host that refused a request has said of strict tools: that it has no such thing (`host`), or that these tools
 * cannot be strict (`session`). `clear`: the error is one of the request and not of the server.
 */
export function refusesStrict(error: SluiceError, clear: boolean): "host" | "session" | undefined {
  const text = `${error.message} ${error.param ?? ""} ${error.type ?? ""}`
  if (STRICT_REFUSED.test(text) || (clear && OPAQUE.test(error.message))) return "session"
  return STRICT_UNKNOWN.test(text) ? "host" : undefined
}

/** The levels that a host lists when it refuses one. */
export function namedEfforts(message: string): string[] {
  const list =
    /\b(?:supported|allowed|valid|accepted|expected|must be|one of|permitted)[^:]*?[:]?\s*(.*)$/is.exec(message)?.[1] ??
    ""
  const words = list.match(/\b(?:none|minimal|low|medium|high|xhigh|max|default)\b/gi) ?? []
  return [...new Set(words.map((word) => word.toLowerCase()))]
}

/** Whether a text says that something is not known or not taken, whatever it is. */
export function refuses(text: string): boolean {
  return REFUSED.test(text)
}

/** Whether a refusal is about what else stood in the request. */
export function isConditional(text: string): boolean {
  return COMBINED.test(text)
}

/** Whether a refusal is about a value. */
export function isAboutValue(text: string): boolean {
  return VALUE.test(text)
}

function clauses(message: string): string[] {
  return message.split(/[;\n]|\.\s+/)
}

function isField(param: string, field: string, nested: boolean): boolean {
  const path = param.replace(/^(?:body|request)\./, "")
  return (
    path === field || path === camel(field) || path.startsWith(`${field}.`) || (nested && path.endsWith(`.${field}`))
  )
}

function camel(field: string): string {
  return field.replace(/_(\w)/g, (_all, letter: string) => letter.toUpperCase())
}

/**
 * A mention of a field in a text. A name with an underscore is one wherever it stands; a plain word (`user`, `store`)
 * only where it is set apart as a name.
 */
function mention(field: string, nested: boolean): RegExp {
  const path = nested ? String.raw`(?:[\w\[\]]+\.)*` : String.raw`(?:(?:body|request)\.)?`
  const before = nested ? String.raw`(?<![\w-])` : String.raw`(?<![\w.-])`
  const name = `${before}${path}(?:${field}|${camel(field)})`
  if (field.includes("_")) return new RegExp(String.raw`${name}(?!\w)`, "i")
  const forms = [
    String.raw`["'\`\[]${path}${field}["'\`\]]`,
    String.raw`^\s*${name}\s*:`,
    String.raw`\b(?:parameter|field|argument|option|property|key|input)s?\b(?:\(s\))?(?: supplied| names?| is| are)?[\s:]+(?:[\w"'\`]+,\s*)*${name}(?!\w)`,
    String.raw`${name}["'\`]? (?:parameter|field|argument|option|property|key)\b`,
    String.raw`(?<!\b(?:the|this|your|a) )${name} (?:is|are|was|has been) `,
    String.raw`(?:n['o]?t support|does not (?:accept|take)|unsupported:?|unknown:?|unrecogni[sz]ed:?) (?:the |custom |setting )?${name}(?!\w)(?! (?:role|message|content|turn|input|prompt)s?\b)`,
  ]
  return new RegExp(forms.join("|"), "i")
}

function namesValue(clause: string, value: unknown): boolean {
  if (typeof value === "string" && value !== "") return new RegExp(`["'\`]${escaped(value)}["'\`]`, "i").test(clause)
  if (typeof value === "number") return new RegExp(`(?<![\\w.-])${escaped(String(value))}(?![\\w.]*\\w)`).test(clause)
  return false
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
}
