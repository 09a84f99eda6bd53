import type { ChatCompat } from "@sluice/catalog/core"
import { describe, expect, test } from "vitest"
import { callOf, WEATHER } from "../../../../../tests/support/openai-completions.ts"
import { classify } from "../../errors/classify.ts"
import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { Adaptation, Call } from "../../contract/wire-client.ts"
import type { CallOptions } from "../../model/options.ts"
import { adapt } from "./adapt.ts"
import { encode } from "./request.ts"

/** A host that takes every field there is. */
const ALL: ChatCompat = {
  extendedSampling: true,
  promptCacheKey: true,
  serviceTiers: ["flex"],
  maxTokensField: "max_tokens",
  store: true,
}
const OPTIONS: CallOptions = {
  temperature: 0.2,
  topP: 0.9,
  topK: 5,
  maxTokens: 100,
  user: "u",
  serviceTier: "flex",
  verbosity: "low",
  seed: 1,
  metadata: { a: "b" },
}
const THINKING = { mode: "effort" as const, efforts: ["minimal", "low", "high"] as const }

function adapted(
  facts: Partial<ErrorFacts> & { message: string },
  options: CallOptions = OPTIONS,
  chat: ChatCompat = ALL,
): { adaptation: Adaptation | undefined; call: Call } {
  const call = callOf({ model: { chat, thinking: THINKING }, options })
  return { adaptation: adapt(classify({ status: 400, ...facts }), call, []), call }
}

describe("a field that the host does not take", () => {
  test.each<[string, Partial<ErrorFacts> & { message: string }]>([
    ["temperature", { message: "Unsupported parameter: 'temperature' is not supported with this model." }],
    ["temperature", { message: "Model o1 does not support temperature" }],
    ["temperature", { message: "temperature: Extra inputs are not permitted" }],
    ["temperature", { message: "`temperature` is deprecated for this model." }],
    ["temperature", { message: "Not for you.", param: "temperature", code: "unsupported_parameter" }],
    [
      "temperature",
      {
        message:
          "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
        param: "temperature",
        code: "unsupported_value",
      },
    ],
    ["top_k", { message: "Unrecognized request argument supplied: top_k" }],
    ["top_k", { message: "Completions.create() got an unexpected keyword argument 'top_k'" }],
    ["top_p", { message: "body.top_p: Extra inputs are not permitted; body.model: Input should be a valid string" }],
    ["service_tier", { message: "Argument not supported on this model: serviceTier" }],
    ["store", { message: 'json: unknown field "store"' }],
    ["store", { message: "property 'store' is unsupported" }],
    [
      "store",
      { message: "[{'type': 'extra_forbidden', 'loc': ('body', 'store'), 'msg': 'Extra inputs are not permitted'}]" },
    ],
    ["user", { message: "Unknown parameter: 'user'.", param: "user" }],
    ["user", { message: "The user field is not supported" }],
    ["metadata", { message: "Unrecognized request arguments supplied: foo, metadata" }],
    ["verbosity", { message: "verbosity is not supported by this model" }],
    ["seed", { message: "this model doesn't support seed" }],
  ])("%s is left out: %j", (field, facts) => {
    const { adaptation, call } = adapted(facts)
    expect(encode(call).body).toHaveProperty(field)
    expect(adaptation).toMatchObject({ change: `without ${field}`, learn: { where: "host" } })
    expect(encode({ ...call, known: { ...adaptation?.learn?.facts } }).body).not.toHaveProperty(field)
  })

  test("the cap moves to the other field", () => {
    const message = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
    const { adaptation, call } = adapted({ message, param: "max_tokens", code: "unsupported_parameter" })
    const { body } = encode({ ...call, known: { ...adaptation?.learn?.facts } })
    expect(body).toMatchObject({ max_completion_tokens: 100 })
  })

  test("a schema goes as JSON to a host that takes none", () => {
    const output = { type: "jsonSchema" as const, schema: { type: "object" } }
    const { adaptation, call } = adapted({ message: "This response_format type is unavailable now" }, { output })
    const { body } = encode({ ...call, known: { ...adaptation?.learn?.facts } })
    expect(body).toMatchObject({ response_format: { type: "json_object" } })
    expect(
      adapted({ message: "Invalid schema for response_format 'x': 'default' is not permitted." }, { output }),
    ).toMatchObject({ adaptation: undefined })
  })
})

