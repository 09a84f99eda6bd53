import type { ServerResponse } from "node:http"
import { serveLoopback, writeOut, type LoopbackServer, type SeenRequest } from "../loopback.ts"
import { wait } from "../wait.ts"
import { rechunk, splitAt, type Chunking } from "./chunking.ts"
import type { RecordedChunk, Recording } from "./recording.ts"

/** Something that goes wrong at a byte of the body, counted from 0. */
export type ReplayFault =
  /** The socket is closed: by a reset, or by a plain end (default), which still breaks the body off. */
  | { kind: "cut"; at: number; how?: "reset" | "end" }
  /** Silence for `ms` (default for ever); what follows comes after it. */
  | { kind: "stall"; at: number; ms?: number }
  /** The body ends there as if it were whole. */
  | { kind: "end"; at: number }

/** How one request is answered. */
export interface ReplayPlan {
  /** Default `recorded`. */
  chunking?: Chunking
  /** Wait before every piece, in milliseconds, or the recorded times. Default 0. */
  delayMs?: number | "recorded"
  /** Wait before the head. Default 0. */
  headDelayMs?: number
  /**
   * How the body is delimited: HTTP chunks, one to a piece (default), a length that is told in the head, or the
   * end of the connection.
   */
  transfer?: "chunked" | "length" | "close"
  fault?: ReplayFault
}

/** How a recording is served. */
export interface ReplayOptions extends ReplayPlan {
  /** Overrides for one request. */
  plan?: (request: SeenRequest) => ReplayPlan | undefined
}

/** One recording for every request, several in turns (the last one stays), or a choice by request. */
export type Replayed = Recording | readonly Recording[] | ((request: SeenRequest) => Recording)

/** Serves recordings over a real socket, whatever is asked. */
export function replayServer(recordings: Replayed, options: ReplayOptions = {}): Promise<LoopbackServer> {
  return serveLoopback(async (request, response, signal) => {
    const recording = chosen(recordings, request)
    const plan = { ...options, ...options.plan?.(request) }
    if (plan.headDelayMs) await wait(plan.headDelayMs, signal)
    await replay(recording, plan, response, signal)
  })
}

function chosen(recordings: Replayed, request: SeenRequest): Recording {
  if (typeof recordings === "function") return recordings(request)
  if (!("length" in recordings)) return recordings
  const recording = recordings[Math.min(request.index, recordings.length - 1)]
  if (!recording) throw new Error("The list of recordings is empty.")
  return recording
}

async function replay(
  recording: Recording,
  plan: ReplayPlan,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const { fault } = plan
  let chunks = rechunk(recording.chunks, plan.chunking ?? "recorded")
  if (fault) chunks = splitAt(chunks, fault.at)
  const length = chunks.reduce((sum, chunk) => sum + chunk.data.length, 0)
  const told = fault?.kind === "end" ? Math.min(fault.at, length) : length
  for (const [name, value] of Object.entries(recording.headers)) response.setHeader(name, value)
  if (plan.transfer === "length") response.setHeader("content-length", told)
  if (plan.transfer === "close") {
    response.useChunkedEncodingByDefault = false
    response.shouldKeepAlive = false
  }
  response.writeHead(recording.status)
  response.flushHeaders()
  response.socket?.setNoDelay(true)
  const outcome = await body(chunks, plan, response, signal)
  if (outcome === "cut" || (outcome === "end" && fault?.kind !== "end" && recording.end === "cut")) {
    await cut(response, fault?.kind === "cut" ? fault.how : "end")
    return
  }
  await new Promise<void>((resolve) => {
    response.once("close", resolve)
    response.end(resolve)
  })
}

async function body(
  chunks: readonly RecordedChunk[],
  plan: ReplayPlan,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<"end" | "cut"> {
  const { fault } = plan
  const started = performance.now()
  let at = 0
  let due = fault
  for (const chunk of [...chunks, undefined]) {
    if (due && at >= due.at) {
      if (due.kind === "cut") return "cut"
      if (due.kind === "end") return "end"
      await wait(due.ms ?? Infinity, signal)
      due = undefined
    }
    if (!chunk) break
    const delay = plan.delayMs === "recorded" ? (chunk.atMs ?? 0) - (performance.now() - started) : plan.delayMs
    if (delay && delay > 0) await wait(delay, signal)
    await writeOut(response, chunk.data, signal)
    at += chunk.data.length
  }
  return "end"
}

/** Closes the socket under an answer, once what was written is with the system. */
async function cut(response: ServerResponse, how: "reset" | "end" = "end"): Promise<void> {
  const { socket } = response
  if (!socket) return
  const closed = new Promise<void>((resolve) => {
    if (socket.destroyed) resolve()
    else socket.once("close", () => resolve())
  })
  // A turn of the loop lets the peer have what was sent before the end reaches it.
  await new Promise((resolve) => setImmediate(resolve))
  if (how === "reset") socket.resetAndDestroy()
  else socket.destroy()
  await closed
}
