import { serveLoopback, type LoopbackServer, type SeenRequest } from "../../loopback.ts"
import { wait } from "../../wait.ts"
import { isFields, Refused, type Fields } from "../check.ts"
import { pathOf, sendEvents, sendJson } from "../http.ts"
import { checkAzureFront, deployed, isAzure, type AzureRules } from "../openai-azure.ts"
import { answersModels, checkRoute, hostHeaders, thinksByName } from "../openai-host.ts"
import { checkBearer, errorBody } from "../openai-refusals.ts"
import { greeting, ScriptedAnswers, type EmulatedError, type EmulatorScript } from "../script.ts"
import { chunks, completion, errorEvent, usageOf, type ChatAnswer } from "./answer.ts"
import { checkRequest, type OpenAIChatRules } from "./check.ts"

const ROUTE = "/v1/chat/completions"
const AZURE_ROUTES = /^\/openai\/(?:v1|deployments\/([^/]+))\/chat\/completions$/

/** How the emulator of Chat Completions is set up. */
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
  /** Of the paths `/openai/v1/chat/completions` and `/openai/deployments/<name>/chat/completions`. */
  azure?: AzureRules
}

/**
 * A host that speaks OpenAI's Chat Completions, written from the vendor's documents: `POST /v1/chat/completions`,
 * `GET /v1/models`, and as Azure has it `POST /openai/v1/chat/completions?api-version=…`. It refuses what the vendor
 * refuses, in the vendor's words, before a step of the script is used.
 */
export function openaiChatEmulator(options: OpenAIChatOptions = {}): Promise<LoopbackServer> {
  const script = new ScriptedAnswers(options.script ?? greeting)
  const rules: OpenAIChatRules = {
    models: options.models,
    thinks: options.thinks ?? thinksByName,
    strictFields: options.strictFields ?? true,
    toolCallIdLimit: options.toolCallIdLimit ?? 40,
  }
  let calls = 0
  return serveLoopback(async (request, response, signal) => {
    const azure = isAzure(request)
    const headers = hostHeaders(request, azure)
    const fail = (error: EmulatedError): void => {
      const { status, body } = errorBody(error)
      sendJson(response, status, body, { ...headers, ...error.headers })
    }
    try {
      if (azure) checkAzureFront(request, options.apiKey, options.azure ?? {}, AZURE_ROUTES)
      else {
        checkBearer(request, options.apiKey)
        if (answersModels(request, response, headers, options.models)) return
        checkRoute(request, ROUTE)
      }
      const body = checkRequest(azure ? addressed(request) : request.json, rules, azure)
      const asked = body["model"] as string
      const model = azure ? deployed(asked, options.azure ?? {}) : asked
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
        model,
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
      const { status, type, code, param, message } = error
      if (type === "azure") sendJson(response, status, { error: { code, message } }, headers)
      else fail({ status, type, code, param, message })
    }
  })
}

/** A request in Azure's older form names its deployment in the path. */
function addressed(request: SeenRequest): unknown {
  const deployment = AZURE_ROUTES.exec(pathOf(request))?.[1]
  if (deployment === undefined || !isFields(request.json)) return request.json
  return { ...request.json, model: decodeURIComponent(deployment) }
}
