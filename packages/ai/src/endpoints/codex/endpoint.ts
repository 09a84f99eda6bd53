import { createRedactor } from "../../assemble/redact.ts"
import { serialise } from "../../assemble/serialise.ts"
import type { Credential } from "../../contract/credential.ts"
import type { Endpoint, HttpRequest, SocketTarget } from "../../contract/endpoint.ts"
import type { Attempt, Call, WireRequest } from "../../contract/wire-client.ts"
import { hash } from "../../model/hash.ts"
import type { SluiceError } from "../../model/errors.ts"
import type { Json } from "../../model/tool.ts"
import { keptHeaders } from "../../wires/openai-responses/kept-headers.ts"
import { explainLimit } from "./errors.ts"
import { accountFor, givenHeaders, headersFor, shownHeaders } from "./headers.ts"
import { adaptSocket, WEBSOCKET } from "./ladder.ts"
import { fitsLite, LITE_METADATA, liteLosses, toLite } from "./lite.ts"
import { type CodexSettings, DEFAULT_SETTINGS } from "./settings.ts"

type Body = { [field: string]: Json | undefined }

/** Longest wait for a rate limit of the backend that is sat out. */
const MAX_DELAY_MS = 300_000

/**
 * The backend of ChatGPT that Codex speaks with: the Responses API over plain HTTP and over WebSockets, on which a
 * conversation goes on from the response before. A call needs a `sessionId` for a socket: one is kept for each
 * account, model and session.
 *
 * Source: the vendor's own open client (github.com/openai/codex).
 */
export function codexEndpoint(given: Partial<CodexSettings> = {}): Endpoint {
  const settings: CodexSettings = { ...DEFAULT_SETTINGS, ...given }
  const { originator, debug } = settings
  const lite = (call: Call): boolean =>
    (settings.responsesLite || call.model.compat.responses?.lite === true) && fitsLite(call)

  const report = (
    call: Call,
    transport: "http" | "websocket",
    request: Pick<HttpRequest, "url" | "headers">,
    body: Body,
  ): void => {
    try {
      debug?.({
        transport,
        url: createRedactor().url(request.url),
        headers: shownHeaders(request.headers),
        model: call.model.id,
        items: Array.isArray(body["input"]) ? body["input"].length : 0,
        continued: body["previous_response_id"] !== undefined,
      })
    } catch {
      // Who looks on cannot break a call.
    }
  }

  return {
    id: "codex",
    streamsOnly: true,
    retry: { maxDelayMs: MAX_DELAY_MS },
    timeouts: { websocket: { firstEventMs: settings.firstEventTimeoutMs, idleMs: settings.idleTimeoutMs } },

    connect(call: Call, credential: Credential): SocketTarget | undefined {
      const { sessionId } = call.options
      if (!settings.websocket || sessionId === undefined) return undefined
      if (call.model.compat.responses?.websocket === false || call.known[WEBSOCKET] === false) return undefined
      const url = urlFor(call, credential).replace(/^http/, "ws")
      const light = lite(call)
      const whose = accountFor(credential) ?? ("secret" in credential ? hash(credential.secret) : "")
      const headers = headersFor(call, credential, { channel: "websocket", originator, lite: light })
      // A handshake says once what headers say with each request: others want another socket.
      const key = JSON.stringify([whose, url, call.model.id, sessionId, light, givenHeaders(call, credential)])
      return { key, url, headers }
    },

    body(body: Json, _headers, call: Call): Json {
      const light = lite(call)
      const shaped = light ? toLite(body as Body) : (body as Body)
      if (call.channel.kind !== "websocket") return shaped
      // A frame has no headers: what would be in them stands beside what the caller says of itself.
      const metadata = {
        ...(shaped["client_metadata"] as Body | undefined),
        ...keptHeaders(call),
        ...(light ? LITE_METADATA : {}),
      }
      const rest = Object.keys(metadata).length === 0 ? {} : { client_metadata: metadata }
      return { type: "response.create", ...shaped, ...rest }
    },

    losses: (request, call) => (lite(call) ? liteLosses(request.body as Body, call) : []),

    dress(request: WireRequest, call: Call, credential: Credential): HttpRequest {
      const channel = call.channel.kind === "websocket" ? "websocket" : "http"
      const headers = headersFor(call, credential, { channel, originator, lite: lite(call), wire: request.headers })
      const url = urlFor(call, credential)
      if (debug) report(call, channel, { url, headers }, request.body as Body)
      return { method: "POST", url, headers, body: serialise(request.body) }
    },

    adapt: (error: SluiceError, call: Call, past: readonly Attempt[]) => adaptSocket(error, call, past, settings),
    explain: explainLimit,
  }
}

/** The one path that there is, however much of it a base URL has already. */
function urlFor({ model }: Call, credential: Credential): string {
  const base = (credential.baseUrl ?? model.baseUrl).replace(/\/+$/, "")
  if (base.endsWith("/codex/responses")) return base
  return base.endsWith("/codex") ? `${base}/responses` : `${base}/codex/responses`
}
