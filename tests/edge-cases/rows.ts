import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { testTitles } from "./titles.ts"

const root = join(import.meta.dirname, "../..")
const folder = join(import.meta.dirname, "registry")

/** How a row stands. */
export type Row =
  | { status: "covered"; test: string | readonly string[] }
  | { status: "not applicable" | "open"; why: string }

/** The registry: its files by their names, each with its rows. */
export function readRegistry(): Map<string, [name: string, row: Row][]> {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"))
  return new Map(
    files.toSorted().map((file) => {
      const rows = JSON.parse(readFileSync(join(folder, file), "utf8")) as Record<string, Row>
      return [file.replace(/\.json$/, ""), Object.entries(rows)]
    }),
  )
}

const known = new Map<string, string[]>()

/** The titles of the tests that a row's file holds, which name the row. */
export function titlesOf(name: string, { test }: Extract<Row, { status: "covered" }>): string[] {
  const named = new RegExp(String.raw`\b${name}\b`)
  return [test].flat().flatMap((file) => {
    const titles = known.get(file) ?? testTitles(file, readFileSync(join(root, file), "utf8"))
    known.set(file, titles)
    return titles.filter((title) => named.test(title))
  })
}
