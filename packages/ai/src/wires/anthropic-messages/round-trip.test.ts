import * as fc from "fast-check"
import type { Block, Context, InputBlock, Message, TextBlock, Tool } from "@sluice/ai"
import { expect, test } from "vitest"
import { accept, assistant, callOf, modelOf } from "../../../../../tests/support/anthropic-messages.ts"
import { handoff } from "../../handoff/handoff.ts"
import { anthropicMessages } from "./client.ts"

const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 })
const id = fc.constantFrom("a", "b", "c|d", "x y")
const cache = fc.option(fc.constantFrom("short" as const, "long" as const), { nil: undefined, freq: 6 })

/** The value without fields that are undefined. */
function defined<T>(value: object): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T
}

const text = fc
  .record({ type: fc.constant("text" as const), text: word, cache })
  .map((block) => defined<TextBlock>(block))
const image = fc.record({
  type: fc.constant("image" as const),
  source: fc.constantFrom(
    { data: "AA==", mimeType: "image/jpg" },
    { data: "AA==", mimeType: "image/tiff" },
    { url: "https://x.invalid" },
    { fileId: "f" },
  ),
})
const document = fc.record({
  type: fc.constant("document" as const),
  source: fc.constantFrom({ text: "d" }, { data: "AA==", mimeType: "application/pdf" }, { fileId: "f" }),
  title: fc.constant("t"),
})
const native = fc.constantFrom<Block & InputBlock>(
  { type: "native", api: "anthropic-messages", item: { type: "search_result", source: "s" } },
  { type: "native", api: "openai-responses", item: {} },
)
const input = fc.array(fc.oneof<fc.Arbitrary<InputBlock>[]>(text, image, document, native), { maxLength: 3 })
const content = fc.oneof(word, input)
const opaque = fc.constantFrom<{ value: string }>({ value: "s" }, {
  value: "f",
  issuer: { api: "x", provider: "y", model: "z" },
} as { value: string })
const answer = fc.array(
  fc.oneof<fc.Arbitrary<Block>[]>(
    text,
    fc
      .record({
        type: fc.constant("thinking" as const),
        thinking: word,
        signature: fc.option(opaque, { nil: undefined }),
      })
      .map((block) => defined<Block>(block)),
    opaque.map((data): Block => ({ type: "redactedThinking", data })),
    fc.record({
      type: fc.constant("toolCall" as const),
      id,
      name: fc.constant("f"),
      arguments: fc.dictionary(word, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2, noNullPrototype: true }),
    }),
    native,
  ),
  { maxLength: 4 },
)
const message: fc.Arbitrary<Message> = fc.oneof(
  content.map((value): Message => ({ role: "user", content: value })),
  content.map((value): Message => ({ role: "developer", content: value })),
  fc
    .record({ toolCallId: id, content, isError: fc.boolean() })
    .map((value): Message => ({ role: "toolResult", ...value })),
  answer.map((value): Message => assistant(value)),
)
const tool: fc.Arbitrary<Tool> = fc.oneof(
  fc.record({
    name: fc.constant("f"),
    parameters: fc.constantFrom(
      { type: "object" },
      { type: "object", properties: { a: { type: "string", maxLength: 2 } } },
    ),
    strict: fc.boolean(),
  }),
  fc.constant<Tool>({ type: "custom", name: "g" }),
  fc.constant<Tool>({
    type: "native",
    api: "anthropic-messages",
    item: { type: "web_search_20250305", name: "web_search" },
  }),
)
const context: fc.Arbitrary<Context> = fc
  .record({
    systemPrompt: fc.option(fc.oneof(word, fc.array(fc.oneof(word, text), { maxLength: 5 })), { nil: undefined }),
    messages: fc
      .array(message, { maxLength: 6 })
      .map((list): Message[] => [{ role: "user", content: "first" }, ...list]),
    tools: fc.option(fc.array(tool, { maxLength: 3 }), { nil: undefined }),
  })
  .map((fields) => defined<Context>(fields))

const hosts = fc.constantFrom(
  {},
  {
    verifiesSignatures: true,
    midConversationSystem: true,
    cacheTtl: "1h" as const,
    mediaUrls: true,
    strictTools: true,
  },
)

/** A conversation after it was handed over, sent, and read by a server of the same wire. */
function norm(given: Context, messages: Parameters<typeof modelOf>[0]): { context: Context; wire: string } {
  const model = modelOf(messages)
  const handed = handoff(given, model, anthropicMessages.traits)
  const call = { ...callOf(), model, context: handed.context, options: { cacheRetention: "none" as const } }
  const body: unknown = JSON.parse(JSON.stringify(anthropicMessages.encode(call).body))
  return { context: accept(body).context, wire: JSON.stringify(body) }
}

test("a conversation that went over the wire once goes over it unchanged", () => {
  fc.assert(
    fc.property(context, hosts, (given, messages) => {
      const once = norm(given, { compat: { messages } })
      const twice = norm(once.context, { compat: { messages } })
      expect(twice.wire).toBe(once.wire)
      expect(twice.context).toEqual(once.context)
    }),
    { numRuns: 1000 },
  )
})
