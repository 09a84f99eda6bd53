import { expect } from "vitest"
import { expectProtocol, type Seen } from "./calls.ts"

/** Holds the events of a call against the protocol, where an answer may have been made anew after it was shown. */
export function expectRestarts({ events, message }: Seen): void {
  const starts = events.flatMap((event, n) => (event.type === "start" ? [n] : []))
  expectProtocol({ events: events.slice(starts.at(-1) ?? 0), message })
  if (starts.length > 0) expect(starts[0]).toBe(0)
  // Nothing that cannot be taken back is void.
  const voided = events.slice(0, starts.at(-1) ?? 0)
  expect(voided.filter(({ type }) => type === "toolcall_end" || type === "done" || type === "error")).toEqual([])
}
