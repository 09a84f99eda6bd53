import {
  type AssistantMessage,
  type Block,
  type Context,
  type Frame,
  handoff,
  type Loss,
  type Message,
  type Model,
  type Opaque,
} from "@sluice/ai"
import { autoWires } from "@sluice/ai/auto"
import { memoryVault } from "@sluice/ai/vault"
import { resolveModel } from "@sluice/catalog"
import { beforeAll, describe, expect, test } from "vitest"
import { countingMint } from "../../packages/ai/src/assemble/read-recording.ts"
import { isSealed, seal } from "../../packages/ai/src/wires/server-seal.ts"
import { play } from "../generators/answers.ts"
import { acceptBody, issuerOf, overTheWire, readBack, type WireUnderTest } from "./wire-under-test.ts"
import { chat, gemini, messages, ollama, responses } from "./wires.ts"

/** What an answer may hold for its model alone, by a name for people. */
type Kind = "thinking" | "hidden" | "text" | "call" | "picture"

/** Hosts that make such things, each with what it makes and how that looks. */
const MAKERS: readonly { api: string; model: string; makes: Partial<Record<Kind, string>> }[] = [
  {
    api: "anthropic-messages",
    model: "anthropic/claude-opus-4-6",
    makes: { thinking: "c2lnbmVk", hidden: "aGlkZGVu" },
  },
  {
    api: "bedrock-converse-stream",
    model: "amazon-bedrock/us.anthropic.claude-opus-4-6-v1",
    makes: { thinking: "c2lnbmVk", hidden: "aGlkZGVu" },
  },
  {
    api: "openai-responses",
    model: "openai/gpt-5.5",
    makes: {
      thinking: JSON.stringify({
        type: "reasoning",
        id: "rs_1",
        summary: [{ type: "summary_text", text: "Hm." }],
        encrypted_content: "gAAAAAB",
      }),
    },
  },
  {
    api: "google-generative-ai",
    model: "google/gemini-3.1-pro-preview",
    makes: { thinking: "c2lnbmVk", text: "dGV4dA==", call: "Y2FsbA==", picture: "cGljdHVyZQ==" },
  },
  {
    api: "openai-completions",
    model: "openrouter/anthropic/claude-opus-4.6",
    makes: {
      thinking: '{"type":"reasoning.text","signature":"s"}',
      hidden: '{"type":"reasoning.encrypted","data":"h"}',
      call: '{"extra_content":{"google":{"thought_signature":"c"}}}',
    },
  },
]

/**
 * What each client's wire carries of what other wires made, in an answer that is streamed; what it does not is named.
 * What it carries of its own is another matter: that stands in the wire's own fields.
 */
const CARRIES: readonly [WireUnderTest, readonly Kind[]][] = [
  [chat, []],
  [responses, ["thinking", "hidden", "text", "call", "picture"]],
  [messages, ["thinking", "hidden", "call"]],
  [gemini, ["thinking", "hidden", "text", "call", "picture"]],
  [ollama, []],
]

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
const QUESTION: Message = { role: "user", content: "Look." }

const targets = new Map<string, { model: Model; traits: Parameters<typeof handoff>[2] }>()
beforeAll(async () => {
  for (const { api, model } of MAKERS) {
    const entry = await autoWires[api]?.()
    if (!entry || !("wire" in entry)) throw new Error(`There is no wire for ${api}.`)
    const resolved = await resolveModel(model, { api })
    targets.set(api, { model: { ...resolved, output: ["text", "image"] }, traits: entry.wire.traits })
  }
})

