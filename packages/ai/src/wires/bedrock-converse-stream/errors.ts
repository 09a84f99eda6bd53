import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { Frame, ResponseHead } from "../../contract/frame.ts"
import { exceptionFacts, exceptionName, exceptionOf } from "../bedrock/exceptions.ts"
import { errorFacts } from "../host-errors.ts"
import { isObject } from "../../model/json.ts"

/** What an error response says: `{message}` or `{Message}`, with the exception's name in a header or in `__type`. */
export function readError(head: ResponseHead, body: unknown): ErrorFacts {
  const requestId = head.headers.get("x-amzn-requestid")
  const { status: _status, ...facts } = bodyFacts(exceptionName(head.headers), body)
  return { ...facts, status: head.status, ...(requestId === null ? {} : { requestId }) }
}

/** The facts of a body that holds an error, without a response's head. */
export function bodyFacts(name: string | undefined, body: unknown): ErrorFacts {
  const facts = errorFacts(body)
  const type = name ?? (isObject(body) && typeof body["__type"] === "string" ? body["__type"] : undefined)
  if (type !== undefined) return { ...facts, ...exceptionFacts(type, facts.message) }
  // Without a name the words decide, as those of the exception that the API would have raised.
  const { is } = exceptionFacts("ValidationException", facts.message)
  return is === undefined ? facts : { ...facts, is }
}

/** The facts of a message that is an exception or an error and no event; `undefined` for an event. */
export function failureOf(frame: Frame): ErrorFacts | undefined {
  const raised = exceptionOf(frame)
  return raised && { ...exceptionFacts(raised.name, raised.message), inStream: true }
}
