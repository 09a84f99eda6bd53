import { expect, test } from "vitest"
import { readImports } from "../../scripts/source-imports.ts"

const SOURCE = `import type { A } from "./a.ts"
import b, { type C } from "./b.ts"
import { type D, type E } from "./d.ts"
import "./side.ts"
export * from "./f.ts"
export type * from "./g.ts"
export { h } from "./h.ts"
export type I = import("./i.ts").I
export const j = () => import("./j.ts")
export const k = (name: string) => import(name)
export const local = 1
`

test("reads every kind of import with its line", () => {
  const found = readImports("x.ts", SOURCE).map(({ specifier, typeOnly, dynamic, line }) => [
    line,
    specifier,
    typeOnly,
    dynamic,
  ])
  expect(found).toEqual([
    [1, "./a.ts", true, false],
    [2, "./b.ts", false, false],
    [3, "./d.ts", true, false],
    [4, "./side.ts", false, false],
    [5, "./f.ts", false, false],
    [6, "./g.ts", true, false],
    [7, "./h.ts", false, false],
    [8, "./i.ts", true, false],
    [9, "./j.ts", false, true],
  ])
})

test("says which file it cannot read", () => {
  expect(() => readImports("broken.ts", "import {")).toThrow(/broken\.ts cannot be parsed/)
})
