import { request as ask, type IncomingMessage, type ServerResponse } from "node:http"
import { headersOf, serveLoopback, writeOut, type LoopbackServer, type Rate, type SeenRequest } from "../loopback.ts"
import { mangle, type ByteFaults } from "./mangle.ts"

/** What goes wrong with one exchange. Offsets count the bytes of the answer's body. */
export interface FaultPlan extends ByteFaults {
  /** Answered by the proxy; the upstream hears nothing of it. */
  status?: { status: number; headers?: Record<string, string>; body?: string }
  /** The connection is closed before any answer. */
  drop?: "reset" | "end"
  /** A request over a connection that served one already finds it closed, as after a keep-alive that ran out. */
  closeReused?: boolean
  /** How fast the request is read. */
  slowRequest?: Rate
}

/** What a proxy stands before, and what it breaks. */
export interface FaultProxyOptions {
  /** Base URL of the upstream, `http://host:port`. */
  target: string
  /** One plan for all requests, a list for the first ones, or a choice by request. Default: everything passes. */
  plan?: FaultPlan | readonly (FaultPlan | undefined)[] | ((request: SeenRequest) => FaultPlan | undefined)
  /** How many connections, from the first, are reset as soon as they are made. Default 0. */
  refuse?: number
}

/** One exchange as the proxy saw it. */
export interface ProxiedExchange {
  request: SeenRequest
  /** Absent when no answer was begun. */
  status?: number
  /** Bytes of the upstream's body that were passed on. */
  responseBytes: number
  /** `broken`: the upstream failed; `left`: the client went away. */
  outcome: "passed" | "replaced" | "cut" | "dropped" | "broken" | "left" | "open"
}

/** A proxy on a port of its own, and what it saw. */
export interface FaultProxy extends LoopbackServer {
  exchanges: readonly ProxiedExchange[]
}

/** Headers that belong to one connection. */
const HOP = new Set(["connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host"])

/** An HTTP proxy between a client and an upstream that breaks what it is told to. */
export async function faultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { target, plan, refuse = 0 } = options
  const exchanges: ProxiedExchange[] = []
  const planFor = (request: SeenRequest): FaultPlan => {
    if (typeof plan === "function") return plan(request) ?? {}
    return (isList(plan) ? plan[request.index] : plan) ?? {}
  }
  const server = await serveLoopback(
    async (request, response, signal) => {
      const exchange: ProxiedExchange = { request, responseBytes: 0, outcome: "open" }
      exchanges.push(exchange)
      try {
        await pass(target, planFor(request), exchange, response, signal)
      } catch (error) {
        exchange.outcome = signal.aborted ? "left" : "broken"
        if (!signal.aborted) response.destroy()
        else throw error
      }
    },
    {
      requestRate: (request) => planFor(request).slowRequest,
      onConnection(socket, index) {
        if (index < refuse) socket.resetAndDestroy()
      },
    },
  )
  return Object.assign(server, { exchanges })
}

function isList(plan: FaultProxyOptions["plan"]): plan is readonly (FaultPlan | undefined)[] {
  return Array.isArray(plan)
}

async function pass(
  target: string,
  plan: FaultPlan,
  exchange: ProxiedExchange,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const { request } = exchange
  if (plan.drop || (plan.closeReused && request.reused)) {
    exchange.outcome = "dropped"
    close(response, plan.drop ?? "end")
    return
  }
  if (plan.status) {
    exchange.outcome = "replaced"
    exchange.status = plan.status.status
    response.writeHead(plan.status.status, plan.status.headers ?? {}).end(plan.status.body ?? "")
    return
  }
  const upstream = await send(target, request, signal)
  try {
    exchange.status = upstream.statusCode ?? 502
    for (const [name, value] of Object.entries(headersOf(upstream))) {
      if (HOP.has(name) || (name === "content-length" && plan.garbage)) continue
      response.setHeader(name, value)
    }
    response.writeHead(exchange.status)
    response.flushHeaders()
    response.socket?.setNoDelay(true)
    const write = (bytes: Uint8Array): Promise<void> => writeOut(response, bytes, signal)
    const { outcome, bytes } = await mangle(counted(upstream, exchange), plan, write, signal)
    exchange.responseBytes = bytes
    if (outcome === "cut") {
      exchange.outcome = "cut"
      await new Promise((resolve) => setImmediate(resolve))
      close(response, plan.cut?.how ?? "end")
      return
    }
    exchange.outcome = "passed"
    await new Promise<void>((resolve) => {
      response.once("close", resolve)
      response.end(resolve)
    })
  } finally {
    upstream.destroy()
  }
}

async function* counted(upstream: IncomingMessage, exchange: ProxiedExchange): AsyncGenerator<Uint8Array> {
  for await (const chunk of upstream as AsyncIterable<Buffer>) {
    exchange.responseBytes += chunk.length
    yield chunk
  }
}

function close(response: ServerResponse, how: "reset" | "end"): void {
  const { socket } = response
  if (how === "reset") socket?.resetAndDestroy()
  else socket?.destroy()
}

/** Asks the upstream over a connection of its own, which ends when the client leaves. */
function send(target: string, request: SeenRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !HOP.has(name)))
  return new Promise((resolve, reject) => {
    const out = ask(new URL(request.path, target), { method: request.method, headers, agent: false, signal }, resolve)
    out.once("error", reject)
    out.end(request.bytes)
  })
}
