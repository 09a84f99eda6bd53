import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { bedrockReading } from "@sluice/ai/endpoints/bedrock"
import { bedrockInvokeReading } from "@sluice/ai/endpoints/bedrock-invoke"
import { bedrockConverseStream } from "@sluice/ai/wires/bedrock-converse-stream"
import { ollamaChat } from "@sluice/ai/wires/ollama-chat"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { readRecording, type Recording } from "../../packages/ai/src/assemble/read-recording.ts"
import { event, modelOf } from "../support/bedrock-converse-stream.ts"

// Fields of the wires with values that no host should send. Whatever comes, the answer ends once and in our own words.

const FIELDS =
  "message content thinking reasoning tool_calls function name arguments id done done_reason error images logprobs role response eval_count model remote_host status_code contentBlockIndex delta start text toolUse toolUseId input reasoningContent reasoningText signature redactedContent stopReason usage inputTokens trace guardrail promptRouter citation citationsContent image source bytes format serviceTier cacheDetails output type index content_block detail loc __proto__ constructor toString".split(
    " ",
  )
const leaf = fc.oneof(
  fc.constantFrom(null, true, "", "a", "length", "tool_use", '{"a":1}', "{", 0, -1, 2 ** 60),
  fc.string(),
)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "medium", maxDepth: 5 },
    leaf,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.array(fc.tuple(fc.constantFrom(...FIELDS), tie("value")), { maxLength: 5 }).map(Object.fromEntries),
  ),
}))
const fields = fc.array(fc.tuple(fc.constantFrom(...FIELDS), value), { maxLength: 5 }).map(Object.fromEntries)
const EVENTS = ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function reads(
  wire: Parameters<typeof readRecording>[0],
  recording: Recording,
  endpoint?: NonNullable<Parameters<typeof readRecording>[3]>["endpoint"],
): void {
  const { stopReason, error } = readRecording(wire, modelOf(), recording, endpoint ? { endpoint } : {})
  expect(stopReason === "error").toBe(error !== undefined)
  expect(error?.message ?? "").not.toMatch(/TypeError|RangeError|ReferenceError/)
}

test("Ollama's lines, documents and errors", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fields, value), { minLength: 1 }), fc.boolean(), (lines, stream) => {
      const [first] = lines
      reads(ollamaChat, { stream: true, chunks: [bytes(lines.map((line) => JSON.stringify(line)).join("\n"))] })
      reads(ollamaChat, { stream, chunks: [bytes(JSON.stringify(first, null, 2))] })
      reads(ollamaChat, { stream, status: 400, chunks: [bytes(JSON.stringify(first))] })
    }),
    { numRuns: 500 },
  )
})

test("Converse's events, documents and errors", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...EVENTS, "other"), fields), { minLength: 1 }), (events) => {
      const chunks = events.map(([type, payload]) => new Uint8Array(event(type, payload)))
      const document = [bytes(JSON.stringify(events[0]?.[1]))]
      reads(bedrockConverseStream, { stream: true, chunks }, bedrockReading)
      reads(bedrockConverseStream, { stream: false, chunks: document })
      reads(bedrockConverseStream, { stream: true, status: 400, chunks: document })
    }),
    { numRuns: 500 },
  )
})

test("events of Anthropic's form within Bedrock's", () => {
  fc.assert(
    fc.property(fc.array(fields, { minLength: 1 }), (inner) => {
      const chunks = inner.map((payload) => {
        const text = Buffer.from(JSON.stringify(payload)).toString("base64")
        return new Uint8Array(event("chunk", { bytes: text }))
      })
      reads(anthropicMessages, { stream: true, chunks }, bedrockInvokeReading)
    }),
    { numRuns: 500 },
  )
})
