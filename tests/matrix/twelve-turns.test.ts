import { type Context, type InputBlock, keySource, type Message, type ToolCallBlock } from "@sluice/ai"
import { createSluice } from "@sluice/ai/auto"
import type { EmulatedAnswer } from "@sluice/testkit/emulators"
import { expect, onTestFinished, test } from "vitest"
import { OUTBOUND, type StartedOutbound } from "./outbound.ts"

/** A picture of one pixel. */
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkWM9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

const TOOLS: Context["tools"] = ["weather", "time", "mail.send"].map((name) => ({
  name,
  description: `The ${name} of a city.`,
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
}))

const call = (name: string, city: string): { name: string; arguments: Record<string, unknown> } => ({
  name,
  arguments: { city },
})

interface Turn {
  /** What the user says first; absent: the model goes on from the results of its tools. */
  says?: string
  /** The user shows a picture with it. */
  shows?: string
  answer: EmulatedAnswer
  /** The answer is left in the middle. */
  left?: boolean
}

/** A user and an agent that is another vendor's model in every turn. */
const TURNS: readonly Turn[] = [
  {
    says: "Plan my day.",
    answer: { thinking: "Both at once.", text: "I look.", toolCalls: [call("weather", "Rome"), call("time", "Rome")] },
  },
  { answer: { thinking: "One more.", toolCalls: [call("weather", "Oslo")] } },
  { answer: { thinking: "Enough.", text: "Rome is sunny, Oslo is not." } },
  {
    says: "And this place?",
    shows: PIXEL,
    answer: { thinking: "A picture.", text: "A pixel.", toolCalls: [call("time", "Pixel")] },
  },
  { answer: { text: "It has no clock." } },
  { says: "Tell me a long story.", answer: { text: "once ".repeat(400), pace: { chars: 5, ms: 5 } }, left: true },
  { says: "Shorter.", answer: { thinking: "Short.", text: "The end." } },
  {
    says: "Again for three cities.",
    answer: {
      thinking: "Three.",
      toolCalls: [call("weather", "Bonn"), call("weather", "Bern"), call("time", "Bern")],
    },
  },
  { answer: { text: "And now?", toolCalls: [call("weather", "Graz")] } },
  { answer: { thinking: "Done.", text: "All three." } },
  { says: "Thanks. Once more for Rome.", answer: { thinking: "Rome.", toolCalls: [call("weather", "Rome")] } },
  { answer: { text: "Still sunny." } },
]

test("twelve turns with tools, each with another vendor, are taken by every host", async () => {
  let turn = 0
  const hosts: StartedOutbound[] = []
  for (const outbound of OUTBOUND) {
    const started = await outbound.start(() => (TURNS[turn] as Turn).answer)
    onTestFinished(() => started.host.close())
    hosts.push(started)
  }
  const messages: Message[] = []
  const asked = new Set<string>()
  for (; turn < TURNS.length; turn++) {
    const { says, shows, answer, left } = TURNS[turn] as Turn
    const { model, secret } = hosts[turn % hosts.length] as StartedOutbound
    if (says !== undefined) {
      const content: InputBlock[] = [{ type: "text", text: says }]
      if (shows !== undefined) content.push({ type: "image", source: { data: shows, mimeType: "image/png" } })
      messages.push({ role: "user", content })
    }
    const client = createSluice({ env: () => undefined, credentials: keySource(secret) })
    const leave = new AbortController()
    const context: Context = { systemPrompt: "Be brief.", messages: [...messages], tools: TOOLS ?? [] }
    const stream = client.stream(model, context, { signal: leave.signal, retry: { maxAttempts: 1 }, reasoning: "high" })
    for await (const event of stream) if (left && event.type === "text_delta") leave.abort()
    const said = await stream.result()
    expect(left ? said.stopReason : said.error, `turn ${turn + 1} by ${model.api}`).toBe(left ? "aborted" : undefined)
    const calls = said.content.filter((block): block is ToolCallBlock => block.type === "toolCall")
    expect(calls.map(({ name, arguments: args }) => ({ name, arguments: args }))).toEqual(answer.toolCalls ?? [])
    messages.push(said)
    asked.add(model.api)
    for (const { id, name, arguments: args } of calls) {
      const failed = args["city"] === "Pixel"
      messages.push({
        role: "toolResult",
        toolCallId: id,
        toolName: name,
        content: failed ? "no such place" : `${name} ${String(args["city"])}`,
        ...(failed ? { isError: true } : {}),
      })
    }
  }
  expect(asked).toEqual(new Set(OUTBOUND.map(({ api }) => api)))
})

test("so are the same turns with one vendor after another, each from the beginning", async () => {
  for (let shift = 1; shift < OUTBOUND.length; shift++) {
    const from = OUTBOUND[shift % OUTBOUND.length] as (typeof OUTBOUND)[number]
    const to = OUTBOUND[(shift * 2 + 1) % OUTBOUND.length] as (typeof OUTBOUND)[number]
    let turn = 0
    const pair = await Promise.all([from, to].map((one) => one.start(() => (TURNS[turn] as Turn).answer)))
    const messages: Message[] = []
    for (; turn < TURNS.length; turn++) {
      const { says, left } = TURNS[turn] as Turn
      if (left) continue
      const { model, secret } = pair[turn % 2] as StartedOutbound
      if (says !== undefined) messages.push({ role: "user", content: says })
      const client = createSluice({ env: () => undefined, credentials: keySource(secret) })
      const context: Context = { systemPrompt: "Be brief.", messages: [...messages], tools: TOOLS ?? [] }
      const said = await client.complete(model, context, { retry: { maxAttempts: 1 }, reasoning: "high" })
      expect(said.error, `turn ${turn + 1} by ${model.api} after ${messages.length} messages`).toBeUndefined()
      messages.push(said)
      for (const block of said.content) {
        if (block.type === "toolCall") messages.push({ role: "toolResult", toolCallId: block.id, content: "r" })
      }
    }
    await Promise.all(pair.map(({ host }) => host.close()))
  }
})