/** An answer in which a host has made one of these. */
function answerOf(api: string, kind: Kind, value: string) {
  const { model } = targets.get(api) as { model: Model }
  const shown: unknown[] = []
  const answer = (each?: Parameters<typeof play>[2]) =>
    play(
      {
        shown,
        batches: [
          [
            {
              block: 0,
              verb: (out, key) => {
                if (kind !== "thinking") return
                out.thinking(key, "Hm.")
                out.attach(key, { signature: value })
                out.close(key)
              },
            },
            {
              block: 1,
              verb: (out, key) => {
                if (kind === "hidden")
                  out.block(key, { type: "redactedThinking", data: { value, issuer: issuerOf(model) } })
              },
            },
            {
              block: 2,
              verb: (out, key) => {
                out.text(key, "Let me look.")
                if (kind === "text") out.attach(key, { signature: value })
                out.close(key)
              },
            },
            {
              block: 3,
              verb: (out, key) => {
                if (kind !== "picture") return
                const source = { data: PIXEL, mimeType: "image/png" }
                out.block(key, { type: "image", source, signature: { value } })
              },
            },
            {
              block: 4,
              verb: (out, key) => {
                if (kind === "picture") return
                out.toolCall(key, { id: "call_1", name: "look" })
                out.args(key, '{"at":1}')
                if (kind === "call") out.attach(key, { signature: value })
                out.close(key)
              },
            },
          ],
        ],
        end: (out) => {
          out.stop(kind === "picture" ? "stop" : "toolUse")
          out.finish()
        },
      },
      issuerOf(model),
      each,
    )
  return answer
}

/** The request that follows on an answer, from a client that keeps all that its wire has, as the gateway reads it. */
function next(wire: WireUnderTest, sent: readonly Frame[] | { document: unknown }, change = (text: string) => text) {
  const answer = readBack(wire, sent)
  const calls = answer.content.filter((block) => block.type === "toolCall")
  const context: Context = {
    messages: [
      QUESTION,
      answer,
      ...calls.map(({ id, name }): Message => ({ role: "toolResult", toolCallId: id, toolName: name, content: "x" })),
      { role: "user", content: "Well?" },
    ],
  }
  // Our own client sends back what a host of the model that it asked has made.
  const model: Model = { ...wire.models.rich, output: ["text", "image"] }
  const own = handoff(context, model, wire.client.traits)
  const { text } = overTheWire(wire, model, own.context, {})
  const { context: read, losses } = acceptBody(wire, JSON.parse(change(text)))
  return { context: read, losses }
}

function opaqueOf(block: Block): Opaque | undefined {
  if (block.type === "redactedThinking") return block.data
  return "signature" in block ? block.signature : undefined
}

/** The opaque values of the answers in a conversation. */
const held = ({ messages: list }: Context): (Opaque | undefined)[] =>
  list.flatMap((one) => (one.role === "assistant" ? one.content.flatMap((block) => opaqueOf(block) ?? []) : []))

const valuesIn = (context: Context): unknown[] => held(context).map((opaque) => opaque?.value)

const fieldOf: Readonly<Record<Kind, RegExp>> = {
  thinking: /^content\[0\]\.signature$/,
  hidden: /^content\[0\]$/,
  text: /^content\[0\]\.signature$/,
  call: /^content\[1\]\.signature$/,
  picture: /^content\[1\](?:\.signature)?$/,
}

const ALL = CARRIES.flatMap(([wire, kinds]) =>
  MAKERS.flatMap(({ api, makes }) =>
    (Object.entries(makes) as [Kind, string][]).map(
      ([kind, value]) => [wire.server.api, api, kind, kinds.includes(kind) ? "carries" : "names", value, wire] as const,
    ),
  ),
)
const CASES = ALL.filter(([inbound, api]) => inbound !== api)

