import type { Frame, FrameForm, FrameRun } from "../contract/frame.ts"

/** Characters of a run at most, so that the rest of a text is not searched again for each of many short ones. */
const MAX_RUN = 16 * 1024

/**
 * The server-sent events of the form that follow each other from `at` on, where an event begins, and where they end;
 * in text of whole lines that end in LF.
 *
 * All that lies between their middles is the same text, so that these are had by splitting there, once.
 */
export function runAt(text: string, at: number, form: FrameForm): { run: FrameRun; to: number } | undefined {
  const name = text.startsWith("event: ", at) ? text.slice(at, text.indexOf("\n", at) + 1) : ""
  const head = `${name}data: ${form.before}`
  if (!text.startsWith(head, at)) return undefined
  const closing = `${form.behind}\n\n`
  const middles = text.slice(at + head.length, at + MAX_RUN).split(closing + head)
  // What follows the run is part of the last piece, or of an earlier one where something else stands between frames.
  const broken = middles.findIndex((middle) => middle === "" || middle.includes("\n"))
  const last = middles[broken < 0 ? middles.length - 1 : broken] as string
  middles.length = broken < 0 ? middles.length - 1 : broken
  const middle = last.slice(0, Math.max(0, last.indexOf(closing)))
  if (middle !== "" && !middle.includes("\n")) middles.push(middle)
  if (middles.length === 0) return undefined
  const whole = middles.join("")
  const run: FrameRun = { form, middles, text: whole }
  if (name !== "") run.event = name.slice("event: ".length, -1)
  return { run, to: at + middles.length * (head.length + closing.length) + whole.length }
}

/** The frames of a run, each on its own. */
export function framesOf({ form, event, middles }: FrameRun): Frame[] {
  return middles.map((middle) => {
    const data = form.before + middle + form.behind
    return event === undefined ? { data } : { event, data }
  })
}
