import { describe, expect, test } from "vitest"
import type { Tool } from "../model/tool.ts"
import { Losses } from "../model/losses.ts"
import { handOverChoice, handOverTools, ownNames, spelledName } from "./tool-names.ts"

const rule = { pattern: /^[A-Za-z0-9_-]+$/, maxLength: 20 }
const tool = (name: string): Tool => ({ name, parameters: { type: "object", properties: {} } })

describe("names of tools", () => {
  test("a name that the target takes stays", () => {
    expect(spelledName("get_weather", rule)).toBe("get_weather")
  })

  test.each(["a.b", "a b", "ünï", "", "n".repeat(21), "\ud800"])("%j is spelled as the target takes it", (name) => {
    const spelled = spelledName(name, rule)
    expect(spelled).toMatch(rule.pattern)
    expect(spelled.length).toBeLessThanOrEqual(rule.maxLength)
    expect(spelledName(name, rule)).toBe(spelled)
  })

  test("two names stay two, and a name that may not begin with a digit does not", () => {
    expect(spelledName("a.b", rule)).not.toBe(spelledName("a b", rule))
    const letters = { pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, maxLength: 20 }
    expect(spelledName("9 to 5", letters)).toMatch(letters.pattern)
    expect(spelledName("9".repeat(40), letters).length).toBeLessThanOrEqual(20)
  })

  test("of tools with one name the first stays, and one without a name goes", () => {
    const losses = new Losses()
    const first = { ...tool("f"), description: "first" }
    expect(handOverTools([first, tool("f"), tool(" "), tool("g")], rule, losses)).toEqual([first, tool("g")])
    expect(losses.list.map(({ field, kind }) => `${kind} ${field}`)).toEqual(["dropped tools[1]", "dropped tools[2]"])
  })

  test("a list that is fit stays the same list", () => {
    const tools = [tool("f"), tool("g")]
    expect(handOverTools(tools, rule, new Losses())).toBe(tools)
    expect(ownNames(tools, rule)).toBeUndefined()
  })

  test("a chosen tool is told by the name that its declaration has", () => {
    const losses = new Losses()
    const [sent] = handOverTools([tool("a.b")], rule, losses)
    const name = sent && "name" in sent ? sent.name : ""
    expect(handOverChoice({ toolChoice: { name: "a.b" } }, rule).toolChoice).toEqual({ name })
    expect(ownNames([tool("a.b")], rule)?.get(name)).toBe("a.b")
    expect(losses.list.map(({ field, kind }) => `${kind} ${field}`)).toEqual(["approximated tools[0].name"])
  })
})
