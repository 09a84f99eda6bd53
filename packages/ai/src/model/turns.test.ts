import { describe, expect, test } from "vitest"
import type { Message } from "./message.ts"
import { continuesTurn, lastAnswer } from "./turns.ts"

const USER: Message = { role: "user", content: "hi" }
const ANSWER = { role: "assistant", content: [] } as unknown as Message
const RESULT: Message = { role: "toolResult", toolCallId: "c", toolName: "t", content: "r" }
const WITHIN = [USER, ANSWER, RESULT]

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

test("the latest answer is the last of them", () => {
  expect([[], [USER], [USER, ANSWER], [...WITHIN, ANSWER, USER]].map(lastAnswer)).toEqual([-1, -1, 1, 3])
})
