import { SluiceError } from "../model/errors.ts"
import type { AssistantMessage, ThinkingBlock } from "../model/message.ts"
import type { ThinkingLoopLimits } from "../model/options.ts"

/** From where on thinking that only repeats itself counts as a loop, unless the caller says otherwise. */
export const DEFAULT_THINKING_LOOP: Required<ThinkingLoopLimits> = { repeats: 8, characters: 8192 }

/** What `type` says in the error of an answer that was ended for its loop. */
export const THINKING_LOOP = "thinking_loop"

/** Most characters of the end that are looked at. Passages longer than this divided by the repetitions go unnoticed. */
const WINDOW = 65_536
/** Most characters at the end that must have come before, or nothing is repeated. */
const PROBE = 48
/** Least growth between two looks. */
const STEP = 4096

/**
 * Watches the thinking of one answer for a passage that is repeated over and over, letter for letter.
 *
 * It looks only after the thinking has grown by a quarter, so that all looks together cost time in proportion to
 * the text.
 */
export class ThinkingLoopGuard {
  readonly #limits: Required<ThinkingLoopLimits>
  #block: ThinkingBlock | undefined
  #next = 0

  constructor(limits: ThinkingLoopLimits = {}) {
    this.#limits = { ...DEFAULT_THINKING_LOOP, ...limits }
  }

  /** The message as far as it has come. @throws SluiceError `empty_response` of the type `thinking_loop` */
  check({ content }: AssistantMessage): void {
    const block = content.findLast((one) => one.type === "thinking")
    if (!block) return
    if (block !== this.#block) {
      this.#block = block
      this.#next = this.#limits.characters
    }
    const { length } = block.thinking
    if (length < this.#next) return
    this.#next = length + Math.max(STEP, length >> 2)
    const period = repeatedAtEnd(block.thinking, this.#limits)
    if (period === undefined) return
    throw new SluiceError({
      code: "empty_response",
      type: THINKING_LOOP,
      message: `The model repeats the same ${period} characters in its thinking, so that the answer was given up.`,
      hint: "Ask again or another model; guards.thinkingLoop sets how much may be repeated, and false switches this off.",
    })
  }

  /** Takes the thinking that went round, and what came after it, out of the message: it is no answer. */
  cut({ content }: AssistantMessage): void {
    const at = this.#block ? content.indexOf(this.#block) : -1
    if (at >= 0) content.length = at
  }
}

/**
 * The length of a passage that the text ends in so many times in a row (at least twice) and over so many characters,
 * or `undefined`. Time is linear in the text, of which no more than the last 65536 characters are looked at.
 */
export function repeatedAtEnd(text: string, { repeats, characters }: Required<ThinkingLoopLimits>): number | undefined {
  const times = Math.max(2, repeats)
  const tail = text.slice(-WINDOW)
  const { length } = tail
  if (length < characters) return undefined
  // Nearly all thinking ends in words that it did not use before.
  const probe = tail.slice(length - Math.min(PROBE, characters >> 1))
  if (probe !== "" && tail.indexOf(probe) === length - probe.length) return undefined
  // borders[i]: the longest proper beginning of the i last characters, read backwards, that also ends them.
  const borders = new Uint32Array(length + 1)
  let border = 0
  for (let i = 1; i < length; i++) {
    const code = tail.charCodeAt(length - 1 - i)
    while (border > 0 && tail.charCodeAt(length - 1 - border) !== code) border = borders[border] as number
    if (tail.charCodeAt(length - 1 - border) === code) border++
    borders[i + 1] = border
    const period = i + 1 - border
    if (i + 1 >= characters && i + 1 >= times * period) return period
  }
  return undefined
}
