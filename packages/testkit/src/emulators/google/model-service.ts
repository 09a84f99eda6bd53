import type { ServerResponse } from "node:http"
import type { SeenRequest } from "../../loopback.ts"
import { wait } from "../../wait.ts"
import { isFields, type Fields } from "../check.ts"
import { sendEvents, sendJson } from "../http.ts"
import { greeting, ScriptedAnswers } from "../script.ts"
import { chunksOf, documentOf, promptTokens, type AnswerParts } from "./answer.ts"
import { checkBody } from "./check.ts"
import { GoogleRefused, invalid, refusalBody, scriptedError } from "./refused.ts"
import { Signatures } from "./signatures.ts"
import type { GoogleAnswer, GoogleCall, GoogleRules, GoogleScript } from "./types.ts"

/** How an answer is spelled. */
export type GoogleFormat = "document" | "sse" | "json-array"

/** One request to an emulated model. */
export interface ModelRequest {
  surface: GoogleCall["surface"]
  method: string
  model: string
  body: unknown
  format: GoogleFormat
  /** What every chunk is put into. */
  wrap?: (chunk: Fields) => Fields
}

/** The models of one emulator: checks what they are asked, answers by the script, and keeps what it gave out. */
export class ModelService {
  readonly calls: GoogleCall[] = []
  readonly signatures: Signatures
  readonly #script: ScriptedAnswers<GoogleAnswer>
  readonly #rules: GoogleRules
  #ids = 0

  constructor(script: GoogleScript | undefined, rules: GoogleRules) {
    this.#script = new ScriptedAnswers<GoogleAnswer>(script ?? greeting)
    this.#rules = rules
    this.signatures = new Signatures(rules.verifySignatures ?? true)
  }

  /** Whether there is a model of this name. */
  has(model: string): boolean {
    return this.#rules.models?.includes(model) ?? true
  }

  /** The models that are listed. */
  get listed(): readonly string[] {
    return this.#rules.models ?? ["gemini-emulated"]
  }

  /** Checks one request and answers it. @throws GoogleRefused before anything was written */
  async answer(
    asked: ModelRequest,
    request: SeenRequest,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    const { model, surface, method } = asked
    const callIds = this.#rules.callIds ?? surface !== "vertex"
    const counting = method === "countTokens"
    const body = checkBody(counting ? counted(asked.body) : asked.body, {
      surface,
      model,
      maxTokens: this.#rules.maxTokens?.(model) ?? 65_536,
      callIds,
      signatures: this.signatures,
    })
    const call: GoogleCall = { surface, method, model, body }
    this.calls.push(call)
    if (counting) {
      sendJson(response, 200, { totalTokens: promptTokens(body) }, {})
      return
    }
    const answer = await this.#script.take(request)
    if (!answer) throw invalid("script-used-up", "The emulator's script has no answer left.")
    if (answer.delayMs) await wait(answer.delayMs, signal)
    const error = answer.error ?? (asked.format === "document" ? answer.streamError : undefined)
    if (error) {
      sendRefusal(response, scriptedError(error), { ...answer.headers, ...error.headers }, asked.format)
      return
    }
    const parts: AnswerParts = {
      call,
      answer,
      id: `emulated${String(request.index + 1).padStart(8, "0")}`,
      callId: () => `call${String(++this.#ids).padStart(6, "0")}`,
      callIds,
      signatures: this.signatures,
    }
    const wrap = asked.wrap ?? ((chunk: Fields): Fields => chunk)
    const headers = answer.headers ?? {}
    if (asked.format === "document") {
      sendJson(response, 200, wrap(documentOf(parts)), headers)
      return
    }
    const chunks = chunksOf(parts).map(wrap)
    if (asked.format === "sse") {
      const event = (data: Fields): string => `data: ${JSON.stringify(data)}\r\n\r\n`
      const failure = (e: GoogleAnswer["error"]): string => event(refusalBody(scriptedError(e ?? {})))
      await sendEvents(response, chunks.map(event), answer, headers, failure, signal)
      return
    }
    const first = (answer.streamError?.afterEvents ?? 0) === 0
    const texts = chunks.map((chunk, n) => `${n === 0 ? "[" : ",\r\n"}${JSON.stringify(chunk)}`)
    const failure = (e: GoogleAnswer["error"]): string =>
      `${first ? "[" : ",\r\n"}${JSON.stringify(refusalBody(scriptedError(e ?? {})))}\n]`
    const json = { ...headers, "content-type": "application/json; charset=UTF-8" }
    await sendEvents(response, [...texts, texts.length > 0 ? "\n]" : "[]"], answer, json, failure, signal)
  }
}

/** The request that is counted: it stands in `generateContentRequest`, or its contents stand alone. */
function counted(body: unknown): unknown {
  const inner = isFields(body) ? (body["generateContentRequest"] ?? body["generate_content_request"]) : undefined
  return inner ?? body
}

/** Sends a refusal. A stream that is a list of documents has it as its one entry. */
export function sendRefusal(
  response: ServerResponse,
  error: GoogleRefused,
  headers: Readonly<Record<string, string>> = {},
  format: GoogleFormat = "document",
): void {
  const body = refusalBody(error)
  sendJson(response, error.status, format === "json-array" ? [body] : body, headers)
}
