import type { MessageSink } from "../contract/builder.ts"
import type { Frame } from "../contract/frame.ts"
import { isObject } from "../model/json.ts"

/** Longest text that may be a host's note. */
const MAX_NOTE = 64

/**
 * The JSON object of a frame.
 *
 * `undefined` for frames that carry none: comments, blank data, a note such as a host's keep-alive. A frame that
 * begins like JSON and is not, or holds what is no text, has lost something of the answer and fails it; the text of
 * an `error` event fails it in its own words.
 */
export function frameObject(frame: Frame, out: MessageSink): Record<string, unknown> | undefined {
  let value = frame.json
  if (value === undefined) {
    const { data } = frame
    const text = typeof data === "string" ? data : new TextDecoder().decode(data)
    try {
      value = JSON.parse(text)
    } catch {
      const shown = text.trim()
      if (frame.event === "error" && shown !== "") {
        out.fail({ message: shown })
        return undefined
      }
      if (isNote(shown)) {
        out.alive()
        return undefined
      }
      out.fail({ is: "stream_malformed", message: `The host sent a frame that is not JSON: ${shown.slice(0, 80)}` })
      return undefined
    }
  }
  if (isObject(value)) return value
  if (value === null || typeof value !== "object") {
    out.alive()
    return undefined
  }
  out.fail({ is: "stream_malformed", message: "The host sent a frame that is a JSON array where an object belongs." })
  return undefined
}

/** Whether a text is a note of the host's, a bare word or a sign of life, and no broken piece of the answer. */
function isNote(text: string): boolean {
  if (text.length > MAX_NOTE || /^[{["<]/.test(text)) return false
  return /^[\w.: -]*$/.test(text) || /keep-?alive|heart-?beat/i.test(text)
}
