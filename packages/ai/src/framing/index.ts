import type { Framing } from "../contract/frame.ts"
import { SluiceError } from "../model/errors.ts"
import type { Framer } from "./framer.ts"
import { JsonArrayFramer } from "./json-array.ts"
import { NdjsonFramer } from "./ndjson.ts"
import { SseFramer } from "./sse.ts"

export { MAX_FRAME_BYTES, type Framer } from "./framer.ts"
export { JsonArrayFramer } from "./json-array.ts"
export { NdjsonFramer, ndjsonText } from "./ndjson.ts"
export { RawNdjsonFramer } from "./raw-ndjson.ts"
export { RawSseFramer } from "./raw-sse.ts"
export { SseFramer, sseBytes, sseText } from "./sse.ts"
export { isWholeFrame } from "./whole.ts"

/** A framer for one stream. @throws SluiceError `unsupported` for a framing that has no framer */
export function createFramer(framing: Framing, options: { maxFrameBytes?: number } = {}): Framer {
  switch (framing) {
    case "sse":
      return new SseFramer(options)
    case "ndjson":
      return new NdjsonFramer(options)
    case "json-array":
      return new JsonArrayFramer(options)
    default:
      throw new SluiceError({
        code: "unsupported",
        message: `Streams framed as ${framing} cannot be read.`,
        scope: "local",
      })
  }
}