describe("a value, or a pair, that the host does not take says nothing about the next request", () => {
  test.each<[Partial<ErrorFacts> & { message: string }]>([
    [{ message: "temperature must be between 0 and 2" }],
    [{ message: "temperature must be between 0 and 2", param: "temperature", code: "invalid_value" }],
    [{ message: "Invalid value for temperature: 0.2 is not allowed" }],
    [{ message: "temperature: Input should be less than or equal to 2" }],
    [{ message: "temperature 0.2 is not supported" }],
    [{ message: "top_p out of range; unknown reason" }],
    [{ message: "`temperature` and `top_p` cannot both be specified for this model." }],
    [{ message: "temperature is not supported when thinking is enabled" }],
    [{ message: "'top_p' cannot be used with tools" }],
    [{ message: "Unsupported value: 'service_tier' does not support 'flex' with this model.", param: "service_tier" }],
    [{ message: "Unsupported value: 'verbosity' does not support 'low'. Supported values are: 'medium'." }],
    [{ message: "user messages must not be empty" }],
    [{ message: "The user is not allowed to use this model" }],
    [{ message: "unknown user role in messages" }],
    [{ message: "max_tokens is too large: 100. This model supports at most 50 completion tokens." }],
    [{ message: "'temperature' is not supported", param: "messages[0].content" }],
    [{ message: "metadata values should be strings; unexpected number" }],
  ])("%j", (facts) => {
    expect(adapted(facts).adaptation).toBeUndefined()
  })

  test("the only values that an effort may have are a list of them", () => {
    const message = "reasoning_effort 'low' is unsupported. The only supported values are: medium, high"
    expect(adapted({ message, param: "reasoning_effort" }, { reasoning: "low" }).adaptation?.change).toBe(
      "with an effort out of medium, high",
    )
  })

  test("efforts that are refused because of tools, or one by one without a list, teach nothing", () => {
    const options: CallOptions = { reasoning: "minimal" }
    for (const message of [
      "Function tools with reasoning_effort are not supported for this model.",
      "reasoning_effort 'minimal' is not supported",
      "reasoning_effort must be a string",
    ]) {
      expect(adapted({ message, param: "reasoning_effort" }, options).adaptation, message).toBeUndefined()
    }
  })
})

describe("what this request did not hold is not left out", () => {
  test.each([
    "user messages must not be empty",
    "Unknown parameter: 'user'.",
    "Unsupported parameter: 'temperature'",
    "max_tokens is not supported",
    "Invalid schema for function 'f'",
    "reasoning_effort is not supported",
    "image_url.detail: Extra inputs are not permitted",
    "role 'developer' is not supported",
    "response_format is not supported",
  ])("%s", (message) => {
    expect(adapted({ message }, {}, {}).adaptation).toBeUndefined()
  })

  test("a field of the caller's own bag goes out anyway, so nothing is gained by a second try", () => {
    const options: CallOptions = { wire: { "openai-completions": { temperature: 1 } } }
    expect(adapted({ message: "Unsupported parameter: 'temperature'" }, options).adaptation).toBeUndefined()
  })
})

test("one caller's schemas make no other caller's tools loose", () => {
  const call = callOf({
    model: { chat: { strictTools: "per-tool" } },
    context: { messages: [{ role: "user", content: "hi" }], tools: [WEATHER] },
  })
  const where = (message: string) => adapt(classify({ status: 400, message }), call, [])?.learn?.where
  expect(where("Invalid schema for function 'weather': 'format' is not permitted")).toBe("session")
  expect(where("compiled grammar is too large")).toBe("session")
  expect(where("Provider returned error")).toBe("session")
  expect(where("tools[0].function.strict: Extra inputs are not permitted")).toBe("host")
  expect(where("A strict limit on requests applies")).toBeUndefined()
})
