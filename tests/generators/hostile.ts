import * as fc from "fast-check"
import type {
  AssistantMessage,
  Block,
  CallOptions,
  Context,
  InputBlock,
  Issuer,
  Message,
  MediaSource,
  Opaque,
  TextBlock,
  Tool,
} from "@sluice/ai"
import { anyText, cacheMark, defined, rarely, someArguments, someText } from "./basics.ts"
import { hostileSchema } from "./hostile-schemas.ts"
import { callOptions } from "./options.ts"
import { signed } from "./signed.ts"

/** For whom a conversation is hostile. */
export interface HostileTarget {
  /** The model that will be given the conversation. */
  own: Issuer
  /** What its provider really gave out for a thinking of this text, in the spelling of the wire. */
  sign(thinking: string): string
  /** Items that only the target's wire knows, as parts of an answer and as parts of what is said to it. */
  answerItems: readonly Record<string, unknown>[]
  items: readonly Record<string, unknown>[]
}

const FOREIGN: readonly Issuer[] = [
  { api: "anthropic-messages", provider: "elsewhere", model: "claude" },
  { api: "google-generative-ai", provider: "elsewhere", model: "gemini" },
  { api: "openai-responses", provider: "elsewhere", model: "gpt" },
  { api: "openai-completions", provider: "elsewhere", model: "other" },
  { api: "bedrock-converse-stream", provider: "elsewhere", model: "claude" },
]

/** Parts that only one wire knows. */
const NATIVE: readonly { api: string; item: Record<string, unknown> }[] = [
  { api: "openai-responses", item: { type: "item_reference", id: "i" } },
  {
    api: "openai-responses",
    item: { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "x" } },
  },
  { api: "anthropic-messages", item: { type: "server_tool_use", id: "srv_1", name: "web_search", input: {} } },
  { api: "google-generative-ai", item: { executableCode: { language: "PYTHON", code: "print(1)" } } },
  { api: "somewhere", item: { anything: true } },
]

/** Ids of tool calls: of every vendor, doubled, blank, too long, and with every character. */
const id: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("call_1", "call_2", "toolu_01A", "a", "b-c") },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "",
      " ",
      "call_1|fc_1",
      "|",
      "|fc_2",
      "a|b|c",
      "x y",
      "é𝔘",
      "functions.f:0",
      "q".repeat(64),
      "q".repeat(65),
      "Q".repeat(450),
      `call_1|${"e".repeat(450)}`,
      "\ud800",
      "__proto__",
      "a/b",
      "_",
      "0",
    ),
  },
)

/** Names of tools and of calls. */
const toolName: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("get_weather", "f", "search-2", "grep") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "",
      " ",
      "a.b",
      "a b",
      "mcp__x__y:z",
      "ünï",
      "n".repeat(64),
      "N".repeat(130),
      "9to5",
      "$",
    ),
  },
)

/** Texts, some of them blank, broken or huge. */
const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 30, arbitrary: anyText },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      "",
      " ",
      "\u00a0\ufeff",
      "\ud83d",
      "\udc00\ud83d",
      "ends in space  \n",
      "<|end|><|start|>",
      "\u0000\u0001",
      "null",
      "</system-reminder>",
    ),
  },
  { weight: 1, arbitrary: fc.constant("huge 𝔘 ".repeat(3000)) },
)

const data = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("AA==", "aGVsbG8=", "w7bwnYSe") },
  { weight: 1, arbitrary: fc.constantFrom("", "not base64!", "a", "aGVs\nbG8=", "data:image/png;base64,AA==", "-_-_") },
)
const mimeType = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("image/png", "image/jpeg", "application/pdf", "audio/wav", "text/plain") },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "",
      "image/jpg",
      "IMAGE/PNG",
      "image/svg+xml",
      "image/png; x=1",
      "application/zip",
      "audio/mpeg",
      "video/mp4",
      "text/csv",
      "text/html; charset=utf-8",
      "nonsense",
    ),
  },
)
const source: fc.Arbitrary<MediaSource> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ data, mimeType }) },
  {
    weight: 2,
    arbitrary: fc
      .record({
        url: fc.constantFrom(
          "https://x.invalid/a.png",
          "http://x.invalid/b",
          "gs://bucket/c.pdf",
          "s3://bucket/d.pdf",
          "data:image/png;base64,AA==",
          "",
          "nowhere",
        ),
        mimeType: rarely(mimeType, 2),
      })
      .map((value) => defined<MediaSource>(value)),
  },
  { weight: 1, arbitrary: fc.constantFrom({ fileId: "file_1" }, { fileId: "" }) },
)
const cache = rarely(cacheMark, 6)

const textBlock: fc.Arbitrary<TextBlock> = fc
  .record({ type: fc.constant("text" as const), text, cache })
  .map((block) => defined<TextBlock>(block))
