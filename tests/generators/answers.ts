import * as fc from "fast-check"
import {
  classify,
  MessageBuilder,
  SluiceError,
  type Api,
  type AssistantMessage,
  type AssistantMessageEvent,
  type Block,
  type StopDetails,
  type StopReason,
  type Usage,
} from "@sluice/ai"
import { anyId, defined, maybe, name, rarely, someArguments, someText } from "./basics.ts"

/** One step of an answer in the making. */
type Verb = (out: MessageBuilder, key: string) => void

/** A script of an answer: verbs by block, in the order in which they are called, and how the answer ends. */
export interface AnswerScript {
  /** Verbs of the whole answer in order, cut into the batches in which their events are handed on. */
  batches: readonly (readonly { block: number; verb: Verb }[])[]
  end: (out: MessageBuilder) => void
  /** Words for a failed run. */
  shown: unknown
}

/** What answers are made for. */
export interface AnswerTarget {
  api: Api
  /** Items that only the target's wire knows. */
  items: readonly Record<string, unknown>[]
}

interface BlockScript {
  verbs: readonly Verb[]
  shown: unknown
}

/** A text in one to four pieces. */
function pieces(text: fc.Arbitrary<string>): fc.Arbitrary<string[]> {
  return fc.tuple(text, fc.array(fc.nat({ max: 40 }), { maxLength: 3 })).map(([whole, cuts]) => {
    const places = [0, ...cuts.map((cut) => cut % (whole.length + 1)).sort((a, b) => a - b), whole.length]
    return places.slice(1).map((place, i) => whole.slice(places[i], place))
  })
}

const CITATIONS = [
  {
    type: "char_location",
    cited_text: "x",
    document_index: 0,
    document_title: null,
    start_char_index: 0,
    end_char_index: 1,
  },
  { type: "url_citation", url_citation: { url: "https://x.invalid", title: "t", start_index: 0, end_index: 1 } },
  "https://x.invalid",
]
const LOGPROB = { token: "a", logprob: -0.5, bytes: [97], top_logprobs: [] }

function text(extras: boolean): fc.Arbitrary<BlockScript> {
  return fc
    .record({
      deltas: pieces(fc.oneof({ weight: 8, arbitrary: someText }, { weight: 1, arbitrary: fc.constant("") })),
      citations: rarely(fc.subarray(CITATIONS, { minLength: 1 }), 3),
      logprobs: rarely(fc.constant([LOGPROB]), 6),
      signature: rarely(fc.constant("dGV4dA=="), 8),
      closed: fc.boolean(),
    })
    .map(({ deltas, citations, logprobs, signature, closed }) => {
      const told = extras && deltas.join("") !== ""
      const attached = {
        ...(citations ? { citations } : {}),
        ...(logprobs ? { logprobs } : {}),
        ...(signature ? { signature } : {}),
      }
      return {
        shown: { text: deltas, ...(told ? attached : {}) },
        verbs: [
          ...deltas.map(
            (delta): Verb =>
              (out, key) =>
                out.text(key, delta),
          ),
          ...(told ? [((out, key) => out.attach(key, attached)) as Verb] : []),
          ...close(closed || told),
        ],
      }
    })
}

function thinking(): fc.Arbitrary<BlockScript> {
  return fc
    .record({
      deltas: pieces(fc.oneof({ weight: 8, arbitrary: someText }, { weight: 1, arbitrary: fc.constant("") })),
      signature: maybe(fc.constantFrom("c2ln", '{"type":"reasoning.text","signature":"s"}'), 2),
      field: rarely(fc.constantFrom("reasoning_content", "reasoning"), 2),
      closed: fc.boolean(),
    })
    .map(({ deltas, signature, field, closed }) => ({
      shown: { thinking: deltas, signature, field },
      verbs: [
        ...deltas.map(
          (delta): Verb =>
            (out, key) =>
              out.thinking(key, delta, field),
        ),
        ...(signature ? [((out, key) => out.attach(key, { signature })) as Verb] : []),
        ...close(closed),
      ],
    }))
}

