import type { ServerResponse } from "node:http"
import { serveLoopback, type LoopbackServer, type SeenRequest } from "../../loopback.ts"
import type { Fields } from "../check.ts"
import { bearer, sendJson } from "../http.ts"
import { checkToken } from "./check-token.ts"
import { ModelService, sendRefusal, type GoogleFormat } from "./model-service.ts"
import { errorInfo, GoogleRefused } from "./refused.ts"
import type { GoogleCall, GoogleOptions } from "./types.ts"

/** The emulator, with what reached its models and the signatures that they gave out. */
export interface GoogleEmulator extends LoopbackServer {
  /** Calls that were not refused. */
  calls: readonly GoogleCall[]
  /** Signature to the model that gave it. */
  signatures: ReadonlyMap<string, string>
}

const GEMINI = /^\/v1(?:beta|alpha)?\/models(?:\/([^/:]+))?(?::([A-Za-z]+))?$/
const VERTEX =
  /^\/v1(?:beta1)?\/(?:projects\/([^/]+)\/locations\/([^/]+)\/)?publishers\/google\/models\/([^/:]+)(?::([A-Za-z]+))?$/
const METHODS = new Set(["generateContent", "streamGenerateContent", "countTokens"])

/**
 * Google's two hosts of Gemini, written from their public reference: the Gemini API below `/v1beta` and Vertex below
 * `/v1/projects/…` or, with a key alone, `/v1/publishers/…`. Answers whole, as server-sent events (`alt=sse`) and as a
 * list of documents. It refuses what the vendor refuses, in the vendor's words, before a step of the script is used.
 */
export async function googleEmulator(options: GoogleOptions = {}): Promise<GoogleEmulator> {
  const service = new ModelService(options.script, options)
  const server = await serveLoopback(async (request, response, signal) => {
    const { pathname: path, searchParams: query } = new URL(request.path, "http://google")
    const streamed = path.endsWith(":streamGenerateContent")
    const format: GoogleFormat = !streamed ? "document" : query.get("alt") === "sse" ? "sse" : "json-array"
    try {
      const vertex = VERTEX.exec(path)
      const gemini = vertex ? null : GEMINI.exec(path)
      if (!vertex && !gemini) throw new GoogleRefused(404, "Not Found")
      checkCredential(
        request,
        query,
        vertex ? "aiplatform.googleapis.com" : "generativelanguage.googleapis.com",
        options,
      )
      if (gemini && gemini[2] === undefined) {
        if (request.method !== "GET") throw new GoogleRefused(404, "Not Found")
        sendModels(response, gemini[1], service, query)
        return
      }
      const model = decodeURIComponent((vertex ? vertex[3] : gemini?.[1]) ?? "")
      const method = (vertex ? vertex[4] : gemini?.[2]) ?? ""
      if (vertex) checkPlace(vertex, options)
      if (request.method !== "POST" || !METHODS.has(method)) throw new GoogleRefused(404, "Not Found")
      if (!service.has(model)) throw notFound(model, vertex ? path.slice(4).replace(/:[^:]*$/, "") : undefined, method)
      const asked = { surface: vertex ? "vertex" : "gemini", method, model, body: request.json, format } as const
      await service.answer(asked, request, response, signal)
    } catch (error) {
      if (!(error instanceof GoogleRefused)) throw error
      sendRefusal(response, error, {}, format)
    }
  })
  return Object.assign(server, { calls: service.calls, signatures: service.signatures.issued })
}

function checkCredential(request: SeenRequest, query: URLSearchParams, service: string, options: GoogleOptions): void {
  const key = request.headers["x-goog-api-key"] ?? query.get("key") ?? undefined
  const token = bearer(request)
  if (key !== undefined && token !== undefined) {
    throw new GoogleRefused(400, "The request has both an API key and an access token.")
  }
  if (token !== undefined) {
    checkToken(token, options.accessToken)
    return
  }
  if (key === undefined) {
    throw new GoogleRefused(
      403,
      "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
    )
  }
  if (options.apiKey === undefined || key === options.apiKey) return
  throw new GoogleRefused(400, "API key not valid. Please pass a valid API key.", {
    details: [errorInfo("API_KEY_INVALID", "googleapis.com", { service })],
  })
}

function checkPlace([, project, location]: RegExpExecArray, options: GoogleOptions): void {
  if (project !== undefined && options.project !== undefined && decodeURIComponent(project) !== options.project) {
    throw new GoogleRefused(
      403,
      `Permission 'aiplatform.endpoints.predict' denied on resource for project ${project}.`,
      {
        details: [errorInfo("IAM_PERMISSION_DENIED", "aiplatform.googleapis.com")],
      },
    )
  }
  if (location !== undefined && options.locations !== undefined && !options.locations.includes(location)) {
    throw new GoogleRefused(404, `The location ${location} does not serve this model.`)
  }
}

function notFound(model: string, resource: string | undefined, method: string): GoogleRefused {
  return new GoogleRefused(
    404,
    resource === undefined
      ? `models/${model} is not found for API version v1beta, or is not supported for ${method}. Call ModelService.ListModels to see the list of available models and their supported methods.`
      : `Publisher Model \`${resource}\` was not found or your project does not have access to it. Please ensure you are using a valid model version.`,
  )
}

function sendModels(
  response: ServerResponse,
  id: string | undefined,
  service: ModelService,
  query: URLSearchParams,
): void {
  const entry = (name: string): Fields => ({
    name: `models/${name}`,
    displayName: name,
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: ["generateContent", "countTokens"],
  })
  if (id !== undefined) {
    const name = decodeURIComponent(id)
    if (!service.listed.includes(name)) throw new GoogleRefused(404, `Model is not found: models/${name}`)
    sendJson(response, 200, entry(name), {})
    return
  }
  const size = Number(query.get("pageSize") ?? 50)
  const from = Number(query.get("pageToken") ?? 0)
  const page = service.listed.slice(from, from + size)
  const next = from + size < service.listed.length ? { nextPageToken: String(from + size) } : {}
  sendJson(response, 200, { models: page.map(entry), ...next }, {})
}
