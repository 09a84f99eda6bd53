import { describe, expect, test } from "vitest"
import { readRecording } from "../../assemble/read-recording.ts"
import type { AssistantMessageEvent } from "../../model/events.ts"
import { openaiResponses } from "./client.ts"
import type { Obj } from "./types.ts"

interface Shown {
  /** The thinking of each block. */
  blocks: string[]
  /** All of its deltas. */
  deltas: string
}

/** What is shown of these events of reasoning. */
function shown(events: readonly Obj[], cumulative = true): Shown {
  const model = {
    id: "m",
    provider: "p",
    api: "openai-responses",
    baseUrl: "https://host.example",
    input: ["text" as const],
    output: ["text" as const],
    compat: { responses: { cumulativeSummaries: cumulative } },
  }
  const end = { type: "response.completed", response: { id: "r", status: "completed" } }
  const lines = [...events, end].map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")
  const seen: AssistantMessageEvent[] = []
  const message = readRecording(
    openaiResponses,
    model,
    { stream: true, chunks: [new TextEncoder().encode(lines)], cut: false },
    { onEvents: (batch) => seen.push(...batch) },
  )
  return {
    blocks: message.content.flatMap((block) => (block.type === "thinking" ? [block.thinking] : [])),
    deltas: seen.flatMap((event) => (event.type === "thinking_delta" ? [event.delta] : [])).join(""),
  }
}

const at = (n: number): Obj => ({ item_id: `rs_${n}`, output_index: n })
const added = (n: number): Obj => ({
  type: "response.output_item.added",
  output_index: n,
  item: { type: "reasoning", id: `rs_${n}`, summary: [] },
})
const piece = (n: number, part: number, delta: string): Obj => ({
  type: "response.reasoning_summary_text.delta",
  ...at(n),
  summary_index: part,
  delta,
})
const partDone = (n: number, part: number, text: string): Obj => ({
  type: "response.reasoning_summary_text.done",
  ...at(n),
  summary_index: part,
  text,
})
const done = (n: number, ...parts: string[]): Obj => ({
  type: "response.output_item.done",
  output_index: n,
  item: { type: "reasoning", id: `rs_${n}`, summary: parts.map((text) => ({ type: "summary_text", text })) },
})
/** An item whose parts come in pieces of three characters. */
const item = (n: number, ...parts: string[]): Obj[] => [
  added(n),
  ...parts.flatMap((text, part) => [
    ...(text.match(/.{1,3}/gs) ?? []).map((delta) => piece(n, part, delta)),
    partDone(n, part, text),
  ]),
  done(n, ...parts),
]

describe("summaries that repeat those of the items before", () => {
  test("are shown once each, as they come", () => {
    const events = [
      ...item(0, "Looking"),
      ...item(1, "Looking", "Thinking"),
      ...item(2, "Looking", "Thinking", "Doing"),
    ]
    expect(shown(events)).toEqual({ blocks: ["Looking", "Thinking", "Doing"], deltas: "LookingThinkingDoing" })
  })

  test("are shown as they stand where a host does not repeat them", () => {
    const events = [...item(0, "Looking"), ...item(1, "Looking", "Thinking")]
    expect(shown(events, false).blocks).toEqual(["Looking", "Looking\n\nThinking"])
  })

  test("that only begin alike are shown whole", () => {
    const events = [...item(0, "Looking at it"), ...item(1, "Looking away")]
    expect(shown(events)).toEqual({ blocks: ["Looking at it", "Looking away"], deltas: "Looking at itLooking away" })
    // One that ends where the other goes on.
    expect(shown([...item(0, "Looking at it"), ...item(1, "Looking")])).toEqual({
      blocks: ["Looking at it", "Looking"],
      deltas: "Looking at itLooking",
    })
    // And one that goes on where the other ends.
    expect(shown([...item(0, "Looking"), ...item(1, "Looking at it")])).toEqual({
      blocks: ["Looking", "Looking at it"],
      deltas: "LookingLooking at it",
    })
  })

  test("need not come in pieces, nor with an end of their own", () => {
    const whole = (n: number, ...parts: string[]): Obj[] => [
      added(n),
      ...parts.map((text, part) => partDone(n, part, text)),
      done(n, ...parts),
    ]
    expect(shown([...whole(0, "A"), ...whole(1, "A", "B")]).blocks).toEqual(["A", "B"])
    expect(shown([done(0, "A"), done(1, "A", "B")])).toEqual({ blocks: ["A", "B"], deltas: "AB" })
    const open = [
      added(0),
      piece(0, 0, "A"),
      done(0, "A"),
      added(1),
      piece(1, 0, "A"),
      piece(1, 1, "B"),
      done(1, "A", "B"),
    ]
    expect(shown(open)).toEqual({ blocks: ["A", "B"], deltas: "AB" })
  })

  test("that say nothing new make no block, unless the host wants them back", () => {
    expect(shown([...item(0, "A"), ...item(1, "A")]).blocks).toEqual(["A"])
    const sealed = {
      type: "reasoning",
      id: "rs_1",
      summary: [{ type: "summary_text", text: "A" }],
      encrypted_content: "c",
    }
    const events = [...item(0, "A"), { type: "response.output_item.done", output_index: 1, item: sealed }]
    expect(shown(events).blocks).toEqual(["A", ""])
  })

  test("that break off where they may still be a repetition are taken for one", () => {
    const events = [...item(0, "Looking at it"), added(1), piece(1, 0, "Looking")]
    expect(shown(events).blocks).toEqual(["Looking at it"])
  })

  test("keep parts apart within an item", () => {
    expect(shown(item(0, "A", "B"))).toEqual({ blocks: ["A\n\nB"], deltas: "A\n\nB" })
    expect(shown([...item(0, "A"), ...item(1, "A", "B", "C")])).toEqual({ blocks: ["A", "B\n\nC"], deltas: "AB\n\nC" })
  })
})
