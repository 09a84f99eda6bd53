/** Longest name that is compared; longer ones are cut. */
const MAX_LENGTH = 80

/**
 * The candidates that are nearest to `name`, best first: those that hold it or are held by it, then those that a few
 * slips of the keyboard away. Case and the signs `-_.: ` do not count.
 */
export function nearest(name: string, candidates: Iterable<string>, limit = 3): string[] {
  const wanted = plain(name)
  if (wanted === "") return []
  const scored: { candidate: string; score: number }[] = []
  for (const candidate of new Set(candidates)) {
    const have = plain(candidate)
    const held = have.length >= 2 && (have.includes(wanted) || (wanted.includes(have) && have.length >= 3))
    const far = distance(wanted, have)
    const reach = Math.max(1, Math.floor(Math.max(wanted.length, have.length) / 3))
    if (held) scored.push({ candidate, score: Math.min(far, 1 + far / MAX_LENGTH) })
    else if (far <= reach) scored.push({ candidate, score: far })
  }
  scored.sort((a, b) => a.score - b.score || (a.candidate < b.candidate ? -1 : 1))
  return scored.slice(0, limit).map((entry) => entry.candidate)
}

/** "Did you mean …?", or nothing where nothing is near. */
export function didYouMean(suggestions: readonly string[]): string {
  if (suggestions.length === 0) return ""
  const last = suggestions.at(-1) as string
  const list = suggestions.length === 1 ? last : `${suggestions.slice(0, -1).join(", ")} or ${last}`
  return ` Did you mean ${list}?`
}

function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/[-_.: ]/g, "")
    .slice(0, MAX_LENGTH)
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let last: number[] = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let best = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, (last[j - 1] as number) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (before[j - 2] as number) + 1)
      }
      row.push(best)
    }
    before = last
    last = row
  }
  return last[b.length] as number
}
