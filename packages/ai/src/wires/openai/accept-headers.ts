import type { HeaderMap } from "../../contract/frame.ts"
import type { HeadersView } from "../../contract/header-list.ts"
import { isObject, type Obj } from "../../model/json.ts"

/** Headers in which clients name their conversation. */
const AFFINITY_HEADERS = [
  "x-prompt-cache-key",
  "session_id",
  "session-id",
  "thread-id",
  "conversation_id",
  "x-session-id",
  "x-conversation-id",
  "x-session-affinity",
] as const
const FORWARD = /^(?:openai-(?:organization|project|beta)|x-stainless-.+)$/

/** What the client offers to tell one conversation from another. */
export function affinityOf(body: Obj, headers: HeadersView): string | undefined {
  const metadata = isObject(body["metadata"]) ? body["metadata"] : {}
  const offered = [
    body["prompt_cache_key"],
    metadata["prompt_cache_key"],
    metadata["session_id"],
    metadata["conversation_id"],
    ...AFFINITY_HEADERS.map((name) => headers.get(name)),
  ]
  return offered.find((value): value is string => typeof value === "string" && value !== "")
}

/** The headers that a host of the same wire gets from the client. */
export function forwarded(headers: HeadersView): HeaderMap {
  const forward: HeaderMap = {}
  headers.forEach((value, name) => {
    if (FORWARD.test(name) && value !== "") forward[name] = value
  })
  return forward
}
