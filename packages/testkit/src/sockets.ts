import type { Server, Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"

/** The sockets of one server. */
export interface OpenSockets {
  /** Sockets that are open now. */
  readonly count: number
  /** Sockets that were ever opened. */
  readonly total: number
  /**
   * Waits until none is open.
   * @throws Error that names the peers of those which are still open after `withinMs` (default 1000)
   */
  assertNone(withinMs?: number): Promise<void>
  /** Closes all that are open. */
  destroy(): void
}

/** Watches the sockets of a server from now on. For HTTP, HTTPS and plain TCP servers. */
export function openSockets(server: Server): OpenSockets {
  const open = new Set<Socket>()
  let total = 0
  server.on("connection", (socket: Socket) => {
    total++
    open.add(socket)
    socket.once("close", () => open.delete(socket))
  })
  return {
    get count(): number {
      return open.size
    },
    get total(): number {
      return total
    },
    async assertNone(withinMs = 1000): Promise<void> {
      const until = Date.now() + withinMs
      while (open.size > 0 && Date.now() < until) await sleep(5)
      if (open.size === 0) return
      const peers = [...open].map((socket) => `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? "?"}`)
      throw new Error(`${open.size} socket(s) still open after ${withinMs} ms: ${peers.join(", ")}`)
    },
    destroy(): void {
      for (const socket of open) socket.destroy()
    },
  }
}
