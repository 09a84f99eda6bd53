import { describe, expect, test } from "vitest"
import type { AssistantMessage, Context } from "../model/message.ts"
import { estimateTokens } from "./estimate.ts"
import { isContextOverflow } from "./overflow.ts"

const said = (text: string): Context => ({ messages: [{ role: "user", content: text }] })
/** A PNG's header: enough to tell its size. */
function png(width: number, height: number): string {
  const bytes = new Uint8Array(24)
  bytes.set([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52])
  new DataView(bytes.buffer).setUint32(16, width)
  new DataView(bytes.buffer).setUint32(20, height)
  return btoa(String.fromCharCode(...bytes))
}
const picture = (width: number, height: number, detail?: "low"): Context => ({
  messages: [
    {
      role: "user",
      content: [
        { type: "image", source: { data: png(width, height), mimeType: "image/png" }, ...(detail ? { detail } : {}) },
      ],
    },
  ],
})

describe("an estimate", () => {
  test("grows with the text, and faster where a sign is a word", () => {
    const [short, long, wide] = ["a".repeat(40), "a".repeat(400), "語".repeat(40)].map((text) =>
      estimateTokens(said(text)),
    )
    expect(long).toBeGreaterThan((short as number) * 5)
    expect(wide).toBeGreaterThan((short as number) * 1.5)
  })

  test("knows what pictures cost by their size, as each family has it", () => {
    expect(estimateTokens(picture(512, 512), "openai-responses")).toBe(4 + 255)
    expect(estimateTokens(picture(1024, 1024), "openai-responses")).toBe(4 + 765)
    expect(estimateTokens(picture(4000, 4000, "low"), "openai-completions")).toBe(4 + 85)
    expect(estimateTokens(picture(750, 750), "anthropic-messages")).toBe(4 + 750)
    expect(estimateTokens(picture(4000, 3000), "bedrock-anthropic-messages")).toBe(4 + 1600)
    expect(estimateTokens(picture(4000, 3000), "google-vertex")).toBe(1 + 258)
    const unknown: Context = {
      messages: [{ role: "user", content: [{ type: "image", source: { url: "https://x.invalid/a.png" } }] }],
    }
    expect(estimateTokens(unknown, "openai-responses")).toBe(4 + 765)
  })

  test("is made of whatever a conversation holds", () => {
    const parameters: Record<string, unknown> = { type: "object" }
    parameters["properties"] = { self: parameters }
    const messages = [{ role: "user", content: [{ type: "hologram" }, { type: "text", text: "abcd" }] }]
    expect(estimateTokens({ messages, tools: [{ name: "t", parameters }] } as never, "openai-responses")).toBe(5)
  })

  test("counts what having tools costs with Claude", () => {
    const tools: Context["tools"] = [{ name: "t", parameters: { type: "object" } }]
    const more =
      estimateTokens({ ...said("x"), tools }, "anthropic-messages") - estimateTokens(said("x"), "anthropic-messages")
    expect(more).toBeGreaterThan(340)
    expect(estimateTokens({ ...said("x"), tools: [] }, "anthropic-messages")).toBe(
      estimateTokens(said("x"), "anthropic-messages"),
    )
  })
})

describe("an overflow", () => {
  const message = (fields: Partial<AssistantMessage>): AssistantMessage => ({
    role: "assistant",
    content: [],
    api: "openai-completions",
    provider: "p",
    model: "m",
    usage: { provenance: "reported", input: 90, cacheRead: 20, output: 1 },
    stopReason: "stop",
    timestamp: 0,
    ...fields,
  })

  test("is what a host says, or a prompt that is longer than the window", () => {
    const error = {
      code: "context_overflow" as const,
      message: "too long",
      retryable: false,
      scope: "request" as const,
    }
    expect(isContextOverflow(message({ error: { ...error, delivered: "nothing" } }))).toBe(true)
    expect(isContextOverflow(message({ error: { ...error, code: "rate_limited", delivered: "nothing" } }), 100)).toBe(
      false,
    )
    expect(isContextOverflow(message({}), 100)).toBe(true)
    expect(isContextOverflow(message({}), 110)).toBe(false)
    expect(isContextOverflow(message({}))).toBe(false)
    expect(isContextOverflow(message({ usage: { provenance: "estimated", input: 900 } }), 100)).toBe(false)
  })
})
