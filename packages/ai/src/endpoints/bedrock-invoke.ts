import type { Endpoint } from "../contract/endpoint.ts"
import type { Frame } from "../contract/frame.ts"
import { AwsEventStreamFramer } from "../framing/aws-eventstream.ts"
import { SluiceError } from "../model/errors.ts"

/**
 * How Bedrock's `invoke-with-response-stream` wraps another vendor's stream: each event of that vendor stands in
 * base64 in the payload of a binary message, and an exception of Bedrock's own becomes an error event.
 *
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html
 */
export const bedrockInvokeReading: Required<Pick<Endpoint, "framing" | "framer" | "unwrap">> = {
  framing: "aws-eventstream",
  framer: () => new AwsEventStreamFramer(),
  unwrap,
}

function unwrap(frame: Frame): Frame {
  const payload = payloadOf(frame)
  if (frame.meta?.[":message-type"] === "event") {
    const { bytes } = payload
    return { data: typeof bytes === "string" ? decodeBase64(bytes) : "" }
  }
  return {
    event: "error",
    data: JSON.stringify({ type: "error", error: { type: frame.event, message: payload["message"] } }),
  }
}

function payloadOf({ data }: Frame): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(typeof data === "string" ? data : new TextDecoder().decode(data))
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>
  } catch {
    // Told below: a message whose checksums are right and whose payload is not JSON is not Bedrock's.
  }
  throw new SluiceError({ code: "stream_malformed", message: "A message of the stream holds no JSON object." })
}

function decodeBase64(text: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)))
  } catch (error) {
    throw new SluiceError(
      { code: "stream_malformed", message: "A message of the stream holds no base64." },
      { cause: error },
    )
  }
}
