import { once } from "node:events"
import type { IncomingMessage } from "node:http"
import { describe, expect, test } from "vitest"
import { WebSocket } from "ws"
import type { Fields } from "../check.ts"
import { codexUsageLimit } from "./errors.ts"
import { codexEmulator } from "./server.ts"
import { emulatedCodexToken } from "./token.ts"
import type { CodexEmulator, CodexHandshake } from "./types.ts"

const HEADERS: Readonly<Record<string, string>> = {
  authorization: `Bearer ${emulatedCodexToken()}`,
  "chatgpt-account-id": "acct-emulated",
  "openai-beta": "responses_websockets=2026-02-06",
  originator: "sluice",
  "user-agent": "sluice/test",
}

const user = { type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] }
const CREATE: Fields = {
  type: "response.create",
  model: "gpt-5.5",
  instructions: "Be kind.",
  input: [user],
  stream: true,
  store: false,
}

const TERMINAL = new Set(["response.completed", "response.incomplete", "response.failed", "error"])

/** A bare client: what came is read in order; a close is told as a frame of the type `closed`. */
class Client {
  readonly ws: WebSocket
  readonly binary: boolean[] = []
  readonly #frames: Fields[] = []
  #wake: () => void = () => {}

  constructor(server: CodexEmulator, headers: Readonly<Record<string, string>> = {}) {
    this.ws = new WebSocket(`${server.baseUrl.replace("http", "ws")}/codex/responses`, {
      headers: { ...HEADERS, ...headers },
    })
    this.ws.on("message", (data, binary) => {
      this.binary.push(binary)
      this.#push(JSON.parse((data as Buffer).toString("utf8")) as Fields)
    })
    this.ws.on("error", () => {})
    this.ws.on("close", (code) => this.#push({ type: "closed", code }))
  }

  #push(frame: Fields): void {
    this.#frames.push(frame)
    this.#wake()
  }

