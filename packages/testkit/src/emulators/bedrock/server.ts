import { createHmac } from "node:crypto"
import { serveLoopback, type LoopbackServer, type SeenRequest } from "../../loopback.ts"
import { wait } from "../../wait.ts"
import type { Issued } from "../anthropic-messages/check-blocks.ts"
import { BEDROCK_FORM, cloudChecks } from "../anthropic-messages/check-cloud.ts"
import { DEFAULT_RULES } from "../anthropic-messages/check.ts"
import {
  document as messageDocument,
  events as messageEvents,
  promptTokens as messageTokens,
  usageOf as messageUsage,
  type MessageAnswer,
} from "../anthropic-messages/answer.ts"
import { isFields, passed, Refused, type Fields } from "../check.ts"
import { bearer, pathOf, sendEvents, sendJson } from "../http.ts"
import { greeting, ScriptedAnswers, type EmulatedError } from "../script.ts"
import { document, events, promptTokens, usageOf, type ConverseAnswer } from "./answer.ts"
import { invalid } from "./check-messages.ts"
import { checkConverse } from "./check.ts"
import { errorHeader, exceptionMessage, worded } from "./errors.ts"
import { eventMessage } from "./event-stream.ts"
import { checkSignature, type EmulatedAwsKeys } from "../aws-signature.ts"
import type { BedrockAnswer, BedrockOptions } from "./types.ts"

/** The keys that an emulator takes unless it is given others. */
export const EMULATED_AWS_KEYS: EmulatedAwsKeys = { accessKeyId: "AKIAEMULATED", secretAccessKey: "emulated-secret" }

const OPERATION = /^\/model\/([^/]+)\/(converse|converse-stream|invoke|invoke-with-response-stream|count-tokens)$/
const STREAM = "application/vnd.amazon.eventstream"

/**
 * Bedrock's runtime, written from the vendor's documents: `Converse` and `ConverseStream`, `InvokeModel` and
 * `InvokeModelWithResponseStream` in Anthropic's form, `CountTokens`. It computes each signature once more, refuses
 * what the vendor refuses before a step of the script is used, and answers in binary messages with checksums.
 */
export async function bedrockEmulator(options: BedrockOptions = {}): Promise<LoopbackServer> {
  const script = new ScriptedAnswers<BedrockAnswer>(options.script ?? greeting)
  const signatures = new Set<string>()
  const issued = { signatures: new Map<string, string>(), redacted: new Set<string>(), verify: false }
  let calls = 0

  const idsOf = (answer: BedrockAnswer): string[] =>
    (answer.toolCalls ?? []).map((call) => call.id ?? `tooluse_${String(++calls).padStart(22, "0")}`)

  const converseAnswer = (answer: BedrockAnswer, body: Fields, model: string, index: number): ConverseAnswer => {
    const signs = /anthropic|claude/.test(model) && answer.thinking !== undefined
    const signature = signs
      ? createHmac("sha256", `emulated ${index}`)
          .update(answer.thinking ?? "")
          .digest("base64")
      : undefined
    if (signature !== undefined) signatures.add(`${signature} ${answer.thinking ?? ""}`)
    return { answer, callIds: idsOf(answer), signature, usage: usageOf(answer, body) }
  }

  const messageAnswer = (answer: BedrockAnswer, body: Fields, model: string, index: number): MessageAnswer => ({
    id: `msg_bdrk_${String(index + 1).padStart(12, "0")}`,
    model,
    answer,
    callIds: idsOf(answer),
    signature: isFields(body["thinking"]) ? "c2lnbmVk" : undefined,
    omitted: false,
    ...messageUsage(answer, body),
  })

  return await serveLoopback(async (request, response, signal) => {
    const headers = { "x-amzn-requestid": `00000000-0000-4000-8000-${String(request.index + 1).padStart(12, "0")}` }
    const fail = (error: EmulatedError): void => {
      const { status, type, message } = worded(error)
      sendJson(response, status, { message }, { ...headers, ...errorHeader(type), ...error.headers })
    }
    try {
      const { model, operation } = operationOf(request)
      authorise(request, options)
      if (options.models && !options.models.includes(model))
        throw invalid("model", "The provided model identifier is invalid.")
      if (operation === "count-tokens") {
        sendJson(response, 200, { inputTokens: countOf(request.json, model, signatures) }, headers)
        return
      }
      const invokes = operation.startsWith("invoke")
      const body = invokes ? checkInvoke(request.json, model, issued) : checkConverse(request.json, signatures)
      const answer = await script.take(request)
      if (!answer) throw invalid("script-used-up", "The emulator's script has no answer left.")
      if (answer.delayMs) await wait(answer.delayMs, signal)
      const streamed = operation.endsWith("stream")
      const error = answer.error ?? (streamed ? undefined : answer.streamError)
      if (error) {
        fail(error)
        return
      }
      const all = { ...headers, ...answer.headers }
      if (invokes) {
        const message = messageAnswer(answer, body, model, request.index)
        if (!streamed) sendJson(response, 200, messageDocument(message), all)
        else
          await sendEvents(
            response,
            messageEvents(message).map(chunk),
            answer,
            { ...all, "content-type": STREAM },
            exceptionMessage,
            signal,
          )
        return
      }
      const whole = converseAnswer(answer, body, model, request.index)
      if (!streamed) sendJson(response, 200, document(whole), all)
      else
        await sendEvents(response, events(whole), answer, { ...all, "content-type": STREAM }, exceptionMessage, signal)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      fail({ status: error.status, type: error.type, message: error.message })
    }
  })

  /** An event of Anthropic's, in base64 in a binary message. */
  function chunk(event: string): Buffer {
    const data = /^data: (.*)$/m.exec(event)?.[1] ?? ""
    return eventMessage(
      { ":event-type": "chunk", ":content-type": "application/json", ":message-type": "event" },
      { bytes: Buffer.from(data).toString("base64"), p: "abc" },
    )
  }
}

