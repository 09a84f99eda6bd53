import { describe, expect, test } from "vitest"
import { readExamples } from "../../scripts/check-examples.ts"
import { anchors, checkDocument, checkLock } from "../../scripts/check-docs.ts"

const others = new Map([["docs/other.md", anchors("# Add a wire\n\n## `createX` & co\n\n## Add a wire\n")]])
const check = (text: string) => checkDocument("docs/one.md", text, (file) => others.get(file))

describe("links", () => {
  test("that lead somewhere are in order", () => {
    expect(
      check(
        "[a](other.md) [b](other.md#add-a-wire) [c](other.md#createx--co) [d](other.md#add-a-wire-1) [e](https://example.com)",
      ),
    ).toEqual([])
  })

  test("to a missing file or heading are found, with their line", () => {
    expect(check("\n[a](gone.md)")).toEqual(["docs/one.md:2: links to gone.md, and there is no such file"])
    expect(check("[a](other.md#gone)")).toEqual([
      "docs/one.md:1: links to other.md#gone, and docs/other.md has no such heading",
    ])
  })

  test("in code are none", () => {
    expect(check("`[a](gone.md)`\n```md\n[a](gone.md)\n```")).toEqual([])
  })
})

test("a folder of somebody's machine is found, also in code", () => {
  expect(check("```sh\ncd /home/ada/sluice\n```").join()).toMatch(/names the folder \/home\/ada/)
  expect(check("the path docs/home/page and ~/home/x")).toEqual([])
})

test("a lock file names no host", () => {
  expect(checkLock(`{"resolved": "packages/ai", "link": true}`)).toEqual([])
  expect(checkLock(`{"resolved": "https://example.com/x.tgz"}`)).toHaveLength(1)
})

test("examples are read with the line where they begin", () => {
  expect(readExamples("# A\n```ts\nconst a = 1\nconst b = 2\n```\n```sh\nls\n```\n```ts\nlast()\n```\n")).toEqual([
    { line: 3, code: "const a = 1\nconst b = 2" },
    { line: 10, code: "last()" },
  ])
})
