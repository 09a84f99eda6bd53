import { describe, expect, test } from "vitest"
import { delta, modelOf, opens, start, stop, closes, ends } from "../../../../tests/support/anthropic-messages.ts"
import type { Decoder, WireClient } from "../contract/wire-client.ts"
import { sseText } from "../framing/sse.ts"
import type { AssistantMessageEvent } from "../model/events.ts"
import type { AssistantMessage } from "../model/message.ts"
import { anthropicMessages } from "../wires/anthropic-messages/client.ts"
import { openaiCompletions } from "../wires/openai-completions/client.ts"
import { readRecording } from "./read-recording.ts"

const WORDS = ["Well", ",", ' "so"\n', "é", "\\", " it", "", " goes", " on", "."]

const chat = (fields: object, more: object = {}): string =>
  sseText({ data: JSON.stringify({ id: "c", choices: [{ index: 0, delta: fields, ...more }] }) })
const event = (value: Record<string, unknown>): string =>
  sseText({ event: String(value["type"]), data: JSON.stringify(value) })

const textStream = (field: string): string[] => [
  ...WORDS.map((word) => chat({ [field]: word })),
  chat({ content: " between " }),
  ...WORDS.map((word) => chat({ [field]: word })),
  chat({}, { finish_reason: "stop" }),
]

const block = (index: number, content: Record<string, unknown>, deltas: Record<string, unknown>[]): string[] =>
  [opens(index, content), ...deltas.map((one) => delta(index, one)), closes(index)].map(event)

const ARGUMENTS = ['{"a":', ' "b', "\\n", 'c", ', '"d": [1,', "2", "], ", '"e": nul', "l}"]
const MESSAGES = [
  event(start),
  ...block(
    0,
    { type: "thinking", thinking: "", signature: "" },
    WORDS.map((thinking) => ({ type: "thinking_delta", thinking })),
  ),
  ...block(
    1,
    { type: "text", text: "" },
    WORDS.map((text) => ({ type: "text_delta", text })),
  ),
  ...block(
    2,
    { type: "tool_use", id: "t", name: "f", input: {} },
    ARGUMENTS.map((partial_json) => ({ type: "input_json_delta", partial_json })),
  ),
  event(ends("tool_use")),
  event(stop),
]

interface Read {
  message: AssistantMessage
  events: unknown[]
  /** Frames that were read in runs, and runs that were refused. */
  inRuns: number
  refused: number
}

/** Reads a stream, in runs or frame by frame. */
function read(wire: WireClient, chunks: readonly string[], single = false): Read {
  let inRuns = 0
  let refused = 0
  const watched: WireClient = {
    ...wire,
    decoder(...given) {
      const decoder = wire.decoder(...given) as Required<Pick<Decoder, "run">> & Decoder
      const run = decoder.run.bind(decoder)
      decoder.run = (found) => {
        const took = run(found)
        if (took) inRuns += found.middles.length
        else refused++
        return took
      }
      if (single) Object.defineProperty(decoder, "form", { value: undefined })
      return decoder
    },
  }
  const events: unknown[] = []
  const onEvents = (made: readonly AssistantMessageEvent[]): void => {
    for (const one of made) {
      const { partial: _partial, ...rest } = one as AssistantMessageEvent & { partial?: unknown }
      events.push(JSON.parse(JSON.stringify(rest)))
    }
  }
  const encoder = new TextEncoder()
  const message = readRecording(
    watched,
    modelOf({ api: wire.api }),
    { stream: true, chunks: chunks.map((chunk) => encoder.encode(chunk)) },
    { onEvents },
  )
  return { message, events, inRuns, refused }
}

describe("runs of deltas", () => {
  test.each<[string, WireClient, string[]]>([
    ["text of a chat", openaiCompletions, textStream("content")],
    ["thinking of a chat", openaiCompletions, textStream("reasoning_content")],
    ["thinking, text and a call of Messages", anthropicMessages, MESSAGES],
  ])("%s make the events that the deltas make one by one", (_name, wire, frames) => {
    const single = read(wire, frames, true)
    const stopReason = wire === anthropicMessages ? "toolUse" : "stop"
    expect(single).toMatchObject({ inRuns: 0, message: { stopReason } })
    for (const size of [1, 2, 3, 5, 8, 13, frames.length]) {
      const chunks: string[] = []
      for (let i = 0; i < frames.length; i += size) chunks.push(frames.slice(i, i + size).join(""))
      const together = read(wire, chunks)
      expect(together.events).toEqual(single.events)
      expect(together.message).toEqual(single.message)
      expect(together.inRuns).toBeGreaterThan(0)
    }
  })

  test("a run is read frame by frame where one of its frames says something else", () => {
    const frames = ["a", "b", "c"].map((content) => chat({ content }))
    // Between the form's two texts stands more than one string.
    const more = `data: {"id":"c","choices":[{"index":0,"delta":{"content":"d","refusal":"no"}}]}\n\n`
    const stopped = chat({}, { finish_reason: "stop" })
    const { message, refused } = read(openaiCompletions, [
      ...frames,
      more.repeat(2),
      frames.slice(0, 2).join(""),
      stopped,
    ])
    expect(refused).toBe(1)
    expect(message).toMatchObject({
      content: [{ type: "text", text: "abcddab" }],
      stopDetails: { type: "refusal", explanation: "nono" },
    })
  })
})
