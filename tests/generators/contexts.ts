import * as fc from "fast-check"
import type {
  Api,
  AssistantMessage,
  AudioBlock,
  Block,
  Context,
  DocumentBlock,
  ImageBlock,
  InputBlock,
  Issuer,
  Message,
  Opaque,
  TextBlock,
  Tool,
  ToolResultMessage,
} from "@sluice/ai"
import { anyId, anyText, cacheMark, defined, maybe, name, rarely, schema, someArguments, someText } from "./basics.ts"

/** What contexts are made for. */
export interface ContextTarget {
  /** The model that will be given the conversation, as the issuer of its own opaque values. */
  own: Issuer
  /** Opaque values in the spelling of the target's wire. */
  signatures: readonly string[]
  hidden: readonly string[]
  callSignatures: readonly string[]
  /** Items and tools that only the target's wire knows. */
  items: readonly Record<string, unknown>[]
  answerItems: readonly Record<string, unknown>[]
  tools: readonly Record<string, unknown>[]
}

const FOREIGN: Issuer = { api: "google-generative-ai", provider: "google", model: "gemini" }
const OTHER_API: Api = "openai-responses"

const data = fc.constantFrom("AA==", "aGVsbG8=", "w7bwnYSe")
const image: fc.Arbitrary<InputBlock> = fc
  .record({
    type: fc.constant("image" as const),
    source: fc.oneof(
      fc.record({ data, mimeType: fc.constantFrom("image/png", "image/jpeg", "image/jpg", "image/tiff") }),
      fc.constantFrom({ url: "https://x.invalid/a.png" }, { url: "https://x.invalid/b", mimeType: "image/png" }),
      fc.constant({ fileId: "file_1" }),
    ),
    detail: rarely(fc.constantFrom("auto" as const, "low" as const, "high" as const, "original" as const), 3),
    cache: rarely(cacheMark, 8),
  })
  .map((block) => defined<InputBlock>(block))
const document: fc.Arbitrary<InputBlock> = fc
  .record({
    type: fc.constant("document" as const),
    source: fc.oneof<fc.Arbitrary<DocumentBlock["source"]>[]>(
      someText.map((text) => ({ text })),
      fc.record({ data, mimeType: fc.constantFrom("application/pdf", "text/plain", "application/zip") }),
      fc.constantFrom({ url: "https://x.invalid/a.pdf" }, { fileId: "file_2" }),
    ),
    title: maybe(fc.constantFrom("report.pdf", "notes 𝔘"), 2),
    context: rarely(someText),
    citations: rarely(fc.boolean()),
    cache: rarely(cacheMark, 8),
  })
  .map((block) => defined<InputBlock>(block))
const audio: fc.Arbitrary<InputBlock> = fc
  .record({
    type: fc.constant("audio" as const),
    source: fc.oneof(
      fc.record({ data, mimeType: fc.constantFrom("audio/wav", "audio/mpeg") }),
      fc.constant({ url: "https://x.invalid/a.wav" }),
    ),
    transcript: rarely(someText),
    cache: rarely(cacheMark, 8),
  })
  .map((block) => defined<InputBlock>(block))
const textBlock: fc.Arbitrary<TextBlock> = fc
  .record({ type: fc.constant("text" as const), text: anyText, cache: rarely(cacheMark, 8) })
  .map((block) => defined<TextBlock>(block))

function inputBlock(target: ContextTarget): fc.Arbitrary<InputBlock> {
  const native = fc.constantFrom<InputBlock[]>(
    ...target.items.map((item): InputBlock => ({ type: "native", api: target.own.api, item })),
    { type: "native", api: OTHER_API, item: { type: "item_reference", id: "i" } },
  )
  return fc.oneof(
    { weight: 6, arbitrary: textBlock },
    { weight: 2, arbitrary: image },
    { weight: 2, arbitrary: document },
    { weight: 1, arbitrary: audio },
    { weight: 1, arbitrary: native },
  )
}

/** Who made an opaque value: the target, its host with another model, somebody else, or nobody says. */
function issuer(own: Issuer): fc.Arbitrary<Issuer | undefined> {
  return fc.constantFrom<(Issuer | undefined)[]>(own, own, { ...own, model: "another" }, FOREIGN, undefined)
}

