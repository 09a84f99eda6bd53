import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { ResponseHead } from "../../contract/frame.ts"
import { isObject, type Obj } from "./types.ts"

/**
 * What an error body says: Anthropic's `{type: "error", error: {type, message}, request_id}`, the shapes of
 * compatible hosts (`{error: {code, type, message}}`, `{error: "…"}`, `{message: "…"}`), or plain text.
 */
export function readError(_head: ResponseHead, body: unknown): ErrorFacts {
  return errorFacts(body) ?? {}
}

/** The facts of an error body; `undefined` where it holds no error. */
export function errorFacts(body: unknown): ErrorFacts | undefined {
  if (typeof body === "string") return body.trim() === "" ? undefined : { message: body.trim() }
  if (Array.isArray(body)) return errorFacts(body[0])
  if (!isObject(body)) return undefined
  const requestId = text(body["request_id"])
  const facts = innerFacts(body)
  return facts && requestId !== undefined ? { ...facts, requestId } : facts
}

function innerFacts(body: Obj): ErrorFacts | undefined {
  const error = body["error"]
  if (typeof error === "string" && error !== "") return { message: text(body["message"]) ?? error, type: error }
  if (isObject(error)) return described(error)
  const message = body["message"] ?? body["detail"] ?? body["Message"]
  if (typeof message === "string") return described({ ...body, message })
  return body["type"] === "error" ? {} : undefined
}

function described(error: Obj): ErrorFacts {
  const facts: ErrorFacts = {}
  const message = text(error["message"]) ?? text(error["detail"])
  if (message !== undefined) facts.message = message
  const type = text(error["type"])
  if (type !== undefined && type !== "error") facts.type = type
  const code = error["code"]
  if (typeof code === "string" && code !== "") facts.code = code
  else if (typeof code === "number" && code >= 400 && code < 600) facts.status = code
  const param = text(error["param"])
  if (param !== undefined) facts.param = param
  return facts
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined
}
