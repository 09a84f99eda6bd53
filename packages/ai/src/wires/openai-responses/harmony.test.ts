import { describe, expect, test } from "vitest"
import { itemWithoutReserved, withoutReserved } from "./harmony.ts"

describe("words that the model's own format reserves", () => {
  test("are escaped in a text, and nothing else is", () => {
    expect(withoutReserved("a <|start|>x<|end|> b <|other|> <|call|> <|")).toBe(
      "a <\\|start\\|>x<\\|end\\|> b <|other|> <\\|call\\|> <|",
    )
  })

  test("are escaped wherever an item holds text, in JSON so that it reads the same", () => {
    const said = itemWithoutReserved({ role: "user", content: [{ type: "input_text", text: "<|return|>" }] })
    expect(said).toEqual({ role: "user", content: [{ type: "input_text", text: "<\\|return\\|>" }] })
    const args = JSON.stringify({ a: "<|message|>" })
    const call = itemWithoutReserved({ type: "function_call", arguments: args })
    expect(JSON.parse(call["arguments"] as string)).toEqual({ a: "<\\|message\\|>" })
    expect(itemWithoutReserved({ type: "function_call_output", output: "<|channel|>" })["output"]).toBe(
      "<\\|channel\\|>",
    )
    expect(
      itemWithoutReserved({ type: "custom_tool_call_output", output: [{ type: "input_text", text: "<|constrain|>" }] }),
    ).toMatchObject({ output: [{ text: "<\\|constrain\\|>" }] })
    expect(itemWithoutReserved({ type: "custom_tool_call", input: "<|end|>" })["input"]).toBe("<\\|end\\|>")
  })

  test("stay in what the vendor sealed", () => {
    const item = { type: "reasoning", content: [{ type: "reasoning_text", text: "<|end|>" }], encrypted_content: "x" }
    expect(itemWithoutReserved(item)).toBe(item)
  })
})
