/** A chat host that costs next to nothing: fixed bytes on bare sockets, at once or at a pace. */
import { createServer, type Server, type Socket } from "node:net"
import type { AddressInfo } from "node:net"

const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"

function frame(delta: unknown, finish: string | null, usage?: unknown): string {
  const value = {
    id: "chatcmpl-bench",
    object: "chat.completion.chunk",
    created: 1_790_000_000,
    model: "m",
    choices: usage ? [] : [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    ...(usage ? { usage } : {}),
  }
  return `data: ${JSON.stringify(value)}\n\n`
}

const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
const START = frame({ role: "assistant", content: "" }, null)
const token = (i: number): string => frame({ content: ` token${i}` }, null)
const FINISH = frame({}, "stop")
const USAGE = frame(null, null, { prompt_tokens: 200, completion_tokens: 20, total_tokens: 220 })
const DONE = "data: [DONE]\n\n"

/** How the host answers: so many tokens, after a wait, so far apart. */
export interface Pace {
  tokens: number
  firstMs: number
  everyMs: number
}

/** Starts the host. `pace` may be changed between cells. */
export async function startUpstream(): Promise<{ url: string; pace: Pace; close(): void }> {
  const state = { pace: { tokens: 20, firstMs: 0, everyMs: 0 } as Pace }
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on("error", () => {})
    socket.on("close", () => sockets.delete(socket))
    let held = ""
    socket.on("data", (data) => {
      held += data.toString("latin1")
      for (;;) {
        const head = held.indexOf("\r\n\r\n")
        if (head < 0) return
        const length = Number(/content-length: (\d+)/i.exec(held.slice(0, head))?.[1] ?? 0)
        if (held.length < head + 4 + length) return
        const body = held.slice(head + 4, head + 4 + length)
        held = held.slice(head + 4 + length)
        answer(socket, state.pace, body.includes("include_usage"))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get pace() {
      return state.pace
    },
    set pace(pace: Pace) {
      state.pace = pace
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function answer(socket: Socket, pace: Pace, wantsUsage: boolean): void {
  const tail = chunk(FINISH) + (wantsUsage ? chunk(USAGE) : "") + chunk(DONE) + "0\r\n\r\n"
  if (pace.everyMs === 0) {
    let text = HEAD + chunk(START)
    for (let i = 0; i < pace.tokens; i++) text += chunk(token(i))
    socket.write(text + tail)
    return
  }
  socket.write(HEAD)
  let sent = 0
  setTimeout(() => {
    socket.write(chunk(START) + chunk(token(sent++)))
    const timer = setInterval(() => {
      if (sent < pace.tokens && !socket.destroyed) socket.write(chunk(token(sent++)))
      else {
        clearInterval(timer)
        socket.write(tail)
      }
    }, pace.everyMs)
  }, pace.firstMs)
}
