import type { Frame, FrameForm, FrameRun } from "../contract/frame.ts"

/** A run of server-sent events in a text, and the part of the text that it takes. */
interface Found {
  from: number
  to: number
  run: FrameRun
}

/**
 * Finds events of the form that follow each other, in text of whole lines that end in LF.
 *
 * The first event of the form is left to be read by lines: what it began with may stand in an earlier text. All that
 * lies between the middles of the others is the same text, so that they are had by splitting there, once.
 */
export function findRun(text: string, form: FrameForm): Found | undefined {
  const opening = `data: ${form.before}`
  const closing = `${form.behind}\n\n`
  const first = text.indexOf(opening)
  const border = first < 0 ? -1 : text.indexOf("\n\n", first + opening.length)
  if (border < 0) return undefined
  const from = border + 2
  const name = text.startsWith("event: ", from) ? text.slice(from, text.indexOf("\n", from) + 1) : ""
  const head = name + opening
  if (!text.startsWith(head, from)) return undefined
  const middles = text.slice(from + head.length).split(closing + head)
  const last = middles.pop() as string
  const end = last.indexOf(closing)
  if (end >= 0) middles.push(last.slice(0, end))
  let whole = middles.join("")
  if (whole.includes("\n")) {
    // Another event stands there, as part of what was taken for a middle.
    middles.length = middles.findIndex((middle) => middle.includes("\n"))
    whole = middles.join("")
  }
  if (middles.length === 0) return undefined
  const run: FrameRun = { form, middles, text: whole }
  if (name !== "") run.event = name.slice("event: ".length, -1)
  return { from, to: from + middles.length * (head.length + closing.length) + whole.length, run }
}

/** The frames of a run, each on its own. */
export function framesOf({ form, event, middles }: FrameRun): Frame[] {
  return middles.map((middle) => {
    const data = form.before + middle + form.behind
    return event === undefined ? { data } : { event, data }
  })
}
