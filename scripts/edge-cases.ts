/** Writes docs/edge-cases.md: what is known of hosts that behave in their own way, and the test that holds us to it. */
import { writeFileSync } from "node:fs"
import { readRegistry, type Row, titlesOf } from "../tests/edge-cases/rows.ts"
import { isProgram } from "./run.ts"

/** Where the page stands. */
export const PAGE: URL = new URL("../docs/edge-cases.md", import.meta.url)

const INTRODUCTION = `# Edge cases

What hosts, models and clients were seen to do, and what Sluice makes of it. Each row has a name that stays with it, and a test whose title begins with that name; the page is written by \`npm run edge-cases\` out of [the registry](../tests/edge-cases/registry/README.md) and the tests' titles.
`

/** Names of rows as they stand in titles, with what parts them from the rest. */
const NAMES = /\b(?:OF|WO|AG|GL)-\d+\b[:,]?\s*/g

function behaviour(name: string, row: Row): string {
  if (row.status !== "covered") return `*${row.status}*: ${row.why}`
  const titles = titlesOf(name, row).map((title) => title.replaceAll(NAMES, "").replaceAll("\u0000", "…").trim())
  return [...new Set(titles.filter(Boolean))].join("; ")
}

function testOf(row: Row): string {
  if (row.status !== "covered") return ""
  return [row.test]
    .flat()
    .map((file) => `[${(file.split("/").at(-1) ?? file).replace(/\.test\.ts$/, "")}](../${file})`)
    .join(", ")
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("\n", " ")
}

/** The page. */
export function edgeCases(): string {
  const registry = readRegistry()
  const rows = [...registry.values()].flat()
  const count = (status: Row["status"]): number => rows.filter(([, row]) => row.status === status).length
  const counts = `${count("covered")} rows are covered, ${count("not applicable")} do not apply, ${count("open")} are open.`
  const sections = [...registry].map(([name, entries]) => {
    const lines = entries.map(([row, entry]) => `| ${row} | ${cell(behaviour(row, entry))} | ${testOf(entry)} |`)
    return [
      `## ${name}`,
      "",
      "| row | what is seen, and what comes of it | test |",
      "| --- | --- | --- |",
      ...lines,
    ].join("\n")
  })
  return `${[INTRODUCTION, counts, "", ...sections.flatMap((section) => [section, ""])].join("\n").trimEnd()}\n`
}

if (isProgram(import.meta.url)) writeFileSync(PAGE, edgeCases())
