import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { faultProxy } from "@sluice/testkit/faults"
import { whyMissing } from "./clients/find.ts"
import { runClaude } from "./support/claude.ts"
import { startLlama, llamaTitle, whyNoServer, type Llama } from "./support/llama.ts"
import { isolated } from "./support/network.ts"
import { OUTBOUND, PEERS, stage, type Peer } from "./support/stage.ts"

/** What `--output-format json` ends with, as far as the tests read it. */
interface Result {
  type: string
  subtype: string
  is_error: boolean
  result: string
  num_turns: number
  structured_output?: unknown
  usage: { input_tokens: number; output_tokens: number }
}

/** Line of the log for an answer that Claude Code got from a peer. */
const served = (peer: Peer, more: object = {}): object => ({
  inbound: "anthropic-messages",
  outbound: OUTBOUND[peer],
  requestedModel: `${peer}/m`,
  provider: peer,
  stream: true,
  relayed: peer === "messages",
  status: 200,
  error: undefined,
  ...more,
})

const missing = whyMissing("@anthropic-ai/claude-code")

describe.skipIf(missing !== undefined)(`Claude Code${isolated ? "" : ", on this machine's network"}`, () => {
  describe.each(PEERS)("to %s", (_, peer) => {
    const model = ["--model", `${peer}/m`]

    test("a turn of text", async () => {
      await using at = await stage([{ text: "Hello from the host.", usage: { prompt: 11, output: 5 } }])
      const run = await runClaude(["-p", "Say hello", "--output-format", "json", ...model], at)
      expect(run).toMatchObject({ code: 0 })
      expect(JSON.parse(run.stdout) as Result).toMatchObject({
        type: "result",
        subtype: "success",
        is_error: false,
        result: "Hello from the host.",
        num_turns: 1,
        usage: { input_tokens: 11, output_tokens: 5 },
      })
      const [asked, ...others] = at.asked(peer)
      expect(others).toEqual([])
      expect(asked).toMatchObject({ model: "m", stream: true, calls: [], results: [] })
      expect(asked?.said.some((text) => text.endsWith("Say hello"))).toBe(true)
      expect(asked?.tools).toContain("Bash")
      expect(asked?.system).toContain("Claude")
      expect(await at.rows(1)).toMatchObject([
        served(peer, { inputTokens: 11, outputTokens: 5, usageProvenance: "reported" }),
      ])
    })

    test("a turn with a tool that it runs", async () => {
      const command = "echo made-$((40 + 2))"
      await using at = await stage([
        { thinking: "A command will do.", toolCalls: [{ name: "Bash", arguments: { command, description: "Print" } }] },
        { thinking: "It is there.", text: "It printed what it should." },
      ])
      const run = await runClaude(
        ["-p", "Run the command", "--output-format", "json", "--allowedTools", "Bash", ...model],
        at,
      )
      expect(run).toMatchObject({ code: 0 })
      expect(JSON.parse(run.stdout) as Result).toMatchObject({
        is_error: false,
        result: "It printed what it should.",
        num_turns: 2,
      })
      const asked = at.asked(peer)
      expect(asked).toHaveLength(2)
      expect(asked[1]?.calls).toMatchObject([{ name: "Bash", arguments: { command } }])
      expect(asked[1]?.results).toEqual([{ id: asked[1]?.calls[0]?.id, text: "made-42" }])
      expect(await at.rows(2)).toMatchObject([served(peer), served(peer)])
    })

    test("stream-json with partial messages", async () => {
      await using at = await stage([{ text: "Hello from the host, piece by piece.", pace: { chars: 6 } }])
      const how = ["--output-format", "stream-json", "--verbose", "--include-partial-messages"]
      const run = await runClaude(["-p", "Say hello", ...how, ...model], at)
      expect(run).toMatchObject({ code: 0 })
      const lines = run.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { type: string; event?: { type: string; delta?: { text?: string } } })
      const events = lines.flatMap((line) => (line.type === "stream_event" && line.event ? [line.event] : []))
      const pieces = events.flatMap((event) => event.delta?.text ?? [])
      expect(pieces.length).toBeGreaterThan(3)
      expect(pieces.join("")).toBe("Hello from the host, piece by piece.")
      expect([events[0]?.type, events.at(-1)?.type]).toEqual(["message_start", "message_stop"])
      expect(lines.at(-1)).toMatchObject({ type: "result", result: "Hello from the host, piece by piece." })
      expect(await at.rows(1)).toMatchObject([served(peer)])
    })

    test("an answer by schema", async () => {
      await using at = await stage([
        { toolCalls: [{ name: "StructuredOutput", arguments: { answer: "42" } }] },
        { text: "Done." },
      ])
      const schema = { type: "object", properties: { answer: { type: "string" } }, required: ["answer"] }
      const run = await runClaude(
        ["-p", "The answer?", "--output-format", "json", "--json-schema", JSON.stringify(schema), ...model],
        at,
      )
      expect(run).toMatchObject({ code: 0 })
      expect((JSON.parse(run.stdout) as Result).structured_output).toEqual({ answer: "42" })
      expect(at.asked(peer)[0]?.tools).toContain("StructuredOutput")
      expect((await at.rows(1))[0]).toMatchObject(served(peer))
    })

    test("a refusal of the host is what it shows", async () => {
      // It tries several times, each time with less in the request.
      const refusal = { error: { status: 400, message: "the host says no" } }
      await using at = await stage(Array.from({ length: 20 }, () => refusal))
      const run = await runClaude(["-p", "Say hello", "--output-format", "json", ...model], at)
      expect(run.code).toBe(1)
      const result = JSON.parse(run.stdout) as Result
      expect(result.is_error).toBe(true)
      expect(result.result).toContain("the host says no")
      const rows = await at.rows(1)
      expect(rows[0]).toMatchObject({ outbound: OUTBOUND[peer], status: 400, error: "invalid_request" })
    })
  })

  test("the demo model answers with nothing set up", async () => {
    await using at = await stage([])
    const run = await runClaude(["-p", "Good morning", "--model", "mock/demo"], at)
    expect(run).toMatchObject({ code: 0 })
    expect(run.stdout).toContain("Good morning")
    expect(await at.rows(1)).toMatchObject([{ outbound: "mock", provider: "mock", model: "demo", status: 200 }])
  })

  test("a key as a bearer token, and a key that is wrong", async () => {
    await using at = await stage([{ text: "Hello." }])
    const args = ["-p", "hi", "--output-format", "json", "--model", "chat/m"]
    const bearer = { ANTHROPIC_API_KEY: undefined, ANTHROPIC_AUTH_TOKEN: at.key }
    expect(await runClaude(args, { ...at, env: bearer })).toMatchObject({ code: 0 })
    const wrong = await runClaude(args, { ...at, key: "sk-sluice-wrong" })
    expect(wrong.code).toBe(1)
    expect(at.requests("chat")).toHaveLength(1)
    const rows = await at.rows(2)
    expect(rows[0]).toMatchObject(served("chat"))
    expect(rows[1]).toMatchObject({ status: 401, error: "auth_invalid", outbound: undefined })
  })

  test("it finds the gateway's models when it is told to look", async () => {
    await using at = await stage([{ text: "Hello." }], {
      listModels: async () => [{ id: "chat/m", provider: "chat", name: "Model of the host" }],
    })
    await using seen = await faultProxy({ target: at.url })
    const env = { CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: "1" }
    const run = await runClaude(["-p", "hi", "--model", "chat/m"], { key: at.key, url: seen.url, env })
    expect(run).toMatchObject({ code: 0, stdout: "Hello.\n" })
    const listing = seen.exchanges.find(({ request }) => request.path.startsWith("/v1/models"))
    expect(listing).toMatchObject({ status: 200, request: { method: "GET", path: "/v1/models?limit=1000" } })
    expect(listing?.request.headers["anthropic-version"]).toBeDefined()
    expect(await at.rows(1)).toMatchObject([served("chat")])
  })

  // Only where nothing can get out: without the switch it also wants to talk to others.
  test.skipIf(!isolated)("its first look at the gateway, without a key, is answered", async () => {
    await using at = await stage([{ text: "Hello." }, { text: "Hello." }, { text: "Hello." }])
    await using seen = await faultProxy({ target: at.url })
    const env = { CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: undefined }
    const run = await runClaude(["-p", "hi", "--model", "chat/m"], { key: at.key, url: seen.url, env })
    expect(run).toMatchObject({ code: 0, stdout: "Hello.\n" })
    const looks = seen.exchanges.filter(({ request }) => request.method === "HEAD")
    expect(looks).toMatchObject([{ status: 200, request: { path: "/api/hello" } }])
    expect(looks[0]?.request.headers).not.toHaveProperty("x-api-key")
    const asked = seen.exchanges.filter(({ request }) => request.path.startsWith("/v1/messages"))
    expect(asked.map(({ status }) => status)).toEqual(asked.map(() => 200))
  })

  describe.skipIf(whyNoServer !== undefined)(`to ${llamaTitle}`, () => {
    let llama: Llama
    beforeAll(async () => {
      llama = await startLlama()
    })
    afterAll(async () => {
      await llama?.[Symbol.asyncDispose]()
    })

    test.each([
      ["openai-completions", "llama-chat/scripted"],
      ["anthropic-messages", "llama-messages/scripted"],
    ])("a turn of text over %s", async (outbound, model) => {
      await using at = await stage([], { llama })
      const run = await runClaude(["-p", "hello there", "--output-format", "json", "--model", model], at)
      expect(run).toMatchObject({ code: 0 })
      const result = JSON.parse(run.stdout) as Result
      expect(result).toMatchObject({ is_error: false, num_turns: 1 })
      expect(result.result).toContain("Hello from a real server!")
      expect(await at.rows(1)).toMatchObject([
        {
          inbound: "anthropic-messages",
          outbound,
          model: "scripted",
          stream: true,
          status: 200,
          error: undefined,
          outputTokens: expect.any(Number),
          usageProvenance: "reported",
        },
      ])
    })
  })
})
