import type { ServerResponse } from "node:http"
import { serveLoopback, type SeenRequest } from "../../loopback.ts"
import { isFields, type Fields } from "../check.ts"
import { bearer, sendJson } from "../http.ts"
import type { CodeAssistEmulator, CodeAssistOptions } from "./code-assist-types.ts"
import { ModelService, sendRefusal, type GoogleFormat } from "./model-service.ts"
import { errorInfo, GoogleRefused, invalid, scriptedError } from "./refused.ts"
import { checkToken } from "./check-token.ts"

const METHOD = /^\/v1internal:([A-Za-z]+)$/
const OPERATION = /^\/v1internal\/(operations\/[^/]+)$/
const GENERATE = new Set(["generateContent", "streamGenerateContent", "countTokens"])
const WRAPPER = new Set([
  "project",
  "model",
  "request",
  "user_prompt_id",
  "requestType",
  "userAgent",
  "requestId",
  "enabled_credit_types",
])
const IDES = new Set(["IDE_UNSPECIFIED", "VSCODE", "INTELLIJ", "ANTIGRAVITY", "GEMINI_CLI"])

/** What one account is like by now. */
interface State {
  tier: string | undefined
  project: string | undefined
  polls: number
}

/**
 * Google's Code Assist: `loadCodeAssist` and `onboardUser`, which enrol an account, and the models behind
 * `streamGenerateContent` and `generateContent`, whose requests and answers stand in an envelope. One instance is one
 * host with one account.
 */
export async function codeAssistEmulator(options: CodeAssistOptions = {}): Promise<CodeAssistEmulator> {
  const service = new ModelService(options.script, options)
  const account = options.account ?? { tier: "free-tier", project: "emulated-project" }
  const state: State = { tier: account.tier, project: account.project, polls: account.polls ?? 1 }
  const wrappers: Fields[] = []
  const methods: string[] = []

  async function generate(
    method: string,
    request: SeenRequest,
    response: ServerResponse,
    signal: AbortSignal,
    format: GoogleFormat,
  ): Promise<void> {
    const body = isFields(request.json) ? request.json : {}
    const unknown = Object.keys(body).find((name) => !WRAPPER.has(name))
    if (unknown !== undefined) {
      throw invalid("unknown-field", `Invalid JSON payload received. Unknown name "${unknown}": Cannot find field.`)
    }
    const { request: inner, ...wrapper } = body
    const { project, model } = wrapper
    for (const name of options.requires ?? []) {
      if (wrapper[name] === undefined) throw invalid("required-field", `Field ${name} is required.`)
    }
    if (typeof model !== "string" || model === "") throw invalid("model", "Request contains an invalid argument.")
    if (project !== state.project) {
      throw new GoogleRefused(403, `Permission denied on resource project ${String(project)}.`, {
        details: [errorInfo("CONSUMER_INVALID", "googleapis.com", { consumer: `projects/${String(project)}` })],
      })
    }
    if (!service.has(model)) throw new GoogleRefused(404, "Requested entity was not found.")
    wrappers.push(wrapper)
    const wrap = (chunk: Fields): Fields => ({ response: chunk, traceId: `trace${request.index}` })
    await service.answer(
      { surface: "code-assist", method, model, body: inner, format, wrap },
      request,
      response,
      signal,
    )
  }

  function load(request: SeenRequest, response: ServerResponse): void {
    const body = isFields(request.json) ? request.json : {}
    checkMetadata(body["metadata"])
    if (options.loadError) throw scriptedError(options.loadError)
    const offered = account.offered ?? [{ id: "free-tier", isDefault: true }]
    sendJson(
      response,
      200,
      {
        allowedTiers: offered,
        ...(state.tier === undefined ? {} : { currentTier: { id: state.tier } }),
        ...(state.tier === undefined || state.project === undefined
          ? {}
          : { cloudaicompanionProject: options.bareProject === false ? { id: state.project } : state.project }),
      },
      {},
    )
  }

  function enrol(request: SeenRequest, response: ServerResponse): void {
    const body = isFields(request.json) ? request.json : {}
    checkMetadata(body["metadata"])
    const { tierId, cloudaicompanionProject: project } = body
    if (typeof tierId !== "string") throw invalid("required-field", "tierId is required.")
    // The free plan brings a project of its own; every other one is paid for by the account's.
    if (tierId === "free-tier" ? project !== undefined : typeof project !== "string") {
      throw new GoogleRefused(400, "Precondition check failed.", { word: "FAILED_PRECONDITION" })
    }
    state.tier = tierId
    state.project = tierId === "free-tier" ? (account.enrolledProject ?? "emulated-project") : String(project)
    sendJson(response, 200, operation(), {})
  }

  function operation(): Fields {
    const name = "operations/emulated-1"
    if (state.polls-- > 0) return { name, done: false }
    const project = options.bareProject ? state.project : { id: state.project, name: state.project }
    return { name, done: true, response: { cloudaicompanionProject: project } }
  }

  const server = await serveLoopback(async (request, response, signal) => {
    const { pathname: path, searchParams: query } = new URL(request.path, "http://google")
    const method = METHOD.exec(path)?.[1] ?? (OPERATION.test(path) ? "operation" : "")
    const streamed = method === "streamGenerateContent"
    const format: GoogleFormat = !streamed ? "document" : query.get("alt") === "sse" ? "sse" : "json-array"
    methods.push(method)
    try {
      if (method === "" || request.method !== (method === "operation" ? "GET" : "POST")) {
        throw new GoogleRefused(404, "Not Found")
      }
      const token = bearer(request)
      if (token === undefined) throw new GoogleRefused(401, "Request is missing required authentication credential.")
      checkToken(token, options.accessToken ?? (() => true))
      if (GENERATE.has(method)) await generate(method, request, response, signal, format)
      else if (method === "loadCodeAssist") load(request, response)
      else if (method === "onboardUser") enrol(request, response)
      else if (method === "operation") sendJson(response, 200, operation(), {})
      else throw new GoogleRefused(404, "Not Found")
    } catch (error) {
      if (!(error instanceof GoogleRefused)) throw error
      sendRefusal(response, error, {}, format)
    }
  })
  return Object.assign(server, { calls: service.calls, wrappers, methods })
}

function checkMetadata(metadata: unknown): void {
  if (!isFields(metadata)) throw invalid("required-field", "metadata is required.")
  const ide = metadata["ideType"]
  if (typeof ide !== "string" || !IDES.has(ide)) {
    throw invalid("known-value", `Invalid value at 'metadata.ide_type' (TYPE_ENUM), "${String(ide)}"`)
  }
}
