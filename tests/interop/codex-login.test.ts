import { emulatedCodexToken } from "@sluice/testkit/emulators"
import { describe, expect, test } from "vitest"
import { whyMissing } from "./clients/find.ts"
import { CODEX_ACCOUNT, runCodex, type CodexClient, type CodexEvent } from "./support/codex.ts"
import { isolated } from "./support/network.ts"
import { OUTBOUND, PEERS, stage, type Stage } from "./support/stage.ts"
import { tap, type Tap, type TappedSocket } from "./support/tap.ts"

type Fields = Record<string, unknown>

const saidIn = (events: readonly CodexEvent[]): unknown[] =>
  events.filter(({ item }) => item?.type === "agent_message").map(({ item }) => item?.text)

/** The long text that the client begins a conversation with: of its own field, or the first message. */
const promptOf = (request: Fields | undefined): string => {
  const [first] = inputOf(request)
  return String(request?.["instructions"] ?? (first?.["content"] as Fields[] | undefined)?.[0]?.["text"])
}

const inputOf = (request: Fields | undefined): Fields[] => request?.["input"] as Fields[]
const typesOf = (request: Fields | undefined): unknown[] => inputOf(request).map(({ type }) => type)

/** The ids of the answers that a connection had, oldest first. */
const idsOn = ({ received }: TappedSocket): unknown[] =>
  received.filter(({ type }) => type === "response.completed").map(({ response }) => (response as Fields)["id"])