describe("a client's wire, and what another wire's host made", () => {
  test.each(CASES)("%s from %s, %s: it %s it", (_inbound, api, kind, does, value, wire) => {
    const { model, traits } = targets.get(api) as NonNullable<ReturnType<typeof targets.get>>
    const responder = wire.server.responder(acceptBody(wire, wire.request(true)), countingMint())
    const frames: Frame[] = []
    answerOf(api, kind, value)((event) => frames.push(...responder.push(event)))
    const { context } = next(wire, frames)
    if (does === "names") {
      expect(valuesIn(context)).not.toContain(value)
      // A picture has no place on most wires, which is named as such.
      expect(responder.losses.map(({ field }) => field)).toContainEqual(expect.stringMatching(fieldOf[kind]))
      return
    }
    expect(responder.losses.filter(({ field }) => fieldOf[kind].test(field) && field.endsWith("signature"))).toEqual([])
    expect(held(context)).toEqual([{ value, issuer: issuerOf(model) }])
    // Its maker gets it back, and nobody else.
    expect(valuesIn(handoff(context, model, traits).context)).toEqual([value])
    for (const [other, target] of targets) {
      if (other === api) continue
      const handed = handoff(context, target.model, target.traits)
      expect(valuesIn(handed.context)).toEqual([])
      expect(handed.losses.map(({ field }) => field)).toContainEqual(
        expect.stringMatching(/^messages\[1\]\.content\[\d+\]/),
      )
    }
  })

  test.each(CASES.filter(([, , , does]) => does === "carries"))(
    "%s from %s, %s: so does a whole answer, and one that came back changed is nobody's",
    (_inbound, api, kind, _does, value, wire) => {
      const { model, traits } = targets.get(api) as NonNullable<ReturnType<typeof targets.get>>
      const responder = wire.server.responder(acceptBody(wire, wire.request(false), false), countingMint())
      const document = responder.whole(answerOf(api, kind, value)())
      expect(valuesIn(next(wire, { document }).context)).toEqual([value])
      const changed = next(wire, { document }, (text) => text.replace(/(c2x1aWNl[A-Za-z0-9+/]{30})./, "$1~"))
      expect(valuesIn(handoff(changed.context, model, traits).context)).toEqual([])
      expect(changed.losses.map(({ reason }) => reason)).toEqual(["What was sealed cannot be read any more."])
    },
  )

  test("what somebody has sealed as another's goes to nobody that did not make it", () => {
    const { model, traits } = targets.get("anthropic-messages") as NonNullable<ReturnType<typeof targets.get>>
    const forged = seal({ thoughts: [], own: { value: "x", issuer: { api: "mock", provider: "p", model: "m" } } })
    expect(isSealed(forged)).toBe(true)
    const call = acceptBody(messages, {
      model: "m",
      max_tokens: 1,
      messages: [
        { role: "user", content: "hi" },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "t", signature: forged },
            { type: "text", text: "x" },
          ],
        },
        { role: "user", content: "go on" },
      ],
    })
    const handed = handoff(call.context, model, traits)
    expect(valuesIn(handed.context)).toEqual([])
    expect(handed.losses).toMatchObject([{ field: "messages[1].content[0].signature", kind: "dropped" }])
  })
})

describe("a vault, and a client that keeps text and calls alone", () => {
  const alone = (message: AssistantMessage): AssistantMessage => ({
    ...message,
    content: message.content.flatMap((block): Block[] => {
      if (block.type === "text") return [{ type: "text", text: block.text }]
      if (block.type !== "toolCall") return []
      const { type, id, name, arguments: args } = block
      return [{ type, id, name, arguments: args }]
    }),
  })
  // Such a client sends no picture back that could be signed.
  const KEPT = ALL.filter(([, , kind]) => kind !== "picture")

  test.each(KEPT)(
    "%s from %s, %s: its maker gets it back, nobody else",
    async (_inbound, api, kind, _d, value, wire) => {
      const { model } = targets.get(api) as NonNullable<ReturnType<typeof targets.get>>
      const responder = wire.server.responder(acceptBody(wire, wire.request(true)), countingMint())
      const frames: Frame[] = []
      const answer = answerOf(api, kind, value)((event) => frames.push(...responder.push(event)))
      const vault = memoryVault()
      void vault.keep({ messages: [QUESTION] }, answer)
      const { context } = next(wire, frames)
      const bare: Context = {
        messages: context.messages.map((one) => (one.role === "assistant" ? alone(one) : one)),
      }
      expect(valuesIn(bare)).toEqual([])
      const all = [...targets.values()]
      const restore = await vault.find(
        bare,
        all.map((target) => target.model),
      )
      for (const { model: one, traits } of all) {
        const given = restore?.(bare, one, traits) ?? { context: bare, losses: [] as Loss[] }
        expect(valuesIn(given.context)).toEqual(one === model ? [value] : [])
        expect(given.losses.length).toBe(one === model ? 1 : 0)
      }
    },
  )
})
