import { inspect } from "node:util"
import { describe, expect, test } from "vitest"
import { parseKeys } from "./keys.ts"
import type { SluiceError } from "./model/errors.ts"

describe("parseKeys", () => {
  test.each([
    ["sk-a", ["sk-a"]],
    [" sk-a\n", ["sk-a"]],
    ["sk-a,sk-b", ["sk-a", "sk-b"]],
    [`"sk-a","sk-b"`, ["sk-a", "sk-b"]],
    [`"sk-a, sk-b"`, ["sk-a", "sk-b"]],
    [`'Bearer sk-a', bearer  sk-b,, sk-a`, ["sk-a", "sk-b"]],
    [`Bearer "sk-a"`, ["sk-a"]],
    ["", []],
    [" , ", []],
    [`""`, []],
    ["<your key>", []],
    ["<authenticated>,sk-a,N/A", ["sk-a"]],
  ])("%j", (value, keys) => expect(parseKeys(value, "X")).toEqual(keys))

  test.each(["sk a", "sk-é", "sk-a,sk\nb", "sk\u0000"])("%j is refused by its origin, and is not shown", (value) => {
    let thrown: unknown
    try {
      parseKeys(value, "MY_KEY")
    } catch (error) {
      thrown = error
    }
    expect((thrown as SluiceError).code).toBe("config")
    expect((thrown as SluiceError).message).toContain("MY_KEY")
    expect(JSON.stringify(thrown) + inspect(thrown)).not.toContain(value)
  })
})