function opaque(target: ContextTarget, values: readonly string[]): fc.Arbitrary<Opaque> {
  return fc
    .record({ value: fc.constantFrom(...values), issuer: issuer(target.own) })
    .map((value) => defined<Opaque>(value))
}

function answerBlock(target: ContextTarget): fc.Arbitrary<Block> {
  const { own } = target
  const text = fc
    .record({
      type: fc.constant("text" as const),
      text: anyText,
      citations: rarely(
        fc.constantFrom<unknown[]>(
          [{ type: "char_location", cited_text: "x", document_index: 0, document_title: null, start_char_index: 0 }],
          [{ type: "url_citation", url_citation: { url: "https://x.invalid", title: "t" } }],
          ["https://x.invalid"],
        ),
        8,
      ),
      logprobs: rarely(fc.constant([{ token: "a", logprob: -1, bytes: null, top_logprobs: [] }]), 10),
      cache: rarely(cacheMark, 10),
    })
    .map(({ citations, logprobs, ...block }) =>
      defined<Block>({ ...block, ...(block.text.trim() === "" ? {} : { citations, logprobs }) }),
    )
  const thinking = fc
    .record({
      type: fc.constant("thinking" as const),
      thinking: anyText,
      signature: maybe(opaque(target, target.signatures), 2),
      field: rarely(fc.constantFrom("reasoning_content", "reasoning"), 2),
    })
    .map((block) => defined<Block>(block))
  const redacted = opaque(target, target.hidden).map((value): Block => ({ type: "redactedThinking", data: value }))
  const call = fc
    .record({
      type: fc.constant("toolCall" as const),
      id: fc.oneof({ weight: 20, arbitrary: anyId }, { weight: 1, arbitrary: fc.constant("") }),
      name: fc.oneof({ weight: 20, arbitrary: name }, { weight: 1, arbitrary: fc.constant("") }),
      arguments: someArguments,
      signature: rarely(opaque(target, target.callSignatures), 6),
      cache: rarely(cacheMark, 12),
    })
    .map((block) => defined<Block>(block))
  const broken = fc
    .record({
      type: fc.constant("toolCall" as const),
      id: anyId,
      name,
      arguments: fc.constant({}),
      rawArguments: fc.constantFrom('{"a":', "[1]", "not json"),
    })
    .map((block): Block => block)
  const custom = fc
    .record({ id: anyId, input: anyText })
    .map(({ id, input }): Block => ({ type: "toolCall", id, name: "grep", arguments: { input }, custom: true }))
  const native = fc.oneof(
    fc
      .record({ item: fc.constantFrom(...target.answerItems), issuer: issuer(own) })
      .map((block) => defined<Block>({ type: "native", api: own.api, ...block })),
    fc.constant<Block>({ type: "native", api: OTHER_API, item: { type: "web_search_call", id: "w" } }),
  )
  const made = fc
    .record({
      block: fc.oneof(image, audio) as fc.Arbitrary<ImageBlock | AudioBlock>,
      signature: rarely(opaque(target, target.callSignatures), 2),
    })
    .map(({ block, signature }) => defined<Block>({ ...block, signature }))
  return fc.oneof(
    { weight: 6, arbitrary: text },
    { weight: 4, arbitrary: thinking },
    { weight: 1, arbitrary: redacted },
    { weight: 5, arbitrary: call },
    { weight: 1, arbitrary: broken },
    { weight: 1, arbitrary: custom },
    { weight: 1, arbitrary: native },
    { weight: 1, arbitrary: made },
  )
}

/** An earlier answer of the target, of another model of its host, or of another vendor. */
function answer(target: ContextTarget): fc.Arbitrary<AssistantMessage> {
  return fc
    .record({
      content: fc.array(answerBlock(target), { maxLength: 5 }),
      maker: fc.constantFrom<Issuer[]>(target.own, target.own, { ...target.own, model: "another" }, FOREIGN),
      stopReason: fc.constantFrom("stop" as const, "stop" as const, "length" as const, "aborted" as const),
    })
    .map(({ content, maker, stopReason }) => ({
      role: "assistant",
      content,
      ...maker,
      usage: { input: 1, output: 2, provenance: "reported" },
      stopReason,
      timestamp: 1_700_000_000_000,
    }))
}

