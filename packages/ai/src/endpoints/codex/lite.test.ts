import { describe, expect, test } from "vitest"
import type { Call } from "../../contract/wire-client.ts"
import type { Message } from "../../model/message.ts"
import type { Json } from "../../model/tool.ts"
import { fitsLite, toLite } from "./lite.ts"

type Body = { [field: string]: Json | undefined }

const user: Body = { role: "user", content: "hi" }
const look: Body = { type: "function", name: "look" }
const note: Body = { type: "custom", name: "note" }
const web: Body = { type: "web_search" }
const BODY: Body = { model: "m", instructions: "Be brief.", tools: [look, note, web], input: [user] }

function inputOf(body: Body): Json[] {
  return toLite(body)["input"] as Json[]
}

describe("a body in the lighter form", () => {
  test("has tools and instructions at the head of its input", () => {
    const lite = toLite(BODY)
    expect(lite).toEqual({
      model: "m",
      input: [
        { type: "additional_tools", role: "developer", tools: [look, note, web] },
        { type: "message", role: "developer", content: [{ type: "input_text", text: "Be brief." }] },
        user,
      ],
      parallel_tool_calls: false,
      reasoning: { context: "all_turns" },
    })
    expect(BODY).toHaveProperty("tools")
  })

  test("says nothing about tools where there are none", () => {
    expect(toLite({ input: [user] })).toEqual({ input: [user], reasoning: { context: "all_turns" } })
    expect(inputOf({ instructions: "", input: [user] })).toEqual([user])
  })

  test("that goes on from a response has only what is new", () => {
    expect(inputOf({ ...BODY, previous_response_id: "r1" })).toEqual([user])
  })

  test("keeps what is said about thinking, but for its context", () => {
    const reasoning = { effort: "high", summary: "auto", context: "current_turn" }
    expect(toLite({ ...BODY, reasoning })["reasoning"]).toEqual({ ...reasoning, context: "all_turns" })
  })

  test.each<[string, Json, Json, Json[]]>([
    ["a word stays", "required", "required", [look, note, web]],
    ["a function that is named is the only one", { type: "function", name: "look" }, "required", [look]],
    ["so is a custom tool", { type: "custom", name: "note" }, "required", [note]],
    ["a tool of the host's cannot be forced", { type: "web_search" }, "auto", [look, note, web]],
    ["a tool that is not there cannot be either", { type: "function", name: "gone" }, "auto", [look, note, web]],
    ["nor one of another kind", { type: "function", name: "note" }, "auto", [look, note, web]],
  ])("of a choice: %s", (_name, choice, word, tools) => {
    const lite = toLite({ ...BODY, tool_choice: choice })
    expect(lite["tool_choice"]).toEqual(word)
    expect((lite["input"] as Body[])[0]?.["tools"]).toEqual(tools)
  })
})

describe("a conversation fits", () => {
  const fits = (...messages: Message[]): boolean => fitsLite({ context: { messages } } as unknown as Call)
  const image = { type: "image" as const, source: { data: "aGk=", mimeType: "image/png" } }

  test("unless there is an image in it, wherever it stands", () => {
    expect(fits({ role: "user", content: "hi" })).toBe(true)
    expect(fits({ role: "user", content: [{ type: "text", text: "hi" }] })).toBe(true)
    expect(fits({ role: "user", content: "hi" }, { role: "user", content: [image] })).toBe(false)
    expect(fits({ role: "toolResult", toolCallId: "c", toolName: "t", content: [image] })).toBe(false)
  })
})