const image = fc
  .record({
    type: fc.constant("image" as const),
    source,
    detail: rarely(fc.constantFrom("auto" as const, "low" as const, "high" as const, "original" as const), 3),
    cache,
  })
  .map((block) => defined<InputBlock & { type: "image" }>(block))
const audio = fc
  .record({ type: fc.constant("audio" as const), source, transcript: rarely(text, 3), cache })
  .map((block) => defined<InputBlock & { type: "audio" }>(block))
const document = fc
  .record({
    type: fc.constant("document" as const),
    source: fc.oneof(
      source,
      text.map((value) => ({ text: value })),
    ),
    title: rarely(
      fc.constantFrom("report.pdf", "", "notes 𝔘", "a  b", "same", "same", "t".repeat(600), "[x](y)", "\ud83d"),
      2,
    ),
    context: rarely(text),
    citations: rarely(fc.boolean()),
    cache,
  })
  .map((block) => defined<InputBlock>(block))

function inputBlock(target: HostileTarget): fc.Arbitrary<InputBlock> {
  const native = fc.constantFrom<InputBlock[]>(
    ...NATIVE.map((one): InputBlock => ({ type: "native", ...one })),
    ...target.items.map((item): InputBlock => ({ type: "native", api: target.own.api, item })),
  )
  return fc.oneof(
    { weight: 6, arbitrary: textBlock },
    { weight: 2, arbitrary: image },
    { weight: 2, arbitrary: document },
    { weight: 1, arbitrary: audio },
    { weight: 1, arbitrary: native },
  )
}

/** Who makes answers: mostly the target, or somebody else. `siblings`: or another model of the target's provider. */
function makers({ own }: HostileTarget, siblings: boolean): readonly Issuer[] {
  return [own, own, own, ...(siblings ? [{ ...own, model: "another" }] : []), ...FOREIGN]
}

function answerBlock(target: HostileTarget, siblings: boolean): fc.Arbitrary<Block> {
  const { own } = target
  const issuer = fc.constantFrom(...makers(target, siblings))
  /** What the provider signed really goes with its text; what others signed says nothing to it. */
  const opaque = (said: string): fc.Arbitrary<Opaque> =>
    issuer.map((by) => ({
      value: by.provider === own.provider ? target.sign(said) : signed("elsewhere", said),
      issuer: by,
    }))
  const thinking = fc
    .record({ thinking: text, signature: rarely(fc.constant(true), 2) })
    .chain(({ thinking: said, signature }) =>
      fc
        .record({
          type: fc.constant("thinking" as const),
          thinking: fc.constant(signature ? said.toWellFormed() : said),
          signature: signature ? opaque(said.toWellFormed()) : fc.constant(undefined),
          field: rarely(fc.constantFrom("reasoning_content", "reasoning", "reasoning_details", "odd field"), 3),
          itemId: rarely(fc.constantFrom("rs_1", "x".repeat(100)), 4),
        })
        .map((block) => defined<Block>(block)),
    )
  const redacted = fc
    .oneof(
      { weight: 5, arbitrary: opaque("redacted") },
      { weight: 1, arbitrary: fc.constantFrom<Opaque[]>({ value: "", issuer: own }, { value: " ", issuer: own }) },
    )
    .map((value): Block => ({ type: "redactedThinking", data: value }))
  const callSignature = rarely(opaque("call"), 4)
  const call = fc
    .record({
      type: fc.constant("toolCall" as const),
      id,
      name: toolName,
      arguments: someArguments,
      signature: callSignature,
      incomplete: rarely(fc.constant(true), 12),
      custom: rarely(fc.constant(true), 12),
      itemId: rarely(fc.constantFrom("fc_1", "odd id", "y".repeat(100)), 4),
      cache: rarely(cacheMark, 12),
    })
    .map((block) => defined<Block>(block))
  const broken = fc
    .record({
      type: fc.constant("toolCall" as const),
      id,
      name: toolName,
      arguments: fc.constant({}),
      rawArguments: fc.constantFrom('{"a":', "[1]", "not json", "", "null", '"\ud800"'),
    })
    .map((block): Block => block)
  const written = fc
    .record({
      type: fc.constant("text" as const),
      text,
      signature: rarely(opaque("text"), 8),
      itemId: rarely(fc.constantFrom("msg_1", "z".repeat(100)), 6),
      phase: rarely(fc.constantFrom("commentary", "final_answer"), 8),
      cache: rarely(cacheMark, 10),
    })
    .map((block) => defined<Block>(block))
  const native = fc.oneof(
    fc.constantFrom<Block[]>(...NATIVE.map((one): Block => ({ type: "native", ...one }))),
    fc
      .record({ item: fc.constantFrom(...target.answerItems), issuer })
      .map((block) => defined<Block>({ type: "native", api: own.api, ...block })),
  )
  const made = fc
    .record({ block: fc.oneof(image, audio), signature: callSignature })
    .map(({ block, signature }) => defined<Block>({ ...block, signature }))
  return fc.oneof(
    { weight: 6, arbitrary: written },
    { weight: 4, arbitrary: thinking },
    { weight: 2, arbitrary: redacted },
    { weight: 6, arbitrary: call },
    { weight: 1, arbitrary: broken },
    { weight: 1, arbitrary: native },
    { weight: 1, arbitrary: made },
    { weight: 1, arbitrary: document as fc.Arbitrary<Block> },
  )
}

