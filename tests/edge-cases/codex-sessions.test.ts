import type { AssistantMessage, CredentialSource, Message } from "@sluice/ai"
import { undiciTransport } from "@sluice/ai/transport/undici"
import { websocketTransport } from "@sluice/ai/transport/websocket"
import { emulatedCodexToken } from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"
import { codex, type CodexTest, HELLO } from "../support/codex.ts"
import { socketHost } from "../support/socket-host.ts"

const user = (content: string): Message => ({ role: "user", content })
const STATE = "x-codex-turn-state"

/** The results of an answer's calls. */
function results(answer: AssistantMessage): Message[] {
  return answer.content.flatMap((block): Message[] =>
    block.type === "toolCall" ? [{ role: "toolResult", toolCallId: block.id, toolName: block.name, content: "r" }] : [],
  )
}

/** What a request said of its turn's state, over either transport. */
function stateOf({ host }: CodexTest, n: number): unknown {
  const call = host.calls[n]
  const metadata = call?.body["client_metadata"] as Record<string, unknown> | undefined
  return metadata?.[STATE] ?? (call?.transport === "sse" ? call.headers[STATE] : undefined)
}

describe("what a session remembers", () => {
  test("a turn's state stays with its turn, though another conversation goes by the same name", async () => {
    const program = await codex({
      settings: { websocket: false },
      script: ({ index }) => ({ toolCalls: [{ name: "t" }], turnState: `state-${index}` }),
    })
    const first = await program.ask([user("a")])
    await program.ask([user("b")])
    await program.ask([user("a"), first, ...results(first)])
    expect(stateOf(program, 2)).toBeUndefined()
    const second = await program.ask([user("c")])
    await program.ask([user("c"), second, ...results(second)])
    expect(stateOf(program, 4)).toBe("state-3")
  })

  test("nothing of it goes out with another account", async () => {
    const accounts = ["one", "two"].map((accountId) => ({
      kind: "oauth" as const,
      id: accountId,
      secret: emulatedCodexToken({ accountId }),
      origin: "a login",
    }))
    let turn = 0
    const credentials: CredentialSource = {
      acquire: async () => ({
        credential: accounts[turn++ % 2] as (typeof accounts)[number],
        observe: () => {},
        replace: async () => undefined,
        release: () => {},
      }),
    }
    const program = await codex({
      credentials,
      settings: { websocket: false },
      script: ({ index }) => ({ toolCalls: [{ name: "t" }], turnState: `state-${index}` }),
    })
    const first = await program.ask([HELLO])
    await program.ask([HELLO, first, ...results(first)])
    expect(stateOf(program, 1)).toBeUndefined()
  })

  test("a name that no header can hold is a sum of itself", async () => {
    for (const sessionId of ["чат-1", "a\nb", "a b"]) {
      const program = await codex()
      expect((await program.ask([HELLO], { sessionId })).error).toBeUndefined()
      expect(program.host.connections[0]?.headers["session_id"]).toMatch(/^pc_[0-9a-f]{16}$/)
    }
  })

  test("other headers of the caller want another connection, which may be opened ahead with them", async () => {
    const program = await codex()
    for (const tenant of ["a", "b", "a"]) await program.ask([HELLO], { headers: { "x-tenant": tenant } })
    expect(program.host.connections.map(({ headers }) => headers["x-tenant"])).toEqual(["a", "b"])
    const headers = { "x-tenant": "c" }
    expect(await program.sluice.prewarm(program.model, { sessionId: "s1", headers })).toBe(true)
    await program.ask([HELLO], { headers })
    expect(program.host.connections).toHaveLength(3)
    expect(program.host.connections[2]?.headers["x-tenant"]).toBe("c")
  })

  test("sessions whose names run into other words have connections of their own", async () => {
    const program = await codex({ settings: { responsesLite: true } })
    await program.ask([HELLO], { sessionId: "a" })
    const image = { type: "image" as const, source: { data: "aGk=", mimeType: "image/png" } }
    await program.ask([{ role: "user", content: [image] }], { sessionId: "a lite" })
    expect(program.host.connections).toHaveLength(2)
  })
})

