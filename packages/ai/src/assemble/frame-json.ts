import type { MessageSink } from "../contract/builder.ts"
import type { Frame } from "../contract/frame.ts"

/**
 * The JSON object of a frame.
 *
 * `undefined` for frames that carry none: comments, blank data, a bare word such as a host's keep-alive. A frame
 * that begins like JSON and is not, or holds anything else, has lost something of the answer and fails it.
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
      if (shown === "" || /^[\w.: -]{1,64}$/.test(shown)) {
        out.alive()
        return undefined
      }
      out.fail({ is: "stream_malformed", message: `The host sent a frame that is not JSON: ${shown.slice(0, 80)}` })
      return undefined
    }
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  if (value === null || typeof value !== "object") {
    out.alive()
    return undefined
  }
  out.fail({ is: "stream_malformed", message: "The host sent a frame that is a JSON array where an object belongs." })
  return undefined
}