/** A call whose id and name come at once, late or, the id, never. */
function call(): fc.Arbitrary<BlockScript> {
  return fc
    .record({
      id: anyId,
      name,
      late: fc.constantFrom("no" as const, "no" as const, "id" as const, "name" as const, "both" as const),
      given: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
      args: fc.oneof(
        { weight: 6, arbitrary: pieces(someArguments.map((value) => JSON.stringify(value))) },
        { weight: 1, arbitrary: fc.constant<string[]>([]) },
        { weight: 1, arbitrary: pieces(fc.constantFrom('{"a":', "[1,2]", "plain words")) },
        { weight: 1, arbitrary: someArguments.map((value) => [{ path: [], value }]) },
      ),
      signature: rarely(fc.constant('{"extra_content":{"google":{"thought_signature":"s"}}}'), 6),
      closed: fc.boolean(),
    })
    .map(({ id, name: word, late, given, args, signature, closed }) => {
      const early = {
        ...(late === "id" || late === "both" ? {} : given ? { id } : {}),
        ...(late === "name" || late === "both" ? {} : { name: word }),
      }
      const full: Verb = (out, key) => out.toolCall(key, { ...(given ? { id } : {}), name: word })
      const whole = (args as readonly unknown[]).some((one) => typeof one !== "string")
      const half = Math.ceil(args.length / 2)
      const piece =
        (part: (typeof args)[number]): Verb =>
        (out, key) =>
          out.args(key, part)
      return {
        shown: { call: { id: given ? id : undefined, name: word, late }, args, signature },
        verbs: [
          ((out, key) => out.toolCall(key, early)) as Verb,
          ...args.slice(0, half).map(piece),
          ...(late === "no" ? [] : [full]),
          ...args.slice(half).map(piece),
          ...(signature ? [((out, key) => out.attach(key, { signature })) as Verb] : []),
          // Hosts that give arguments as objects give whole calls.
          ...close(closed || whole),
        ],
      }
    })
}

function customCall(): fc.Arbitrary<BlockScript> {
  return fc.record({ id: anyId, input: pieces(someText), closed: fc.boolean() }).map(({ id, input, closed }) => ({
    shown: { custom: input, id },
    verbs: [
      ((out, key) => out.toolCall(key, { id, name: "grep", custom: true })) as Verb,
      ...input.map(
        (part): Verb =>
          (out, key) =>
            out.args(key, part),
      ),
      ...close(closed),
    ],
  }))
}

function whole(target: AnswerTarget): fc.Arbitrary<BlockScript> {
  const blocks: Block[] = [
    { type: "image", source: { data: "AA==", mimeType: "image/png" } },
    { type: "image", source: { url: "https://x.invalid/a.png" } },
    { type: "image", source: { fileId: "f" } },
    { type: "audio", source: { data: "AA==", mimeType: "audio/wav" }, transcript: "hum" },
    { type: "redactedThinking", data: { value: "aGlkZGVu" } },
    { type: "native", api: "openai-responses", item: { type: "web_search_call", id: "w" } },
    ...target.items.map((item): Block => ({ type: "native", api: target.api, item })),
  ]
  return fc.constantFrom(...blocks).map((block) => ({
    shown: block,
    verbs: [((out, key) => out.block(key, structuredClone(block))) as Verb],
  }))
}

function close(closed: boolean): Verb[] {
  return closed ? [(out, key) => out.close(key)] : []
}

const count = fc.nat({ max: 5000 })
/** Token counts: nothing, all, or some of them, and how far they can be trusted. */
const usage: fc.Arbitrary<Partial<Usage> | undefined> = maybe(
  fc
    .record({
      input: count,
      output: count.map((n) => n + 500),
      cacheRead: maybe(count, 2),
      cacheWrite: maybe(count, 2),
      cacheWrite1h: rarely(fc.constant(0)),
      reasoningTokens: maybe(fc.nat({ max: 400 }), 2),
      serverTools: rarely(fc.constant({ webSearch: 1, webFetch: 0 })),
      serviceTier: rarely(fc.constant("priority")),
      provenance: maybe(fc.constantFrom("reported" as const, "partial" as const, "estimated" as const), 2),
    })
    .map((figures) => defined<Partial<Usage>>(figures)),
  6,
)

const STOPS: readonly [StopReason, StopDetails?][] = [
  ["stop"],
  ["stop"],
  ["stop"],
  ["toolUse"],
  ["toolUse"],
  ["length"],
  ["stop", { type: "stop_sequence", sequence: "END" }],
  ["stop", { type: "pause_turn" }],
  ["stop", { type: "refusal", explanation: "I cannot." }],
  ["stop", { type: "refusal", category: "cyber" }],
  ["length", { type: "model_context_window_exceeded" }],
  ["stop", { type: "some_vendors_word" }],
]

