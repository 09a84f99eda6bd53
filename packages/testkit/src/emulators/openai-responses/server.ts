import type { ServerResponse } from "node:http"
import { serveLoopback, type LoopbackServer, type SeenRequest } from "../../loopback.ts"
import { wait } from "../../wait.ts"
import { placed } from "./call-cut.ts"
import { Refused } from "../check.ts"
import { pathOf, sendEvents, sendJson } from "../http.ts"
import { checkAzureFront, deployed, isAzure } from "../openai-azure.ts"
import { answersModels, checkRoute, hostHeaders, thinksByName } from "../openai-host.ts"
import { checkBearer, errorBody } from "../openai-refusals.ts"
import { greeting, ScriptedAnswers } from "../script.ts"
import {
  errorFields,
  eventText,
  outputOf,
  promptTokens,
  responseDocument,
  responseEvents,
  usageOf,
  type ResponsesTurn,
} from "./answer.ts"
import { checkRequest, COUNTED, type ResponsesState } from "./check.ts"
import { Ids, ItemBook, ResponseMemory } from "./memory.ts"
import type { OpenAIResponsesOptions, ResponsesAnswer, ResponsesError, ResponsesRules } from "./types.ts"

const ROUTE = "/v1/responses"
const COUNT_ROUTE = "/v1/responses/input_tokens"
const AZURE_ROUTES = /^\/openai\/(?:v1\/)?responses$/

/**
 * A host that speaks OpenAI's Responses API, written from the vendor's documents and from recordings:
 * `POST /v1/responses` and `/v1/responses/input_tokens`, `GET` and `DELETE /v1/responses/<id>`, `GET /v1/models`, and as Azure has it
 * `POST /openai/v1/responses?api-version=…`. It refuses what the vendor refuses, in the vendor's words, before a step
 * of the script is used. Responses are kept, so that a chain goes on from those that it knows and from no other.
 */
export function openaiResponsesEmulator(options: OpenAIResponsesOptions = {}): Promise<LoopbackServer> {
  const script = new ScriptedAnswers<ResponsesAnswer>(options.script ?? greeting)
  const rules: ResponsesRules = {
    models: options.models,
    thinks: options.thinks ?? thinksByName,
    strictFields: options.strictFields ?? true,
    unsupported: options.unsupported ?? [],
    zeroDataRetention: options.zeroDataRetention ?? false,
    verifyReasoning: options.verifyReasoning ?? true,
  }
  const state: ResponsesState = { memory: new ResponseMemory(), book: new ItemBook() }
  const ids = new Ids()
  return serveLoopback(async (request, response, signal) => {
    const azure = isAzure(request)
    const headers = hostHeaders(request, azure)
    const fail = (error: ResponsesError): void => {
      const { status, body } = errorBody(error)
      sendJson(response, status, error.body ?? body, { ...headers, ...error.headers })
    }
    try {
      if (azure) checkAzureFront(request, options.apiKey, options.azure ?? {}, AZURE_ROUTES)
      else {
        checkBearer(request, options.apiKey)
        if (answersModels(request, response, headers, options.models)) return
        if (answersKept(request, response, headers, state.memory)) return
        if (pathOf(request) === COUNT_ROUTE) {
          const { body } = checkRequest(request.json, { ...rules, only: COUNTED }, state, false)
          sendJson(response, 200, { object: "response.input_tokens", input_tokens: promptTokens(body) }, headers)
          return
        }
        checkRoute(request, ROUTE)
      }
      const checked = checkRequest(request.json, rules, state, azure)
      const { body } = checked
      const asked = body["model"] as string
      const model = azure ? deployed(asked, options.azure ?? {}) : asked
      const answer = await script.take(request)
      if (!answer) throw new Refused(400, "invalid_request_error", "The emulator's script has no answer left.")
      if (answer.delayMs) await wait(answer.delayMs, signal)
      const streamed = body["stream"] === true
      const error = answer.error ?? (streamed ? undefined : answer.streamError)
      if (error) {
        fail(error)
        return
      }
      const turn: ResponsesTurn = {
        id: ids.next("resp"),
        model,
        createdAt: Math.floor(Date.now() / 1000),
        body,
        answer,
        output: outputOf(answer, body, ids),
        store: checked.store,
        usage: usageOf(answer, body),
        ...(azure ? { more: { content_filters: null } } : {}),
      }
      state.book.add(turn.output, turn.store)
      const document = responseDocument(turn, "end")
      if (turn.store) {
        const conversation = [...checked.previous, ...checked.input, ...turn.output]
        state.memory.keep(turn.id, { document, conversation, input: checked.input })
      }
      const all = { ...headers, ...answer.headers }
      if (!streamed) {
        sendJson(response, 200, document, all)
        return
      }
      const events = responseEvents(turn, options.dialect)
      await sendEvents(
        response,
        events.map(eventText),
        placed(answer, events),
        all,
        (wrong) => eventText(errorFields(wrong)),
        signal,
      )
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      const { status, type, code, param, message } = error
      if (type === "azure") fail({ status, body: { error: { code, message } } })
      else fail({ status, type, code, param, message })
    }
  })
}

/** Answers a request about a response that is kept; true when it was one. @throws Refused */
function answersKept(
  request: SeenRequest,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  memory: ResponseMemory,
): boolean {
  const id = /^\/v1\/responses\/([^/]+)$/.exec(pathOf(request))?.[1]
  const { method } = request
  if (id === undefined || (method !== "GET" && method !== "DELETE")) return false
  const kept = memory.get(id)
  if (!kept) throw new Refused(404, "invalid_request_error", `Response with id '${id}' not found.`)
  if (method === "DELETE") memory.forget(id)
  sendJson(response, 200, method === "GET" ? kept.document : { id, object: "response", deleted: true }, headers)
  return true
}
