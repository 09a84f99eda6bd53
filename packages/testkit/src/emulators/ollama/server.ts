import { serveLoopback, type LoopbackServer, type SeenRequest } from "../../loopback.ts"
import { wait } from "../../wait.ts"
import { isFields, Refused, type Fields } from "../check.ts"
import { bearer, pathOf, sendEvents, sendJson } from "../http.ts"
import { greeting, ScriptedAnswers, countWords } from "../script.ts"
import { document, errorBody, errorLine, lines, loaded, type OllamaAnswer } from "./answer.ts"
import { bad, checkRequest, modelNamed } from "./check.ts"
import type { EmulatedOllamaModel, OllamaEmulatorOptions } from "./types.ts"

const LISTED: readonly EmulatedOllamaModel[] = [
  { name: "emulated:latest", capabilities: ["completion", "tools", "vision", "thinking"] },
]
const NDJSON = { "content-type": "application/x-ndjson" }

/**
 * A host that speaks Ollama's own API, written from the vendor's documents: `POST /api/chat` and `/api/generate`,
 * `GET /api/tags`, `/api/ps` and `/api/version`, `POST /api/show`. It refuses what the vendor's server cannot read, in
 * its words, before a step of the script is used. A request without anything to say loads or unloads the model.
 */
export async function ollamaEmulator(options: OllamaEmulatorOptions = {}): Promise<LoopbackServer> {
  const script = new ScriptedAnswers(options.script ?? greeting)
  const warm = new Set<string>()

  /** Loads the model on its first use. Nanoseconds that it took. */
  async function load(model: string, signal: AbortSignal): Promise<number> {
    if (warm.has(model)) return 0
    warm.add(model)
    const ms = options.loadMs ?? 0
    if (ms > 0) await wait(ms, signal)
    return ms * 1_000_000
  }

  return await serveLoopback(async (request, response, signal) => {
    const headers = { "content-type": "application/json; charset=utf-8" }
    try {
      const path = pathOf(request)
      const known = lookUp(request, path, options)
      if (known !== undefined) {
        if (typeof known === "string")
          response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end(known)
        else sendJson(response, 200, known, headers)
        return
      }
      const single = path === "/api/generate"
      const body = checkRequest(request.json, single, options)
      const model = body["model"] as string
      const streamed = body["stream"] !== false
      if (saysNothing(body, single)) {
        const gone = body["keep_alive"] === 0 || body["keep_alive"] === "0"
        if (gone) warm.delete(model)
        else await load(model, signal)
        const text = `${JSON.stringify(loaded(model, single, gone ? "unload" : "load"))}\n`
        response.writeHead(200, streamed ? NDJSON : headers).end(text)
        return
      }
      const answer = await script.take(request)
      if (!answer) throw new Refused(500, "", "The emulator's script has no answer left.")
      if (answer.delayMs) await wait(answer.delayMs, signal)
      const error = answer.error ?? (streamed ? undefined : answer.streamError)
      if (error) {
        const told = errorBody(error)
        sendJson(response, told.status, told.body, { ...headers, ...error.headers })
        return
      }
      const of: OllamaAnswer = {
        model,
        answer,
        single,
        thinks: body["think"] !== false,
        promptTokens: countWords(body["messages"] ?? body["prompt"]),
        loadNs: await load(model, signal),
      }
      if (!streamed) sendJson(response, 200, document(of), { ...headers, ...answer.headers })
      else await sendEvents(response, lines(of), answer, { ...NDJSON, ...answer.headers }, errorLine, signal)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      sendJson(response, error.status, { error: error.message }, headers)
    }
  })
}

function saysNothing(body: Fields, single: boolean): boolean {
  if (single) return !body["prompt"] && !(Array.isArray(body["images"]) && body["images"].length > 0)
  return !Array.isArray(body["messages"]) || body["messages"].length === 0
}

/** What a request that only looks round is answered; `undefined` for one that asks for an answer. */
function lookUp(request: SeenRequest, path: string, options: OllamaEmulatorOptions): Fields | string | undefined {
  const { method } = request
  const looks = method === "GET" || method === "HEAD"
  if (path === "/" && looks) return "Ollama is running"
  if (path === "/api/version" && looks) return { version: options.version ?? "0.12.6" }
  if (options.apiKey !== undefined && bearer(request) !== options.apiKey) throw new Refused(401, "", "unauthorized")
  const models = options.models ?? LISTED
  if (path === "/api/tags" && looks) return { models: models.map(tagOf) }
  if (path === "/api/ps" && looks) return { models: [] }
  if (path === "/api/show" && method === "POST") return shown(request.json, options)
  if (method !== "POST" || (path !== "/api/chat" && path !== "/api/generate")) {
    throw new Refused(looks || method === "POST" ? 404 : 405, "", "404 page not found")
  }
  return undefined
}

function tagOf({ name }: EmulatedOllamaModel): Fields {
  return {
    name,
    model: name,
    modified_at: "2026-01-01T00:00:00.123456789Z",
    size: 4_000_000_000,
    digest: "0".repeat(64),
    details: detailsOf(name),
  }
}

function detailsOf(name: string): Fields {
  const family = name.replace(/:.*$/, "")
  return {
    parent_model: "",
    format: "gguf",
    family,
    families: [family],
    parameter_size: "8B",
    quantization_level: "Q4_K_M",
  }
}

function shown(json: unknown, options: OllamaEmulatorOptions): Fields {
  const name = isFields(json) ? (json["model"] ?? json["name"]) : undefined
  if (typeof name !== "string" || name === "") throw bad("model", "model is required")
  const model = modelNamed(name, options) ?? LISTED[0]
  const { capabilities = ["completion", "tools"], contextLength = 32_768 } = model as EmulatedOllamaModel
  const details = detailsOf(name)
  const family = String(details["family"])
  return {
    modelfile: `FROM ${name}`,
    parameters: 'stop "<|end|>"',
    template: "{{ .Prompt }}",
    details,
    model_info: { "general.architecture": family, [`${family}.context_length`]: contextLength },
    capabilities,
    modified_at: "2026-01-01T00:00:00.123456789Z",
  }
}
