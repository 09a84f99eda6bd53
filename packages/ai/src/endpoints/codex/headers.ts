import { createRedactor, REDACTED } from "../../assemble/redact.ts"
import type { Credential } from "../../contract/credential.ts"
import { type HeaderMap, mergeHeaders } from "../../contract/frame.ts"
import type { Call } from "../../contract/wire-client.ts"
import { USER_AGENT } from "../../version.ts"
import { keptHeaders } from "../../wires/openai-responses/kept-headers.ts"
import { cacheKey } from "../../wires/openai-responses/session-key.ts"
import { bearerOf, givenLayers } from "../dressing.ts"
import { accountOf } from "./account.ts"
import { LITE_HEADERS } from "./lite.ts"

const BETA = { http: "responses=experimental", websocket: "responses_websockets=2026-02-06" } as const

/** Headers that are this endpoint's own to set: a caller's would only be refused. */
const OWN: ReadonlySet<string> = new Set([
  "authorization",
  "x-api-key",
  "api-key",
  "openai-beta",
  "originator",
  "chatgpt-account-id",
  "conversation_id",
  "session_id",
  "x-client-request-id",
])

/** The account of a call, as the credential or its token names it. */
export function accountFor(credential: Credential): string | undefined {
  if (credential.accountId !== undefined) return credential.accountId
  return "secret" in credential ? accountOf(credential.secret) : undefined
}

/** The headers of a request, or of the handshake of a socket. `wire`: those of the request's body. */
export function headersFor(
  call: Call,
  credential: Credential,
  over: { channel: "http" | "websocket"; originator: string; lite: boolean; wire?: HeaderMap },
): HeaderMap {
  const session = call.options.sessionId === undefined ? undefined : cacheKey(call.options.sessionId)
  const account = accountFor(credential)
  const given = givenHeaders(call, credential)
  const headers = mergeHeaders({ "user-agent": USER_AGENT }, over.wire, keptHeaders(call), given, {
    originator: over.originator,
    "openai-beta": BETA[over.channel],
    "chatgpt-account-id": account,
    conversation_id: session,
    session_id: session,
    "x-client-request-id": session,
    ...bearerOf(credential),
    ...(over.lite ? LITE_HEADERS : {}),
  })
  if (over.channel === "websocket") {
    delete headers["content-type"]
    delete headers["accept"]
  }
  return headers
}

/** Headers of the model's entry, the credential and the caller, less those that are this endpoint's own to set. */
export function givenHeaders(call: Call, credential: Credential): HeaderMap {
  return mergeHeaders(...givenLayers(call, credential, (name) => OWN.has(name)))
}

/** Headers as they may stand in a log: without secrets, and without what tells accounts and conversations apart. */
export function shownHeaders(headers: HeaderMap): Record<string, string> {
  const shown = createRedactor().headers(headers)
  for (const name of Object.keys(shown)) {
    if (/account|session|conversation|x-client-request-id|turn-state|cookie/.test(name)) shown[name] = REDACTED
  }
  return shown
}
