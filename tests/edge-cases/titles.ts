import { parseSync, Visitor } from "oxc-parser"
import type { Argument, ArrayExpression, CallExpression, Expression } from "oxc-parser"

const RUNNERS = new Set(["test", "it", "describe"])
/** Kinds of a test that do not run it. */
const IDLE = new Set(["skip", "todo", "skipIf", "runIf"])
const PLACEHOLDER = /%[sdifjoOp#%$]|\$[\w.]+/g

/**
 * The titles of the tests in a source: the title of each call of `test`, `it` and `describe`, and for `.each` what
 * stands in the table at the places that the title shows. Tests that do not run, and comments, count for nothing.
 */
export function testTitles(file: string, source: string): string[] {
  const { program, errors } = parseSync(file, source)
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`)
  const constants = new Map<string, Expression>()
  const titles: string[] = []
  const visitor = new Visitor({
    VariableDeclarator(node) {
      if (node.id.type === "Identifier" && node.init) constants.set(node.id.name, node.init)
    },
    CallExpression(node) {
      collect(node, constants, titles)
    },
  })
  visitor.visit(program)
  return titles
}

function collect(call: CallExpression, constants: ReadonlyMap<string, Expression>, titles: string[]): void {
  const runner = runnerOf(call.callee as Expression)
  const title = runner && textOf(call.arguments[0])
  if (!runner || title === undefined) return
  titles.push(title)
  const table = runner.table && arrayOf(runner.table, constants)
  if (table) titles.push(...shownOf(table, title))
}

/** What a callee such as `test`, `describe.only` or `test.each(table)` runs; `undefined` for anything else. */
function runnerOf(callee: Expression): { table?: Argument } | undefined {
  if (callee.type === "Identifier") return RUNNERS.has(callee.name) ? {} : undefined
  if (callee.type === "MemberExpression" && callee.property.type === "Identifier") {
    return IDLE.has(callee.property.name) ? undefined : runnerOf(callee.object as Expression)
  }
  if (callee.type !== "CallExpression") return undefined
  const runner = runnerOf(callee.callee as Expression)
  const [table] = callee.arguments
  return runner && table ? { table } : runner
}

/** The text of a literal or template; what a template fills in is left out. */
function textOf(node: Argument | Expression | undefined): string | undefined {
  if (node?.type === "Literal" && typeof node.value === "string") return node.value
  if (node?.type === "TemplateLiteral") return node.quasis.map(({ value }) => value.cooked ?? "").join("\u0000")
  return undefined
}

function arrayOf(node: Argument, constants: ReadonlyMap<string, Expression>): ArrayExpression | undefined {
  switch (node.type) {
    case "ArrayExpression":
      return node
    case "TSAsExpression":
    case "TSSatisfiesExpression":
      return arrayOf(node.expression, constants)
    case "Identifier": {
      const value = constants.get(node.name)
      return value && arrayOf(value, new Map())
    }
    default:
      return undefined
  }
}

/** The texts of a table that become part of titles. */
function shownOf(table: ArrayExpression, title: string): string[] {
  const shown = title.match(PLACEHOLDER)?.filter((placeholder) => placeholder !== "%%" && placeholder !== "%#") ?? []
  const names = new Set(shown.filter((one) => one.startsWith("$")).map((one) => one.slice(1)))
  const count = shown.length - names.size
  return table.elements.flatMap((row): string[] => {
    if (!row || row.type === "SpreadElement") return []
    if (row.type === "ArrayExpression") return row.elements.slice(0, count).flatMap((cell) => texts(cell as Argument))
    if (row.type !== "ObjectExpression") return count > 0 ? texts(row) : []
    return row.properties.flatMap((property) =>
      property.type === "Property" && property.key.type === "Identifier" && names.has(property.key.name)
        ? texts(property.value)
        : [],
    )
  })
}

function texts(node: Argument | Expression | null): string[] {
  const text = textOf(node ?? undefined)
  return text === undefined ? [] : [text]
}
