/** A text in quotes, a regular expression, or a comment of a grammar; the first that begins wins. */
const TOKEN = /"(?:\\.|[^"\\\n])*"|\/(?!\/)(?:\\.|[^/\\\n])+\/|\/\/[^\n]*/g

/**
 * A grammar in Lark's notation without comments and blank lines, which vendors count against the length of a
 * definition. What stands in quotes or in a regular expression is not touched.
 *
 * @see https://lark-parser.readthedocs.io/en/stable/grammar.html
 */
export function compactLark(definition: string): string {
  return definition
    .replace(TOKEN, (token) => (token.startsWith("//") ? "" : token))
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .join("\n")
}
