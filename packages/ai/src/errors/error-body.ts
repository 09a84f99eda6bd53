import type { ErrorFacts } from "../contract/error-facts.ts"
import type { ResponseHead } from "../contract/frame.ts"
import type { WireClient } from "../contract/wire-client.ts"
import { retryHint } from "./retry-after.ts"

/** A body as JSON where it is JSON, else as text. */
export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The JSON of an error that came as the one event of a stream. */
function eventIn(text: string): unknown {
  const data = /^\s*(?:event:[^\n]*\n)?data:\s*(\{[^\n]*\})\s*$/.exec(text)?.[1]
  const value = data === undefined ? undefined : parseBody(data)
  return typeof value === "string" ? undefined : value
}

/**
 * What an error response says: the wire's reading of it, with status and waiting time from the head.
 * A page of HTML is no message and is left out.
 */
export function errorFacts(
  wire: Pick<WireClient, "readError">,
  head: ResponseHead,
  body: unknown,
  now: number,
): ErrorFacts {
  const html = typeof body === "string" && /^\s*<(?:!doctype|html|head|body)\b/i.test(body)
  const facts = html
    ? { message: `The host answered ${head.status} with a page of HTML where an API's answer belongs.` }
    : wire.readError(head, typeof body === "string" ? (eventIn(body) ?? body) : body)
  const text = typeof body === "string" ? body : JSON.stringify(body)
  const retryAfterMs = facts.retryAfterMs ?? retryHint(head.headers, text.slice(0, 16_384), head.status, now)
  const should = head.headers.get("x-should-retry")
  const requestId = facts.requestId ?? head.headers.get("x-request-id") ?? head.headers.get("request-id") ?? undefined
  return {
    ...facts,
    status: head.status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(should === "true" || should === "false" ? { shouldRetry: should === "true" } : {}),
  }
}
