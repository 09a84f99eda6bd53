import { describe, expect, test } from "vitest"
import { HeaderList, type HeadersView } from "./header-list.ts"

const LINES = [
  ["Content-Type", " text/event-stream "],
  ["X-Thing", "a"],
  ["x-thing", "b"],
  ["Empty", ""],
] as const

describe("a list of headers", () => {
  test("reads as `Headers` of the same lines do", () => {
    const list = new HeaderList()
    const headers = new Headers()
    for (const [name, value] of LINES) {
      list.add(name, value)
      headers.append(name, value)
    }
    for (const name of ["content-type", "CONTENT-TYPE", "X-Thing", "empty", "absent"]) {
      expect([list.get(name), list.has(name)]).toEqual([headers.get(name), headers.has(name)])
    }
    expect(all(list)).toEqual(all(headers))
  })
})

function all(view: HeadersView): Record<string, string> {
  const found: Record<string, string> = {}
  view.forEach((value, name) => {
    found[name] = value
  })
  return found
}
