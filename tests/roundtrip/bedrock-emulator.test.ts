import { SluiceError } from "@sluice/ai"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { document, events } from "../../packages/testkit/src/emulators/bedrock/answer.ts"
import { checkConverse } from "../../packages/testkit/src/emulators/bedrock/check.ts"
import { contexts } from "../generators/contexts.ts"
import { someText } from "../generators/basics.ts"
import { callOptions } from "../generators/options.ts"
import { decode, encode, known, modelOf, whole } from "../support/bedrock-converse-stream.ts"

// The wire has no server side of its own to be tested against; the emulator, written apart from it, stands in.

const MODELS = [
  modelOf(),
  known("us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
  known("us.anthropic.claude-opus-4-6-v1"),
  known("us.amazon.nova-2-lite-v1:0"),
  known("us.amazon.nova-pro-v1:0"),
  known("meta.llama3-3-70b-instruct-v1:0"),
  known("openai.gpt-oss-120b-1:0"),
  known("us.deepseek.r1-v1:0"),
]
const own = { api: "bedrock-converse-stream", provider: "amazon-bedrock", model: "m" }
const context = contexts({
  own,
  signatures: ["c2ln"],
  hidden: ["aGlk"],
  callSignatures: ["s"],
  items: [{ guardContent: { text: { text: "x" } } }],
  answerItems: [{ text: "from an item" }],
  tools: [{ systemTool: { name: "nova_grounding" } }],
})

test("what a request says is what the host takes, whatever is asked of whom", () => {
  // The emulator knows only the signatures that it gave out itself.
  const signatures = { has: () => true } as unknown as ReadonlySet<string>
  fc.assert(
    fc.property(context, callOptions, fc.constantFrom(...MODELS), fc.boolean(), (said, options, model, stream) => {
      let body: unknown
      try {
        body = encode({ model, messages: said.messages, context: said, options, stream }).body
      } catch (error) {
        if (SluiceError.is(error) && error.code === "invalid_request") return
        throw error
      }
      checkConverse(body, signatures)
    }),
    { numRuns: 1500 },
  )
})

const answer = fc.record(
  {
    thinking: someText,
    text: someText,
    toolCalls: fc.array(
      fc.record({
        id: fc.constantFrom("a", "b", "c"),
        name: fc.constantFrom("f", "g"),
        arguments: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }),
      }),
      { maxLength: 3 },
    ),
    pace: fc.record({ chars: fc.integer({ min: 1, max: 9 }) }),
  },
  { requiredKeys: ["text"] },
)

test("what the host says is what is read, streamed and whole", () => {
  fc.assert(
    fc.property(answer, fc.boolean(), (said, signed) => {
      const made = {
        answer: said,
        callIds: (said.toolCalls ?? []).map(({ id }, n) => `${id}${n}`),
        signature: signed ? "c2ln" : undefined,
        usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 },
      }
      const streamed = decode(events(made))
      const { content, stopReason, usage, error } = whole(document(made))
      expect(error).toBeUndefined()
      expect({ content: streamed.content, stopReason: streamed.stopReason, usage: streamed.usage }).toEqual({
        content,
        stopReason,
        usage,
      })
      expect(content.map((block) => block.type)).toEqual([
        ...(said.thinking === undefined ? [] : ["thinking"]),
        "text",
        ...(said.toolCalls ?? []).map(() => "toolCall"),
      ])
      expect(content.filter((block) => block.type === "toolCall").map((block) => block.arguments)).toEqual(
        (said.toolCalls ?? []).map((call) => JSON.parse(JSON.stringify(call.arguments)) as unknown),
      )
    }),
    { numRuns: 500 },
  )
})
