import { REFUSED_WITH } from "../../contract/transport.ts"
import type { Adaptation, Attempt, Call } from "../../contract/wire-client.ts"
import type { SluiceError } from "../../model/errors.ts"
import type { CodexSettings } from "./settings.ts"

/** Fact of a session: it has no sockets any more. */
export const WEBSOCKET = "codex.websocket"
/** Fact of a session: how often it came to that. */
export const FALLBACKS = "codex.fallbacks"

const AGAIN = "over a new WebSocket"
const PLAIN = "over plain HTTP"
/** How often an error of the backend itself is met over a socket before plain HTTP is tried. */
const BACKEND_TRIES = 2

/** Most sockets of one call, whatever the budget: changes of a request are counted with them, and are few. */
const MOST_TRIES = 10

/** A socket that has come to its end by the backend's rules. */
const LIMIT = "websocket_connection_limit_reached"
/** A socket that does not come about, where another one would not either. */
const NEVER: ReadonlySet<string> = new Set([
  "WS_CONNECT_TIMEOUT",
  "WS_NOT_OPENED",
  "WS_NOT_UPGRADED",
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
])
/** Refusals of a handshake that a request over plain HTTP would meet as well. */
const OF_CREDENTIAL: ReadonlySet<number> = new Set([401, 429])

/**
 * What to do about a failure over a WebSocket: another socket within the budget, or plain HTTP, and for the rest of
 * the session where sockets lead nowhere. What is wrong with the request or the credential is none of its business.
 */
export function adaptSocket(
  error: SluiceError,
  call: Call,
  past: readonly Attempt[],
  settings: Pick<CodexSettings, "retryBudget" | "retryDelayMs">,
): Adaptation | undefined {
  if (call.channel.kind !== "websocket" || error.delivered === "final") return undefined
  // What stands between may know no WebSockets, and says so in many ways; over plain HTTP it is clear what is wrong.
  const refused = call.channel.memory[REFUSED_WITH]
  if (typeof refused === "number" && (refused < 500 || refused === 501) && !OF_CREDENTIAL.has(refused))
    return plain(call)
  const ended = error.type === LIMIT
  if (!ended && !isTransport(error)) {
    const met = past.filter(({ channel, error: before }) => channel === "websocket" && before.code === error.code)
    const backend = error.code === "server_error" || error.code === "overloaded"
    return backend && met.length >= BACKEND_TRIES ? plain(call) : undefined
  }
  const tries = past.filter(({ change }) => change === AGAIN).length
  // What was shown is made anew once, and not over what has just failed.
  const spent = error.delivered === "content" || tries >= Math.min(settings.retryBudget, MOST_TRIES)
  if (spent || (error.type !== undefined && NEVER.has(error.type))) return plain(call)
  return { change: AGAIN, channel: "reopen", waitMs: settings.retryDelayMs * (tries + 1) }
}

/** Whether it is the connection that failed, and not what was asked for. */
function isTransport({ code, type, status }: SluiceError): boolean {
  if (type?.startsWith("WS_") || type === "ws_out_of_step") return true
  if (status !== undefined) return type === "websocket_request_in_progress"
  return code === "network" || code === "timeout" || code === "stream_incomplete" || isGarbled(code, type)
}

function isGarbled(code: string, type: string | undefined): boolean {
  return code === "stream_malformed" && type === undefined
}

function plain({ known }: Call): Adaptation {
  const before = known[FALLBACKS]
  const facts = { [WEBSOCKET]: false, [FALLBACKS]: (typeof before === "number" ? before : 0) + 1 }
  return { change: PLAIN, channel: "http", learn: { where: "session", facts } }
}
