import { type Call, type CallOptions, type Context, handoff, type Model, SluiceError } from "@sluice/ai"
import { codeAssistEndpoint } from "@sluice/ai/endpoints/code-assist"
import { googleGenerativeAi } from "@sluice/ai/wires/google-generative-ai"
import { resolveModel } from "@sluice/catalog"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { countingMint } from "../../packages/ai/src/assemble/read-recording.ts"
import { checkBody } from "../../packages/testkit/src/emulators/google/check.ts"
import { Signatures } from "../../packages/testkit/src/emulators/google/signatures.ts"
import type { GoogleCall } from "../../packages/testkit/src/emulators/google/types.ts"
import { contexts } from "../generators/contexts.ts"
import { issuerOf } from "../roundtrip/wire-under-test.ts"
import { gemini } from "../roundtrip/wires.ts"

type Surface = GoogleCall["surface"]

const MODELS: readonly (readonly [string, Surface])[] = [
  ["google/gemini-2.5-flash", "gemini"],
  ["google/gemini-2.5-pro", "gemini"],
  ["google/gemini-3-flash-preview", "gemini"],
  ["google/gemini-3.1-pro-preview", "gemini"],
  ["google/gemini-3-pro-image-preview", "gemini"],
  ["google-vertex/gemini-2.5-flash", "vertex"],
  ["google-vertex/gemini-3-pro-preview", "vertex"],
  ["google-gemini-cli/gemini-2.5-pro", "code-assist"],
  ["google-gemini-cli/gemini-3-flash-preview", "code-assist"],
  ["google-antigravity/gemini-3-pro", "code-assist"],
  ["google-antigravity/claude-sonnet-4-5", "code-assist"],
]

const options: fc.Arbitrary<CallOptions> = fc.record(
  {
    toolChoice: fc.constantFrom("auto" as const, "none" as const, "required" as const),
    reasoning: fc.constantFrom("off", "minimal", "low", "medium", "high", "xhigh", "max"),
    showThinking: fc.boolean(),
    maxTokens: fc.integer({ min: 1, max: 60_000 }),
    temperature: fc.double({ min: 0, max: 2, noNaN: true }),
    stop: fc.array(fc.constantFrom("a", "b"), { maxLength: 7 }),
    sessionId: fc.constant("session"),
    metadata: fc.constant({ team: "x" }),
    serviceTier: fc.constantFrom("priority", "flex", "default"),
  },
  { requiredKeys: [] },
)

/** The request as it goes out, judged by the emulated vendor. What the wire itself refuses never goes out. */
function judge(model: Model, surface: Surface, given: Context, asked: CallOptions): void {
  const call: Call = {
    op: "generate",
    model,
    options: asked,
    context: handoff(given, model, googleGenerativeAi.traits).context,
    auth: { kind: "oauth", projectId: "p" },
    stream: true,
    known: {},
    channel: { kind: "http", memory: {} },
    mint: countingMint(),
  }
  let { body } = googleGenerativeAi.encode(call)
  let id = model.id
  if (surface === "code-assist") {
    const envelope = codeAssistEndpoint().body?.(body as never, {}, call) as { model: string; request: never }
    id = envelope.model
    body = envelope.request
  }
  checkBody(JSON.parse(JSON.stringify(body)), {
    surface,
    model: id,
    maxTokens: 65_536,
    callIds: surface !== "vertex",
    signatures: new Signatures(false),
  })
}

describe.each(MODELS)("what is sent to %s", (name, surface) => {
  test("is taken, whatever the conversation and its options are", async () => {
    const model = await resolveModel(name)
    let sent = 0
    fc.assert(
      fc.property(contexts({ ...gemini.contexts, own: issuerOf(model) }), options, (given, asked) => {
        try {
          judge(model, surface, given, asked)
          sent++
        } catch (error) {
          if (!SluiceError.is(error)) throw error
        }
      }),
      { numRuns: 200 },
    )
    expect(sent).toBeGreaterThan(100)
  })

  test("is taken when it begins with a call", async () => {
    const model = await resolveModel(name)
    const call = { type: "toolCall" as const, id: "call_1", name: "look", arguments: {} }
    const message = { role: "assistant" as const, content: [call], ...issuerOf(model), stopReason: "toolUse" as const }
    const result = { role: "toolResult" as const, toolCallId: "call_1", toolName: "look", content: "1" }
    const context = { messages: [message, result] } as unknown as Context
    expect(() => judge(model, surface, context, {})).not.toThrow()
  })
})
