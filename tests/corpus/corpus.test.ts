import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { readRecording, type AssistantMessage, type CallOptions, type WireClient } from "@sluice/ai"
import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { openaiCompletions } from "@sluice/ai/wires/openai-completions"
import { openaiResponses } from "@sluice/ai/wires/openai-responses"
import { findProvider } from "@sluice/catalog"

const THINKING = { type: "thinking", thinking: "The user said something, so I will answer briefly." }
const HELLO = { type: "text", text: "Hello from a real server!" }
const CALL = { type: "toolCall", name: "get_weather", arguments: { city: "Paris" } }

interface Case {
  file: string
  wire: WireClient
  status?: number
  /** What was asked for, where the answer is read by it. */
  asked?: CallOptions
  expected: object
}

const chat = (file: string, expected: object, status = 200): Case => ({
  file,
  wire: openaiCompletions,
  status,
  expected,
})
const messages = (file: string, expected: object): Case => ({ file, wire: anthropicMessages, expected })

const responses = (file: string, expected: object, more: Partial<Case> = {}): Case => ({
  file,
  wire: openaiResponses,
  expected,
  ...more,
})

const CASES: readonly Case[] = [
  chat("chat-text.sse", {
    content: [THINKING, HELLO],
    stopReason: "stop",
    usage: { input: 13, output: 21, cacheRead: 0 },
  }),
  chat("chat-tool.sse", { content: [CALL], stopReason: "toolUse", usage: { input: 167, cacheRead: 1, output: 13 } }),
  chat("chat-unicode.sse", { content: [{ type: "text", text: "Naïve café —日 😀 ok" }], stopReason: "stop" }),
  chat("chat-length.sse", {
    content: [{ text: expect.stringMatching(/^round we go again/) as string }],
    stopReason: "length",
    usage: { output: 24 },
  }),
  chat("chat-whole.json", { content: [THINKING, HELLO], stopReason: "stop" }),
  chat(
    "chat-overflow.json",
    { content: [], stopReason: "error", error: { code: "context_overflow", status: 400 } },
    400,
  ),
  messages("messages-text.sse", {
    content: [THINKING, HELLO],
    stopReason: "stop",
    usage: { input: 1, cacheRead: 12, output: 21 },
  }),
  messages("messages-tool.sse", { content: [CALL], stopReason: "toolUse" }),
  messages("messages-length.sse", {
    content: [{ text: expect.stringMatching(/^round we go again/) as string }],
    stopReason: "length",
  }),
  messages("messages-whole.json", { content: [THINKING, HELLO], stopReason: "stop" }),
  responses("responses-text.sse", {
    content: [THINKING, HELLO],
    stopReason: "stop",
    responseId: expect.stringMatching(/^resp_/) as string,
    usage: { input: 11, cacheRead: 0, output: 21 },
  }),
  responses("responses-tool.sse", { content: [CALL], stopReason: "toolUse" }),
  responses("responses-required.sse", { content: [THINKING, HELLO, CALL], stopReason: "toolUse" }),
  responses(
    "responses-length.sse",
    {
      content: [{ type: "text", text: expect.stringMatching(/^round we go again/) as string }],
      stopReason: "length",
      usage: { output: 24 },
    },
    { asked: { maxTokens: 24 } },
  ),
  responses(
    "responses-length-tool.sse",
    { content: [{ ...CALL, arguments: {} }], stopReason: "length" },
    { asked: { maxTokens: 6 } },
  ),
  responses("responses-whole.json", { content: [THINKING, HELLO], stopReason: "stop" }),
  responses(
    "responses-previous.json",
    {
      content: [],
      stopReason: "error",
      error: { code: "invalid_request", message: "llama.cpp does not support 'previous_response_id'." },
    },
    { status: 400 },
  ),
  responses(
    "responses-image.json",
    { content: [], stopReason: "error", error: { code: "unsupported", retryable: false } },
    { status: 500 },
  ),
  responses(
    "responses-overflow.json",
    { content: [], stopReason: "error", error: { code: "context_overflow" } },
    { status: 400 },
  ),
]

/** As the catalog has the server. */
const COMPAT = findProvider("llama.cpp")?.compat ?? {}

function decode({ wire, file, status = 200, asked = {} }: Case, chunks: readonly Uint8Array[]): AssistantMessage {
  const { api } = wire
  const model = { id: "scripted", provider: "llama.cpp", api, baseUrl: "", input: [], output: [], compat: COMPAT }
  return readRecording(wire, model, { status, stream: file.endsWith(".sse"), chunks }, { asked })
}

describe("recordings of a real llama.cpp server", () => {
  test.each(CASES)("$file", (one) => {
    const bytes = readFileSync(join(import.meta.dirname, "llama-server", one.file))
    const whole = decode(one, [bytes])
    expect(whole).toMatchObject(one.expected)
    expect(
      decode(
        one,
        Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)),
      ),
    ).toEqual(whole)
    for (let at = 1; at < bytes.length; at += 7)
      expect(decode(one, [bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole)
  })

  test("cut behind any event before its reason to stop, a stream is an error that keeps its text", () => {
    for (const one of CASES.filter(({ file }) => file.endsWith("-text.sse"))) {
      const text = readFileSync(join(import.meta.dirname, "llama-server", one.file), "utf8")
      const events = text.split("\n\n")
      const end = events.findIndex((event) => /"(?:finish_reason|stop_reason)":"|"response\.completed"/.test(event))
      expect(end).toBeGreaterThan(1)
      for (let n = 1; n < end; n++) {
        const message = decode(one, [Buffer.from(`${events.slice(0, n).join("\n\n")}\n\n`)])
        expect(message.error?.code).toBe("stream_incomplete")
        expect("Hello from a real server!").toContain(
          message.content.map((block) => (block.type === "text" ? block.text : "")).join(""),
        )
      }
    }
  })
})
