import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { cache, root } from "./packages.ts"
import { isProgram, say, tool } from "./run.ts"

/** A piece of TypeScript in a document. */
export interface Example {
  /** Line of its first line of code, from 1. */
  line: number
  code: string
}

/** The TypeScript examples of a document: blocks that are marked `ts`. */
export function readExamples(text: string): Example[] {
  const found: Example[] = []
  const lines = text.split("\n")
  for (let n = 0; n < lines.length; n++) {
    if (!/^```ts\s*$/.test(lines[n] ?? "")) continue
    const end = lines.indexOf("```", n + 1)
    found.push({ line: n + 2, code: lines.slice(n + 1, end === -1 ? lines.length : end).join("\n") })
    n = end === -1 ? lines.length : end
  }
  return found
}

/** Compiles every example of the documents against the sources. Its findings name the document and the line. */
export async function checkExamples(): Promise<string[]> {
  const folder = join(cache, "sluice-examples")
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const origin = new Map<string, string>()
  for (const document of globSync(["*.md", "docs/**/*.md", "packages/*/*.md"], { cwd: root }).toSorted()) {
    for (const { line, code } of readExamples(readFileSync(join(root, document), "utf8"))) {
      const name = `example-${origin.size + 1}.ts`
      origin.set(name, document.replaceAll("\\", "/"))
      // As many empty lines before it as in the document, so that the compiler counts as a reader does.
      writeFileSync(join(folder, name), `${"\n".repeat(line - 1)}${code}\n`)
    }
  }
  if (origin.size === 0) return []
  const compilerOptions = { noEmit: true, types: ["node"], declaration: false, isolatedDeclarations: false }
  const config = { extends: join(root, "tsconfig.base.json"), compilerOptions, files: [...origin.keys()] }
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config))
  const result = await tool("tsc", ["-p", folder, "--pretty", "false"])
  if (result.ok) return []
  const named = result.output.replaceAll(
    /^\S*?(example-\d+\.ts)\((\d+),\d+\)/gm,
    (whole, name: string, line: string) => {
      const document = origin.get(name)
      return document === undefined ? whole : `${document}:${line}`
    },
  )
  return named.trimEnd().split("\n")
}

if (isProgram(import.meta.url)) {
  const findings = await checkExamples()
  for (const finding of findings) say(finding)
  if (findings.length > 0) process.exitCode = 1
}
