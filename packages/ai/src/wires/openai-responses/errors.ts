import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { ErrorCode } from "../../model/errors.ts"
import { retryHint } from "../../errors/retry-after.ts"
import type { ResponseHead } from "../../contract/frame.ts"
import { HeaderList } from "../../contract/header-list.ts"
import { errorFacts } from "../host-errors.ts"
import { isObject, text } from "./types.ts"

/** What is wrong with the request, in the words of an error inside an answer, which has no status of its own. */
const OF_REQUEST =
  /^(?:invalid_(?:prompt|image\w*|base64_image)|image_(?:too_(?:large|small)|parse_error|file_\w+)|unsupported_image_media_type|empty_image_file|failed_to_download_image)$/
const OF_POLICY = /content_policy_violation$/
/** Said by a proxy before the backend of Codex, where that no longer goes on from a response. */
const STALE = "codex_previous_response_stale"

/** The facts of a response that is an error. */
export function readError(head: Pick<ResponseHead, "status">, body: unknown): ErrorFacts {
  return { status: head.status, ...factsOf(body) }
}

/**
 * The facts of an error inside an answer: an `error` event, or the `error` of a response that failed.
 *
 * @see https://platform.openai.com/docs/api-reference/responses/object#responses/object-error
 */
export function answerError(body: unknown): ErrorFacts {
  const facts = factsOf(body)
  const is = meaning(facts.code ?? "")
  return is === undefined ? facts : { ...facts, is }
}

/** The facts, with how long the host asks to wait: in headers that stand beside the error, or in its words. */
export function withWait(facts: ErrorFacts, headers: unknown, now: number): ErrorFacts {
  const list = new HeaderList()
  if (isObject(headers)) {
    for (const [name, value] of Object.entries(headers)) if (text(value) !== "") list.add(name, text(value))
  }
  const retryAfterMs = facts.retryAfterMs ?? retryHint(list, facts.message, facts.status, now)
  return retryAfterMs === undefined ? facts : { ...facts, retryAfterMs }
}

function factsOf(body: unknown): ErrorFacts {
  const facts = errorFacts(body)
  return facts.code === STALE || facts.type === STALE ? { ...facts, is: "state_lost" } : facts
}

function meaning(code: string): ErrorCode | undefined {
  if (OF_POLICY.test(code)) return "content_blocked"
  return OF_REQUEST.test(code) ? "invalid_request" : undefined
}
