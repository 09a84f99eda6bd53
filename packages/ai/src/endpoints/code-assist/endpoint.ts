import type { Credential } from "../../contract/credential.ts"
import type { Endpoint, HttpRequest } from "../../contract/endpoint.ts"
import { type Frame, type HeaderMap, mergeHeaders } from "../../contract/frame.ts"
import type { Attempt, Call, WireRequest } from "../../contract/wire-client.ts"
import { isObject, parseObject } from "../../model/json.ts"
import type { SluiceError } from "../../model/errors.ts"
import type { Json } from "../../model/tool.ts"
import { USER_AGENT } from "../../version.ts"
import { bearerOf, givenLayers, requestTo } from "../dressing.ts"
import { envelope, envelopeLosses } from "./envelope.ts"
import { explainFailure } from "./errors.ts"
import { adaptHost, hostOf, hostsOf } from "./hosts.ts"
import { type CodeAssistSettings, DEFAULT_SETTINGS } from "./settings.ts"

/** Tries at the last host; at each one before it there is one. */
const LAST_HOST_ATTEMPTS = 4
const BASE_DELAY_MS = 1000
/** Longest wait for a limit of the service that is sat out, and of all together. */
const MAX_DELAY_MS = 300_000
/** Only the login's own token is a credential here. */
const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set(["authorization", "x-goog-api-key"])

/**
 * Google's Code Assist: the models of Gemini within an envelope, for the login of a person and a project. What its
 * services and models differ in is data (`compat.codeAssist`).
 *
 * Source: the vendor's own open client (github.com/google-gemini/gemini-cli).
 */
export function codeAssistEndpoint(given: Partial<CodeAssistSettings> = {}): Endpoint {
  const settings: CodeAssistSettings = { ...DEFAULT_SETTINGS, ...given }
  const { fallback } = settings
  return {
    id: "code-assist",
    streamsOnly: true,
    retry: (model) => ({
      maxAttempts: LAST_HOST_ATTEMPTS + hostsOf(model, fallback).length - 1,
      baseDelayMs: BASE_DELAY_MS,
      maxDelayMs: MAX_DELAY_MS,
      maxTotalDelayMs: MAX_DELAY_MS,
    }),

    body(body: Json, headers: HeaderMap, call: Call): Json {
      return envelope(body as { [field: string]: Json | undefined }, headers, call, settings)
    },

    losses: ({ body }, call) => envelopeLosses(body as { [field: string]: Json | undefined }, call),

    dress(request: WireRequest, call: Call, credential: Credential): HttpRequest {
      const headers = mergeHeaders(
        { "user-agent": USER_AGENT },
        request.headers,
        ...givenLayers(call, credential, (name) => CREDENTIAL_HEADERS.has(name)),
        bearerOf(credential),
      )
      const base = (credential.baseUrl ?? hostOf(call, fallback)).replace(/\/+$/, "")
      return requestTo(`${base}/v1internal${methodOf(request.path)}`, request, headers)
    },

    unwrap,
    adapt: (error: SluiceError, call: Call, past: readonly Attempt[]) => adaptHost(error, call, past, fallback),
    explain: explainFailure,
  }
}

/** The method with its query; the model before it stands in the envelope. */
function methodOf(path: string): string {
  return path.slice(path.lastIndexOf(":"))
}

/** What stands within `response`. An error and what is no JSON stay as they are. */
function unwrap(frame: Frame): Frame {
  const outer = frame.json ?? (typeof frame.data === "string" ? parseObject(frame.data) : undefined)
  const inner = isObject(outer) ? outer["response"] : undefined
  if (!isObject(inner)) return frame
  return { ...(frame.event === undefined ? {} : { event: frame.event }), data: JSON.stringify(inner), json: inner }
}
