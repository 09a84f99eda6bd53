import type { ThinkingLadder } from "@sluice/catalog/core"
import { describe, expect, test } from "vitest"
import { assistant, callOf, user, type CallFields } from "../../../../../tests/support/anthropic-messages.ts"
import type { Attempt } from "../../contract/wire-client.ts"
import { classify } from "../../errors/classify.ts"
import { SluiceError } from "../../model/errors.ts"
import { adapt } from "./adapt.ts"
import { encode } from "./request.ts"

const LADDER: ThinkingLadder = { mode: "adaptive", efforts: ["low", "high", "max"] }
const SCHEMA = { type: "object", properties: { a: { type: "string" } }, required: ["a"] }
const EVERYTHING: CallFields = {
  model: {
    thinking: LADDER,
    compat: { messages: { structuredOutput: true, strictTools: true, contextManagement: true, eagerToolInput: true } },
  },
  options: { reasoning: "max", serviceTier: "fast", output: { type: "jsonSchema", schema: SCHEMA } },
  context: { tools: [{ name: "f", parameters: SCHEMA, strict: true }] },
}

function learned(message: string, fields: CallFields = EVERYTHING, status = 400) {
  return adapt(classify({ status, message }), callOf(fields), [])
}

describe("a refusal of the thing itself", () => {
  test.each([
    ["without a level of effort", "host", "output_config.effort: Extra inputs are not permitted"],
    ["without a level of effort", "host", "This model does not support the effort parameter."],
    ["without an output format", "host", "output_config.format: Extra inputs are not permitted"],
    ["without an output format", "session", "output_config.format.schema: 'minimum' is not supported"],
    ["without context management", "host", "context_management: Extra inputs are not permitted"],
    ["without early tool input", "host", "tools.0.custom.eager_input_streaming: Extra inputs are not permitted"],
    ["without strict tools", "host", "tools.0.custom.strict: Extra inputs are not permitted"],
    ["without strict tools", "session", "The compiled grammar is too large"],
    ["without fast mode", "host", "speed: Extra inputs are not permitted"],
  ])("%s, for the %s: %s", (change, where, message) => {
    const adaptation = learned(message)
    expect(adaptation).toMatchObject({ change, learn: { where } })
    const known = { ...adaptation?.learn?.facts }
    expect(encode(callOf({ ...EVERYTHING, known })).body).not.toEqual(encode(callOf(EVERYTHING)).body)
  })

  test("what is not in the request is not left out", () => {
    for (const message of [
      "output_config.effort: Extra inputs are not permitted",
      "output_config.format: Extra inputs are not permitted",
      "context_management: Extra inputs are not permitted",
      "tools.0.custom.eager_input_streaming: Extra inputs are not permitted",
      "speed: Extra inputs are not permitted",
    ]) {
      expect(learned(message, { options: { reasoning: "off" } }), message).toBeUndefined()
    }
  })

  test("a field of the caller's own bag goes out anyway", () => {
    const wire = { "anthropic-messages": { speed: "fast" } }
    expect(learned("speed: Extra inputs are not permitted", { options: { wire } })).toBeUndefined()
  })
})

test.each([
  "This model does not support effort level 'max'. Supported levels: high, medium, low.",
  "output_config.effort: Input should be 'low', 'medium' or 'high'",
  "effort 'max' is not supported",
  "speed: Input should be 'standard' or 'fast'",
])("a refusal of the value teaches nothing: %s", (message) => {
  expect(learned(message)).toBeUndefined()
})

test("what an account may not use is no fact about its host", () => {
  expect(learned("Extra usage is required for fast mode.", EVERYTHING, 429)?.learn?.where).toBe("session")
  expect(learned("Requests at this speed exceed your limit.", EVERYTHING, 429)).toBeUndefined()
})

test("a host learns nothing of unsigned thinking where signed thinking may be meant", () => {
  const unsigned = assistant(
    [
      { type: "thinking", thinking: "t" },
      { type: "text", text: "a" },
    ],
    { provider: "other" },
  )
  const signed = assistant([
    { type: "thinking", thinking: "t", signature: { value: "s" } },
    { type: "text", text: "a" },
  ])
  const message = "messages.1.content.0: Invalid `signature` in `thinking` block"
  expect(learned(message, { messages: [user("q"), unsigned, user("r")] })?.learn?.where).toBe("host")
  expect(learned(message, { messages: [user("q"), signed, user("r"), unsigned, user("s")] })?.learn?.where).toBe(
    "session",
  )
})

test("an answer that had begun is no refusal, and none is answered twice in the same way", () => {
  const facts = {
    code: "invalid_request",
    status: 400,
    message: "context_management: Extra inputs are not permitted",
  } as const
  const begun = new SluiceError({ ...facts, delivered: "content" })
  expect(adapt(begun, callOf(EVERYTHING), [])).toBeUndefined()
  const change = adapt(new SluiceError(facts), callOf(EVERYTHING), [])?.change ?? ""
  expect(change).not.toBe("")
  expect(adapt(new SluiceError(facts), callOf(EVERYTHING), [{ change } as Attempt])).toBeUndefined()
})
