import type { ResponsesCompat } from "@sluice/catalog/core"
import { describe, expect, test } from "vitest"
import { answer, callOf, sealed, THINKS, WEATHER } from "../../../../../tests/support/openai-responses.ts"
import { classify } from "../../errors/classify.ts"
import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { Adaptation, Call } from "../../contract/wire-client.ts"
import type { CallOptions } from "../../model/options.ts"
import { adapt } from "./adapt.ts"
import { encode } from "./request.ts"

/** A host that takes every field there is. */
const ALL: ResponsesCompat = {
  developerRole: true,
  strictTools: "per-tool",
  obfuscation: true,
  promptCacheKey: true,
  promptCacheRetention: true,
  serviceTiers: ["flex"],
}
const OPTIONS: CallOptions = {
  temperature: 0.2,
  topP: 0.9,
  maxTokens: 100,
  user: "u",
  metadata: { a: "b" },
  serviceTier: "flex",
  sessionId: "s",
  cacheRetention: "long",
  reasoning: "low",
  verbosity: "low",
  parallelToolCalls: false,
  output: { type: "jsonSchema", schema: { type: "object", title: "t" } },
}

type Said = Partial<ErrorFacts> & { message: string }

function knowing(known: Record<string, unknown> = {}): Call {
  return callOf({
    model: { responses: ALL, ...THINKS },
    options: OPTIONS,
    known,
    context: {
      systemPrompt: "Be brief.",
      messages: [
        { role: "user", content: [{ type: "image", source: { url: "https://a.example/b.png" }, detail: "high" }] },
        answer([sealed(), { type: "text", text: "Hi", itemId: "msg_1" }]),
        { role: "user", content: "go on" },
      ],
      tools: [WEATHER],
    },
  })
}

function adapted(said: Said): { adaptation: Adaptation | undefined; body: string } {
  const adaptation = adapt(classify({ status: 400, ...said }), knowing(), [])
  return { adaptation, body: JSON.stringify(encode(knowing(adaptation?.learn?.facts)).body) }
}

describe("what a host does not take is left out", () => {
  test.each<[string, Said, string]>([
    ["a field", { message: "Unsupported parameter: 'temperature' is not supported with this model." }, '"temperature"'],
    ["a field by its code", { message: "No.", param: "top_p", code: "unsupported_parameter" }, '"top_p"'],
    ["the cap", { message: "Unknown parameter: 'max_output_tokens'." }, '"max_output_tokens"'],
    ["how long a cache is kept", { message: "prompt_cache_retention is not supported on this model" }, "retention"],
    ["the tier", { message: "Unsupported parameter: 'service_tier'" }, '"service_tier"'],
    ["stream options", { message: "Unknown parameter: 'stream_options.include_obfuscation'." }, "stream_options"],
    ["the detail of pictures", { message: "Unknown parameter: 'input[1].content[0].detail'." }, '"detail"'],
    [
      "the developer role",
      { message: "Invalid value: 'developer'. Supported values are: 'user', 'assistant'.", param: "input[0].role" },
      '"developer"',
    ],
    [
      "summaries",
      {
        message: "Your organization must be verified to generate reasoning summaries.",
        param: "reasoning.summary",
        code: "unsupported_value",
      },
      '"summary":"auto"',
    ],
    [
      "encrypted thinking",
      {
        message: "Encrypted content is not supported with this model.",
        param: "include",
        code: "invalid_request_error",
      },
      "reasoning.encrypted_content",
    ],
    [
      "the effort",
      {
        message: "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
        param: "reasoning.effort",
      },
      '"effort"',
    ],
    ["verbosity", { message: "Unsupported value: 'low' is not supported.", param: "text.verbosity" }, '"verbosity"'],
    ["a schema for the output", { message: "Unknown parameter: 'text.format'" }, '"json_schema"'],
    ["strict tools", { message: "Unknown parameter: 'tools[0].strict'." }, '"strict"'],
    [
      "sealed thinking",
      { message: "The encrypted content could not be verified.", code: "invalid_encrypted_content" },
      "c2VhbGVk",
    ],
    [
      "ids of items",
      { status: 404, message: "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false." },
      "rs_1",
    ],
    [
      "ids of items without their partner",
      { message: "Item 'msg_1' of type 'message' was provided without its required 'reasoning' item: 'rs_1'." },
      "msg_1",
    ],
  ])("%s", (_name, said, gone) => {
    expect(JSON.stringify(encode(knowing()).body)).toContain(gone)
    const { adaptation, body } = adapted(said)
    expect(adaptation).toBeDefined()
    expect(body).not.toContain(gone)
  })

  test("tools that cannot be strict are said not to be, for this conversation, and once only", () => {
    const error = classify({ status: 400, message: "Invalid schema for function 'weather': strict mode requires it." })
    const first = adapt(error, knowing(), [])
    expect(first?.learn?.where).toBe("session")
    const body = encode(knowing(first?.learn?.facts)).body as { tools: { strict: boolean }[] }
    expect(body.tools[0]?.strict).toBe(false)
    const past = [{ error, delivered: "nothing" as const, channel: "http" as const, change: first?.change ?? "" }]
    expect(adapt(error, knowing(), past)).toBeUndefined()
  })

  test("strict tools that a host calls an error of its own are not sent again as such", () => {
    const error = classify({ status: 500, message: "Mixed tools.", type: "wrong_api_format" })
    expect(adapt(error, knowing(), [])?.change).toBe("without strict tools")
  })

  test("an effort out of those that the host lists", () => {
    const { body } = adapted({
      message: "Unsupported value: 'low' is not supported. Supported values are: 'medium' and 'high'.",
      param: "reasoning.effort",
      code: "unsupported_value",
    })
    expect(body).toContain('"effort":"medium"')
  })

  test("an effort that the host names for requests with tools says nothing of the model", () => {
    const message = "Function tools with reasoning effort are not supported. Use a supported effort: 'none'."
    expect(adapted({ message, param: "reasoning.effort" }).adaptation).toBeUndefined()
  })

  test("what the host says of the content stays with the conversation, of itself with the host", () => {
    const where = (said: Said) => adapted(said).adaptation?.learn?.where
    expect(where({ message: "The encrypted content could not be verified." })).toBe("session")
    expect(where({ message: "Unsupported parameter: 'top_p'" })).toBe("host")
  })
})

describe("nothing is changed", () => {
  test.each<[string, Said]>([
    [
      "for a value that is out of range",
      { message: "Invalid 'temperature': must be between 0 and 2.", param: "temperature" },
    ],
    ["for a limit on the rate", { status: 429, message: "Rate limit reached." }],
    ["for a server that broke", { status: 500, message: "The server had an error." }],
    ["for a field that was not sent", { message: "Unknown parameter: 'top_logprobs'." }],
    ["for a schema that is wrong", { message: "Invalid schema for response_format 't'." }],
    ["for a lost earlier answer", { message: "Previous response not found.", code: "previous_response_not_found" }],
  ])("%s", (_name, said) => {
    const call = { ...knowing(), context: { messages: [{ role: "user" as const, content: "hi" }] } }
    expect(adapt(classify({ status: 400, ...said }), call, [])).toBeUndefined()
  })

  test("once something of the answer was delivered", () => {
    const error = classify({ status: 400, message: "Unsupported parameter: 'top_p'" })
    expect(adapt(error, knowing(), [])).toBeDefined()
    expect(adapt(error.with({ delivered: "content" }), knowing(), [])).toBeUndefined()
  })
})
