import type { ServerResponse } from "node:http"
import {
  anthropicEndpoint,
  complete,
  keySource,
  openaiEndpoint,
  repeatedCalls,
  stream,
  type AssistantMessage,
  type AssistantMessageEvent,
  type Message,
  type Route,
} from "@sluice/ai"
import { createMock } from "@sluice/ai/mock"
import { undiciTransport } from "@sluice/ai/transport/undici"
import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { openaiCompletions } from "@sluice/ai/wires/openai-completions"
import { describe, expect, test } from "vitest"
import { model, serve, user } from "../support/toy-wire.ts"

const PASSAGE = "Hmm, but what if the test fails? Then I would look at it again. "
/** Short waits; how many tries there are is left as it is. */
const quick = { retry: { baseDelayMs: 1 } }
const loop = { thinking: PASSAGE.repeat(400), text: "never reached", pace: { chunk: 512 } }

interface Spelling {
  wire: Pick<Route, "wire" | "endpoint">
  first: string
  thought: string
}

const event = (data: object, name?: string): string =>
  `${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`
const named = (data: { type: string } & Record<string, unknown>): string => event(data, data.type)

const SPELLINGS: readonly (readonly [string, Spelling])[] = [
  [
    "openai-completions",
    {
      wire: { wire: openaiCompletions, endpoint: openaiEndpoint },
      first: "",
      thought: event({ id: "c", choices: [{ index: 0, delta: { reasoning_content: PASSAGE } }] }),
    },
  ],
  [
    "anthropic-messages",
    {
      wire: { wire: anthropicMessages, endpoint: anthropicEndpoint },
      first:
        named({ type: "message_start", message: { id: "m", model: "m", role: "assistant", content: [], usage: {} } }) +
        named({ type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "" } }),
      thought: named({ type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: PASSAGE } }),
    },
  ],
]

/** Writes the same until nobody listens any more. */
function forEver(response: ServerResponse, { first, thought }: Spelling, closed: () => void): void {
  response.on("close", closed)
  response.writeHead(200, { "content-type": "text/event-stream" })
  response.write(first)
  const more = (): void => {
    while (!response.destroyed) if (!response.write(thought)) return void response.once("drain", more)
  }
  more()
}

async function collect(events: AsyncIterable<AssistantMessageEvent>): Promise<AssistantMessageEvent[]> {
  const all: AssistantMessageEvent[] = []
  for await (const one of events) all.push(one)
  return all
}

