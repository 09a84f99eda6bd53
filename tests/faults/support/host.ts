import type { ServerResponse } from "node:http"
import { createServer, type Server } from "node:http"
import { openSockets, replayServer, type OpenSockets, type Recording, type ReplayPlan } from "@sluice/testkit"
import type { LoopbackServer } from "@sluice/testkit/faults"
import { streamOf, type Piece } from "./wires.ts"

/** Header by which a request names the plan it is to be answered with. */
export const CALL = "x-test-call"

/** A host that serves one stream, each call with a plan of its own. */
export interface PlannedHost extends AsyncDisposable {
  server: LoopbackServer
  url: string
  /** Says how the tries of a call are answered, in turn; what comes after is answered whole. */
  plan(call: string, tries: readonly ReplayPlan[]): void
  /** How many requests a call made. */
  count(call: string): number
}

/** Serves these events. Connections are not kept, so that each exchange can be told by its socket. */
export async function plannedHost(
  pieces: readonly Piece[],
  nameOf: (request: { headers: Record<string, string>; json: unknown }) => string = ({ headers }) =>
    headers[CALL] ?? "",
): Promise<PlannedHost> {
  const { bytes } = streamOf(pieces)
  const recording: Recording = {
    name: "stream",
    status: 200,
    headers: { "content-type": "text/event-stream", connection: "close" },
    chunks: [{ data: bytes }],
    end: "end",
  }
  const plans = new Map<string, readonly ReplayPlan[]>()
  const counts = new Map<string, number>()
  const server = await replayServer(recording, {
    plan(request) {
      const call = nameOf(request)
      const n = counts.get(call) ?? 0
      counts.set(call, n + 1)
      return plans.get(call)?.[n]
    },
  })
  return {
    server,
    url: server.url,
    plan: (call, tries) => void plans.set(call, tries),
    count: (call) => counts.get(call) ?? 0,
    [Symbol.asyncDispose]: () => server.close(),
  }
}

/** A request as `answering` hands it on. */
export interface Asked {
  /** Counted from 1. */
  n: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** A server whose answers are written by hand. */
export interface HandHost extends AsyncDisposable {
  url: string
  asked: Asked[]
  sockets: OpenSockets
}

export async function answering(
  handler: (asked: Asked, response: ServerResponse) => void,
  configure: (server: Server) => void = () => {},
): Promise<HandHost> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    let body = ""
    request.on("error", () => {})
    response.on("error", () => {})
    request.on("data", (part) => (body += String(part)))
    request.on("end", () => {
      const one = { n: asked.length + 1, headers: request.headers, body }
      asked.push(one)
      handler(one, response)
    })
  })
  configure(server)
  const sockets = openSockets(server)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    sockets,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      sockets.destroy()
      await closed
    },
  }
}

/** Begins a stream of events. */
export function begin(response: ServerResponse, text = ""): void {
  response.writeHead(200, { "content-type": "text/event-stream" })
  response.flushHeaders()
  if (text !== "") response.write(text)
}

/** Runs `work` for all items, so many at a time. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < items.length) await work(items[next++] as T)
  }
  await Promise.all(Array.from({ length: limit }, lane))
}

/** Waits until something holds. @throws Error that says what did not */
export async function until(what: string, holds: () => boolean, withinMs = 1000): Promise<void> {
  const end = Date.now() + withinMs
  while (!holds()) {
    if (Date.now() > end) throw new Error(`Not within ${withinMs} ms: ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** A wait that yields to the event loop. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