describe.each<[string, CodexClient]>([
  ["Codex", "@openai/codex"],
  ["an earlier Codex", "codex-earlier"],
])("%s with a login", (_name, client) => {
  const missing = whyMissing(client)
  const where = isolated ? "" : "on this machine's network, "
  const run = (prompt: string, at: Pick<Stage, "key">, on: Tap, model: string, sockets: boolean) =>
    runCodex(prompt, { url: on.url, key: at.key, model, sockets, login: true, client })

  describe.skipIf(missing !== undefined)(
    `${where}${missing === undefined ? "installed" : `skipped: ${missing}`}`,
    () => {
      describe.each(PEERS)("to %s", (_what, peer) => {
        const model = `${peer}/m`

        test("a turn of text over HTTP, where bodies come compressed", async () => {
          await using at = await stage([{ text: "Hello from the host.", usage: { prompt: 11, output: 5 } }])
          await using on = await tap(at.url, { sockets: false })
          const { code, stderr, events } = await run("Say hello", at, on, model, false)
          expect(code, stderr).toBe(0)
          expect(saidIn(events)).toEqual(["Hello from the host."])
          expect(events.find(({ usage }) => usage)?.usage).toMatchObject({ input_tokens: 11, output_tokens: 5 })
          const posts = on.requests.filter(({ path }) => path === "/v1/responses")
          expect(posts).toMatchObject([
            {
              method: "POST",
              headers: {
                "content-encoding": "zstd",
                authorization: `Bearer ${at.key}`,
                "chatgpt-account-id": CODEX_ACCOUNT,
              },
              json: { model, stream: true, store: false },
            },
          ])
          const [asked, ...others] = at.asked(peer)
          expect(others).toEqual([])
          expect(asked?.system).toContain(promptOf(posts[0]?.json))
          expect(asked?.said.some((text) => text.includes("Say hello"))).toBe(true)
          expect(asked?.tools).toContain("exec_command")
          expect(await at.rows(1)).toMatchObject([
            { inbound: "openai-responses", outbound: OUTBOUND[peer], status: 200, inputTokens: 11, outputTokens: 5 },
          ])
          if (peer !== "mock") {
            const told = JSON.stringify(at.requests(peer).map(({ headers, json }) => [headers, json]))
            expect(told).not.toContain(CODEX_ACCOUNT)
            expect(told).not.toContain(at.key)
          }
        })

        test("a turn of text over a WebSocket goes on from what was announced", async () => {
          await using at = await stage([{ text: "Hello from the host.", usage: { prompt: 11, output: 5 } }])
          await using on = await tap(at.url)
          const { code, stderr, events } = await run("Say hello", at, on, model, true)
          expect(code, stderr).toBe(0)
          expect(saidIn(events)).toEqual(["Hello from the host."])
          expect(on.requests.filter(({ path }) => path === "/v1/responses")).toEqual([])
          const [socket, ...others] = on.sockets as [TappedSocket]
          expect(others).toEqual([])
          expect(socket).toMatchObject({
            path: "/v1/responses",
            headers: { authorization: `Bearer ${at.key}`, "chatgpt-account-id": CODEX_ACCOUNT },
          })
          const [announced, turn, ...more] = socket.sent
          expect(more).toEqual([])
          expect(announced).toMatchObject({ type: "response.create", generate: false, store: false })
          expect(turn).toMatchObject({ previous_response_id: idsOn(socket)[0], store: false })
          expect(turn).not.toHaveProperty("generate")
          // No host hears of what was only announced.
          const asked = at.asked(peer)
          expect(asked).toHaveLength(1)
          expect(asked[0]?.system).toContain(promptOf(announced))
          expect(JSON.stringify(inputOf(turn))).not.toContain(JSON.stringify(promptOf(announced)))
          expect(asked[0]?.said.some((text) => text.includes("Say hello"))).toBe(true)
          const [before, row] = await at.rows(2)
          expect(before).toMatchObject({ status: 200, usageProvenance: "absent" })
          expect(row).toMatchObject({ status: 200, outbound: OUTBOUND[peer], inputTokens: 11, outputTokens: 5 })
        })

        describe.each([
          ["over HTTP", false],
          ["over a WebSocket", true],
        ])("%s", (_how, sockets) => {
          test("a turn with a tool that it runs", async () => {
            const cmd = "echo made-$((40 + 2))"
            await using at = await stage([
              { thinking: "A command will do.", toolCalls: [{ name: "exec_command", arguments: { cmd } }] },
              { text: "It printed what it should." },
            ])
            await using on = await tap(at.url, { sockets })
            const { code, stderr, events } = await run("Run the command", at, on, model, sockets)
            expect(code, stderr).toBe(0)
            const ran = events.find(({ type, item }) => type === "item.completed" && item?.type === "command_execution")
            expect(ran?.item).toMatchObject({ exit_code: 0, aggregated_output: expect.stringContaining("made-42") })
            expect(saidIn(events)).toEqual(["It printed what it should."])
            if (sockets) {
              const [socket] = on.sockets as [TappedSocket]
              const [, first, second, ...more] = socket.sent
              expect(more).toEqual([])
              expect([first, second].map((request) => request?.["previous_response_id"])).toEqual(
                idsOn(socket).slice(0, 2),
              )
              // What the gateway has from this connection is not sent again.
              expect(typesOf(second)).toEqual(["function_call_output"])
            } else {
              const [first, second, ...more] = on.requests.filter(({ path }) => path === "/v1/responses")
              expect(more).toEqual([])
              expect([first, second].map((post) => post?.headers["content-encoding"])).toEqual(["zstd", "zstd"])
              expect(second?.json).not.toHaveProperty("previous_response_id")
              expect(typesOf(second?.json)).toEqual(expect.arrayContaining(["function_call", "function_call_output"]))
            }
            const asked = at.asked(peer)
            expect(asked).toHaveLength(2)
            expect(asked[1]?.said.some((text) => text.includes("Run the command"))).toBe(true)
            expect(asked[1]?.calls).toMatchObject([{ name: "exec_command", arguments: { cmd } }])
            expect(JSON.stringify(asked[1]?.results)).toContain("made-42")
          })
        })
      })

      test("a gateway without keys takes the account's token and tells no host of it", async () => {
        await using at = await stage([{ text: "Hello from the host." }], { anonymous: true })
        await using on = await tap(at.url)
        const token = emulatedCodexToken({ accountId: CODEX_ACCOUNT })
        const { code, stderr, events } = await run("Say hello", { ...at, key: token }, on, "chat/m", true)
        expect(code, stderr).toBe(0)
        expect(saidIn(events)).toEqual(["Hello from the host."])
        expect(on.sockets).toMatchObject([{ headers: { authorization: `Bearer ${token}` } }])
        expect(JSON.stringify(at.requests("chat").map(({ headers, json }) => [headers, json]))).not.toContain(token)
      })

      test.each([
        ["over HTTP", false],
        ["over a WebSocket", true],
      ])("an error of the host is told to the person %s", async (_how, sockets) => {
        await using at = await stage([{ error: { status: 400, message: "the host says no" } }])
        await using on = await tap(at.url, { sockets })
        const { code, stdout, stderr } = await run("Say hello", at, on, "chat/m", sockets)
        expect(code).not.toBe(0)
        expect(stdout + stderr).toContain("the host says no")
      })
    },
  )
})
