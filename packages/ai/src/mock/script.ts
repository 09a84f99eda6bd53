import type { MockAnswer, MockCall, MockScript, MockStep } from "./types.ts"

type Steps = Iterator<MockStep, unknown, MockCall> | AsyncIterator<MockStep, unknown, MockCall>

/** Gives each call its answer. */
export class ScriptReader {
  readonly #script: MockScript | undefined
  #steps: Steps | undefined
  #used = false
  #pushed: MockStep[] = []

  constructor(script: MockScript | undefined) {
    this.#script = script
  }

  /** Adds steps for when the script is used up; before a function, which never is, they come first. */
  push(steps: readonly MockStep[]): void {
    this.#pushed.push(...steps)
  }

  /** Back to the script's beginning. A generator, which has only one, goes on where it is. */
  reset(): void {
    this.#steps = undefined
    this.#used = false
    this.#pushed = []
  }

  /** The answer to a call; `undefined` when there is none left. */
  async next(call: MockCall): Promise<MockAnswer | undefined> {
    const step = await this.#step(call)
    const answer = typeof step === "function" ? await step(call) : step
    return typeof answer === "string" ? { text: answer } : answer
  }

  async #step(call: MockCall): Promise<MockStep | undefined> {
    const script = this.#script
    if (script === undefined) return this.#pushed.shift()
    if (typeof script === "string" || typeof script === "function") return this.#pushed.shift() ?? script
    if (!this.#used) {
      this.#steps ??= Symbol.asyncIterator in script ? script[Symbol.asyncIterator]() : iteratorOf(script)
      const result = await this.#steps.next(call)
      if (!result.done) return result.value
      this.#used = true
    }
    return this.#pushed.shift()
  }
}

function iteratorOf(steps: Iterable<MockStep>): Steps {
  return steps[Symbol.iterator]() as Steps
}
