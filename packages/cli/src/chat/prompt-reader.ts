import { createInterface } from "node:readline"
import type { Io } from "../io.ts"
import type { Style } from "../terminal/style.ts"

/** Lines that arrive within this many milliseconds of each other were pasted and belong together. */
const PASTE_MS = 25

/**
 * Reads what a person types, one question at a time. Between two questions the terminal is left alone, so that
 * Ctrl-C is a signal there and reaches whoever is working.
 */
export class PromptReader {
  readonly #io: Io
  readonly #style: Style
  #history: string[] = []
  /** Ctrl-C was pressed; the next one at the empty prompt leaves. */
  #armed = false

  constructor(io: Io, style: Style) {
    this.#io = io
    this.#style = style
  }

  /** An answer was stopped by Ctrl-C: the next one at the empty prompt leaves. */
  stopped(): void {
    this.#armed = true
  }

  /** The next question, or `undefined` when the person leaves. */
  read(): Promise<string | undefined> {
    const input = createInterface({
      input: this.#io.stdin,
      output: this.#io.stderr,
      prompt: this.#style.bold("> "),
      history: this.#history,
      terminal: true,
    })
    const lines: string[] = []
    let timer: NodeJS.Timeout | undefined
    return new Promise((resolve) => {
      let finished = false
      const finish = (text: string | undefined): void => {
        if (finished) return
        finished = true
        clearTimeout(timer)
        input.close()
        if (text === undefined) this.#io.stderr.write("\n")
        resolve(text)
      }
      // The rest of a paste that does not end with a line end waits on the line for Enter.
      const finishUnlessMore = (): void => (input.line === "" ? finish(lines.join("\n")) : undefined)
      input.on("history", (history) => {
        this.#history = history
      })
      input.on("line", (line) => {
        this.#armed = false
        lines.push(line)
        clearTimeout(timer)
        timer = setTimeout(finishUnlessMore, PASTE_MS)
      })
      input.on("SIGINT", () => {
        if (input.line !== "" || lines.length > 0) {
          lines.length = 0
          input.write(null, { ctrl: true, name: "e" })
          input.write(null, { ctrl: true, name: "u" })
          return
        }
        if (this.#armed) return finish(undefined)
        this.#armed = true
        this.#io.stderr.write(`\n${this.#style.dim("(Ctrl-C again, or Ctrl-D, to leave)")}\n`)
        input.prompt()
      })
      input.on("close", () => finish(lines.length > 0 ? lines.join("\n") : undefined))
      input.prompt()
    })
  }
}
