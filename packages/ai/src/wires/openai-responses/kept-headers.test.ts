import { describe, expect, test } from "vitest"
import type { Call } from "../../contract/wire-client.ts"
import type { Message } from "../../model/message.ts"
import { continuesTurn } from "../../model/turns.ts"
import { HeaderNotes, keptHeaders } from "./kept-headers.ts"

const USER: Message = { role: "user", content: "hi" }
const ANSWER = { role: "assistant", content: [] } as unknown as Message
const RESULT: Message = { role: "toolResult", toolCallId: "c", toolName: "t", content: "r" }
const WITHIN = [USER, ANSWER, RESULT]
const KEPT = { "x-state": "turn", "x-tag": "session" } as const

function call(messages: readonly Message[], known: Call["known"] = {}, kept: object | null = KEPT): Call {
  const responses = kept ? { keptHeaders: kept } : {}
  return { model: { id: "m", compat: { responses } }, context: { messages }, known } as unknown as Call
}

/** What is kept after a response with these headers, and these events. */
function facts(
  messages: readonly Message[],
  headers: Record<string, string>,
  ...events: object[]
): Record<string, unknown> {
  const notes = new HeaderNotes(call(messages), new Headers(headers))
  for (const event of events) notes.event(event as Record<string, unknown>)
  return notes.facts
}

/** What a request sends of what was kept. */
function sent(messages: readonly Message[], known: Record<string, unknown>): unknown {
  return keptHeaders(call(messages, known))
}

describe("a turn of the user goes on", () => {
  test.each<[string, Message[], boolean]>([
    ["at its beginning", [USER], false],
    ["after the results of an answer's calls", WITHIN, true],
    ["after several of them", [USER, ANSWER, RESULT, RESULT], true],
    ["after an answer", [USER, ANSWER], false],
    ["after a message behind the results", [...WITHIN, USER], false],
    ["with results of no answer", [USER, RESULT], false],
    ["in a conversation of nothing", [], false],
    ["in one of results alone", [RESULT], false],
  ])("%s", (_name, messages, goesOn) => {
    expect(continuesTurn(messages)).toBe(goesOn)
  })
})

describe("what is kept of headers", () => {
  test("is given back: all of it within a turn, what is the session's always", () => {
    const known = facts([USER], { "X-State": "s", "x-tag": "t", "x-other": "o" })
    expect(sent(WITHIN, known)).toEqual({ "x-state": "s", "x-tag": "t" })
    expect(sent([USER], known)).toEqual({ "x-tag": "t" })
  })

  test("is nothing where a host has no such headers", () => {
    expect(keptHeaders(call(WITHIN, facts([USER], { "x-state": "s" }), null))).toEqual({})
  })

  test("comes in events as well, in any case and as lists, and the newest counts", () => {
    expect(sent(WITHIN, facts([USER], { "x-state": "old" }, { "X-State": "new" }))).toEqual({ "x-state": "new" })
    expect(sent(WITHIN, facts([USER], {}, { "x-state": ["listed"] }))).toEqual({ "x-state": "listed" })
    expect(sent(WITHIN, facts([USER], {}, { "x-other": "o", constructor: "c" }))).toEqual({})
  })

  test("stays within a turn when a response says nothing new, and is gone after it", () => {
    const before = facts([USER], { "x-state": "s", "x-tag": "t" })
    expect(sent(WITHIN, { ...before, ...facts(WITHIN, {}) })).toEqual({ "x-state": "s", "x-tag": "t" })
    expect(sent(WITHIN, { ...before, ...facts([...WITHIN, USER], {}) })).toEqual({ "x-tag": "t" })
  })

  test("is never what no header can hold", () => {
    for (const value of ["a\nb", "a\r\nx-evil: 1", "", " ", "\u00fc\u2603", "a\u0000", 7, null, {}]) {
      expect(sent(WITHIN, facts([USER], { "x-state": "good" }, { "x-state": value }))).toEqual({ "x-state": "good" })
    }
  })
})
