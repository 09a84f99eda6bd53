const STEP = /\.([^.[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y

/**
 * The steps of a path as streamed arguments name their places: `$.list[0].name`, `$['a name']`; the `$` of the root may
 * be missing. None for the root, `undefined` for what is no path to one place.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9535
 */
export function parsePath(path: string): (string | number)[] | undefined {
  const steps: (string | number)[] = []
  const text = /^(?:\$|\[|\.|$)/.test(path) ? path : `.${path}`
  let at = text.startsWith("$") ? 1 : 0
  while (at < text.length) {
    STEP.lastIndex = at
    const match = STEP.exec(text)
    if (!match) return undefined
    const [whole, name, index, single, double] = match
    steps.push(index === undefined ? (name ?? unescaped(single ?? double ?? "")) : Number(index))
    at += whole.length
  }
  return steps
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, "$1")
}
