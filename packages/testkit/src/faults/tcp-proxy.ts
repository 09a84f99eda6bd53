import { connect, createServer, type Socket } from "node:net"
import { listen } from "../loopback.ts"
import { openSockets, type OpenSockets } from "../sockets.ts"
import { mangle, type ByteFaults } from "./mangle.ts"

/** What goes wrong with one connection. Offsets count all bytes from the upstream, heads and chunk borders too. */
export interface TcpFaultPlan extends ByteFaults {
  /** The connection is reset as soon as it is made. */
  refuse?: boolean
}

/** What a proxy stands before, and what it breaks. */
export interface TcpFaultProxyOptions {
  /** Base URL of the upstream, `http://host:port`. */
  target: string
  /** One plan for all connections, a list for the first ones, or a choice by number, counted from 0. */
  plan?: TcpFaultPlan | readonly (TcpFaultPlan | undefined)[] | ((connection: number) => TcpFaultPlan | undefined)
}

/** One connection as the proxy saw it. */
export interface ProxiedConnection {
  /** Bytes from the client. */
  sent: number
  /** Bytes of the upstream that were passed on. */
  received: number
  outcome: "passed" | "cut" | "refused" | "broken" | "open"
}

/** A proxy on a port of its own, and what it saw. */
export interface TcpFaultProxy extends AsyncDisposable {
  url: string
  port: number
  connections: readonly ProxiedConnection[]
  sockets: OpenSockets
  close(): Promise<void>
}

/** A proxy that knows nothing of HTTP: for cuts within a head, a chunk's border or a frame of any protocol. */
export async function tcpFaultProxy(options: TcpFaultProxyOptions): Promise<TcpFaultProxy> {
  const { plan } = options
  const target = new URL(options.target)
  const connections: ProxiedConnection[] = []
  const closing = new AbortController()
  const upstreams = new Set<Socket>()
  const running = new Set<Promise<void>>()
  const planFor = (index: number): TcpFaultPlan => {
    if (typeof plan === "function") return plan(index) ?? {}
    return (isList(plan) ? plan[index] : plan) ?? {}
  }
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const connection: ProxiedConnection = { sent: 0, received: 0, outcome: "open" }
    const chosen = planFor(connections.length)
    connections.push(connection)
    client.on("error", () => {})
    if (chosen.refuse) {
      connection.outcome = "refused"
      client.resetAndDestroy()
      return
    }
    const upstream = connect({ host: target.hostname, port: Number(target.port || 80), allowHalfOpen: true })
    upstreams.add(upstream)
    upstream.once("close", () => upstreams.delete(upstream))
    const work = pass(client, upstream, chosen, connection, closing.signal).finally(() => running.delete(work))
    running.add(work)
  })
  const sockets = openSockets(server)
  const port = await listen(server)
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    closed ??= (async () => {
      closing.abort(new Error("The proxy was closed."))
      const done = new Promise<void>((resolve) => server.close(() => resolve()))
      sockets.destroy()
      for (const upstream of upstreams) upstream.destroy()
      await done
      await Promise.allSettled(running)
    })()
    return closed
  }
  return { url: `http://127.0.0.1:${port}`, port, connections, sockets, close, [Symbol.asyncDispose]: close }
}

function isList(plan: TcpFaultProxyOptions["plan"]): plan is readonly (TcpFaultPlan | undefined)[] {
  return Array.isArray(plan)
}

async function pass(
  client: Socket,
  upstream: Socket,
  plan: TcpFaultPlan,
  connection: ProxiedConnection,
  closing: AbortSignal,
): Promise<void> {
  const left = new AbortController()
  const leave = (): void => left.abort(new Error("The client left."))
  closing.addEventListener("abort", leave, { once: true })
  client.once("close", leave)
  upstream.on("error", () => {})
  client.setNoDelay(true)
  client.on("data", (bytes: Buffer) => {
    connection.sent += bytes.length
    if (!upstream.write(bytes)) {
      client.pause()
      upstream.once("drain", () => client.resume())
    }
  })
  client.once("end", () => upstream.end())
  left.signal.addEventListener("abort", () => upstream.destroy(), { once: true })
  const write = async (bytes: Uint8Array): Promise<void> => {
    await new Promise<void>((resolve, reject) => {
      client.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
    connection.received += bytes.length
  }
  try {
    const { outcome, bytes } = await mangle(upstream as AsyncIterable<Buffer>, plan, write, left.signal)
    connection.received = bytes
    connection.outcome = outcome === "cut" ? "cut" : "passed"
    if (outcome === "end") client.end()
    else if (plan.cut?.how === "reset") client.resetAndDestroy()
    else client.destroy()
  } catch {
    connection.outcome = "broken"
    client.destroy()
  } finally {
    closing.removeEventListener("abort", leave)
    upstream.destroy()
  }
}
