import { expect, test } from "vitest"
import { pathOf } from "../../wires/bedrock/path.ts"
import { regionFor } from "./region.ts"

test.each(["evil.example/x?", "us-east-1.evil", "US", "a b", "a@b"])(
  "%j is no region that keys are sent to",
  (region) => {
    expect(() => regionFor("m", { region })).toThrow(expect.objectContaining({ code: "config" }))
    expect(() => regionFor("m", { ambient: region })).toThrow(expect.objectContaining({ code: "config" }))
  },
)

test("an id that would be another path is none", () => {
  for (const id of ["", ".", ".."]) {
    expect(() => pathOf(id, "converse-stream")).toThrow(expect.objectContaining({ code: "invalid_request" }))
  }
  expect(pathOf("a/../b", "converse")).toBe("/model/a%2F..%2Fb/converse")
})
