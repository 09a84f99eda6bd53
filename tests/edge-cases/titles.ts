import { parseSync, Visitor } from "oxc-parser"
import type { Argument, ArrayExpression, CallExpression, Expression } from "oxc-parser"

const RUNNERS = new Set(["test", "it", "describe"])
/** Kinds of a test that do not run it. */
const IDLE = new Set(["skip", "todo", "skipIf", "runIf"])
const PLACEHOLDER = /%[sdifjoOp#%$]|\$[\w.]+/g

/**
 * The titles of the tests in a source: the title of each call of `test`, `it` and `describe`, filled for `.each`
 * from its table where that is text. Tests that do not run, and comments, count for nothing.
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
  const table = runner.table && arrayOf(runner.table, constants)
  titles.push(...(table ? filledBy(table, title) : [title]))
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

/** The titles that a table gives: one a row, with what is no text in it left open. */
function filledBy(table: ArrayExpression, title: string): string[] {
  return table.elements.flatMap((row): string[] => {
    if (!row || row.type === "SpreadElement") return []
    const cells = row.type === "ArrayExpression" ? row.elements : [row]
    let next = 0
    return [
      title.replace(PLACEHOLDER, (placeholder) => {
        if (placeholder === "%%") return "%"
        if (placeholder === "%#") return "…"
        const cell = placeholder.startsWith("$") ? fieldOf(row, placeholder.slice(1)) : cells[next++]
        return textOf((cell ?? undefined) as Argument | undefined) ?? "…"
      }),
    ]
  })
}

function fieldOf(row: Expression, name: string): Expression | undefined {
  if (row.type !== "ObjectExpression") return undefined
  const property = row.properties.find(
    (one) => one.type === "Property" && one.key.type === "Identifier" && one.key.name === name,
  )
  return property?.type === "Property" ? property.value : undefined
}