describe("thinking that goes round and round", () => {
  test.each(SPELLINGS)(
    "OF-35: thinking that never ends is given up with an error that is empty and may be tried again, over %s",
    async (_name, spelling) => {
      let asked = 0
      let closed = 0
      const url = await serve((_n, _body, response) => {
        asked++
        forEver(response, spelling, () => closed++)
      })
      const transport = undiciTransport()
      const way = { ...spelling.wire, model: model(url), credentials: keySource("k"), transport }
      const answer = stream(way, user, quick)
      const events = await collect(answer)
      const message = await answer.result()
      expect(message.error).toMatchObject({
        code: "empty_response",
        type: "thinking_loop",
        retryable: true,
        delivered: "content",
        hint: expect.stringContaining("guards.thinkingLoop") as string,
      })
      expect([message.content, events.at(-1)?.type, asked]).toEqual([[], "error", 1])
      await expect.poll(() => closed).toBe(1)
      await transport.close()
    },
  )

  test("OF-35: what nobody has read yet is asked for again after a wait that doubles", async () => {
    const mock = createMock([loop, loop, "An answer."])
    const message = await complete(mock.route, user, { retry: { baseDelayMs: 4 } }, { random: () => 0 })
    expect(message.content).toEqual([{ type: "text", text: "An answer." }])
    expect(message.error).toBeUndefined()
    expect(message.attempts).toMatchObject([
      { action: "waited", waitedMs: 4, error: { type: "thinking_loop", delivered: "nothing" } },
      { action: "waited", waitedMs: 8, error: { type: "thinking_loop" } },
    ])
    expect(mock.calls.map((call) => call.cancelled)).toEqual([true, true, false])
  })

  test("OF-35: the last try runs unguarded, and another model is turned to before that", async () => {
    const mock = createMock({ script: () => loop })
    const message = await complete(mock.route, user, quick)
    expect([message.stopReason, mock.calls.length]).toEqual(["stop", 3])
    expect(message.content).toEqual([
      { type: "thinking", thinking: loop.thinking },
      { type: "text", text: loop.text },
    ])
    const [first, second] = [createMock({ script: () => loop }), createMock(["Other words."])]
    const other = await complete([first.route, second.route], user, quick)
    expect(other.content).toEqual([{ type: "text", text: "Other words." }])
    expect([first.calls.length, other.attempts?.at(-1)?.action]).toEqual([3, "rerouted"])
  })

  test("OF-35: a single try is guarded too, and leaves nothing behind", async () => {
    const mock = createMock([loop])
    const message = await complete(mock.route, user, { retry: { maxAttempts: 1 } })
    expect(message.error).toMatchObject({ type: "thinking_loop", retryable: true, delivered: "nothing" })
    expect(message.content).toEqual([])
  })

  test("OF-35: an iterator that is attached between two tries sees one start", async () => {
    const mock = createMock([loop, "An answer."])
    let begun: () => void
    const waiting = new Promise<void>((resolve) => (begun = resolve))
    const clock = {
      now: () => Date.now(),
      setTimeout: (run: () => void, ms: number) => {
        if (ms === 77) begun()
        return setTimeout(run, ms)
      },
      clearTimeout: (timer: unknown) => clearTimeout(timer as number),
    }
    const answer = stream(mock.route, user, { retry: { baseDelayMs: 77 } }, { clock, random: () => 0 })
    await waiting
    const events = await collect(answer)
    expect(events.map(({ type }) => type)).toEqual(["start", "text_start", "text_delta", "text_end", "done"])
  })

  test("OF-35: thinking that is merely long, or repeats itself less than the limits say, is left alone", async () => {
    const plain = Array.from({ length: 3000 }, (_, i) => `Line ${i} is fine. `).join("")
    const twice = PASSAGE.repeat(60)
    const mock = createMock([
      { thinking: plain + plain, text: "a", pace: { chunk: 512 } },
      { thinking: twice, text: "b", pace: { chunk: 512 } },
      { thinking: twice, text: "c", pace: { chunk: 512 } },
      loop,
    ])
    const ask = (guards?: { thinkingLoop: false | { repeats: number; characters: number } }) =>
      complete(mock.route, user, { retry: { maxAttempts: 1 }, ...(guards ? { guards } : {}) })
    expect((await ask()).error).toBeUndefined()
    expect((await ask()).error).toBeUndefined()
    expect((await ask({ thinkingLoop: { repeats: 20, characters: 2000 } })).error?.type).toBe("thinking_loop")
    expect((await ask({ thinkingLoop: false })).content).toHaveLength(2)
  })
})

describe("the same call again and again", () => {
  test("OF-36: a call that stands in answer after answer is found, whatever the tools said", async () => {
    const step = { toolCalls: [{ name: "read", arguments: { path: "a.ts", lines: [1, 20] } }] }
    const turned = { toolCalls: [{ name: "read", arguments: { lines: [1, 20], path: "a.ts" } }] }
    const mock = createMock([{ toolCalls: [{ name: "list" }] }, step, turned, step, step])
    const messages: Message[] = [...user.messages]
    const found: number[] = []
    for (let turn = 0; turn < 5; turn++) {
      const answer: AssistantMessage = await complete(mock.route, { messages })
      const repeated = repeatedCalls({ messages }, answer)
      messages.push(answer)
      found.push(repeated[0]?.times ?? 0)
      for (const block of answer.content) {
        if (block.type !== "toolCall") continue
        messages.push({ role: "toolResult", toolCallId: block.id, toolName: block.name, content: `try ${turn}` })
      }
    }
    expect(found).toEqual([0, 0, 0, 3, 4])
    expect(repeatedCalls({ messages: [...messages, { role: "user", content: "Go on." }] })).toEqual([])
    expect(repeatedCalls({ messages }, undefined, { times: 5 })).toEqual([])
  })
})
