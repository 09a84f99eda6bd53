import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { root } from "./packages.ts"
import { isProgram, say } from "./run.ts"

/** Where documents lie. */
const DOCUMENTS = ["*.md", "docs/**/*.md", "packages/*/*.md", "bench/**/*.md"]

/**
 * Checks one document: its links to files of the repository and to headings lead somewhere, and it names no folder of
 * somebody's own machine.
 * @param headings Anchors of another document, or undefined when that file does not exist.
 */
export function checkDocument(
  file: string,
  text: string,
  headings: (file: string) => ReadonlySet<string> | undefined,
): string[] {
  const findings: string[] = []
  let inCode = false
  for (const [index, line] of text.split("\n").entries()) {
    const where = `${file}:${index + 1}`
    if (/^\s*(```|~~~)/.test(line)) inCode = !inCode
    const folder = /(?<![\w.~$-])\/(?:home|root|Users)\/[\w.-]+/.exec(line)
    if (folder !== null)
      findings.push(`${where}: names the folder ${folder[0]} of one machine. Write a relative path or a placeholder`)
    if (inCode) continue
    for (const [, target = ""] of line.replaceAll(/`[^`]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z][a-z+.-]*:/i.test(target)) continue
      const [path = "", anchor] = target.split("#")
      const to = path === "" ? file : normalize(join(dirname(file), path))
      const found = headings(to)
      if (found === undefined) findings.push(`${where}: links to ${target}, and there is no such file`)
      else if (anchor !== undefined && !found.has(anchor))
        findings.push(`${where}: links to ${target}, and ${to} has no such heading`)
    }
  }
  return findings
}

/** The anchors of a document's headings, as the usual renderers make them. */
export function anchors(text: string): Set<string> {
  const found = new Set<string>()
  let inCode = false
  for (const line of text.split("\n")) {
    if (/^\s*(```|~~~)/.test(line)) inCode = !inCode
    const heading = inCode ? null : /^#{1,6}\s+(.*?)\s*#*$/.exec(line)
    if (heading?.[1] === undefined) continue
    const plain = heading[1].replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase()
    const anchor = plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-")
    let unique = anchor
    for (let count = 1; found.has(unique); count++) unique = `${anchor}-${count}`
    found.add(unique)
  }
  return found
}

/** The lock file must not tie a clone to one registry: it names none. */
export function checkLock(text: string): string[] {
  const host = /"resolved": "(?:git\+)?[a-z]+:\/\/[^"]*"/.exec(text)
  if (host === null) return []
  return [
    `package-lock.json: names where a package came from (${host[0]}). Install with this repository's .npmrc in force`,
  ]
}

/** Checks every document of the repository, and the lock file. */
export function checkDocuments(): string[] {
  const read = (file: string): ReadonlySet<string> | undefined => {
    const path = join(root, file)
    if (!existsSync(path)) return undefined
    return file.endsWith(".md") ? anchors(readFileSync(path, "utf8")) : new Set<string>()
  }
  const files = globSync(DOCUMENTS, { cwd: root })
  const documents = files
    .toSorted()
    .flatMap((file) => checkDocument(file, readFileSync(join(root, file), "utf8"), read))
  return [...documents, ...checkLock(readFileSync(join(root, "package-lock.json"), "utf8"))]
}

if (isProgram(import.meta.url)) {
  const findings = checkDocuments()
  for (const finding of findings) say(finding)
  if (findings.length > 0) process.exitCode = 1
}
