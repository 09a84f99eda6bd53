import type { Frame, Framing } from "@sluice/ai"
import { ndjsonText, sseText } from "@sluice/ai/framing"

const decoder = new TextDecoder()

/** How the frames of a stream are written for a client. */
export interface StreamText {
  /** `content-type` of the stream. */
  readonly type: string
  /** Frames as they follow those before them. */
  pieces(frames: readonly Frame[]): string
  /** What stands behind the last one of a complete answer. */
  end(): string
}

/** The writing of a framing; what a client cannot read otherwise are events. */
export function streamText(framing: Framing): StreamText {
  if (framing === "json-array") return new JsonArrayText()
  return framing === "ndjson" ? LINES : EVENTS
}

const EVENTS: StreamText = oneByOne("text/event-stream; charset=utf-8", sseText)
const LINES: StreamText = oneByOne("application/x-ndjson", ndjsonText)

/** Frames that stand for themselves wherever they are. */
function oneByOne(type: string, spelled: (frame: Frame) => string): StreamText {
  return {
    type,
    pieces(frames) {
      let text = ""
      for (const frame of frames) text += spelled(frame)
      return text
    },
    end: () => "",
  }
}

/** One JSON array that grows by an element a frame. White space between them is a sign of life. */
class JsonArrayText implements StreamText {
  readonly type = "application/json"
  #begun = false

  pieces(frames: readonly Frame[]): string {
    let text = ""
    for (const { data } of frames) {
      if (data.length === 0) {
        text += "\n"
        continue
      }
      text += (this.#begun ? ",\n" : "[") + (typeof data === "string" ? data : decoder.decode(data))
      this.#begun = true
    }
    return text
  }

  end(): string {
    return this.#begun ? "\n]\n" : "[]\n"
  }
}
