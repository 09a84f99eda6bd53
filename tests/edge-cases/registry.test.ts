import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"

const root = join(import.meta.dirname, "../..")
const folder = join(import.meta.dirname, "registry")

/** What is known about one row. */
type Row = { status: "covered"; test: string | string[] } | { status: "not applicable" | "open"; why: string }

const rows = new Map<string, Row>()
for (const file of readdirSync(folder)) {
  const entries = JSON.parse(readFileSync(join(folder, file), "utf8")) as Record<string, Row>
  for (const [name, row] of Object.entries(entries)) rows.set(name, row)
}

describe("the registry of edge cases", () => {
  test("every row of the sections that are built has an entry", () => {
    for (let n = 1; n <= 115; n++) expect(rows.has(`OF-${n}`), `OF-${n}`).toBe(true)
    for (let n = 1; n <= 109; n++) expect(rows.has(`WO-${n}`), `WO-${n}`).toBe(true)
  })

  test.each([...rows])("%s", (name, row) => {
    if (row.status !== "covered") return expect(row.why.length).toBeGreaterThan(10)
    const files = Array.isArray(row.test) ? row.test : [row.test]
    const named = files.some((file) => {
      const source = readFileSync(join(root, file), "utf8")
      return new RegExp(`\\b${name}\\b`).test(source)
    })
    expect(named, `${name} is not named in ${files.join(", ")}`).toBe(true)
  })
})
