import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { Call } from "../../contract/wire-client.ts"
import { responseIdOf } from "./chain.ts"
import type { Obj } from "./types.ts"

/** Fact of a connection: the response that it brought last. */
const LAST = "lastResponse"

/** The facts of a connection that a response has come over; `""` stands for one without an id. */
export function lastResponse(id: string): Record<string, unknown> {
  return { [LAST]: id }
}

/**
 * Keeps apart the answers that come over one connection. A straggler of the answer before is dropped, and so is
 * everything until the new answer begins; what belongs to neither, or goes back in time, is a connection out of step.
 */
export class ConnectionGuard {
  readonly #last: unknown
  #own: string | undefined
  #begun: boolean
  #sequence = -1

  constructor(call: Call) {
    this.#last = call.channel.memory[LAST]
    // Where answers have no ids there is nothing to tell them apart by.
    this.#begun = this.#last === undefined || this.#last === ""
  }

  /** Whether an event is to be read; or the failure that it is. */
  verdict(type: string, event: Obj): "read" | "drop" | ErrorFacts {
    const id = responseIdOf(event)
    // The answer before has begun long ago: one that begins now is ours, even under the same id.
    const begins = type === "response.created" || (id !== "" && id !== this.#last) || type === "error" || event["error"]
    if (!this.#begun && !begins) return "drop"
    this.#begun = true
    if (id !== "") {
      this.#own ??= id
      if (id !== this.#own) return id === this.#last ? "drop" : outOfStep("an event of another response came")
    }
    const sequence = event["sequence_number"]
    if (typeof sequence !== "number") return "read"
    if (sequence < this.#sequence) return outOfStep("an event came that is older than the one before")
    this.#sequence = sequence
    return "read"
  }
}

function outOfStep(what: string): ErrorFacts {
  return {
    is: "stream_malformed",
    code: "ws_out_of_step",
    message: `The connection is out of step: ${what}.`,
    inStream: true,
  }
}
