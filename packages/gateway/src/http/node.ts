import type { IncomingMessage, ServerResponse } from "node:http"
import { HeaderList, type HeadersView } from "@sluice/ai"
import { tooLarge } from "../inbound/too-large.ts"
import type { Caller } from "./caller.ts"
import { clientLeft } from "./left.ts"
import { Reply } from "./reply.ts"

/** A request of Node's own server. A class, so that all requests share one shape whatever is computed when asked for. */
export class NodeCaller implements Caller {
  readonly headers: HeadersView
  readonly #request: IncomingMessage
  readonly #response: ServerResponse

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.headers = headersOf(request)
    this.#request = request
    this.#response = response
  }

  get query(): URLSearchParams {
    const url = this.#request.url ?? ""
    const mark = url.indexOf("?")
    return new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1))
  }

  body(maxBytes: number): Promise<Uint8Array> {
    return readBody(this.#request, maxBytes)
  }

  onLeave(run: () => void): () => void {
    const response = this.#response
    const left = (): void => {
      if (!response.writableFinished) run()
    }
    if (response.destroyed) left()
    response.once("close", left)
    return () => response.off("close", left)
  }
}

/** The headers as they came. */
export function headersOf(request: IncomingMessage): HeadersView {
  const headers = new HeaderList()
  const raw = request.rawHeaders
  for (let i = 0; i < raw.length; i += 2) headers.add(raw[i] as string, raw[i + 1] as string)
  return headers
}

function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let size = 0
    request.on("data", (part: Buffer) => {
      size += part.length
      if (size > maxBytes) {
        request.removeAllListeners("data")
        // The rest is let through unread, so that the client can read why it was refused.
        request.resume()
        reject(tooLarge(maxBytes))
      } else parts.push(part)
    })
    request.on("end", () => resolve(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)))
    request.on("error", (error) => reject(clientLeft(error)))
    request.on("close", () => {
      if (!request.complete) reject(clientLeft())
    })
    if (request.destroyed && !request.complete) reject(clientLeft())
  })
}

/** Answers on Node's own server, without a detour over web streams: that is what a relayed stream costs most. */
export class NodeReply extends Reply {
  readonly #response: ServerResponse
  readonly #always: readonly string[]
  #full = false
  #guarded = false

  /** @param always headers of every answer: names and values in turns */
  constructor(response: ServerResponse, always: readonly string[] = []) {
    super()
    this.#response = response
    this.#always = always
    response.on("drain", () => {
      this.#full = false
      this.#unguard()
      this.freed()
    })
    response.on("close", () => {
      this.shut()
      this.freed()
    })
    response.on("error", () => this.shut())
  }

  get full(): boolean {
    return this.#full && !this.closed
  }

  /** By Node's own timer: it sees also what is taken of one large piece, and ends the connection. */
  protected guard(): void {
    if (this.patience <= 0 || this.#response.writableLength === 0) return
    this.#guarded = true
    this.#response.socket?.setTimeout(this.patience)
  }

  /** Behind an answer that is complete the server sets the timer itself. */
  #unguard(): void {
    if (this.#guarded && !this.closed) this.#response.socket?.setTimeout(0)
    this.#guarded = false
  }

  protected begin(status: number, headers: Readonly<Record<string, string>>): void {
    this.#response.writeHead(status, this.#head(headers))
  }

  protected piece(bytes: Uint8Array): void {
    if (!this.#response.write(bytes)) this.#full = true
  }

  protected finish(bytes?: Uint8Array): void {
    if (bytes?.length) this.#response.end(bytes)
    else this.#response.end()
    this.freed()
    this.guard()
  }

  protected whole(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array): void {
    this.#response.writeHead(status, this.#head({ ...headers, "content-length": String(body.length) }))
    this.#response.end(body)
    this.guard()
  }

  /** As one list, which Node sends as it is: headers that are set one by one are kept and checked twice. */
  #head(headers: Readonly<Record<string, string>>): string[] {
    const list = [...this.#always]
    for (const name of Object.keys(headers)) list.push(name, headers[name] as string)
    return list
  }
}
