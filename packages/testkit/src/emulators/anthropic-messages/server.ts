import { createHmac } from "node:crypto"
import type { ServerResponse } from "node:http"
import { serveLoopback, type LoopbackServer, type SeenRequest } from "../../loopback.ts"
import { wait } from "../../wait.ts"
import { isFields, Refused, type Fields } from "../check.ts"
import { bearer, pathOf, sendEvents, sendJson } from "../http.ts"
import { greeting, ScriptedAnswers, type EmulatedError } from "../script.ts"
import { document, errorBody, errorEvent, events, promptTokens, usageOf, type MessageAnswer } from "./answer.ts"
import { bad } from "./check-blocks.ts"
import { checkRequest, DEFAULT_RULES, type AnthropicRules } from "./check.ts"
import type { AnthropicAnswer, AnthropicMessagesOptions } from "./server-types.ts"

const VERSIONS = new Set(["2023-01-01", "2023-06-01", "2026-10-21"])
const POSTS = new Set(["/v1/messages", "/v1/messages/count_tokens"])
const MAX_BODY_BYTES = 32 * 1024 * 1024

/** The emulator, with the signatures it gave out. */
export interface AnthropicEmulator extends LoopbackServer {
  /** Signature to the thinking it signs. */
  signatures: ReadonlyMap<string, string>
}

/**
 * A host that speaks Anthropic's Messages, written from the vendor's documents: `POST /v1/messages`,
 * `POST /v1/messages/count_tokens` and `GET /v1/models`. It refuses what the vendor refuses, in the vendor's words,
 * before a step of the script is used, and checks the signatures of replayed thinking against those it gave out.
 */
export async function anthropicMessagesEmulator(options: AnthropicMessagesOptions = {}): Promise<AnthropicEmulator> {
  const script = new ScriptedAnswers<AnthropicAnswer>(options.script ?? greeting)
  const rules: AnthropicRules = {
    models: options.models,
    maxTokens: options.maxTokens ?? DEFAULT_RULES.maxTokens,
    alternation: options.alternation ?? DEFAULT_RULES.alternation,
    strictFields: options.strictFields ?? DEFAULT_RULES.strictFields,
    betaFields: options.betaFields ?? DEFAULT_RULES.betaFields,
    keepsThinking: DEFAULT_RULES.keepsThinking,
    adaptive: options.adaptive ?? DEFAULT_RULES.adaptive,
  }
  const signatures = new Map<string, string>()
  const redacted = new Set<string>()
  const issued = { signatures, redacted, verify: options.verifySignatures ?? true }
  let calls = 0

  const answerFor = (answer: AnthropicAnswer, body: Fields, request: SeenRequest): MessageAnswer => {
    const thinking = body["thinking"]
    const asked = isFields(thinking) && (thinking["type"] === "enabled" || thinking["type"] === "adaptive")
    let signature: string | undefined
    if (asked) {
      const text = answer.thinking ?? ""
      signature = createHmac("sha256", `emulated ${request.index}`).update(text).digest("base64")
      signatures.set(signature, text)
      if (answer.redactedThinking !== undefined) redacted.add(answer.redactedThinking)
    }
    return {
      id: `msg_emulated${String(request.index + 1).padStart(12, "0")}`,
      model: body["model"] as string,
      answer,
      callIds: (answer.toolCalls ?? []).map((call) => call.id ?? `toolu_${String(++calls).padStart(24, "0")}`),
      signature,
      omitted: isFields(thinking) && thinking["display"] === "omitted",
      ...usageOf(answer, body),
    }
  }

  const server = await serveLoopback(async (request, response, signal) => {
    const requestId = `req_emulated${String(request.index + 1).padStart(12, "0")}`
    const headers = { "request-id": requestId, "anthropic-organization-id": "emulated" }
    const fail = (error: EmulatedError): void => {
      const { status, body } = errorBody(error, requestId)
      sendJson(response, status, body, { ...headers, ...error.headers })
    }
    try {
      const path = pathOf(request)
      checkHead(request, path, options)
      if (request.method === "GET") {
        sendModels(response, path, headers, options.models ?? ["claude-emulated"])
        return
      }
      const counting = path.endsWith("/count_tokens")
      const body = checkRequest(request.json, request.headers["anthropic-beta"] ?? "", rules, issued, counting)
      if (counting) {
        sendJson(response, 200, { input_tokens: promptTokens(body) }, headers)
        return
      }
      const answer = await script.take(request)
      if (!answer) throw bad("script-used-up", "The emulator's script has no answer left.")
      if (answer.delayMs) await wait(answer.delayMs, signal)
      const streamed = body["stream"] === true
      const error = answer.error ?? (streamed ? undefined : answer.streamError)
      if (error) {
        fail(error)
        return
      }
      const message = answerFor(answer, body, request)
      const all = { ...headers, ...answer.headers }
      if (!streamed) sendJson(response, 200, document(message), all)
      else await sendEvents(response, events(message), answer, all, (e) => errorEvent(e, requestId), signal)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      fail({ status: error.status, type: error.type, message: error.message })
    }
  })
  return Object.assign(server, { signatures })
}

function checkHead(request: SeenRequest, path: string, options: AnthropicMessagesOptions): void {
  const { apiKey } = options
  const own = request.headers["x-api-key"]
  const token = bearer(request)
  if (apiKey !== null) {
    if (own === undefined && token === undefined) {
      throw new Refused(401, "authentication_error", "x-api-key header is required")
    }
    if (apiKey !== undefined && (own ?? token) !== apiKey) {
      throw new Refused(401, "authentication_error", own === undefined ? "Invalid bearer token" : "invalid x-api-key")
    }
  }
  const known = request.method === "POST" ? POSTS.has(path) : /^\/v1\/models(?:\/.+)?$/.test(path)
  if (!known || (request.method !== "POST" && request.method !== "GET")) {
    const elsewhere = POSTS.has(path)
    throw elsewhere
      ? new Refused(405, "invalid_request_error", "Method Not Allowed")
      : new Refused(404, "not_found_error", "Not Found")
  }
  const version = request.headers["anthropic-version"]
  if (version === undefined) throw bad("version-header", "anthropic-version: header is required")
  if (!VERSIONS.has(version)) throw bad("version-header", `anthropic-version: "${version}" is not a valid version`)
  if (request.bytes.length > MAX_BODY_BYTES) {
    throw new Refused(413, "request_too_large", "Request exceeds the maximum size")
  }
}

function sendModels(
  response: ServerResponse,
  path: string,
  headers: Record<string, string>,
  models: readonly string[],
): void {
  const entry = (id: string): Fields => ({
    type: "model",
    id,
    display_name: id,
    created_at: "2026-01-01T00:00:00Z",
  })
  const one = /^\/v1\/models\/(.+)$/.exec(path)?.[1]
  if (one === undefined) {
    const data = models.map(entry)
    const ends = { first_id: models[0] ?? null, last_id: models.at(-1) ?? null }
    sendJson(response, 200, { data, has_more: false, ...ends }, headers)
    return
  }
  const id = decodeURIComponent(one)
  if (!models.includes(id)) throw new Refused(404, "not_found_error", `model: ${id}`)
  sendJson(response, 200, entry(id), headers)
}
