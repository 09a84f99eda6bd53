import { expect, test } from "vitest"
import { pathOf } from "../../wires/bedrock/path.ts"
import { addressIn, regionFor, regionOfHost } from "./region.ts"

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

test.each([
  ["us-east-1", "us-east-1.amazonaws.com"],
  ["us-gov-west-1", "us-gov-west-1.amazonaws.com"],
  ["cn-north-1", "cn-north-1.amazonaws.com.cn"],
  ["eusc-de-east-1", "eusc-de-east-1.amazonaws.eu"],
  ["us-iso-east-1", "us-iso-east-1.c2s.ic.gov"],
  ["us-isob-east-1", "us-isob-east-1.sc2s.sgov.gov"],
])("%s is in the domain of its partition, and is read off its address again", (region, host) => {
  const address = addressIn("https://bedrock-runtime.{region}.amazonaws.com", region)
  expect(address).toBe(`https://bedrock-runtime.${host}`)
  expect(regionOfHost(new URL(address).hostname)).toBe(region)
})

test("an address without a place for the region stays", () => {
  expect(addressIn("https://proxy.amazonaws.com/x", "cn-north-1")).toBe("https://proxy.amazonaws.com/x")
  expect(regionOfHost("vpce-1-a.bedrock-runtime.eu-west-1.vpce.amazonaws.com")).toBe("eu-west-1")
  expect(regionOfHost("bedrock-runtime-fips.us-gov-east-1.amazonaws.com")).toBe("us-gov-east-1")
  expect(regionOfHost("proxy.example")).toBeUndefined()
})
