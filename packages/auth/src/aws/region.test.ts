import { expect, test } from "vitest"
import { checkedRegion } from "./region.ts"

test("a region is a name, and never a part of another address", () => {
  expect(checkedRegion("us-gov-west-1")).toBe("us-gov-west-1")
  for (const region of ["evil.example/a?", "us-east-1.evil", "", "A"]) {
    expect(() => checkedRegion(region)).toThrow(expect.objectContaining({ code: "config" }))
  }
})
