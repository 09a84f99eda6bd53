import type { ServerResponse } from "node:http"
import { serveLoopback, type LoopbackServer, type SeenRequest } from "../../loopback.ts"
import { wait } from "../../wait.ts"
import { Refused, type Fields } from "../check.ts"
import { pathOf, sendEvents, sendJson } from "../http.ts"
import { checkBearer, errorBody, modelEntry, modelList } from "../openai-refusals.ts"
import { greeting, ScriptedAnswers } from "../script.ts"
import {
  cutPoint,
  errorFields,
  eventText,
  outputOf,
  responseDocument,
  responseEvents,
  usageOf,
  type ResponsesTurn,
} from "./answer.ts"
import { checkAzureFront, deployed, isAzure } from "./azure.ts"
import { checkRequest, type ResponsesState } from "./check.ts"
import { Ids, ItemBook, ResponseMemory } from "./memory.ts"
import type { OpenAIResponsesOptions, ResponsesAnswer, ResponsesError, ResponsesRules } from "./types.ts"

/** Names of OpenAI's models that think. */
export function thinksByName(model: string): boolean {
  return /^(?:o\d|gpt-(?:[5-9]|\d\d)|codex|gpt-oss)/.test(model)
}

/**
 * A host that speaks OpenAI's Responses API, written from the vendor's documents and from recordings:
 * `POST /v1/responses`, `GET` and `DELETE /v1/responses/<id>`, `GET /v1/models`, and as Azure has it
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
    const headers: Record<string, string> = azure
      ? { "apim-request-id": `emulated-${request.index + 1}`, "x-ms-region": "Emulated" }
      : {
          "x-request-id": `req_emulated_${request.index + 1}`,
          "openai-version": "2020-10-01",
          "openai-processing-ms": "1",
        }
    const fail = (error: ResponsesError): void => {
      const { status, body } = errorBody(error)
      sendJson(response, status, error.body ?? body, { ...headers, ...error.headers })
    }
    try {
      if (azure) checkAzureFront(request, options.apiKey, options.azure ?? {})
      else {
        checkBearer(request, options.apiKey)
        if (side(request, response, headers, options.models ?? ["gpt-emulated"], state)) return
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

/** An answer whose cut at a call is a cut after so many events. */
export function placed(answer: ResponsesAnswer, events: readonly Fields[]): ResponsesAnswer {
  const { cutAtCall } = answer
  if (!cutAtCall) return answer
  const how = cutAtCall.how === undefined ? {} : { how: cutAtCall.how }
  return { ...answer, cut: { afterEvents: cutPoint(events, cutAtCall.when), ...how } }
}

/** Whatever is not an answer of a model; true when it was dealt with. */
function side(
  request: SeenRequest,
  response: ServerResponse,
  headers: Record<string, string>,
  models: readonly string[],
  state: ResponsesState,
): boolean {
  const path = pathOf(request)
  if (request.method === "GET" && path === "/v1/models") {
    sendJson(response, 200, modelList(models), headers)
    return true
  }
  const model = /^\/v1\/models\/(.+)$/.exec(path)?.[1]
  if (request.method === "GET" && model !== undefined) {
    sendJson(response, 200, modelEntry(decodeURIComponent(model), models), headers)
    return true
  }
  const id = /^\/v1\/responses\/([^/]+)$/.exec(path)?.[1]
  if (id !== undefined && (request.method === "GET" || request.method === "DELETE")) {
    const kept = state.memory.get(id)
    if (!kept) throw new Refused(404, "invalid_request_error", `Response with id '${id}' not found.`)
    if (request.method === "DELETE") state.memory.forget(id)
    sendJson(
      response,
      200,
      request.method === "GET" ? kept.document : { id, object: "response", deleted: true },
      headers,
    )
    return true
  }
  if (path !== "/v1/responses") {
    throw new Refused(404, "invalid_request_error", `Invalid URL (${request.method} ${path})`)
  }
  if (request.method !== "POST") {
    throw new Refused(405, "invalid_request_error", `Not allowed to ${request.method} on ${path}.`, {
      code: "method_not_supported",
    })
  }
  return false
}
