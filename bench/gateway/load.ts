/** A load generator on bare sockets, so that the machine's time goes to what is measured. */
import { connect, type Socket } from "node:net"

/** One request, spelled out. */
export interface Door {
  port: number
  path: string
  headers: Readonly<Record<string, string>>
  body: string
  /** What stands in the first token's bytes. */
  token: string
  /** What stands in the last event's bytes. */
  last: string
}

/** What a cell brought. */
export interface Outcome {
  streams: number
  bad: number
  /** Milliseconds to the first token, one a stream. */
  first: number[]
}

/** Keeps `concurrency` streams open, each followed by the next, until `ms` have passed; all are brought to their end. */
export async function drive(door: Door, concurrency: number, ms: number): Promise<Outcome> {
  const outcome: Outcome = { streams: 0, bad: 0, first: [] }
  const until = performance.now() + ms
  await Promise.all(Array.from({ length: concurrency }, () => worker(door, until, outcome)))
  return outcome
}

async function worker(door: Door, until: number, outcome: Outcome): Promise<void> {
  let socket: Socket | undefined
  while (performance.now() < until) {
    if (!socket || socket.destroyed) socket = await open(door.port)
    const result = await one(socket, door)
    outcome.streams++
    if (!result.good) outcome.bad++
    outcome.first.push(result.first)
  }
  socket?.destroy()
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket))
    socket.setNoDelay(true)
    socket.once("error", reject)
  })
}

function one(socket: Socket, door: Door): Promise<{ good: boolean; first: number }> {
  const head = Object.entries(door.headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const request = `POST ${door.path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n${head.join("")}content-length: ${Buffer.byteLength(door.body)}\r\n\r\n${door.body}`
  const started = performance.now()
  let first = Number.NaN
  let tail = ""
  let ended = false
  return new Promise((resolve) => {
    const finish = (good: boolean): void => {
      socket.off("data", onData)
      socket.off("close", onClose)
      resolve({ good, first })
    }
    const onClose = (): void => finish(false)
    const onData = (data: Buffer): void => {
      tail = tail.slice(-200) + data.toString("latin1")
      if (Number.isNaN(first) && tail.includes(door.token)) first = performance.now() - started
      if (tail.includes(door.last)) ended = true
      if (tail.endsWith("0\r\n\r\n")) finish(ended)
    }
    socket.on("data", onData)
    socket.on("close", onClose)
    socket.write(request)
  })
}
