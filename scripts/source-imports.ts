import { parseSync } from "oxc-parser"

/** One import in a source file. */
export interface Import {
  /** What it names, as written. */
  specifier: string
  /** True when nothing of it is left at run time. */
  typeOnly: boolean
  /** True for `import(…)` as an expression. */
  dynamic: boolean
  /** Line of the import, from 1. */
  line: number
}

/**
 * Reads what a TypeScript or JavaScript file imports: import and export declarations, dynamic imports of a fixed
 * string, and `import("…")` in types. Throws when the file cannot be parsed.
 */
export function readImports(name: string, source: string): Import[] {
  const parsed = parseSync(name, source)
  const problem = parsed.errors[0]
  if (problem !== undefined) throw new Error(`${name} cannot be parsed: ${problem.message}`)
  const lineAt = lineCounter(source)
  const found: Import[] = []
  for (const statement of parsed.module.staticImports) {
    const { entries } = statement
    // `import {} from` and a bare `import` run the module, so only named types make an import type-only.
    const typeOnly =
      (entries.length > 0 && entries.every((entry) => entry.isType)) ||
      /^import\s+type\b/.test(source.slice(statement.start))
    found.push({ specifier: statement.moduleRequest.value, typeOnly, dynamic: false, line: lineAt(statement.start) })
  }
  for (const statement of parsed.module.staticExports) {
    const request = statement.entries.find((entry) => entry.moduleRequest !== null)?.moduleRequest
    if (request === undefined || request === null) continue
    const typeOnly = statement.entries.every((entry) => entry.isType)
    found.push({ specifier: request.value, typeOnly, dynamic: false, line: lineAt(statement.start) })
  }
  for (const expression of parsed.module.dynamicImports) {
    const text = source.slice(expression.moduleRequest.start, expression.moduleRequest.end)
    const literal = /^(["'`])([^"'`$\\]+)\1$/.exec(text)
    if (literal?.[2] === undefined) continue
    found.push({ specifier: literal[2], typeOnly: false, dynamic: true, line: lineAt(expression.start) })
  }
  if (/\bimport\s*\(/.test(source)) {
    visit(parsed.program, (node) => {
      const { source: from, start } = node
      if (node["type"] !== "TSImportType" || !isNode(from) || typeof from["value"] !== "string") return
      found.push({ specifier: from["value"], typeOnly: true, dynamic: false, line: lineAt(Number(start)) })
    })
  }
  return found.toSorted((a, b) => a.line - b.line)
}

type Node = Record<string, unknown>

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, see)
  else if (isNode(value)) {
    if (typeof value["type"] === "string") see(value)
    for (const inner of Object.values(value)) if (isNode(inner)) visit(inner, see)
  }
}

function lineCounter(source: string): (offset: number) => number {
  const starts = [0]
  for (let at = source.indexOf("\n"); at !== -1; at = source.indexOf("\n", at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}
