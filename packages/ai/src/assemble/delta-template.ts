import type { FrameForm, FrameReader, FrameRun } from "../contract/frame.ts"

/** What does not stand for itself in a JSON string. */
// oxlint-disable-next-line no-control-regex -- JSON forbids these in a string, so their absence is what is tested
const SPECIAL = /["\\\u0000-\u001f]/

/** Stands for the text when a template is tried; no host sends it. */
const PROBE = "\u2060sluice\u2060"

/** How often in a row a form is looked for in vain; a host whose frames differ elsewhere never has one. */
const MAX_TRIES = 16

/**
 * Reads the one string in which a stream's JSON frames differ, without parsing the rest of them again.
 *
 * Nearly all frames of an answer are the same text around a different delta. What stands before and behind the delta
 * is learned from a frame that was parsed, and proven with a parse of the same frame around another text. A frame
 * between the same two pieces then holds the same value but for that string; any other frame is not read here.
 */
export class DeltaTemplate {
  #form: FrameForm | undefined
  #tries = MAX_TRIES

  /** The form that was learned, or whether one is looked for. */
  get state(): FrameReader["form"] {
    return this.#form ?? (this.#tries > 0 ? "learning" : undefined)
  }

  /** The string in a frame that has the form that was learned; `undefined` for every other one, and for an empty string. */
  read(data: string | Uint8Array): string | undefined {
    if (!this.#form || typeof data !== "string") return undefined
    const { before, behind } = this.#form
    const end = data.length - behind.length
    if (end <= before.length || !data.startsWith(before) || !data.endsWith(behind)) return undefined
    const text = unescaped(data.slice(before.length, end))
    if (text !== undefined) this.#tries = MAX_TRIES
    return text
  }

  /** The strings of frames that have the form, and all of them in one; `undefined` where `read` could not read each. */
  readRun({ form, middles, text }: FrameRun): { texts: readonly string[]; whole: string } | undefined {
    if (form !== this.#form) return undefined
    const texts: string[] = []
    if (SPECIAL.test(text)) {
      for (const middle of middles) {
        const one = unescaped(middle)
        if (one === undefined) return undefined
        texts.push(one)
      }
    }
    this.#tries = MAX_TRIES
    if (texts.length === 0) return { texts: middles, whole: text }
    return { texts, whole: texts.join("") }
  }

  /**
   * Learns from a frame in which `text` was found.
   *
   * @param find the text of a parsed frame, under every condition that made this one's text the only thing to read
   */
  learn(data: string | Uint8Array, text: string, find: (value: unknown) => string | undefined): void {
    if (this.#tries === 0 || typeof data !== "string") return
    this.#tries--
    const literal = JSON.stringify(text)
    const at = data.indexOf(literal)
    if (at < 0 || data.includes(literal, at + 1)) return
    const before = data.slice(0, at + 1)
    const behind = data.slice(at + literal.length - 1)
    if (find(parse(before + PROBE + behind)) !== PROBE) return
    this.#form = { before, behind }
  }

  /** Forgets the form, when what a frame of it means has changed. */
  forget(): void {
    this.#form = undefined
  }
}

/** What a JSON string with this between its quotes says. An unescaped quote would end it earlier: then it says nothing. */
function unescaped(inner: string): string | undefined {
  if (!SPECIAL.test(inner)) return inner
  const text = parse(`"${inner}"`)
  return typeof text === "string" ? text : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