/** An answer, mostly followed by the results of its calls, in some order, and sometimes by what the user said between. */
function turn(target: ContextTarget): fc.Arbitrary<Message[]> {
  const content = fc.oneof(anyText, fc.array(inputBlock(target), { maxLength: 3 }))
  const user = content.map((value): Message => ({ role: "user", content: value }))
  const developer = content.map((value): Message => ({ role: "developer", content: value }))
  const result = fc
    .record({ content, isError: rarely(fc.boolean(), 3), cache: rarely(cacheMark, 10) })
    .map((fields) => defined<Omit<ToolResultMessage, "role" | "toolCallId">>(fields))
  const stray = fc
    .record({ toolCallId: anyId, rest: result })
    .map(({ toolCallId, rest }): Message => ({ role: "toolResult", toolCallId, ...rest }))
  const answered = fc
    .record({
      said: answer(target),
      results: fc.array(result, { minLength: 5, maxLength: 5 }),
      keep: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
      complete: fc.boolean(),
      turned: fc.boolean(),
      between: rarely(user, 8),
    })
    .map(({ said, results, keep, complete, turned, between }): Message[] => {
      const answers = said.content
        .filter((block) => block.type === "toolCall")
        .flatMap((call, i): Message[] =>
          complete || keep[i]
            ? [{ role: "toolResult", toolCallId: call.id, toolName: call.name, ...(results[i] as (typeof results)[0]) }]
            : [],
        )
      if (turned) answers.reverse()
      return [said, ...(between ? [between] : []), ...answers]
    })
  return fc.oneof(
    { weight: 5, arbitrary: answered },
    { weight: 4, arbitrary: user.map((one) => [one]) },
    { weight: 1, arbitrary: developer.map((one) => [one]) },
    { weight: 1, arbitrary: stray.map((one) => [one]) },
  )
}

function tool(target: ContextTarget): fc.Arbitrary<Tool> {
  const description = maybe(fc.oneof(someText, fc.constant("")))
  const cache = rarely(cacheMark, 10)
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .record({ name, description, parameters: schema, strict: maybe(fc.boolean(), 2), cache })
        .map((value) => defined<Tool>(value)),
    },
    {
      weight: 1,
      arbitrary: fc
        .record({
          type: fc.constant("custom" as const),
          name,
          description,
          grammar: maybe(fc.constant({ syntax: "regex" as const, definition: "^a+$" }), 2),
          cache,
        })
        .map((value) => defined<Tool>(value)),
    },
    {
      weight: 1,
      arbitrary: fc.oneof(
        fc.constantFrom(...target.tools).map((item): Tool => ({ type: "native", api: target.own.api, item })),
        fc.constant<Tool>({ type: "native", api: OTHER_API, item: { type: "file_search" } }),
      ),
    },
  )
}

/** Any conversation. */
export function contexts(target: ContextTarget): fc.Arbitrary<Context> {
  const system = fc.oneof(anyText, fc.array(fc.oneof(anyText, textBlock), { maxLength: 4 }))
  const first = fc.oneof(
    { weight: 12, arbitrary: someText.map((text): Message[] => [{ role: "user", content: text }]) },
    { weight: 1, arbitrary: someText.map((text): Message[] => [{ role: "developer", content: text }]) },
    { weight: 1, arbitrary: fc.constant<Message[]>([]) },
  )
  return fc
    .record({
      systemPrompt: maybe(system, 2),
      first,
      turns: fc.array(turn(target), { maxLength: 5 }),
      tools: maybe(fc.array(tool(target), { maxLength: 4 }), 2),
    })
    .map(({ systemPrompt, first, turns, tools }) =>
      defined<Context>({
        systemPrompt,
        messages: [...first, ...turns.flat()],
        tools: tools?.filter((one, i) =>
          "name" in one ? tools.findIndex((t) => "name" in t && t.name === one.name) === i : true,
        ),
      }),
    )
}
