import type { Endpoint } from "../../contract/endpoint.ts"
import type { Frame, HeaderMap } from "../../contract/frame.ts"
import type { Call, WireRequest } from "../../contract/wire-client.ts"
import { AwsEventStreamFramer } from "../../framing/aws-eventstream.ts"
import { base64Of } from "../../images/base64.ts"
import { SluiceError } from "../../model/errors.ts"
import { exceptionFacts, exceptionOf } from "../../wires/bedrock/exceptions.ts"
import { countedModel, pathOf } from "../../wires/bedrock/path.ts"
import { withoutMoved, withVersionAndBetas, type AnthropicBody } from "../anthropic-body.ts"
import { dressBedrock, signBedrock } from "./endpoint.ts"
import { explainInvoke } from "./explain.ts"
import type { BedrockSettings } from "./settings.ts"

/** The version of Anthropic's API that Bedrock speaks. */
const VERSION = "bedrock-2023-05-31"
const COUNT_PATH = "/v1/messages/count_tokens"
/** Fields that stand elsewhere here, or nowhere: the path names the model and whether it streams. */
const ELSEWHERE: ReadonlySet<string> = new Set(["model", "stream", "service_tier"])

/**
 * Anthropic's Messages as Bedrock serves them: the model and the kind of answer stand in the path, the version and
 * the betas in the body, and the events in base64 in binary messages.
 *
 * @see https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
 */
export function bedrockInvokeEndpoint(settings: BedrockSettings = {}): Endpoint {
  return {
    ...bedrockInvokeReading,
    id: "bedrock-invoke",
    body: (body, headers) => invokeBody(body as AnthropicBody, headers),
    dress: (request, call, credential) => dressBedrock(invokeRequest(request, call), call, credential, settings),
    sign: (request, credential, now) => signBedrock(request, credential, now, settings),
    explain: explainInvoke,
  }
}

function invokeBody(body: AnthropicBody, headers: HeaderMap): AnthropicBody {
  const kept = Object.fromEntries(Object.entries(body).filter(([name]) => !ELSEWHERE.has(name)))
  return withVersionAndBetas(kept, headers, VERSION)
}

function invokeRequest(request: WireRequest, { model, stream }: Call): WireRequest {
  const headers = withoutMoved(request.headers)
  const counts = request.path === COUNT_PATH
  const operation = counts ? "count-tokens" : stream ? "invoke-with-response-stream" : "invoke"
  const id = model.requestModelId ?? model.id
  const path = pathOf(counts ? countedModel(id) : id, operation)
  if (!counts) {
    if (stream) headers["accept"] = "application/vnd.amazon.eventstream"
    return { ...request, path, headers }
  }
  return {
    ...request,
    path,
    headers,
    body: { input: { invokeModel: { body: countedBody(request.body as AnthropicBody) } } },
  }
}

/** The body whose tokens are counted: what a call would send, in base64. It must be one that a call could send. */
function countedBody(body: AnthropicBody): string {
  const budget = (body["thinking"] as AnthropicBody | undefined)?.["budget_tokens"]
  const whole = { max_tokens: typeof budget === "number" ? budget + 1 : 1, ...body }
  return base64Of(new TextEncoder().encode(JSON.stringify(whole)))
}

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
  const raised = exceptionOf(frame)
  if (!raised) {
    const { bytes } = payloadOf(frame)
    return { data: typeof bytes === "string" ? decodeBase64(bytes) : "" }
  }
  const { name, message } = raised
  const { status, type } = exceptionFacts(name, message)
  return {
    event: "error",
    data: JSON.stringify({
      type: "error",
      error: { type, message, ...(status === undefined ? {} : { code: status }) },
    }),
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