function operationOf(request: SeenRequest): { model: string; operation: string } {
  const [, id, operation] = OPERATION.exec(pathOf(request)) ?? []
  if (request.method !== "POST" || id === undefined || operation === undefined) {
    throw new Refused(404, "UnknownOperationException", "Not Found")
  }
  return { model: decodeURIComponent(id), operation }
}

function authorise(request: SeenRequest, { keys, apiKey, region, now }: BedrockOptions): void {
  const token = bearer(request)
  if (token === undefined) {
    checkSignature(request, { keys: keys ?? [EMULATED_AWS_KEYS], service: "bedrock", region, now: (now ?? Date.now)() })
  } else if (token !== apiKey) {
    throw new Refused(403, "AccessDeniedException", "Authentication failed: Please make sure your API Key is valid.")
  }
}

function countOf(json: unknown, model: string, signatures: ReadonlySet<string>): number {
  const input = isFields(json) ? json["input"] : undefined
  if (!isFields(input) || Object.keys(input).length !== 1)
    throw invalid("count-input", "input: exactly one of invokeModel and converse is expected")
  const { converse, invokeModel } = input
  if (converse !== undefined) return promptTokens(checkConverse(converse, signatures, true))
  const encoded = isFields(invokeModel) ? invokeModel["body"] : undefined
  if (typeof encoded !== "string") throw invalid("count-input", "input.invokeModel.body: expected bytes in base64")
  const body = checkInvoke(parsed(encoded), model, { signatures: new Map(), redacted: new Set(), verify: false })
  return messageTokens(body)
}

function parsed(encoded: string): unknown {
  try {
    return JSON.parse(Buffer.from(encoded, "base64").toString("utf8"))
  } catch {
    throw invalid("json", "The provided request is not valid JSON")
  }
}

/** A body in Anthropic's form, without the fields that the path and the headers of its own API would hold. */
function checkInvoke(json: unknown, model: string, issued: Issued): Fields {
  try {
    return passed(cloudChecks(json, model, BEDROCK_FORM, DEFAULT_RULES, issued))
  } catch (error) {
    throw error instanceof Refused ? invalid(error.rule, error.message) : error
  }
}
