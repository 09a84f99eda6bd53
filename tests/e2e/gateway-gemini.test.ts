import { describe, expect, test } from "vitest"
import { anthropicMessagesEmulator, openaiChatEmulator, type EmulatedAnswer } from "@sluice/testkit/emulators"
import { findProvider } from "@sluice/catalog"
import { events, latest, startGateway, type TestGateway } from "../support/gateway.ts"

const ASK = { contents: [{ role: "user", parts: [{ text: "hi" }] }] }

interface Stand extends AsyncDisposable {
  at: TestGateway
  chat: Awaited<ReturnType<typeof openaiChatEmulator>>
  messages: Awaited<ReturnType<typeof anthropicMessagesEmulator>>
}

async function stand(
  script: readonly EmulatedAnswer[],
  options: Parameters<typeof startGateway>[1] = {},
): Promise<Stand> {
  const chat = await openaiChatEmulator({ script })
  const messages = await anthropicMessagesEmulator({ script })
  const at = await startGateway(
    {
      chat: { api: "openai-completions", url: `${chat.url}/v1` },
      messages: {
        api: "anthropic-messages",
        url: messages.url,
        model: {
          thinking: { mode: "budget", efforts: ["low", "medium", "high"], display: true },
          compat: { messages: { ...findProvider("anthropic")?.apis[0]?.compat?.messages } },
        },
      },
    },
    options,
  )
  return {
    at,
    chat,
    messages,
    async [Symbol.asyncDispose]() {
      await at[Symbol.asyncDispose]()
      await Promise.all([chat.close(), messages.close()])
    },
  }
}

describe.each(["chat", "messages"] as const)("clients of Gemini's API, answered by %s", (host) => {
  const path = (method: string, version = "v1"): string => `/${version}/models/${host}/m:${method}`

  test("a whole answer, under both versions", async () => {
    await using on = await stand([
      { text: "Hello.", usage: { prompt: 11, cached: 3, output: 5 } },
      { text: "Hello.", usage: { prompt: 11, cached: 3, output: 5 } },
    ])
    for (const version of ["v1", "v1beta"]) {
      const response = await on.at.post(path("generateContent", version), ASK)
      expect(response.status).toBe(200)
      expect(await response.json()).toEqual({
        candidates: [{ content: { role: "model", parts: [{ text: "Hello." }] }, finishReason: "STOP", index: 0 }],
        usageMetadata: {
          promptTokenCount: 11,
          cachedContentTokenCount: 3,
          candidatesTokenCount: 5,
          totalTokenCount: 16,
        },
        modelVersion: `${host}/m`,
        responseId: expect.any(String),
      })
    }
    expect(await latest(on.at, 2)).toMatchObject([{ inbound: "google-generative-ai", status: 200 }, { status: 200 }])
  })
})
