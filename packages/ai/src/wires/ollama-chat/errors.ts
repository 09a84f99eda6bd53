import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { ResponseHead } from "../../contract/frame.ts"
import { errorFacts as hostFacts } from "../host-errors.ts"
import { isObject } from "./types.ts"

/** The model made arguments that the host itself could not read: the same request gives the same again. */
const BROKEN_CALL = /(?:failed to parse|error parsing|invalid) tool[ _-]?call/i
/** The model has no such ability. */
const CANNOT = /does not support (?:tools|thinking|vision|images|chat|insert|generate|completion)/i

/** A field that the host could not use, which it says with the status of its own faults, or after it has begun. */
const UNUSABLE = /^option "[^"]*" must be of type |^invalid format: /

/** What an error body says: `{"error": "text"}` from the vendor, and the shapes of proxies before it. */
export function readError({ status }: Pick<ResponseHead, "status">, body: unknown): ErrorFacts {
  return { status, ...errorFacts(body) }
}

/** The facts of an error, as a body or as a line of a stream. */
export function errorFacts(body: unknown): ErrorFacts {
  const facts = hostFacts(body)
  const status = isObject(body) ? body["status_code"] : undefined
  if (typeof status === "number" && status >= 400 && status < 600) facts.status ??= status
  const message = facts.message ?? ""
  if (BROKEN_CALL.test(message)) facts.shouldRetry = false
  if (CANNOT.test(message)) facts.is = "unsupported"
  if (UNUSABLE.test(message)) facts.is = "invalid_request"
  // A server that passes on to the cloud says where its owner signs in to that.
  const help = isObject(body) ? body["signin_url"] : undefined
  if (typeof help === "string" && help.startsWith("https://")) facts.help = help
  return facts
}

/** Whether a line is an error: some hosts say with every line that there is none. */
export function hasError({ error }: Record<string, unknown>): boolean {
  return error !== undefined && error !== null && error !== ""
}
