import { describe, expect, test } from "vitest"
import {
  assistant,
  called,
  callOf,
  result,
  TOOL,
  user,
  modelOf,
  type CallFields,
} from "../../../../../tests/support/bedrock-converse-stream.ts"
import type { Attempt } from "../../contract/wire-client.ts"
import { classify } from "../../errors/classify.ts"
import { SluiceError } from "../../model/errors.ts"
import { adapt } from "./adapt.ts"
import { encode } from "./request.ts"

const EVERYTHING: CallFields = {
  model: modelOf({
    compat: { converse: { cachePoints: 4, cacheTtl: "1h", strictTools: true, structuredOutput: true } },
  }),
  messages: [
    user("q"),
    assistant([{ type: "thinking", thinking: "t", signature: { value: "s" } }, called("a")], { stopReason: "toolUse" }),
    result("a", "r", true),
  ],
  context: { systemPrompt: "s", tools: [{ ...TOOL, strict: true }] },
  options: {
    cacheRetention: "long",
    toolChoice: "required",
    temperature: 0.5,
    topP: 0.5,
    serviceTier: "flex",
    output: { type: "jsonSchema", schema: { type: "object" } },
  },
}

const bodyOf = (fields: CallFields): string => JSON.stringify(encode(callOf(fields)).body)

function after(message: string, fields: CallFields = EVERYTHING, status = 400) {
  return adapt(classify({ status, message }), callOf(fields), [])
}

describe("a refusal, and what is left out then", () => {
  test.each([
    ["messages.0.cachePoint: extraneous key [ttl] is not permitted", "cache points for five minutes", '"ttl"'],
    [
      "You invoked an unsupported model or your request did not allow prompt caching.",
      "without cache points",
      "cachePoint",
    ],
    ["This model doesn't support the toolConfig.toolChoice.any field.", "without a forced tool", '"any"'],
    ["outputConfig: Extra inputs are not permitted", "without an output format", "outputConfig"],
    ["The requested service tier is not supported for this model.", "without a tier of service", '"flex"'],
    ["tools.0.strict: Extra inputs are not permitted", "without strict tools", '"strict"'],
    ["The compiled grammar is too large. Simplify your tool schemas.", "without strict tools", '"strict"'],
    [
      "This model doesn't support system messages. Try again without them.",
      "the system prompt before the user's words",
      '"system"',
    ],
    ["This model doesn't support the status field in toolResult.", "without the status of results", '"status"'],
    [
      "`temperature` and `top_p` cannot both be specified for this model.",
      "without topP beside a temperature",
      '"topP"',
    ],
    [
      "messages.1.content.0: Invalid `signature` in `thinking` block",
      "without thinking of earlier turns",
      "reasoningContent",
    ],
    ["This model doesn't support the reasoningContent field.", "without thinking of earlier turns", "reasoningContent"],
  ])("%s", (message, change, gone) => {
    const adaptation = after(message)
    expect(adaptation?.change).toBe(change)
    const facts = adaptation?.learn?.facts ?? {}
    expect(bodyOf(EVERYTHING)).toContain(gone)
    expect(bodyOf({ ...EVERYTHING, known: facts })).not.toContain(gone)
    // What was learned is not learned twice.
    expect(after(message, { ...EVERYTHING, known: facts })?.change).not.toBe(change)
  })

  test.each([
    ["a request that does not hold it", "outputConfig: Extra inputs are not permitted", {}, 400],
    ["another failure", "The text field is blank.", EVERYTHING, 400],
    ["another status", "outputConfig: Extra inputs are not permitted", EVERYTHING, 500],
  ] as const)("%s is not changed", (_name, message, fields, status) => {
    expect(after(message, fields, status)).toBeUndefined()
  })
})

test("an answer that had begun is no refusal, and none is answered twice in the same way", () => {
  const facts = {
    code: "invalid_request",
    status: 400,
    message: "outputConfig: Extra inputs are not permitted",
  } as const
  const begun = new SluiceError({ ...facts, delivered: "content" })
  expect(adapt(begun, callOf(EVERYTHING), [])).toBeUndefined()
  const change = adapt(new SluiceError(facts), callOf(EVERYTHING), [])?.change ?? ""
  expect(change).not.toBe("")
  expect(adapt(new SluiceError(facts), callOf(EVERYTHING), [{ change } as Attempt])).toBeUndefined()
})
