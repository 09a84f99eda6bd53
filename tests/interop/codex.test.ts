import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { whyMissing } from "./clients/find.ts"
import { runCodex } from "./support/codex.ts"
import { startLlama, llamaTitle, whyNoServer, type Llama } from "./support/llama.ts"
import { isolated } from "./support/network.ts"
import { OUTBOUND, PEERS, stage } from "./support/stage.ts"

const missing = whyMissing("@openai/codex")

describe.skipIf(missing !== undefined)(`Codex${isolated ? "" : ", on this machine's network"}`, () => {
  describe.each([
    ["over HTTP", false],
    ["over a WebSocket", true],
  ])("%s", (_how, sockets) => {
    describe.each(PEERS)("to %s", (_what, peer) => {
      test("a turn of text", async () => {
        await using at = await stage([{ text: "Hello from the host.", usage: { prompt: 11, output: 5 } }])
        const run = await runCodex("Say hello", { ...at, model: `${peer}/m`, sockets })
        expect(run, run.stderr).toMatchObject({ code: 0 })
        const said = run.events.filter(({ item }) => item?.type === "agent_message").map(({ item }) => item?.text)
        expect(said).toEqual(["Hello from the host."])
        expect(run.events.find(({ usage }) => usage)?.usage).toMatchObject({ input_tokens: 11, output_tokens: 5 })
        const [asked, ...others] = at.asked(peer)
        expect(others).toEqual([])
        expect(asked?.said.some((text) => text.includes("Say hello"))).toBe(true)
        expect(asked?.tools).toContain("exec_command")
        // Over a socket it announces first what is to come, which no host hears of.
        const rows = await at.rows(sockets ? 2 : 1)
        expect(rows).toHaveLength(sockets ? 2 : 1)
        expect(rows.at(-1)).toMatchObject({
          inbound: "openai-responses",
          outbound: OUTBOUND[peer],
          requestedModel: `${peer}/m`,
          status: 200,
          inputTokens: 11,
          outputTokens: 5,
        })
      })

      test("a turn with a tool that it runs", async () => {
        const cmd = "echo made-$((40 + 2))"
        await using at = await stage([
          { thinking: "A command will do.", toolCalls: [{ name: "exec_command", arguments: { cmd } }] },
          { text: "It printed what it should." },
        ])
        const run = await runCodex("Run the command", { ...at, model: `${peer}/m`, sockets })
        expect(run, run.stderr).toMatchObject({ code: 0 })
        const ran = run.events.find(({ type, item }) => type === "item.completed" && item?.type === "command_execution")
        expect(ran?.item).toMatchObject({ exit_code: 0, aggregated_output: expect.stringContaining("made-42") })
        expect(run.events.some(({ item }) => item?.text === "It printed what it should.")).toBe(true)
        const asked = at.asked(peer)
        expect(asked).toHaveLength(2)
        expect(asked[1]?.calls).toMatchObject([{ name: "exec_command", arguments: { cmd } }])
        expect(JSON.stringify(asked[1]?.results)).toContain("made-42")
      })
    })

    test("an error of the host is told to the person", async () => {
      await using at = await stage([{ error: { status: 400, message: "the host says no" } }])
      const run = await runCodex("Say hello", { ...at, model: "chat/m", sockets })
      expect(run.code).not.toBe(0)
      expect(run.stdout + run.stderr).toContain("the host says no")
    })
  })

  describe.skipIf(whyNoServer !== undefined)(`to ${llamaTitle}, over Responses`, () => {
    let llama: Llama
    beforeAll(async () => {
      llama = await startLlama()
    })
    afterAll(async () => {
      await llama?.[Symbol.asyncDispose]()
    })

    test.each([
      ["over HTTP", false],
      ["over a WebSocket", true],
    ])("a turn of text %s", async (_how, sockets) => {
      await using at = await stage([], { llama })
      const run = await runCodex("Say hello", { ...at, model: "llama-responses/scripted", sockets })
      expect(run, run.stderr).toMatchObject({ code: 0 })
      const items = run.events.flatMap(({ type, item }) => (type === "item.completed" && item ? [item] : []))
      expect(items.find(({ type }) => type === "agent_message")?.text).toBe("Hello from a real server!")
      const rows = await at.rows(sockets ? 2 : 1)
      expect(rows.at(-1)).toMatchObject({ inbound: "openai-responses", outbound: "openai-responses", status: 200 })
    })
  })
})
