import type { Frame } from "../contract/frame.ts"

/**
 * Whether the last frame of an input, whose end is missing, was sent completely all the same: some hosts leave the
 * last blank line out. A frame that was cut short says nothing, whatever it was to say.
 */
export function isWholeFrame({ data }: Frame): boolean {
  if (typeof data !== "string" || !/^\s*[[{]/.test(data) || data.trim() === "[DONE]") return true
  try {
    JSON.parse(data)
    return true
  } catch {
    return false
  }
}
