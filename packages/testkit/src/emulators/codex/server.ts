import type { ServerResponse } from "node:http"
import { serveLoopback, type SeenRequest } from "../../loopback.ts"
import { wait } from "../../wait.ts"
import { pathOf, sendEvents, sendJson } from "../http.ts"
import { errorFields, eventText } from "../openai-responses/answer.ts"
import type { ResponsesError } from "../openai-responses/types.ts"
import { checkBody, checkHeaders, CodexRefused } from "./check.ts"
import { codexErrorBody } from "./errors.ts"
import { handshake, refusalOf, RESPONSES_PATH } from "./socket.ts"
import { CodexState, makeTurn, turnHeaders } from "./turn.ts"
import type { CodexEmulator, CodexOptions } from "./types.ts"

/**
 * The backend of ChatGPT that Codex speaks with: `POST /backend-api/codex/responses` as server-sent events, the same
 * path as a WebSocket, and `GET /backend-api/codex/models`. Written from recorded traffic of the vendor's open client
 * and from what is publicly known of the answers. It refuses what the backend refuses before a step of the script is
 * used, and removes nothing from a request. A chain goes on only from responses of the same connection.
 */
export async function codexEmulator(options: CodexOptions = {}): Promise<CodexEmulator> {
  const state = new CodexState(options)
  const tasks = new Set<Promise<void>>()
  const work = (task: Promise<void>): void => {
    const settled = task.catch(() => {}).finally(() => tasks.delete(settled))
    tasks.add(settled)
  }
  const server = await serveLoopback((request, response, signal) => answer(state, request, response, signal), {
    onUpgrade: (message, socket, head, atMs) => work(handshake(state, message, socket, head, atMs, work)),
  })
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    closed ??= (async () => {
      await server.close()
      while (tasks.size > 0) await Promise.all(tasks)
    })()
    return closed
  }
  return {
    ...server,
    calls: state.calls,
    connections: state.connections,
    baseUrl: `${server.url}/backend-api`,
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function answer(
  state: CodexState,
  request: SeenRequest,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const { options } = state
  const headers = { "x-request-id": `emulated-${request.index + 1}` }
  const fail = (error: ResponsesError): void => {
    const { status, body } = codexErrorBody(error)
    sendJson(response, status, body, { ...headers, ...error.headers })
  }
  try {
    const path = pathOf(request)
    if (path === "/backend-api/codex/models" && request.method === "GET") {
      checkHeaders(request.headers, "models", options)
      models(request, response, options, headers)
      return
    }
    if (path !== RESPONSES_PATH) throw new CodexRefused(404, { detail: "Not Found" })
    if (request.method !== "POST") throw new CodexRefused(405, { detail: "Method Not Allowed" })
    const call = state.seen("sse", request.headers, request.json)
    try {
      checkHeaders(request.headers, "sse", options)
      checkBody(request.json, "sse", options, state.book, [])
    } catch (error) {
      call.refused = { status: refusalOf(error).status ?? 400, message: (error as Error).message }
      throw error
    }
    const scripted = await state.script.take(call)
    if (!scripted) throw new CodexRefused(400, { detail: "The emulator's script has no answer left." })
    if (scripted.delayMs) await wait(scripted.delayMs, signal)
    if (scripted.error) {
      fail(scripted.error)
      return
    }
    const turn = makeTurn(state, call, scripted)
    const texts = turn.events.map((event) => (typeof event === "string" ? event : eventText(event)))
    const all = { ...headers, ...turnHeaders(scripted), ...scripted.headers }
    await sendEvents(response, texts, turn.answer, all, (error) => eventText(errorFields(error)), signal)
  } catch (error) {
    fail(refusalOf(error))
  }
}

function models(
  request: SeenRequest,
  response: ServerResponse,
  options: CodexOptions,
  headers: Record<string, string>,
): void {
  const version = new URL(request.path, "http://codex").searchParams.get("client_version")
  if (!version) throw new CodexRefused(400, { detail: "client_version is required" })
  const etag = options.modelsEtag ?? '"emulated"'
  if (request.headers["if-none-match"] === etag) {
    response.writeHead(304, { ...headers, etag }).end()
    return
  }
  const known = options.models ?? [
    {
      slug: "gpt-5.5",
      display_name: "GPT-5.5",
      supported_reasoning_levels: [{ effort: "low" }, { effort: "medium" }, { effort: "high" }],
      default_reasoning_level: "medium",
      context_window: 272_000,
      visibility: "list",
      supported_in_api: true,
    },
  ]
  sendJson(response, 200, { models: known }, { ...headers, etag })
}
