import { describe, expect, test } from "vitest"
import { assistant, callOf, encode, user, type CallFields } from "../../../../../tests/support/google-generative-ai.ts"
import type { Attempt } from "../../contract/wire-client.ts"
import { classify } from "../../errors/classify.ts"
import { SluiceError } from "../../model/errors.ts"
import { adapt } from "./adapt.ts"

const SCHEMA = { type: "object", properties: { a: { type: "string" } } }
const own = { api: "google-generative-ai", provider: "google", model: "gemini" }
const EVERYTHING: CallFields = {
  model: {
    thinking: { mode: "effort", efforts: ["low", "high"] },
    compat: { google: { callIds: true, streamArguments: true, serviceTiers: ["flex"] } },
  },
  messages: [
    user("q"),
    assistant([
      { type: "toolCall", id: "1", name: "f", arguments: {} },
      { type: "text", text: "a", signature: { value: "c2ln", issuer: own } },
    ]),
    { role: "toolResult", toolCallId: "1", toolName: "f", content: "r" },
  ],
  context: { systemPrompt: "s", tools: [{ name: "f", parameters: SCHEMA }] },
  options: {
    reasoning: "high",
    output: { type: "jsonSchema", schema: SCHEMA },
    presencePenalty: 1,
    logprobs: true,
    serviceTier: "flex",
  },
}
const OFF: CallFields = {
  model: { thinking: { mode: "budget", efforts: ["low"], budgets: { low: 128 } } },
  options: { reasoning: "off" },
}

function learned(message: string, fields: CallFields = EVERYTHING, status = 400) {
  return adapt(classify({ status, message }), callOf(fields), [])
}

describe("a refusal", () => {
  test.each([
    [
      "without ids of calls",
      "host",
      `Invalid JSON payload received. Unknown name "id" at 'contents[1].parts[0].function_call': Cannot find field.`,
    ],
    [
      "a word in place of missing signatures",
      "host",
      "Function call is missing a thought_signature in functionCall parts.",
    ],
    ["without signatures of earlier turns", "session", "Thought signature is not valid"],
    [
      "without an output format beside tools",
      "host",
      "Function calling with a response mime type: 'application/json' is unsupported",
    ],
    [
      "schemas in the host's own form",
      "host",
      `Invalid JSON payload received. Unknown name "parametersJsonSchema" at 'tools[0].function_declarations[0]': Cannot find field.`,
    ],
    [
      "without an output format",
      "session",
      "The specified schema produces a constraint that has too many states for serving.",
    ],
    ["without an output format", "host", "JSON mode is not enabled for this model"],
    ["without a system instruction", "host", "Developer instruction is not enabled for models/gemma-3-27b-it"],
    [
      "without streamed arguments",
      "host",
      `Invalid JSON payload received. Unknown name "streamFunctionCallArguments" at 'tool_config.function_calling_config': Cannot find field.`,
    ],
    ["a number of tokens in place of a level of thinking", "host", "Thinking level is not supported for this model."],
    ["without thinking", "host", "Unable to submit request because thinking is not supported by this model."],
    ["without penalties", "host", "Penalty is not enabled for this model"],
    ["without log probabilities", "host", "Logprobs is not enabled for models/gemini"],
    ["without a service tier", "host", `Invalid JSON payload received. Unknown name "serviceTier": Cannot find field.`],
  ])("%s, for the %s: %s", (change, where, message) => {
    const adaptation = learned(message)
    expect(adaptation).toMatchObject({ change, learn: { where } })
    const known = { ...adaptation?.learn?.facts }
    expect(encode({ ...EVERYTHING, known }).body).not.toEqual(encode(EVERYTHING).body)
    expect(learned(message, { ...EVERYTHING, known })?.change).not.toBe(change)
  })

  test("of no thinking at all asks for the least", () => {
    const adaptation = learned("Budget 0 is invalid. This model only works in thinking mode.", OFF)
    expect(adaptation?.change).toBe("without switching thinking off")
    const { body } = encode({ ...OFF, known: { ...adaptation?.learn?.facts } })
    expect(body["generationConfig"].thinkingConfig).toEqual({ includeThoughts: false, thinkingBudget: 128 })
  })

  test.each([
    ["of what was not sent", "Penalty is not enabled for this model", {}, 400],
    ["that is another status", "Penalty is not enabled for this model", EVERYTHING, 403],
    ["of something else", "contents is not specified", EVERYTHING, 400],
  ] as const)("%s teaches nothing", (_name, message, fields, status) => {
    expect(learned(message, fields, status)).toBeUndefined()
  })
})

test("an answer that had begun is no refusal, and none is answered twice in the same way", () => {
  const facts = { code: "invalid_request", status: 400, message: "Penalty is not enabled for this model" } as const
  const begun = new SluiceError({ ...facts, delivered: "content" })
  expect(adapt(begun, callOf(EVERYTHING), [])).toBeUndefined()
  const change = adapt(new SluiceError(facts), callOf(EVERYTHING), [])?.change ?? ""
  expect(change).not.toBe("")
  expect(adapt(new SluiceError(facts), callOf(EVERYTHING), [{ change } as Attempt])).toBeUndefined()
})
