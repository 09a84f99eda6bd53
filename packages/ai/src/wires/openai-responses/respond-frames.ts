import type { Frame } from "../../contract/frame.ts"
import type { Obj } from "./types.ts"

/** Numbers the events of one stream, from 0. */
export class EventFrames {
  #next = 0

  /** An event with its type and number. */
  event(type: string, fields: Obj): Frame {
    return { event: type, data: JSON.stringify({ type, ...fields, sequence_number: this.#next++ }) }
  }

  /** An event that is nearly all of a stream: `head` is its JSON up to the text, without an object on the way. */
  delta(type: string, head: string, text: string, tail = ""): Frame {
    return {
      event: type,
      data: `${head}${JSON.stringify(text)}${tail},"sequence_number":${this.#next++}}`,
    }
  }
}

/** The JSON of a delta's event up to its text. */
export function deltaHead(type: string, fields: Obj): string {
  return `${JSON.stringify({ type, ...fields }).slice(0, -1)},"delta":`
}
