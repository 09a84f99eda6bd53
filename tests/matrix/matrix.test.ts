import {
  type AssistantMessage,
  type Context,
  keySource,
  type Message,
  type Model,
  type ToolCallBlock,
  type ToolResultMessage,
} from "@sluice/ai"
import { createSluice } from "@sluice/ai/auto"
import type { EmulatedAnswer } from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"
import { startGateway } from "../support/gateway.ts"
import { INBOUND } from "./inbound.ts"
import { OUTBOUND, type Outbound } from "./outbound.ts"

/** A picture of one pixel. */
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

const TOOLS: Context["tools"] = ["weather", "time"].map((name) => ({
  name,
  description: `The ${name} of a city.`,
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
}))

const ANSWERS: readonly EmulatedAnswer[] = [
  {
    thinking: "Both at once.",
    text: "Let me look.",
    toolCalls: [
      { name: "weather", arguments: { city: "Rome" } },
      { name: "time", arguments: { city: "Oslo" } },
    ],
    usage: { prompt: 20, output: 10 },
  },
  { text: "It is sunny; the clock is broken.", usage: { prompt: 40, output: 8 } },
]

/** A gateway before one host, and a client that speaks one wire to it. */
async function between(inbound: (typeof INBOUND)[number], outbound: Outbound, script: (n: number) => EmulatedAnswer) {
  const { host, model, secret } = await outbound.start(script)
  onTestFinished(() => host.close())
  const gateway = await startGateway(
    { host: { api: model.api, url: model.baseUrl, model } },
    { credentials: keySource(secret) },
  )
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  const client = createSluice({ env: () => undefined, credentials: keySource(gateway.key) })
  const target: Model = await inbound.model(gateway.url, `host/${model.id}`)
  return {
    host,
    model,
    stream: (context: Context, signal?: AbortSignal) =>
      client.stream(target, context, { ...(signal ? { signal } : {}), retry: { maxAttempts: 1 }, reasoning: "high" }),
  }
}

const textOf = (message: AssistantMessage): string =>
  message.content.map((block) => (block.type === "text" ? block.text : "")).join("")

describe.each(OUTBOUND.map((outbound) => [outbound.api, outbound] as const))("to a host of %s", (_api, outbound) => {
  test.each(INBOUND.map((inbound) => [inbound.api, inbound] as const))(
    "a client of %s: thinking, parallel tools, a picture, a tool that failed",
    async (_name, inbound) => {
      const { host, stream } = await between(inbound, outbound, (n) => ANSWERS[n] ?? { text: "?" })
      const messages: Message[] = [
        {
          role: "user",
          content: [
            { type: "text", text: "Weather and time?" },
            { type: "image", source: { data: PIXEL, mimeType: "image/png" } },
          ],
        },
      ]
      const context = (): Context => ({ systemPrompt: "Be brief.", messages: [...messages], tools: TOOLS ?? [] })
      const first = await stream(context()).result()
      expect(first.error).toBeUndefined()
      expect(first.stopReason).toBe("toolUse")
      expect(textOf(first)).toBe("Let me look.")
      const calls = first.content.filter((block): block is ToolCallBlock => block.type === "toolCall")
      expect(calls.map(({ name, arguments: args }) => [name, args])).toEqual([
        ["weather", { city: "Rome" }],
        ["time", { city: "Oslo" }],
      ])
      expect(new Set(calls.map(({ id }) => id)).size).toBe(2)
      expect(first.usage).toMatchObject({ input: 20, output: 10 })
      const results = calls.map(({ id, name }, i): ToolResultMessage => {
        const failed = i === 1
        return {
          role: "toolResult",
          toolCallId: id,
          toolName: name,
          content: failed ? "no clock" : "sunny",
          isError: failed,
        }
      })
      messages.push(first, ...results)
      const second = await stream(context()).result()
      expect(second.error).toBeUndefined()
      expect(second.stopReason).toBe("stop")
      expect(textOf(second)).toBe("It is sunny; the clock is broken.")
      // What reached the host: the picture, and each result behind the call that it is of.
      const [asked, told] = host.requests.filter(({ method }) => method === "POST").map(({ body }) => body)
      expect(asked).toContain(PIXEL)
      for (const word of ["Be brief.", "weather", "sunny", "no clock", "Rome", "Oslo"]) expect(told).toContain(word)
    },
  )

  test.each(INBOUND.map((inbound) => [inbound.api, inbound] as const))(
    "a client of %s that leaves ends the host's answer",
    async (_name, inbound) => {
      const { host, stream } = await between(inbound, outbound, () => ({
        text: "word ".repeat(2000),
        pace: { chars: 5, ms: 10 },
      }))
      const leave = new AbortController()
      const answer = stream({ systemPrompt: "Be brief.", messages: [{ role: "user", content: "go on" }] }, leave.signal)
      for await (const event of answer) if (event.type === "text_delta") leave.abort()
      expect((await answer.result()).stopReason).toBe("aborted")
      const left = Date.now()
      const gone = (): boolean => host.requests.some(({ abortedAtMs }) => abortedAtMs !== undefined)
      while (!gone() && Date.now() - left < 1000) await new Promise((resolve) => setTimeout(resolve, 10))
      expect(gone()).toBe(true)
    },
  )
})