  async next(): Promise<Fields> {
    const late = new Error("No frame came within three seconds.")
    if (this.#frames.length === 0) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(late), 3000)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return this.#frames.shift() ?? {}
  }

  get waiting(): number {
    return this.#frames.length
  }

  /** Sends and reads to the end of the answer. */
  async ask(more: Fields = {}): Promise<Fields[]> {
    if (this.ws.readyState === WebSocket.CONNECTING) await once(this.ws, "open")
    this.ws.send(JSON.stringify({ ...CREATE, ...more }))
    return this.rest()
  }

  async rest(): Promise<Fields[]> {
    const frames: Fields[] = []
    for (;;) {
      const frame = await this.next()
      frames.push(frame)
      if (TERMINAL.has(String(frame["type"])) || frame["type"] === "closed") return frames
    }
  }
}

function responseId(frame: Fields | undefined): string {
  return (frame as { response: { id: string } }).response.id
}

function idOf(frames: readonly Fields[]): string {
  return responseId(frames.at(-1))
}

/** The answer to a handshake that was not granted. */
async function refusedWith(
  server: CodexEmulator,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; json: Fields; headers: Fields }> {
  const { ws } = new Client(server, headers)
  const [, response] = (await once(ws, "unexpected-response")) as [unknown, IncomingMessage]
  let text = ""
  for await (const part of response) text += String(part)
  return { status: response.statusCode ?? 0, json: JSON.parse(text) as Fields, headers: response.headers as Fields }
}

async function settled(server: CodexEmulator, index = 0): Promise<unknown> {
  await expect.poll(() => server.connections[index]?.closed).toBeDefined()
  return server.connections[index]?.closed
}

describe("answers over a WebSocket", () => {
  test("a warm-up, a turn that goes on from it, and one that goes on from that with the output alone", async () => {
    await using server = await codexEmulator({
      script: [{ toolCalls: [{ id: "call_1", name: "t" }] }, { text: "done", endTurn: true }],
    })
    const client = new Client(server)
    const warm = await client.ask({ generate: false, input: [] })
    expect(warm).toMatchObject([
      { type: "response.created" },
      { type: "response.completed", response: { output: [], status: "completed" } },
    ])
    const first = await client.ask({ previous_response_id: idOf(warm) })
    const output = { type: "function_call_output", call_id: "call_1", output: "1" }
    const second = await client.ask({ previous_response_id: idOf(first), input: [output] })
    expect(second.at(-1)).toMatchObject({ response: { end_turn: true, output: [{ content: [{ text: "done" }] }] } })
    expect(server.calls.map(({ prewarm, continued }) => [prewarm, continued])).toEqual([
      [true, 0],
      [false, 0],
      [false, 2],
    ])
    expect(server.connections).toHaveLength(1)
    expect(server.connections[0]?.received).toHaveLength(3)
    expect(server.connections[0]?.sent).toHaveLength(warm.length + first.length + second.length)
    client.ws.close(1000, "bye")
    expect(await settled(server)).toEqual({ by: "client", code: 1000, reason: "bye" })
  })

  test("a response of another connection is not known, and the connection goes on", async () => {
    await using server = await codexEmulator()
    const one = new Client(server)
    const id = idOf(await one.ask())
    const two = new Client(server)
    const refused = await two.ask({ previous_response_id: id })
    expect(refused).toMatchObject([{ type: "error", status: 400, error: { code: "previous_response_not_found" } }])
    expect((await two.ask()).at(-1)).toMatchObject({ type: "response.completed" })
    expect(server.calls[1]?.refused).toMatchObject({ status: 400 })
  })

  test("a delta is paired with what is kept", async () => {
    await using server = await codexEmulator({ script: [{ toolCalls: [{ id: "call_1", name: "t" }] }] })
    const client = new Client(server)
    const id = idOf(await client.ask())
    expect(await client.ask({ previous_response_id: id })).toMatchObject([
      { type: "error", error: { message: "No tool output found for function call call_1." } },
    ])
  })

  test("state of the turn and the tag of the models, in the handshake and in a frame", async () => {
    await using server = await codexEmulator({
      handshakes: [{ headers: { "x-codex-turn-state": "h", "x-models-etag": "m" } }],
      script: [{ text: "a", turnState: "f", metadata: { a: 1 } }],
    })
    const client = new Client(server)
    const [response] = (await once(client.ws, "upgrade")) as [IncomingMessage]
    expect(response.headers).toMatchObject({ "x-codex-turn-state": "h", "x-models-etag": "m" })
    const frames = await client.ask()
    expect(frames[1]).toEqual({ type: "response.metadata", headers: { "x-codex-turn-state": "f" }, metadata: { a: 1 } })
  })

  test("binary frames, and frames that do not belong here", async () => {
    const stray = { type: "response.output_text.delta", response_id: "resp_old", delta: "old" }
    const next = { ...stray, delta: "older" }
    await using server = await codexEmulator({
      script: [
        {
          text: "a",
          binary: true,
          inject: [
            { before: 2, frame: stray },
            { before: 2, frame: next },
            { before: 0, frame: stray },
          ],
        },
      ],
    })
    const client = new Client(server)
    const frames = await client.ask()
    expect(frames[0]).toEqual(stray)
    expect(frames.slice(3, 5)).toEqual([stray, next])
    expect(client.binary.every(Boolean)).toBe(true)
  })
})

describe("handshakes", () => {
  test.each<[string, CodexHandshake, number, unknown]>([
    ["no WebSockets here", { refuse: { status: 426 } }, 426, { detail: "Upgrade Required" }],
    ["forbidden", { refuse: { status: 403 } }, 403, { detail: "Forbidden" }],
    ["a bad token", { refuse: { status: 401, code: "token_expired" } }, 401, { error: { code: "token_expired" } }],
    [
      "a plan that is used up",
      { refuse: codexUsageLimit({ resetsAt: 1_800_000_000 }) },
      429,
      { error: { type: "usage_limit_reached", plan_type: "plus", resets_at: 1_800_000_000 } },
    ],
  ])("%s", async (_name, how, status, body) => {
    await using server = await codexEmulator({ handshakes: [how] })
    const refused = await refusedWith(server)
    expect(refused.status).toBe(status)
    expect(refused.json).toMatchObject(body as Fields)
    if (status === 429) expect(refused.headers).toMatchObject({ "x-codex-primary-reset-at": "1800000000" })
    expect(server.connections).toMatchObject([{ refused: status, closed: { by: "server" } }])
    expect((await new Client(server).ask()).at(-1)).toMatchObject({ type: "response.completed" })
  })

  test("headers that are wrong use no step of the script", async () => {
    await using server = await codexEmulator({ handshakes: [{ refuse: { status: 426 } }] })
    const wrong: [Record<string, string>, number][] = [
      [{ "openai-beta": "responses=experimental" }, 400],
      [{ authorization: "Bearer x" }, 401],
      [{ "chatgpt-account-id": "acct-other" }, 401],
      [{ session_id: "a", "x-client-request-id": "b" }, 400],
      [{ "content-type": "application/json" }, 400],
    ]
    for (const [headers, status] of wrong) expect((await refusedWith(server, headers)).status).toBe(status)
    expect((await refusedWith(server)).status).toBe(426)
  })

  test.each<CodexHandshake>([{ silent: true }, { delayMs: 60_000 }])("%j: the client leaves", async (how) => {
    await using server = await codexEmulator({ handshakes: [how] })
    const { ws } = new Client(server)
    await expect.poll(() => server.connections.length).toBe(1)
    ws.terminate()
    expect(await settled(server)).toMatchObject({ by: "client" })
    await server.sockets.assertNone()
  })

  test("a slow one is granted", async () => {
    await using server = await codexEmulator({ handshakes: [{ delayMs: 20 }] })
    expect((await new Client(server).ask()).at(-1)).toMatchObject({ type: "response.completed" })
  })

  test("pings are answered, or not", async () => {
    await using server = await codexEmulator({ handshakes: [{}, { noPong: true }] })
    const pongs: number[] = []
    for (const n of [0, 1]) {
      const { ws } = new Client(server)
      await once(ws, "open")
      ws.on("pong", () => pongs.push(n))
      ws.ping()
      await expect.poll(() => server.connections[n]?.pings).toBe(1)
      if (n === 0) await expect.poll(() => pongs).toEqual([0])
    }
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(pongs).toEqual([0])
  })
})

describe("what goes wrong over a WebSocket", () => {
  test("a second request while one is answered", async () => {
    await using server = await codexEmulator({ script: [{ text: "abcd", stall: { afterEvents: 2 } }] })
    const client = new Client(server)
    await once(client.ws, "open")
    client.ws.send(JSON.stringify(CREATE))
    await client.next()
    expect((await client.ask()).at(-1)).toMatchObject({
      type: "error",
      error: { message: "websocket request already in progress" },
    })
    expect(server.calls).toHaveLength(1)
  })

  test("messages that are no request, and requests that the backend refuses", async () => {
    await using server = await codexEmulator()
    const client = new Client(server)
    expect(await client.ask({ type: "response.cancel" })).toMatchObject([{ type: "error", status: 400 }])
    expect(await client.ask({ temperature: 1 })).toMatchObject([
      { type: "error", status: 400, error: { message: "Unsupported parameter: temperature" } },
    ])
    expect(await client.ask({ input: [] })).toMatchObject([{ type: "error", status: 400 }])
    client.ws.send("{")
    expect(await client.rest()).toMatchObject([{ type: "error", status: 400 }])
    expect(server.connections[0]?.received.at(-1)).toBe("{")
  })

  test("the limit of a connection, at once and in the middle", async () => {
    await using server = await codexEmulator({
      script: [{ connectionLimit: {} }, { text: "abcd", connectionLimit: { afterEvents: 5 } }],
    })
    for (const frames of [1, 6]) {
      const client = new Client(server)
      const came = await client.ask()
      expect(came).toHaveLength(frames)
      expect(came.at(-1)).toMatchObject({ error: { code: "websocket_connection_limit_reached" } })
      expect(await client.next()).toEqual({ type: "closed", code: 1001 })
    }
    expect(await settled(server)).toMatchObject({ by: "server", code: 1001 })
  })

  test.each(["before", "after"] as const)("a drop %s a call is done", async (when) => {
    await using server = await codexEmulator({ script: [{ toolCalls: [{ name: "t" }], cutAtCall: { when } }] })
    const frames = await new Client(server).ask()
    expect(frames.at(-1)).toEqual({ type: "closed", code: 1006 })
    expect(frames.at(-2)?.["type"]).toBe(
      when === "before" ? "response.function_call_arguments.delta" : "response.output_item.done",
    )
    expect(await settled(server)).toMatchObject({ by: "server" })
  })

  test("a close right after the last frame, and one before it", async () => {
    await using server = await codexEmulator({
      script: [
        { text: "a", eagerClose: true },
        { text: "a", endEarly: { afterEvents: 3 } },
      ],
    })
    const eager = new Client(server)
    expect((await eager.ask()).at(-1)).toMatchObject({ type: "response.completed" })
    expect(await eager.next()).toEqual({ type: "closed", code: 1000 })
    const early = await new Client(server).ask()
    expect(early).toHaveLength(4)
    expect(early.at(-1)).toEqual({ type: "closed", code: 1000 })
  })

  test.each([0, 4])("a stall after %i frames, which the client leaves", async (afterEvents) => {
    await using server = await codexEmulator({ script: [{ text: "abcd", stall: { afterEvents } }] })
    const client = new Client(server)
    await once(client.ws, "open")
    client.ws.send(JSON.stringify(CREATE))
    await expect.poll(() => server.connections[0]?.sent.length).toBe(afterEvents)
    for (let n = 0; n < afterEvents; n++) await client.next()
    expect(client.waiting).toBe(0)
    client.ws.terminate()
    await server.sockets.assertNone()
    expect(await settled(server)).toMatchObject({ by: "client", code: 1006 })
  })

  test("arguments of white space alone", async () => {
    await using server = await codexEmulator({
      script: [{ customCalls: [{ name: "t", input: "x" }], whitespace: 260 }],
    })
    const frames = await new Client(server).ask()
    const deltas = frames.filter(({ type }) => type === "response.custom_tool_call_input.delta")
    expect(deltas.filter(({ delta }) => String(delta).trim() === "")).toHaveLength(260)
  })

  test("a chain that has gone is forgotten whole", async () => {
    await using server = await codexEmulator({
      script: [{ text: "a" }, { stale: true }, { stale: { code: "codex_previous_response_stale" } }],
    })
    const client = new Client(server)
    const id = idOf(await client.ask())
    expect(await client.ask({ previous_response_id: id })).toMatchObject([
      { error: { code: "previous_response_not_found" } },
    ])
    expect(await client.ask({ previous_response_id: id })).toMatchObject([{ status: 400 }])
    expect(server.calls[2]?.refused).toBeDefined()
    expect(await client.ask()).toMatchObject([{ error: { code: "codex_previous_response_stale" } }])
  })

  test("errors in place of an answer and inside one, with nested and with flat fields", async () => {
    await using server = await codexEmulator({
      script: [
        { error: codexUsageLimit({ resetsAt: 1_800_000_000 }) },
        { text: "a", streamError: { afterEvents: 2, status: 500, code: "server_error", message: "Again" } },
        { text: "a", streamError: { afterEvents: 2, status: 400, code: "invalid_prompt", nested: false } },
        { failed: { code: "model_error" } },
      ],
    })
    const client = new Client(server)
    expect(await client.ask()).toMatchObject([
      { type: "error", status: 429, error: { plan_type: "plus" }, headers: { "x-codex-primary-used-percent": "100" } },
    ])
    expect((await client.ask()).at(-1)).toMatchObject({
      status: 500,
      error: { code: "server_error", message: "Again" },
    })
    expect((await client.ask()).at(-1)).toMatchObject({ type: "error", code: "invalid_prompt" })
    expect((await client.ask()).at(-1)).toMatchObject({
      type: "response.failed",
      response: { error: { code: "model_error" } },
    })
  })

  test("a response that was broken off is not known afterwards", async () => {
    await using server = await codexEmulator({
      script: [{ text: "a", streamError: { afterEvents: 2, code: "server_error" } }],
    })
    const client = new Client(server)
    const frames = await client.ask()
    const id = responseId(frames[0])
    expect(await client.ask({ previous_response_id: id })).toMatchObject([
      { error: { code: "previous_response_not_found" } },
    ])
  })
})
