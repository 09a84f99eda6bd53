import { SseFramer } from "@sluice/ai/framing"
import { corpus, type Case } from "../conformance/harness.ts"
import type { StreamFrame } from "./violations.ts"

/** The vendor's own answers that came to their end, among the recordings. */
export function vendorAnswers(dir: string, vendor: string, format: "sse" | "json"): Case[] {
  return corpus(dir).filter(
    ({ meta, expected }) =>
      meta.vendor === vendor &&
      meta.format === format &&
      (meta.streaming === true) === (format === "sse") &&
      expected.outcome === "complete",
  )
}

/** Frames of a recorded stream. */
export function framesOf(one: Case): StreamFrame[] {
  const framer = new SseFramer()
  return [...framer.push(one.bytes), ...framer.end()].map(({ event, data }) => ({ event, data }))
}

/** The frames of a stream of several answers that belong to the first one: the grammar is one of a single answer. */
export function firstChoice(frames: readonly StreamFrame[]): StreamFrame[] {
  return frames.flatMap((frame) => {
    if (frame.data === "[DONE]") return [frame]
    const chunk = JSON.parse(frame.data as string) as { choices?: { index: number }[] }
    const choices = chunk.choices?.filter((choice) => choice.index === 0)
    if (!choices || choices.length === chunk.choices?.length) return [frame]
    return choices.length > 0 ? [{ ...frame, data: JSON.stringify({ ...chunk, choices }) }] : []
  })
}

/** A recorded document. */
export function documentOf(one: Case): unknown {
  return JSON.parse(new TextDecoder().decode(one.bytes))
}