describe("what the backend has of a conversation is what was meant", () => {
  const said = (program: CodexTest, n: number): string => JSON.stringify(program.host.calls[n]?.body["input"])

  test("a request that an observer has replaced is not gone on from", async () => {
    const program = await codex({ script: () => ({ text: "ok" }) })
    const first = await program.ask([user("one"), user("two")], {
      onPayload: ({ body }) => ({ ...(body as object), input: (body as { input: unknown[] }).input.slice(1) }),
    })
    await program.ask([user("one"), user("two"), first, user("three")])
    expect(program.host.calls[1]?.continued).toBe(0)
    for (const word of ["one", "two", "three"]) expect(said(program, 1)).toContain(word)
  })

  test("an observer that only looks on changes nothing", async () => {
    const program = await codex({ script: () => ({ text: "ok" }) })
    const first = await program.ask([HELLO], { onPayload: () => undefined })
    await program.ask([HELLO, first, user("more")], { onPayload: () => undefined })
    expect(program.host.calls[1]?.continued).toBe(2)
  })

  test("the thinking of an answer that it does not have goes out with that answer", async () => {
    const program = await codex({
      script: [{ text: "ok" }, { thinking: "hm", toolCalls: [{ name: "t" }] }, { text: "done" }],
    })
    const first = await program.ask([HELLO])
    const second = await program.ask([HELLO, first, user("go")], { chain: false })
    await program.ask([HELLO, first, user("go"), second, ...results(second)])
    expect(said(program, 2)).toContain('"encrypted_content"')
  })
})

describe("a connection that leads nowhere", () => {
  test("of a host that agrees and hangs up is told of, and not made again and again", async () => {
    await using host = await socketHost({ opened: (socket) => socket.close(1013, "later") })
    const http = undiciTransport()
    const transport = websocketTransport({ http })
    onTestFinished(async () => {
      await transport.close()
      await http.close()
    })
    const signal = AbortSignal.timeout(2000)
    // The hanging up may come before or after the request.
    const failure = await transport
      .open({ key: "k", url: host.url, headers: {} }, signal)
      .then(async (channel) => {
        await new Promise((resolve) => setTimeout(resolve, 50))
        const exchange = await channel.send({ method: "POST", url: host.httpUrl, headers: {}, body: "{}" }, signal)
        for await (const _chunk of exchange.chunks) void _chunk
      })
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: "network" })
    expect(host.handshakes).toHaveLength(1)
  })

  test("does not use up what may be tried over plain HTTP", async () => {
    const program = await codex({
      script: ({ transport, index }) => {
        if (transport === "websocket") return { text: "x", cut: { afterEvents: 0 } }
        return index === 6 ? { error: { status: 503, message: "busy" } } : { text: "at last" }
      },
    })
    expect(await program.ask([HELLO])).toMatchObject({ content: [{ text: "at last" }] })
    expect(program.host.calls.filter(({ transport }) => transport === "sse")).toHaveLength(2)
  })

  test("stays within the tries and waits that the call allows", async () => {
    const cut = { text: "x", cut: { afterEvents: 0 } } as const
    const program = await codex({ script: () => cut })
    expect((await program.ask([HELLO], { retry: { maxAttempts: 1 } })).error).toMatchObject({ code: "network" })
    expect(program.host.calls).toHaveLength(1)
    await program.ask([HELLO], { sessionId: "s2", retry: { maxTotalDelayMs: 600 } })
    expect(program.waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(600)
  })
})

test("what is said before an answer begins counts on a used connection as well", async () => {
  const frame = { type: "response.metadata", headers: { [STATE]: "early" } }
  const program = await codex({
    script: [{ text: "ok" }, { toolCalls: [{ name: "t" }], inject: [{ before: 0, frame }] }, { text: "done" }],
  })
  const first = await program.ask([HELLO])
  const second = await program.ask([HELLO, first, user("go")])
  await program.ask([HELLO, first, user("go"), second, ...results(second)])
  expect(program.host.connections).toHaveLength(1)
  expect(stateOf(program, 2)).toBe("early")
})

test("a record of requests that cannot be written breaks no call", async () => {
  const debug = (): never => {
    throw new Error("the log is full")
  }
  const program = await codex({ settings: { debug } })
  expect((await program.ask([HELLO])).error).toBeUndefined()
})
