import { assert, dictionary, jsonValue, nat, property, string } from "fast-check"
import { describe, expect, test } from "vitest"
import { SluiceError } from "../model/errors.ts"
import { spliceJson, spliceTopLevel } from "./json-splice.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (raw: Uint8Array): string => new TextDecoder().decode(raw)

describe("splicing JSON", () => {
  test("changes the value and no other byte", () => {
    const raw = bytes(' { "a" : [1,  {"model":"x"}] ,\n"model"  :  "old", "z": 1.50 } ')
    expect(text(spliceTopLevel(raw, { model: "new" }))).toBe(
      ' { "a" : [1,  {"model":"x"}] ,\n"model"  :  "new", "z": 1.50 } ',
    )
  })

  test("minds neither deeper names nor names within texts", () => {
    const raw = bytes('{"text":"\\"model\\":\\\\","in":{"model":1},"model":2}')
    expect(text(spliceTopLevel(raw, { model: 3 }))).toBe('{"text":"\\"model\\":\\\\","in":{"model":1},"model":3}')
  })

  test("adds what is missing", () => {
    expect(text(spliceTopLevel(bytes("{}"), { model: "m" }))).toBe('{"model":"m"}')
    expect(text(spliceTopLevel(bytes('{ "a":1}'), { model: "m" }))).toBe('{"model":"m", "a":1}')
  })

  test("reaches into an object, and makes one where there is none", () => {
    const path = ["stream_options", "include_usage"] as const
    const set = (raw: string): string => text(spliceJson(bytes(raw), [{ path, value: true }]))
    expect(set('{"stream_options":{"x":1}}')).toBe('{"stream_options":{"include_usage":true,"x":1}}')
    expect(set('{"stream_options":{"include_usage":false}}')).toBe('{"stream_options":{"include_usage":true}}')
    expect(set('{"stream_options":null}')).toBe('{"stream_options":{"include_usage":true}}')
    expect(set("{}")).toBe('{"stream_options":{"include_usage":true}}')
  })

  test("sets and adds several names at once", () => {
    const splices = [
      { path: ["b", "c"], value: 1 },
      { path: ["a"], value: 2 },
      { path: ["d"], value: 3 },
    ] as const
    const set = (raw: string): string => text(spliceJson(bytes(raw), splices))
    expect(set("{}")).toBe('{"b":{"c":1},"a":2,"d":3}')
    expect(set('{"a":0,"x":"y","b":{"c":0}}')).toBe('{"d":3,"a":2,"x":"y","b":{"c":1}}')
    expect(set('{"b":{"e":0},"a":0,"d":0}')).toBe('{"b":{"c":1,"e":0},"a":2,"d":3}')
  })

  test("sets a name that stands twice, or is escaped, at each place", () => {
    const raw = bytes('{"model":1,"\\u006dodel":{"a":"}"}}')
    expect(text(spliceTopLevel(raw, { model: 0 }))).toBe('{"model":0,"\\u006dodel":0}')
  })

  test.each(["", "[]", "{", '{"a":', '{"a":1', '{"a" 1}', '{"a":"x}', "{a:1}", '{"a":}'])("refuses %j", (raw) => {
    expect(() => spliceTopLevel(bytes(raw), { model: "m" })).toThrow(SluiceError)
  })

  test("gives what parsing, setting and writing gives", () => {
    assert(
      property(dictionary(string(), jsonValue()), string(), jsonValue(), nat(3), (object, key, value, indent) => {
        const raw = bytes(JSON.stringify(object, null, indent))
        const spliced: unknown = JSON.parse(text(spliceTopLevel(raw, { [key]: value as never })))
        const wanted: unknown = JSON.parse(JSON.stringify({ ...object, [key]: value }))
        expect(spliced).toEqual(wanted)
      }),
    )
  })
})
