import { describe, expect, test } from "vitest"
import { readRegistry, titlesOf } from "./rows.ts"
import { testTitles } from "./titles.ts"

const entries = [...readRegistry().values()].flat()
const rows = new Map(entries)

describe("the registry of edge cases", () => {
  test("a row stands in one file", () => {
    expect(rows.size).toBe(entries.length)
  })

  test("every row of the sections that are built has an entry", () => {
    for (let n = 1; n <= 338; n++) expect(rows.has(`OF-${n}`), `OF-${n}`).toBe(true)
    for (let n = 1; n <= 184; n++) expect(rows.has(`WO-${n}`), `WO-${n}`).toBe(true)
    for (let n = 247; n <= 265; n++) expect(rows.has(`WO-${n}`), `WO-${n}`).toBe(true)
  })

  test.each([...rows])("%s", (name, row) => {
    if (row.status !== "covered") return expect(row.why.length).toBeGreaterThan(10)
    expect(titlesOf(name, row), `${name} is in the title of no test in ${[row.test].flat().join(", ")}`).not.toEqual([])
  })
})

describe("the titles of tests", () => {
  const titles = (source: string) => testTitles("a.test.ts", source)

  test.each([
    ["a test's title", 'test("X-1: a", () => {})'],
    ["a test with options", 'test("X-1: a", { timeout: 1 }, () => {})'],
    ["a template", "it(`X-1: ${a}`, () => {})"],
    ["a describe", 'describe("X-1", () => {})'],
    ["one within a describe", 'describe("d", () => { test.concurrent("X-1: a", () => {}) })'],
    ["a table's row", 'test.each([["X-1", 1]])("%s: a", () => {})'],
    ["a table of texts", 'test.each(["X-1"] as const)("%s", () => {})'],
    ["a table of objects", 'test.each([{ row: "X-1" }])("$row: a", () => {})'],
    ["a table by its name", 'const ROWS = [["X-1", 1]] satisfies unknown\ntest.each(ROWS)("%s: a", () => {})'],
    ["a table with a type", 'test.each<[string, number]>([["X-1", 1]])("%s", () => {})'],
  ])("%s is one", (_name, source) => {
    expect(titles(source).some((title) => title.includes("X-1"))).toBe(true)
  })

  test.each([
    ["a comment", '// X-1\ntest("a", () => {})'],
    ["a text in a test's body", 'test("a", () => expect("X-1").toBe("X-1"))'],
    ["a text that is no title", 'const name = "X-1"'],
    ["what a title does not show", 'test.each([["a", "X-1"]])("%s", () => {})'],
    ["a test that does not run", 'test.skip("X-1: a", () => {})\ntest.todo("X-1")'],
    ["another function's argument", 'expect("X-1")'],
  ])("%s is none", (_name, source) => {
    expect(titles(source).join()).not.toContain("X-1")
  })
})