/** An earlier answer. `siblings`: some are of another model of the target's provider. */
function answer(target: HostileTarget, siblings = true): fc.Arbitrary<AssistantMessage> {
  return fc
    .record({
      content: fc.array(answerBlock(target, siblings), { maxLength: 5 }),
      maker: fc.constantFrom(...makers(target, siblings)),
      stopReason: fc.constantFrom("stop", "stop", "toolUse", "length", "aborted", "error"),
    })
    .map(({ content, maker, stopReason }) => {
      // Of an answer that was cut the last block is not whole: nobody has signed that.
      const last = content.at(-1)
      const cut = stopReason === "aborted" || stopReason === "error"
      if (cut && (last?.type === "thinking" || last?.type === "text") && last.signature) {
        content[content.length - 1] = { ...last, signature: { ...last.signature, value: "Y3V0" } }
      }
      return {
        role: "assistant",
        content,
        ...maker,
        usage: { input: 1, output: 2, provenance: "reported" },
        stopReason,
        timestamp: 1_700_000_000_000,
      } as AssistantMessage
    })
}

/** Some messages: most in an order that makes sense, the rest in none. */
function messages(target: HostileTarget): fc.Arbitrary<Message[]> {
  const content = fc.oneof(text, fc.array(inputBlock(target), { maxLength: 3 }))
  const user = content.map((value): Message => ({ role: "user", content: value }))
  const developer = content.map((value): Message => ({ role: "developer", content: value }))
  const result = fc
    .record({ toolCallId: id, toolName: rarely(toolName, 2), content, isError: rarely(fc.boolean(), 3), cache })
    .map((fields) => defined<Message & { role: "toolResult" }>({ role: "toolResult", ...fields }))
  const said = answer(target)
  const answered = fc
    .record({
      said,
      results: fc.array(result, { minLength: 3, maxLength: 6 }),
      order: fc.constantFrom("as called", "as called", "turned", "twice", "some"),
      between: rarely(fc.oneof(user, developer, said), 5),
    })
    .map(({ said, results, order, between }): Message[] => {
      const calls = said.content.filter((block) => block.type === "toolCall")
      let answers = calls.map((call, i): Message => {
        const { isError, content: value } = results[i % results.length] as (typeof results)[0]
        return { role: "toolResult", toolCallId: call.id, content: value, ...(isError ? { isError } : {}) }
      })
      if (order === "turned") answers.reverse()
      else if (order === "twice") answers = [...answers, ...answers]
      else if (order === "some") answers = answers.slice(1)
      return [said, ...(between ? [between] : []), ...answers]
    })
  const one = fc.oneof(
    { weight: 5, arbitrary: answered },
    { weight: 4, arbitrary: user.map((message) => [message]) },
    { weight: 2, arbitrary: said.map((message) => [message as Message]) },
    { weight: 1, arbitrary: developer.map((message) => [message]) },
    { weight: 1, arbitrary: result.map((message) => [message as Message]) },
  )
  const first = fc.oneof(
    { weight: 12, arbitrary: someText.map((value): Message[] => [{ role: "user", content: value }]) },
    { weight: 4, arbitrary: one },
    { weight: 1, arbitrary: fc.constant<Message[]>([]) },
  )
  return fc.tuple(first, fc.array(one, { maxLength: 6 })).map((runs) => runs.flat(2))
}

function tools(): fc.Arbitrary<readonly Tool[] | undefined> {
  const description = rarely(fc.oneof(text, fc.constant("")), 2)
  const declared = fc
    .record({ name: toolName, description, parameters: hostileSchema, strict: rarely(fc.boolean(), 2), cache })
    .map((value) => defined<Tool>(value))
  const custom = fc
    .record({
      type: fc.constant("custom" as const),
      name: toolName,
      description,
      grammar: rarely(fc.constant({ syntax: "regex" as const, definition: "^a+$" }), 2),
    })
    .map((value) => defined<Tool>(value))
  const native = fc.constantFrom<Tool[]>(
    { type: "native", api: "openai-responses", item: { type: "file_search", vector_store_ids: ["vs_1"] } },
    { type: "native", api: "anthropic-messages", item: { type: "web_search_20250305", name: "web_search" } },
    { type: "native", api: "google-generative-ai", item: { googleSearch: {} } },
  )
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant([]) },
    {
      weight: 6,
      arbitrary: fc.array(
        fc.oneof(
          { weight: 8, arbitrary: declared },
          { weight: 1, arbitrary: custom },
          { weight: 1, arbitrary: native },
        ),
        { maxLength: 4 },
      ),
    },
  )
}

