import { describe, expect, test } from "vitest"
import type { AssistantMessage, Message, ToolCallBlock } from "../model/message.ts"
import { repeatedCalls } from "./repeated-calls.ts"

let ids = 0
const call = (name: string, args: Record<string, unknown> = {}, more: Partial<ToolCallBlock> = {}): ToolCallBlock => ({
  type: "toolCall",
  id: `c${ids++}`,
  name,
  arguments: args,
  ...more,
})
const answer = (...content: AssistantMessage["content"]): AssistantMessage => ({
  role: "assistant",
  content,
  api: "a",
  provider: "p",
  model: "m",
  usage: { provenance: "absent" },
  stopReason: "toolUse",
  timestamp: 0,
})
const failed: AssistantMessage = {
  ...answer(),
  stopReason: "error",
  error: { code: "network", message: "m", retryable: true, scope: "host", delivered: "nothing" },
}
const shown = (messages: readonly Message[], times?: number): [string, number][] =>
  repeatedCalls({ messages }, undefined, times === undefined ? {} : { times }).map((one) => [one.call.name, one.times])

describe("calls that are made again and again", () => {
  test("count once for each answer in a row; the newest call and the length of the row are given", () => {
    const read = () => answer(call("read", { path: "a" }))
    const newest = read()
    expect(repeatedCalls({ messages: [read(), read(), read()] }, newest)).toEqual([
      { call: newest.content[0], times: 4 },
    ])
    expect(shown([read(), answer(call("list")), read(), read(), newest])).toEqual([["read", 3]])
    expect(shown([read(), newest])).toEqual([])
    expect(shown([read(), newest], 2)).toEqual([["read", 2]])
    expect(shown([answer(call("read", { path: "a" }), call("read", { path: "a" })), newest], 3)).toEqual([])
  })

  test("an answer that the conversation ends with already is not counted twice", () => {
    const newest = answer(call("read"))
    const messages = [answer(call("read")), newest]
    expect(repeatedCalls({ messages }, newest)).toEqual([])
    expect(repeatedCalls({ messages }, newest, { times: 2 })).toHaveLength(1)
  })

  test("are the same whatever the order of keys, and differ in anything else", () => {
    const two = (first: ToolCallBlock, second: ToolCallBlock) => shown([answer(first), answer(second)], 2).length
    expect(two(call("f", { a: 1, b: { c: [1], d: 2 } }), call("f", { b: { d: 2, c: [1] }, a: 1 }))).toBe(1)
    expect(two(call("f", { a: [1, 2] }), call("f", { a: [2, 1] }))).toBe(0)
    expect(two(call("f", { a: { b: 1 } }), call("f", { a: [["b", 1]] }))).toBe(0)
    expect(two(call("f", { a: 1 }), call("f", { a: "1" }))).toBe(0)
    expect(two(call("f"), call("g"))).toBe(0)
    expect(two(call("f", {}, { rawArguments: "{" }), call("f", {}, { rawArguments: "[" }))).toBe(0)
  })

  test("a message of the user begins anew; failed answers are passed over; a newest one that failed repeats nothing", () => {
    const f = () => answer(call("f"))
    expect(shown([f(), f(), { role: "user", content: "again, please" }, f()])).toEqual([])
    expect(shown([f(), failed, f(), failed, f()])).toEqual([["f", 3]])
    expect(shown([f(), f(), f(), failed])).toEqual([])
  })

  test("several at once, each for itself", () => {
    const messages = [answer(call("a")), answer(call("a"), call("b")), answer(call("b"), call("a"))]
    expect(shown(messages, 2)).toEqual([
      ["b", 2],
      ["a", 3],
    ])
  })
})
