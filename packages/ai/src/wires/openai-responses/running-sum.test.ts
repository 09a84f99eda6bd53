import { describe, expect, test } from "vitest"
import { RunningSum } from "./running-sum.ts"
import type { Obj } from "./types.ts"

function sumOf(items: readonly Obj[]): { pieces: number; sum: string } {
  const sum = new RunningSum()
  for (const item of items) sum.add(item)
  return sum.mark
}
const said = (...texts: string[]): Obj => ({
  type: "message",
  role: "assistant",
  content: texts.map((text) => ({ type: "output_text", text, annotations: [] })),
})

describe("the sum over a conversation", () => {
  test.each<[string, Obj[], Obj[]]>([
    ["ids and states", [{ ...said("a"), id: "msg_1", status: "completed" }], [said("a")]],
    ["how texts are cut into messages", [said("a", "b")], [said("a"), said("b")]],
    ["thinking", [{ type: "reasoning", id: "rs_1", summary: [] }, said("a")], [said("a")]],
    [
      "how arguments are spaced",
      [{ type: "function_call", call_id: "c", name: "n", arguments: '{ "a" : 1 }' }],
      [{ type: "function_call", id: "fc_1", call_id: "c", name: "n", arguments: '{"a":1}' }],
    ],
    [
      "names of items of the host",
      [{ type: "web_search_call", id: "ws_1", status: "completed", action: {} }],
      [{ type: "web_search_call", action: {} }],
    ],
  ])("does not count %s", (_name, one, other) => {
    expect(sumOf(one)).toEqual(sumOf(other))
  })

  test.each<[string, Obj[], Obj[]]>([
    ["what was said", [said("a")], [said("b")]],
    ["who said it", [said("a")], [{ role: "user", content: [{ type: "input_text", text: "a" }] }]],
    ["where one text ends", [said("ab", "c")], [said("a", "bc")]],
    ["the order", [said("a"), said("b")], [said("b"), said("a")]],
    [
      "which call it is",
      [{ type: "function_call", call_id: "c", name: "n" }],
      [{ type: "function_call", call_id: "d", name: "n" }],
    ],
    [
      "a result",
      [{ type: "function_call_output", call_id: "c", output: "1" }],
      [{ type: "function_call_output", call_id: "c", output: "2" }],
    ],
  ])("counts %s", (_name, one, other) => {
    expect(sumOf(one)).not.toEqual(sumOf(other))
  })

  test("goes on from where it was", () => {
    const items = Array.from({ length: 20 }, (_, i) => said(`text ${i}`))
    const first = sumOf(items.slice(0, 7))
    const rest = new RunningSum(first)
    for (const item of items.slice(7)) rest.add(item)
    expect(rest.mark).toEqual(sumOf(items))
  })
})
