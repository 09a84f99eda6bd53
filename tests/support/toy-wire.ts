import { createServer, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach } from "vitest"
import {
  keySource,
  openaiEndpoint,
  type CredentialSource,
  type Model,
  type Route,
  type Transport,
  type WireClient,
} from "@sluice/ai"
import { frameObject } from "../../packages/ai/src/assemble/frame-json.ts"

/** A wire of a few lines, so that the loop is tested apart from the real ones. */
export const toyWire: WireClient = {
  api: "toy",
  framing: "sse",
  traits: {
    toolCallId: { pattern: /^.+$/, maxLength: 64 },
    toolName: { pattern: /\S/, maxLength: 256 },
    media: { image: true, document: true, audio: true, inAnswer: true },
  },
  encode: (call) => ({
    path: "/toy",
    headers: { "content-type": "application/json" },
    body: { model: call.model.id, without: Boolean(call.known["without"]) },
    losses: [],
  }),
  decoder: (_call, _head, out) => ({
    push(frame) {
      const event = frameObject(frame, out)
      if (!event) return undefined
      if (typeof event["text"] === "string") out.text("text", event["text"])
      if (typeof event["error"] === "string") out.fail({ type: event["error"], message: event["error"] })
      if (typeof event["call"] === "string") {
        out.toolCall("call", { id: "c1", name: "run" })
        out.args("call", event["call"])
      }
      if (event["close"]) out.close("call")
      if (event["stop"]) out.stop("stop")
      return event["stop"] ? [{ do: "finish", withinMs: 0 }] : undefined
    },
    whole(body) {
      out.text("text", String((body as { text?: unknown }).text))
      out.stop("stop")
    },
    end() {},
  }),
  readError: (_head, body) => ({
    message: typeof body === "string" ? body : String((body as { error?: unknown }).error),
  }),
  adapt: (error) =>
    error.message === "drop it"
      ? { change: "without it", learn: { where: "host", facts: { without: true } } }
      : undefined,
}

/** Answers the nth request. */
export type Handler = (n: number, body: string, response: ServerResponse) => void
/** Servers of the running test. */
export const servers: Server[] = []

/** A server on loopback that is gone after the test. */
export async function serve(handler: Handler): Promise<string> {
  let n = 0
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk) => (body += String(chunk)))
    request.on("end", () => handler(++n, body, response))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

export const model = (baseUrl: string, id = "m"): Model => ({
  id,
  provider: "toy",
  api: "toy",
  baseUrl,
  input: ["text"],
  output: ["text"],
  compat: {},
})

export const route = (
  baseUrl: string,
  transport: Transport,
  more: { id?: string; credentials?: CredentialSource; timeouts?: Model["compat"]["timeouts"] } = {},
): Route => ({
  model: { ...model(baseUrl, more.id), compat: more.timeouts ? { timeouts: more.timeouts } : {} },
  wire: toyWire,
  endpoint: openaiEndpoint,
  credentials: more.credentials ?? keySource("k"),
  transport,
})

/** A complete stream of these texts. */
export const ok = (response: ServerResponse, ...texts: string[]): void => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  for (const text of texts) response.write(`data: ${JSON.stringify({ text })}\n\n`)
  response.end(`data: {"stop":true}\n\n`)
}

export const user = { messages: [{ role: "user" as const, content: "hi" }] }
