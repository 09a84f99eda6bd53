import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { WebSocketServer, type RawData, type WebSocket } from "ws"
import { headersOf } from "../../loopback.ts"
import { wait } from "../../wait.ts"
import { Refused, type Fields } from "../check.ts"
import { previousNotFound } from "../openai-refusals.ts"
import { errorFields } from "../openai-responses/answer.ts"
import type { ResponsesError } from "../openai-responses/types.ts"
import { writeEvents } from "../script.ts"
import { checkBody, checkHeaders, CodexRefused } from "./check.ts"
import { BUSY, codexErrorBody, codexErrorFrame, CONNECTION_LIMIT } from "./errors.ts"
import { makeTurn, type CodexState, type CodexTurn } from "./turn.ts"
import type { CodexAnswer, CodexCall, CodexConnection, CodexHandshake } from "./types.ts"

/** Path of the requests for responses, over HTTP and as a WebSocket. */
export const RESPONSES_PATH = "/backend-api/codex/responses"

/** Answers a wish for a WebSocket; resolves when the connection is granted, refused or gone. */
export async function handshake(
  state: CodexState,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  atMs: number,
  work: (task: Promise<void>) => void,
): Promise<void> {
  const headers = headersOf(message)
  const connection: CodexConnection = {
    index: state.connections.length,
    headers,
    openedAtMs: atMs,
    received: [],
    sent: [],
    pings: 0,
  }
  state.connections.push(connection)
  const left = new AbortController()
  socket.on("error", () => left.abort(new Error("The connection broke.")))
  socket.once("close", () => {
    connection.closed ??= { by: "client", code: 1006, reason: "" }
    left.abort(new Error("The client left."))
  })
  const refuse = (error: ResponsesError): void => {
    const { status, body } = codexErrorBody(error)
    connection.refused = status
    connection.closed = { by: "server", code: 1006, reason: "" }
    const text = JSON.stringify(body)
    const lines = Object.entries(error.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(
      `HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-type: application/json\r\n` +
        `content-length: ${Buffer.byteLength(text)}\r\n${lines.join("")}\r\n${text}`,
    )
  }
  try {
    if ((message.url ?? "").replace(/\?.*$/s, "") !== RESPONSES_PATH) {
      throw new CodexRefused(404, { detail: "Not Found" })
    }
    checkHeaders(headers, "websocket", state.options)
  } catch (error) {
    if (!(error instanceof CodexRefused)) throw error
    refuse({ status: error.status, body: error.body })
    return
  }
  const { handshakes = [] } = state.options
  const how: CodexHandshake =
    typeof handshakes === "function" ? handshakes(connection) : (handshakes[state.handshakes++] ?? {})
  // A socket that nobody reads does not tell that its peer has gone.
  const gone = (): void => void socket.destroy()
  socket.on("end", gone).resume()
  if (how.delayMs) await wait(how.delayMs, left.signal)
  if (how.silent) return
  socket.off("end", gone)
  if (how.refuse) {
    refuse(how.refuse)
    return
  }
  const server = new WebSocketServer({ noServer: true, autoPong: !how.noPong, perMessageDeflate: false })
  server.on("headers", (lines) => {
    for (const [name, value] of Object.entries(how.headers ?? {})) lines.push(`${name}: ${value}`)
  })
  server.handleUpgrade(message, socket, head, (ws) => {
    new CodexSocket(state, connection, ws, left.signal).listen(work)
  })
}

/** One WebSocket: one response at a time, and a memory of the newest that it has given. */
class CodexSocket {
  readonly #state: CodexState
  readonly #connection: CodexConnection
  readonly #ws: WebSocket
  readonly #signal: AbortSignal
  #last: { id: string; conversation: readonly Fields[] } | undefined
  #busy = false
  #ended = false

  constructor(state: CodexState, connection: CodexConnection, ws: WebSocket, signal: AbortSignal) {
    this.#state = state
    this.#connection = connection
    this.#ws = ws
    this.#signal = signal
  }

  listen(work: (task: Promise<void>) => void): void {
    const ws = this.#ws
    const connection = this.#connection
    ws.on("message", (data) => work(this.#receive(data)))
    ws.on("ping", () => connection.pings++)
    ws.on("close", (code, reason) => {
      connection.closed = { by: this.#ended ? "server" : "client", code, reason: reason.toString("utf8") }
    })
    ws.on("error", () => ws.terminate())
  }

  async #receive(data: RawData): Promise<void> {
    const text = textOf(data)
    const message = parse(text)
    this.#connection.received.push(message ?? text)
    try {
      if (message === undefined || message["type"] !== "response.create") {
        await this.#fail({ status: 400, message: "Expected a message of the type 'response.create'." })
        return
      }
      if (this.#busy) {
        await this.#fail(BUSY)
        return
      }
      this.#busy = true
      try {
        await this.#respond(message)
      } finally {
        this.#busy = false
      }
    } catch (error) {
      if (!this.#signal.aborted) throw error
    }
  }

  async #respond(message: Fields): Promise<void> {
    const state = this.#state
    const call = state.seen("websocket", this.#connection.headers, message, this.#connection.index)
    let input: Fields[]
    let previous: readonly Fields[]
    try {
      previous = this.#previous(message["previous_response_id"])
      call.continued = previous.length
      input = checkBody(message, "websocket", state.options, state.book, previous).input
    } catch (error) {
      const refused = refusalOf(error)
      call.refused = { status: refused.status ?? 400, message: (error as Error).message }
      await this.#fail(refused)
      return
    }
    const answer = call.prewarm ? {} : await state.script.take(call)
    if (!answer) {
      await this.#fail({ status: 400, message: "The emulator's script has no answer left." })
      return
    }
    if (answer.delayMs) await wait(answer.delayMs, this.#signal)
    if (answer.stale) {
      const { code = "previous_response_not_found", message: words } = answer.stale === true ? {} : answer.stale
      this.#last = undefined
      const id = String(message["previous_response_id"])
      await this.#fail({ status: 400, code, message: words ?? `Previous response with id '${id}' not found.` })
      return
    }
    if (answer.error) {
      await this.#fail(answer.error)
      return
    }
    const turn = makeTurn(state, call, answer)
    // A response is known as soon as its last frame can have been read.
    this.#last = { id: turn.id, conversation: [...previous, ...input, ...turn.output] }
    await this.#stream(turn, call)
  }

  #previous(id: unknown): readonly Fields[] {
    if (id === undefined || id === null) return []
    if (this.#last?.id !== String(id)) throw previousNotFound(String(id))
    return this.#last.conversation
  }

  async #stream(turn: CodexTurn, call: CodexCall): Promise<void> {
    const { answer } = turn
    const limit = answer.connectionLimit
    const script: CodexAnswer = limit
      ? { ...answer, streamError: { ...CONNECTION_LIMIT, afterEvents: limit.afterEvents ?? 0 } }
      : answer
    const texts = turn.events.map((event) => (typeof event === "string" ? event : JSON.stringify(event)))
    const outcome = await writeEvents(
      texts,
      script,
      (text) => this.#send(text, answer.binary ?? false),
      (error: ResponsesError & { nested?: boolean }) =>
        JSON.stringify(error.nested === false ? errorFields(error) : codexErrorFrame(error)),
      this.#signal,
    )
    if (answer.streamError || script.streamError || outcome === "cut" || answer.endEarly) {
      if (this.#last?.id === call.responseId) this.#last = undefined
    }
    if (outcome === "cut" && answer.cut?.how !== "end") this.#end()
    else if (outcome === "cut") this.#end(1001, "going away")
    else if (limit) this.#end(1001, "connection limit")
    else if (answer.endEarly || answer.eagerClose) this.#end(1000, "")
  }

  /** Closes, or without a code breaks off. */
  #end(code?: number, reason?: string): void {
    this.#ended = true
    if (code === undefined) this.#ws.terminate()
    else this.#ws.close(code, reason)
  }

  #fail(error: ResponsesError): Promise<void> {
    return this.#send(JSON.stringify(codexErrorFrame(error)), false)
  }

  #send(text: string, binary: boolean): Promise<void> {
    this.#connection.sent.push(text)
    return new Promise((resolve, reject) => {
      this.#signal.throwIfAborted()
      this.#ws.send(binary ? Buffer.from(text) : text, { binary }, (error) => (error ? reject(error) : resolve()))
    })
  }
}

/** What a check threw, as an error of the backend; anything else is thrown on. */
export function refusalOf(error: unknown): ResponsesError {
  if (error instanceof CodexRefused) return { status: error.status, body: error.body }
  if (!(error instanceof Refused)) throw error
  const { status, type, code, param, message } = error
  return { status, type, code, param, message }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString("utf8")
  return data instanceof ArrayBuffer ? Buffer.from(data).toString("utf8") : data.toString("utf8")
}

function parse(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? (value as Fields) : undefined
  } catch {
    return undefined
  }
}