const end: fc.Arbitrary<{ act: (out: MessageBuilder) => void; shown: unknown }> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(...STOPS).map(([reason, details]) => ({
      shown: { reason, details },
      act: (out: MessageBuilder) => {
        out.stop(reason, details)
        out.finish()
      },
    })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(
        { is: "overloaded" as const, message: "Busy." },
        { is: "rate_limited" as const, message: "Slow down 𝔘." },
        { is: "server_error" as const, status: 500, message: "" },
        { is: "context_overflow" as const, message: "It is too much." },
        { is: "stream_incomplete" as const },
      )
      .map((facts) => ({
        shown: facts,
        act: (out: MessageBuilder) => {
          out.fail(facts)
          out.finish()
        },
      })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("refused", "cut", "aborted").map((shown) => ({
      shown,
      act: (out: MessageBuilder) => {
        if (shown === "refused") {
          out.stop("error", { type: "refusal", category: "bio", explanation: "No." })
          out.fail({ is: "content_blocked", type: "refusal", message: "The model declined to answer (bio): No." })
        }
        if (shown === "aborted") out.finish(new SluiceError({ code: "aborted", message: "Stopped by the caller." }))
        else out.finish()
      },
    })),
  },
)

/**
 * Scripts of answers. In some the blocks overlap as a sloppy or a parallel host sends them; citations and log
 * probabilities come only where they do not, because they follow the text they belong to.
 */
export function answerScripts(target: AnswerTarget): fc.Arbitrary<AnswerScript> {
  const blocks = (overlap: boolean): fc.Arbitrary<BlockScript[]> =>
    fc.array(
      fc.oneof(
        { weight: 5, arbitrary: text(!overlap) },
        { weight: 3, arbitrary: thinking() },
        { weight: 4, arbitrary: call() },
        { weight: 1, arbitrary: customCall() },
        { weight: 2, arbitrary: whole(target) },
      ),
      { maxLength: 5 },
    )
  return fc
    .record({
      all: fc.boolean().chain((overlap) => fc.record({ overlap: fc.constant(overlap), blocks: blocks(overlap) })),
      schedule: fc.array(fc.nat({ max: 30 }), { minLength: 40, maxLength: 40 }),
      batch: fc.integer({ min: 1, max: 4 }),
      usage,
      end,
    })
    .map(({ all, schedule, batch, usage: figures, end: last }) => {
      const steps = merged(all.blocks, all.overlap ? schedule : [])
      const batches: (typeof steps)[] = []
      for (let i = 0; i < steps.length; i += batch) batches.push(steps.slice(i, i + batch))
      return {
        batches,
        end: (out) => {
          if (figures) out.usage(structuredClone(figures))
          last.act(out)
        },
        shown: {
          blocks: all.blocks.map((one) => one.shown),
          overlap: all.overlap,
          batch,
          usage: figures,
          end: last.shown,
        },
      }
    })
}

/** The verbs of all blocks: block by block, or as the schedule picks them. */
function merged(blocks: readonly BlockScript[], schedule: readonly number[]): { block: number; verb: Verb }[] {
  const left = blocks.map((block, index) => ({ index, verbs: [...block.verbs] }))
  const steps: { block: number; verb: Verb }[] = []
  for (let step = 0; ; step++) {
    const open = left.filter((one) => one.verbs.length > 0)
    const picked = open[(schedule[step] ?? 0) % (open.length || 1)]
    if (!picked) return steps
    steps.push({ block: picked.index, verb: picked.verbs.shift() as Verb })
  }
}

/** Plays a script: `each` sees the events of every batch while the message is as it was then. */
export function play(
  script: AnswerScript,
  maker: { api: Api; provider: string; model: string },
  each: (event: AssistantMessageEvent) => void = () => {},
): AssistantMessage {
  let ids = 0
  const out = new MessageBuilder({
    ...maker,
    timestamp: 0,
    now: () => 0,
    mintId: (prefix) => `${prefix}minted${++ids}`,
    toError: (facts) => classify(facts, maker),
  })
  const handOn = (): void => {
    for (const event of out.take()) each(event)
  }
  for (const batch of script.batches) {
    for (const { block, verb } of batch) verb(out, `k${block}`)
    handOn()
  }
  script.end(out)
  handOn()
  return out.message
}
