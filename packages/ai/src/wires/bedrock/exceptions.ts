import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { Frame } from "../../contract/frame.ts"
import type { HeadersView } from "../../contract/header-list.ts"
import type { ErrorCode } from "../../model/errors.ts"
import { parseObject } from "../../model/json.ts"

/** What an exception of Bedrock stands for: its status, and its class where the status says too little. */
interface Meaning {
  status: number
  is?: ErrorCode
}

/**
 * Bedrock's exceptions by name, in lower case and without `Exception` at the end.
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html
 */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  validation: { status: 400 },
  accessdenied: { status: 403, is: "permission_denied" },
  resourcenotfound: { status: 404, is: "model_not_found" },
  modeltimeout: { status: 408, is: "timeout" },
  modelerror: { status: 424, is: "server_error" },
  modelstreamerror: { status: 424, is: "server_error" },
  modelnotready: { status: 429, is: "overloaded" },
  throttling: { status: 429 },
  toomanyrequests: { status: 429 },
  servicequotaexceeded: { status: 400, is: "quota_exhausted" },
  internalserver: { status: 500, is: "server_error" },
  internalfailure: { status: 500, is: "server_error" },
  serviceunavailable: { status: 503, is: "overloaded" },
  expiredtoken: { status: 403, is: "auth_expired" },
  requestexpired: { status: 400, is: "auth_expired" },
  unrecognizedclient: { status: 403, is: "auth_invalid" },
  invalidclienttokenid: { status: 403, is: "auth_invalid" },
  invalidsignature: { status: 403, is: "auth_invalid" },
  signaturedoesnotmatch: { status: 403, is: "auth_invalid" },
  incompletesignature: { status: 400, is: "auth_invalid" },
  missingauthenticationtoken: { status: 403, is: "auth_invalid" },
  optinrequired: { status: 403, is: "permission_denied" },
  notauthorized: { status: 400, is: "permission_denied" },
}

/** Words of a `ValidationException` that mean something else than a wrong field. */
const VALIDATIONS: readonly (readonly [RegExp, ErrorCode])[] = [
  [
    /model identifier is invalid|on-demand throughput isn.t supported|model(?: version)? .{0,80}end of its life/i,
    "model_not_found",
  ],
  [
    /input is too long|too many input tokens|prompt is too long|exceeds? the (?:maximum|max) (?:context|number of (?:input )?tokens)|maximum context length/i,
    "context_overflow",
  ],
]

/**
 * The facts of an exception by its name, which may have a namespace before it and an address behind it; `undefined`
 * for a name that is none of Bedrock's.
 */
export function exceptionFacts(name: string, message: string | undefined): ErrorFacts {
  const type = bareName(name)
  const said = message === undefined || message === "" ? {} : { message }
  const key = type.toLowerCase().replace(/(?:exception|error)$/, "")
  const known = Object.hasOwn(MEANINGS, key) ? MEANINGS[key] : undefined
  if (!known) return type === "" ? said : { type, ...said }
  return { type, status: known.status, ...said, ...classOf(known, message ?? "") }
}

/** The name of the exception that a response's header tells, if it tells one. */
export function exceptionName(headers: HeadersView): string | undefined {
  const value = headers.get("x-amzn-errortype")
  return value === null || value.trim() === "" ? undefined : bareName(value)
}

/** The exception or error that a message of a stream raises, whether its payload is JSON or not; `undefined` for an event. */
export function exceptionOf(frame: Frame): { name: string; message: string | undefined } | undefined {
  const kind = frame.meta?.[":message-type"]
  if (kind === undefined || kind === "event") {
    const name = frame.event ?? ""
    return name.endsWith("Exception") ? { name, message: messageOf(frame) } : undefined
  }
  const name = frame.meta?.[":exception-type"] ?? frame.meta?.[":error-code"] ?? kind
  return { name, message: frame.meta?.[":error-message"] ?? messageOf(frame) }
}

function messageOf({ data }: Frame): string | undefined {
  const text = typeof data === "string" ? data : new TextDecoder().decode(data)
  const payload = parseObject(text)
  if (!payload) return text.trim() === "" ? undefined : text.trim().slice(0, 1000)
  const message = payload["message"] ?? payload["Message"] ?? payload["originalMessage"]
  return typeof message === "string" && message !== "" ? message : undefined
}

function classOf({ status, is }: Meaning, message: string): { is?: ErrorCode } {
  if (is !== undefined) return { is }
  if (status === 429) return { is: /tokens? per day|daily/i.test(message) ? "quota_exhausted" : "rate_limited" }
  const found = VALIDATIONS.find(([words]) => words.test(message))
  return found ? { is: found[1] } : {}
}

function bareName(name: string): string {
  const [first = ""] = name.split(":", 1)
  return first.slice(first.lastIndexOf("#") + 1).trim()
}
