import { keySource } from "@sluice/ai"
import { codexDiagnostics } from "@sluice/ai/endpoints/codex"
import { resolveModel } from "@sluice/catalog"
import { codexEmulator, type CodexOptions, codexUsageLimit, emulatedCodexToken } from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"
import { codex, HELLO } from "../support/codex.ts"
import { startGateway } from "../support/gateway.ts"

describe("Codex over a WebSocket", () => {
  test("goes on from the response before, with what is new alone", async () => {
    const { host, ask, known, sluice, model } = await codex({
      script: [
        { thinking: "hm", text: "One." },
        { toolCalls: [{ name: "look", arguments: { at: "x" } }] },
        { text: "Three." },
      ],
    })
    const first = await ask([HELLO])
    expect(first).toMatchObject({ stopReason: "stop" })
    const second = await ask([HELLO, first, { role: "user", content: "more" }])
    expect(second).toMatchObject({ stopReason: "toolUse" })
    const call = second.content.find((block) => block.type === "toolCall")
    const third = await ask([
      HELLO,
      first,
      { role: "user", content: "more" },
      second,
      { role: "toolResult", toolCallId: call?.id ?? "", toolName: "look", content: "nothing" },
    ])
    expect(third).toMatchObject({ stopReason: "stop", content: [{ type: "text", text: "Three." }] })
    expect(host.connections).toHaveLength(1)
    expect(
      host.calls.map(({ transport, body, continued }) => [transport, (body["input"] as []).length, continued]),
    ).toEqual([
      ["websocket", 1, 0],
      ["websocket", 1, 3],
      ["websocket", 1, 5],
    ])
    expect(host.calls.map(({ body }) => body["previous_response_id"])).toEqual([
      undefined,
      host.calls[0]?.responseId,
      host.calls[1]?.responseId,
    ])
    const route = await sluice.route(model)
    expect(codexDiagnostics(known, route.model, "s1")).toEqual({
      wholeRequests: 1,
      chainedRequests: 2,
      lastTransport: "websocket",
      lastItems: 6,
      lastSentItems: 1,
      lastPreviousResponseId: host.calls[1]?.responseId,
      websocket: true,
      fallbacks: 0,
    })
  })
})

describe("Codex behind the gateway", () => {
  /** A gateway before the backend, with the catalog's model. */
  async function behind(script: CodexOptions["script"]) {
    const host = await codexEmulator(script ? { script } : {})
    const model = await resolveModel("openai-codex/gpt-5.5")
    const gateway = await startGateway(
      { "openai-codex": { api: model.api, url: host.baseUrl, model: { ...model, baseUrl: host.baseUrl } } },
      { credentials: keySource(emulatedCodexToken()) },
    )
    onTestFinished(async () => {
      await gateway[Symbol.asyncDispose]()
      await host.close()
    })
    return { host, gateway }
  }

  test.each([true, false])(
    "a conversation of a client of another wire goes on over one socket (stream: %s)",
    async (stream) => {
      const { host, gateway } = await behind([{ thinking: "hm", text: "One." }, { text: "Two." }])
      const messages: object[] = [
        { role: "system", content: "Be brief." },
        { role: "user", content: "a" },
      ]
      const ask = async (): Promise<string> => {
        const response = await gateway.post(
          "/v1/chat/completions",
          { model: "openai-codex/gpt-5.5", messages, stream },
          { headers: { session_id: "conversation-1" } },
        )
        expect(response.status).toBe(200)
        const text = await response.text()
        if (!stream)
          return (JSON.parse(text) as { choices: { message: { content: string } }[] }).choices[0]?.message.content ?? ""
        return [...text.matchAll(/"content":"([^"]*)"/g)].map((match) => match[1]).join("")
      }
      expect(await ask()).toBe("One.")
      messages.push({ role: "assistant", content: "One." }, { role: "user", content: "b" })
      expect(await ask()).toBe("Two.")
      expect(host.connections).toHaveLength(1)
      expect(host.calls.map(({ transport, continued }) => [transport, continued])).toEqual([
        ["websocket", 0],
        ["websocket", 3],
      ])
      expect(host.calls[1]?.body["input"]).toHaveLength(1)
    },
  )

  test("a plan that is used up is told in words that help, with the moment at which it ends", async () => {
    const resetsAt = Math.floor(Date.now() / 1000) + 1790
    const { gateway } = await behind([{ error: codexUsageLimit({ planType: "plus", resetsAt }) }])
    const response = await gateway.post("/v1/responses", { model: "openai-codex/gpt-5.5", input: "hi" })
    expect(response.status).toBe(429)
    expect(await response.json()).toMatchObject({
      error: { message: "You have hit your ChatGPT usage limit (plus plan). Try again in ~30 min." },
    })
  })
})
