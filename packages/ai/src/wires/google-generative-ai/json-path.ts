const STEP = /\.([^.[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y

/**
 * The steps of a path as streamed arguments name their places: `$.list[0].name`, `$['a name']`. Empty for what is no
 * such path and for the root.
 */
export function parsePath(text: string): (string | number)[] {
  const steps: (string | number)[] = []
  let at = text.startsWith("$") ? 1 : 0
  while (at < text.length) {
    STEP.lastIndex = at
    const match = STEP.exec(text)
    if (!match) return []
    const [whole, name, index, single, double] = match
    steps.push(index === undefined ? (name ?? unescaped(single ?? double ?? "")) : Number(index))
    at += whole.length
  }
  return steps
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, "$1")
}
