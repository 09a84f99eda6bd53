import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { readRecording, type AssistantMessage, type WireClient } from "@sluice/ai"
import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { openaiCompletions } from "@sluice/ai/wires/openai-completions"

const THINKING = { type: "thinking", thinking: "The user said something, so I will answer briefly." }
const HELLO = { type: "text", text: "Hello from a real server!" }
const CALL = { type: "toolCall", name: "get_weather", arguments: { city: "Paris" } }

interface Case {
  file: string
  wire: WireClient
  status?: number
  expected: object
}

const chat = (file: string, expected: object, status = 200): Case => ({
  file,
  wire: openaiCompletions,
  status,
  expected,
})
const messages = (file: string, expected: object): Case => ({ file, wire: anthropicMessages, expected })

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
]

function decode({ wire, file, status = 200 }: Case, chunks: readonly Uint8Array[]): AssistantMessage {
  const model = { id: "scripted", provider: "llama.cpp", api: wire.api, baseUrl: "", input: [], output: [], compat: {} }
  return readRecording(wire, model, { status, stream: file.endsWith(".sse"), chunks })
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
      const end = events.findIndex((event) => /"(?:finish_reason|stop_reason)":"/.test(event))
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
