import type { ServerResponse } from "node:http"
import { writeOut, type SeenRequest } from "../loopback.ts"
import { writeEvents, type EmulatedAnswer, type EmulatedError } from "./script.ts"

/** The bearer token of a request. */
export function bearer(request: SeenRequest): string | undefined {
  return /^bearer\s+(.*)$/i.exec(request.headers["authorization"] ?? "")?.[1]
}

/** A path without its query. */
export function pathOf(request: SeenRequest): string {
  return request.path.replace(/\?.*$/s, "")
}

/** Answers with one JSON document. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): void {
  const text = JSON.stringify(body)
  response
    .writeHead(status, { "content-type": "application/json", ...headers, "content-length": Buffer.byteLength(text) })
    .end(text)
}

/**
 * Sends events as they are spelled, with what the answer says goes wrong; as server-sent events, unless the headers
 * name another type.
 */
export async function sendEvents<Event extends string | Uint8Array>(
  response: ServerResponse,
  events: readonly Event[],
  answer: EmulatedAnswer,
  headers: Readonly<Record<string, string>>,
  errorEvent: (error: EmulatedError) => Event,
  signal: AbortSignal,
): Promise<void> {
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    ...headers,
  })
  response.flushHeaders()
  response.socket?.setNoDelay(true)
  const outcome = await writeEvents(events, answer, (text) => writeOut(response, text, signal), errorEvent, signal)
  if (outcome === "cut") {
    await new Promise((resolve) => setImmediate(resolve))
    if (answer.cut?.how === "reset") response.socket?.resetAndDestroy()
    else response.socket?.destroy()
    return
  }
  await new Promise<void>((resolve) => {
    response.once("close", resolve)
    response.end(resolve)
  })
}
