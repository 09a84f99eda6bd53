import { describe, expect, test } from "vitest"
import type { Call } from "../../contract/wire-client.ts"
import { ConnectionGuard, lastResponse } from "./connection-guard.ts"
import type { Obj } from "./types.ts"

/** What is said of these events, on a connection that has brought a response before, or none. */
function verdicts(last: string | undefined, events: readonly Obj[]): unknown[] {
  const memory = last === undefined ? {} : lastResponse(last)
  const guard = new ConnectionGuard({ channel: { kind: "websocket", memory } } as unknown as Call)
  return events.map((event) => {
    const verdict = guard.verdict(String(event["type"]), event)
    return typeof verdict === "string" ? verdict : verdict.code
  })
}

const of = (id: string, type = "response.in_progress"): Obj => ({ type, response: { id } })
const created = (id: string): Obj => of(id, "response.created")
const delta = (sequence_number?: number): Obj => ({
  type: "response.output_text.delta",
  delta: "a",
  ...(sequence_number === undefined ? {} : { sequence_number }),
})

describe("the first answer of a connection", () => {
  test("is read from its first event on", () => {
    expect(verdicts(undefined, [delta(), created("a"), delta(), of("a", "response.completed")])).toEqual([
      "read",
      "read",
      "read",
      "read",
    ])
  })

  test("is out of step once an event of another response comes", () => {
    expect(verdicts(undefined, [created("a"), of("b")])).toEqual(["read", "ws_out_of_step"])
  })
})

describe("an answer after another one", () => {
  test("begins with its own first event: what comes before is a straggler", () => {
    expect(verdicts("old", [delta(7), of("old", "response.completed"), created("new"), delta()])).toEqual([
      "drop",
      "drop",
      "read",
      "read",
    ])
  })

  test("is not ended by a straggler that comes in its midst", () => {
    const events = [created("new"), of("old", "response.completed"), delta(), of("new", "response.completed")]
    expect(verdicts("old", events)).toEqual(["read", "drop", "read", "read"])
  })

  test("begins with whatever has an id of its own", () => {
    expect(verdicts("old", [of("new", "response.in_progress"), delta()])).toEqual(["read", "read"])
  })

  test("is out of step when a third response speaks", () => {
    expect(verdicts("old", [created("new"), of("third")])).toEqual(["read", "ws_out_of_step"])
  })

  test("may fail before it begins", () => {
    const error = { message: "no" }
    expect(verdicts("old", [{ type: "error", error }])).toEqual(["read"])
    expect(verdicts("old", [{ error }])).toEqual(["read"])
  })

  test("is read where a host gives all of them one id, or none", () => {
    expect(verdicts("same", [created("same"), delta(), of("same", "response.completed")])).toEqual([
      "read",
      "read",
      "read",
    ])
    expect(verdicts("", [delta(), { type: "response.completed", response: {} }])).toEqual(["read", "read"])
  })
})

describe("the numbers of events", () => {
  test("may stay or grow, and need not be there", () => {
    expect(verdicts(undefined, [delta(3), delta(3), delta(), delta(9)])).toEqual(["read", "read", "read", "read"])
  })

  test("do not go back", () => {
    expect(verdicts(undefined, [delta(3), delta(2)])).toEqual(["read", "ws_out_of_step"])
  })

  test("of a straggler do not count", () => {
    expect(verdicts("old", [delta(90), { ...created("new"), sequence_number: 0 }, delta(1)])).toEqual([
      "drop",
      "read",
      "read",
    ])
  })
})