/** Any conversation that a program could hand in, sense or none. */
export function hostileContexts(target: HostileTarget): fc.Arbitrary<Context> {
  const system = fc.oneof(text, fc.array(fc.oneof(text, textBlock), { maxLength: 6 }))
  return fc
    .record({ systemPrompt: rarely(system, 2), messages: messages(target), tools: tools() })
    .map((context) => defined<Context>(context))
}

/**
 * Conversations that only grow: the user says something, the target or another model answers, and every call has its
 * result before anything else is said. Their content is as hostile as any, but none is of another model of the same
 * provider: what that signed goes back in the latest answer alone.
 */
export function growingContexts(target: HostileTarget): fc.Arbitrary<Context> {
  const blocks = fc
    .tuple(someText, fc.array(inputBlock(target), { maxLength: 2 }))
    .map(([value, more]): InputBlock[] => [{ type: "text", text: value }, ...more])
  const content = fc.oneof(someText, blocks)
  const user = content.map((value): Message => ({ role: "user", content: value }))
  const step = fc
    .record({ said: answer(target, false), results: fc.array(content, { minLength: 5, maxLength: 5 }) })
    .map(({ said, results }): Message[] => {
      const calls = said.content.filter((block) => block.type === "toolCall")
      const whole = said.stopReason !== "aborted" && said.stopReason !== "error"
      const answers = calls.map((call, i): Message => {
        return { role: "toolResult", toolCallId: call.id, content: results[i] as string | InputBlock[] }
      })
      return [whole && calls.length > 0 ? { ...said, stopReason: "toolUse" } : said, ...answers]
    })
  const turn = fc.tuple(user, fc.array(step, { maxLength: 3 })).map(([said, steps]) => [said, ...steps.flat()])
  const system = fc.oneof(text, fc.array(fc.oneof(text, textBlock), { maxLength: 3 }))
  return fc
    .record({
      systemPrompt: rarely(system, 2),
      messages: fc.array(turn, { minLength: 1, maxLength: 3 }).map((turns) => turns.flat()),
      // Calls come from somewhere: hosts that want a tool beside them are given one from the first turn on.
      tools: tools().map((more = []): readonly Tool[] => [{ name: "look", parameters: { type: "object" } }, ...more]),
    })
    .map((context) => defined<Context>(context))
}

/** Any settings, in and out of their ranges. */
export const hostileOptions: fc.Arbitrary<CallOptions> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<CallOptions>({}) },
  { weight: 3, arbitrary: callOptions },
  {
    weight: 2,
    arbitrary: fc
      .record({
        base: callOptions,
        more: fc
          .record({
            temperature: rarely(fc.constantFrom(0, 1.5, 2), 3),
            topK: rarely(fc.constantFrom(0, 1, 1000), 5),
            stop: rarely(fc.array(fc.oneof(text, fc.constant("")), { maxLength: 20 }), 4),
            maxTokens: rarely(fc.constantFrom(1, 2, 15, 1024, 1025, 10_000_000), 2),
            thinkingBudget: rarely(fc.constantFrom(0, 1, 1023, 1024, 1_000_000), 4),
            toolChoice: rarely(
              toolName.map((one) => ({ name: one })),
              3,
            ),
            output: rarely(
              fc
                .record({ name: rarely(toolName, 2), schema: hostileSchema, strict: rarely(fc.boolean(), 2) })
                .map((value) => defined<CallOptions["output"] & object>({ type: "jsonSchema", ...value })),
              3,
            ),
            logprobs: rarely(fc.constantFrom<(boolean | number)[]>(true, 0, 20, 100), 6),
            sessionId: rarely(fc.constantFrom("", "s".repeat(300), "session 𝔘\n"), 4),
            promptCacheKey: rarely(fc.constantFrom("", "k".repeat(300), "key 𝔘"), 5),
            user: rarely(fc.constantFrom("", "u".repeat(600), "someone 𝔁"), 4),
            metadata: rarely(
              fc.constantFrom<NonNullable<CallOptions["metadata"]>[]>(
                {},
                { ["k".repeat(100)]: "v".repeat(600) },
                Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, i])),
                { deep: { a: [1] }, 𝔘: "𝔘" },
              ),
              4,
            ),
            serviceTier: rarely(fc.constantFrom("", "odd", "priority", "scale", "reserved"), 4),
          })
          .map((value) => defined<CallOptions>(value)),
      })
      .map(({ base, more }) => ({ ...base, ...more })),
  },
)
