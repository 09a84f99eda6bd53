import type { ServerResponse } from "node:http"
import { serveLoopback, type LoopbackServer, type SeenRequest } from "../../loopback.ts"
import { wait } from "../../wait.ts"
import { Refused, type Fields } from "../check.ts"
import { pathOf, sendEvents, sendJson } from "../http.ts"
import { checkBearer, errorBody, modelEntry, modelList } from "../openai-refusals.ts"
import { greeting, ScriptedAnswers, type EmulatedError, type EmulatorScript } from "../script.ts"
import { chunks, completion, errorEvent, usageOf, type ChatAnswer } from "./answer.ts"
import { checkRequest, type OpenAIChatRules } from "./check.ts"

export interface OpenAIChatOptions {
  /** Default: a greeting for every request. A list that is used up answers 400. */
  script?: EmulatorScript
  /** Absent: any key, but one there must be; `null`: none is asked for, as local servers have it. */
  apiKey?: string | null
  /** Models that exist. Default: every name is accepted, `gpt-emulated` is listed. */
  models?: readonly string[]
  /** Models that think and so refuse `max_tokens` and sampling. Default: names of OpenAI's that do. */
  thinks?: (model: string) => boolean
  /** Fields of a request that OpenAI does not know are refused. Default true. */
  strictFields?: boolean
  /** Longest id of a tool call. Default 40. */
  toolCallIdLimit?: number
  /** Field that carries thinking, on hosts that show it. Default `reasoning_content`. */
  thinkingField?: string
}

/**
 * A host that speaks OpenAI's Chat Completions, written from the vendor's documents: `POST /v1/chat/completions` and
 * `GET /v1/models`. It refuses what the vendor refuses, in the vendor's words, before a step of the script is used.
 */
export function openaiChatEmulator(options: OpenAIChatOptions = {}): Promise<LoopbackServer> {
  const script = new ScriptedAnswers(options.script ?? greeting)
  const rules: OpenAIChatRules = {
    models: options.models,
    thinks: options.thinks ?? ((model) => /^(?:o\d|gpt-(?:[5-9]|\d\d))/.test(model)),
    strictFields: options.strictFields ?? true,
    toolCallIdLimit: options.toolCallIdLimit ?? 40,
  }
  let calls = 0
  return serveLoopback(async (request, response, signal) => {
    const headers = {
      "x-request-id": `req_emulated_${request.index + 1}`,
      "openai-version": "2020-10-01",
      "openai-processing-ms": "1",
    }
    const fail = (error: EmulatedError): void => {
      const { status, body } = errorBody(error)
      sendJson(response, status, body, { ...headers, ...error.headers })
    }
    try {
      checkBearer(request, options.apiKey)
      if (await side(request, response, headers, options.models ?? ["gpt-emulated"])) return
      const body = checkRequest(request.json, rules)
      const answer = await script.take(request)
      if (!answer) throw new Refused(400, "invalid_request_error", "The emulator's script has no answer left.")
      if (answer.delayMs) await wait(answer.delayMs, signal)
      const error = answer.error ?? (body["stream"] === true ? undefined : answer.streamError)
      if (error) {
        fail(error)
        return
      }
      const chat: ChatAnswer = {
        id: `chatcmpl-emulated${request.index + 1}`,
        model: body["model"] as string,
        created: Math.floor(Date.now() / 1000),
        answer,
        callIds: (answer.toolCalls ?? []).map((call) => call.id ?? `call_${String(++calls).padStart(24, "0")}`),
        thinkingField: options.thinkingField ?? "reasoning_content",
        usage: usageOf(answer, body),
      }
      const all = { ...headers, ...answer.headers }
      if (body["stream"] === true) {
        const wantsUsage = (body["stream_options"] as Fields | null | undefined)?.["include_usage"] === true
        await sendEvents(response, chunks(chat, wantsUsage), answer, all, errorEvent, signal)
      } else sendJson(response, 200, completion(chat), all)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      fail({ status: error.status, type: error.type, code: error.code, param: error.param, message: error.message })
    }
  })
}

/** Whatever is not an answer of a model; true when it was dealt with. */
async function side(
  request: SeenRequest,
  response: ServerResponse,
  headers: Record<string, string>,
  models: readonly string[],
): Promise<boolean> {
  const path = pathOf(request)
  if (request.method === "GET" && path === "/v1/models") {
    sendJson(response, 200, modelList(models), headers)
    return true
  }
  const one = /^\/v1\/models\/(.+)$/.exec(path)?.[1]
  if (request.method === "GET" && one !== undefined) {
    sendJson(response, 200, modelEntry(decodeURIComponent(one), models), headers)
    return true
  }
  if (path !== "/v1/chat/completions") {
    throw new Refused(404, "invalid_request_error", `Invalid URL (${request.method} ${path})`)
  }
  if (request.method !== "POST") {
    throw new Refused(405, "invalid_request_error", `Not allowed to ${request.method} on ${path}.`, {
      code: "method_not_supported",
    })
  }
  return false
}
