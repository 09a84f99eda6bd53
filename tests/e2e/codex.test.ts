import { describe, expect, test } from "vitest"
import { codexDiagnostics } from "@sluice/ai/endpoints/codex"
import { codex, HELLO } from "../support/codex.ts"

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
    const [call] = second.content.filter((block) => block.type === "toolCall")
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
