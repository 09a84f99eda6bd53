/** Requests that break one rule each, made out of ones that break none: the validator names that rule, and no other. */
import { readFileSync, readdirSync } from "node:fs"
import { describe, expect, test } from "vitest"
import type { AnyBody } from "../support/call.ts"
import { VALIDATORS, type Asked } from "./index.ts"

type Break = (body: AnyBody) => void
type Row = [rule: string, what: string, broken: Break, more?: Partial<Asked>]

const schema = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
}

/** A whole conversation with a call and its result, in the spelling of each wire. */
const SOUND: Readonly<Record<string, { model: string; body: () => AnyBody }>> = {
  "anthropic-messages": {
    model: "claude-sonnet-4-5",
    body: () => ({
      model: "claude-sonnet-4-5",
      max_tokens: 4000,
      system: [{ type: "text", text: "Be brief." }],
      thinking: { type: "enabled", budget_tokens: 1024 },
      tools: [{ name: "weather", input_schema: structuredClone(schema) }],
      messages: [
        { role: "user", content: [{ type: "text", text: "Weather?" }] },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "Look.", signature: "c2ln" },
            { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Rome" } },
          ],
        },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "sunny" }] },
      ],
    }),
  },
  "openai-completions": {
    model: "gpt-5",
    body: () => ({
      model: "gpt-5",
      max_completion_tokens: 4000,
      tools: [{ type: "function", function: { name: "weather", strict: true, parameters: structuredClone(schema) } }],
      messages: [
        { role: "user", content: "Weather?" },
        {
          role: "assistant",
          content: "",
          tool_calls: [{ id: "call_1", type: "function", function: { name: "weather", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "call_1", content: "sunny" },
      ],
    }),
  },
  "openai-responses": {
    model: "gpt-5",
    body: () => ({
      model: "gpt-5",
      store: false,
      max_output_tokens: 4000,
      tools: [{ type: "function", name: "weather", strict: true, parameters: structuredClone(schema) }],
      input: [
        { role: "user", content: [{ type: "input_text", text: "Weather?" }] },
        { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "c2ln" },
        { type: "function_call", call_id: "call_1", name: "weather", arguments: "{}" },
        { type: "function_call_output", call_id: "call_1", output: "sunny" },
      ],
    }),
  },
  "google-generative-ai": {
    model: "gemini-3-pro-preview",
    body: () => ({
      contents: [
        { role: "user", parts: [{ text: "Weather?" }] },
        { role: "model", parts: [{ functionCall: { name: "weather", args: {} }, thoughtSignature: "c2ln" }] },
        { role: "user", parts: [{ functionResponse: { name: "weather", response: { output: "sunny" } } }] },
      ],
      systemInstruction: { parts: [{ text: "Be brief." }] },
      tools: [{ functionDeclarations: [{ name: "weather", parametersJsonSchema: structuredClone(schema) }] }],
      generationConfig: { maxOutputTokens: 4000 },
    }),
  },
  "bedrock-converse-stream": {
    model: "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    body: () => ({
      messages: [
        { role: "user", content: [{ text: "Weather?" }] },
        { role: "assistant", content: [{ toolUse: { toolUseId: "tooluse_1", name: "weather", input: {} } }] },
        { role: "user", content: [{ toolResult: { toolUseId: "tooluse_1", content: [{ text: "sunny" }] } }] },
      ],
      system: [{ text: "Be brief." }],
      inferenceConfig: { maxTokens: 4000 },
      toolConfig: { tools: [{ toolSpec: { name: "weather", inputSchema: { json: structuredClone(schema) } } }] },
    }),
  },
  "ollama-chat": {
    model: "qwen3:8b",
    body: () => ({
      model: "qwen3:8b",
      messages: [
        { role: "user", content: "Weather?" },
        { role: "assistant", content: "", tool_calls: [{ function: { name: "weather", arguments: {} } }] },
        { role: "tool", tool_name: "weather", content: "sunny" },
      ],
      tools: [
        { type: "function", function: { name: "weather", description: "", parameters: structuredClone(schema) } },
      ],
    }),
  },
}

const mark = (ttl?: string): AnyBody => ({ type: "ephemeral", ...(ttl === undefined ? {} : { ttl }) })
const issued = { issued: new Map([["c2ln", "Look."]]) }

const BROKEN: Readonly<Record<string, readonly Row[]>> = {
  "anthropic-messages": [
    ["tool-use-unanswered", "the result is gone", (b) => (b["messages"][2].content = [{ type: "text", text: "x" }])],
    [
      "tool-result-unpaired",
      "a result of another call",
      (b) => b["messages"][2].content.push({ type: "tool_result", tool_use_id: "toolu_2", content: "x" }),
    ],
    [
      "tool-result-duplicate",
      "two results of one call",
      (b) => b["messages"][2].content.push({ ...b["messages"][2].content[0] }),
    ],
    [
      "tool-use-id",
      "an id with a bar",
      (b) => (b["messages"][1].content[1].id = b["messages"][2].content[0].tool_use_id = "a|b"),
    ],
    [
      "tool-error-content",
      "a failure without a word",
      (b) => Object.assign(b["messages"][2].content[0], { is_error: true, content: [] }),
    ],
    [
      "tool-result-content",
      "a call within a result",
      (b) => (b["messages"][2].content[0].content = [{ type: "server_tool_use", id: "s", name: "f", input: {} }]),
    ],
    ["thinking-first", "the thinking is gone", (b) => b["messages"][1].content.shift()],
    [
      "thinking-signature",
      "a signature of somebody else",
      (b) => (b["messages"][1].content[0].signature = "ZWxzZQ=="),
      issued,
    ],
    [
      "thinking-modified",
      "another text under a signature",
      (b) => (b["messages"][1].content[0].thinking = "Do not look."),
      issued,
    ],
    [
      "redacted-data",
      "hidden thinking of somebody else",
      (b) => b["messages"][1].content.unshift({ type: "redacted_thinking", data: "ZWxzZQ==" }),
      issued,
    ],
    ["thinking-cached", "a mark on thinking", (b) => (b["messages"][1].content[0].cache_control = mark())],
    ["thinking-budget", "too small a budget", (b) => (b["thinking"].budget_tokens = 1000)],
    ["thinking-budget-limit", "no room beside the budget", (b) => (b["max_tokens"] = 1024)],
    ["thinking-sampling", "a temperature beside thinking", (b) => (b["temperature"] = 0.5)],
    ["tool-choice-thinking", "a forced tool beside thinking", (b) => (b["tool_choice"] = { type: "any" })],
    [
      "tool-choice-unknown",
      "a tool that is not there",
      (b) => {
        b["tool_choice"] = { type: "tool", name: "x" }
        delete b["thinking"]
      },
    ],
    [
      "tool-choice-without-tools",
      "a choice of nothing",
      (b) => {
        b["tool_choice"] = { type: "auto" }
        delete b["tools"]
      },
    ],
    [
      "cache-count",
      "a fifth mark",
      (b) => (b["system"] = Array.from({ length: 5 }, () => ({ type: "text", text: "x", cache_control: mark() }))),
    ],
    [
      "cache-ttl-order",
      "an hour behind five minutes",
      (b) => {
        b["tools"][0].cache_control = mark()
        b["system"][0].cache_control = mark("1h")
      },
    ],
    ["cache-ttl", "a day", (b) => (b["system"][0].cache_control = mark("24h"))],
    ["empty-text", "an empty text", (b) => (b["messages"][0].content[0].text = "")],
    ["blank-text", "a blank text", (b) => (b["messages"][0].content[0].text = " \n")],
    ["empty-message", "a message of nothing", (b) => (b["messages"][0].content = [])],
    ["first-role", "an answer first", (b) => b["messages"].unshift({ role: "assistant", content: "a" })],
    [
      "trailing-whitespace",
      "a beginning of the answer that ends in a space",
      (b) => {
        delete b["thinking"]
        b["messages"].push({ role: "assistant", content: "a " })
      },
    ],
    [
      "prefill",
      "a beginning of the answer beside thinking",
      (b) => b["messages"].push({ role: "assistant", content: "a" }),
    ],
    [
      "image-media-type",
      "a picture that is not read",
      (b) =>
        b["messages"][0].content.push({
          type: "image",
          source: { type: "base64", media_type: "image/tiff", data: "AA==" },
        }),
    ],
    ["tool-name", "a dotted name", (b) => (b["tools"][0].name = "a.b")],
    ["tool-name-unique", "one name twice", (b) => b["tools"].push(b["tools"][0])],
    ["schema-union", "a union at the root", (b) => (b["tools"][0].input_schema.anyOf = [{}])],
    ["schema-type", "a text as input", (b) => (b["tools"][0].input_schema.type = "string")],
    ["stop-sequences-count", "a fifth stop sequence", (b) => (b["stop_sequences"] = ["a", "b", "c", "d", "e"])],
    ["stop-sequence-blank", "a blank stop sequence", (b) => (b["stop_sequences"] = [" "])],
    ["unknown-field", "a field of another vendor", (b) => (b["frequency_penalty"] = 1)],
    [
      "sampling-refused",
      "a temperature to a model that takes none",
      (b) => {
        b["temperature"] = 1
        b["thinking"] = { type: "adaptive" }
      },
      { model: "claude-opus-4-8" },
    ],
    ["unpaired-surrogate", "half a character", (b) => (b["messages"][0].content[0].text = "half \ud83d")],
  ],
  "openai-completions": [
    ["tool-calls-unanswered", "the result is gone", (b) => b["messages"].pop()],
    [
      "tool-message-unpaired",
      "a result of another call",
      (b) => b["messages"].push({ role: "tool", tool_call_id: "x", content: "y" }),
    ],
    [
      "tool-call-id-length",
      "an id of 41 characters",
      (b) => (b["messages"][1].tool_calls[0].id = b["messages"][2].tool_call_id = "x".repeat(41)),
    ],
    ["tool-call-name", "a dotted name of a call", (b) => (b["messages"][1].tool_calls[0].function.name = "a.b")],
    ["tool-name", "a dotted name", (b) => (b["tools"][0].function.name = "a.b")],
    ["tools-empty", "an empty list of tools", (b) => (b["tools"] = [])],
    [
      "strict-additional-properties",
      "an open object",
      (b) => delete b["tools"][0].function.parameters.additionalProperties,
    ],
    ["strict-required", "an optional property", (b) => (b["tools"][0].function.parameters.required = [])],
    [
      "strict-keyword",
      "a keyword that strict mode has not",
      (b) => (b["tools"][0].function.parameters.properties.city.not = {}),
    ],
    [
      "tool-choice-unknown",
      "a tool that is not there",
      (b) => (b["tool_choice"] = { type: "function", function: { name: "x" } }),
    ],
    [
      "tool-choice-without-tools",
      "a choice of nothing",
      (b) => {
        delete b["tools"]
        b["tool_choice"] = "auto"
      },
    ],
    [
      "parallel-without-tools",
      "parallel calls of nothing",
      (b) => {
        delete b["tools"]
        b["parallel_tool_calls"] = true
      },
    ],
    [
      "max-tokens-refused",
      "the old limit to a model that thinks",
      (b) => {
        delete b["max_completion_tokens"]
        b["max_tokens"] = 9
      },
    ],
    ["sampling-refused", "a temperature to a model that thinks", (b) => (b["temperature"] = 0.5)],
    ["stop-count", "a fifth stop sequence", (b) => (b["stop"] = ["a", "b", "c", "d", "e"])],
    ["json-word", "JSON without the word", (b) => (b["response_format"] = { type: "json_object" })],
    [
      "part-type",
      "a picture in an answer",
      (b) => (b["messages"][1].content = [{ type: "image_url", image_url: { url: "https://x.invalid" } }]),
    ],
    ["unknown-field", "thinking in an answer", (b) => (b["messages"][1].reasoning_content = "x")],
    ["content-empty", "no part at all", (b) => (b["messages"][0].content = [])],
    ["unpaired-surrogate", "half a character", (b) => (b["messages"][0].content = "\udc00")],
  ],
  "openai-responses": [
    ["call-unanswered", "the result is gone", (b) => b["input"].pop()],
    [
      "output-unpaired",
      "a result of another call",
      (b) => b["input"].push({ type: "function_call_output", call_id: "x", output: "y" }),
    ],
    [
      "reasoning-alone",
      "thinking that nothing follows",
      (b) => b["input"].push({ type: "reasoning", id: "rs_2", summary: [], encrypted_content: "c2ln" }),
    ],
    ["encrypted-content", "thinking of somebody else", (b) => (b["input"][1].encrypted_content = "ZWxzZQ=="), issued],
    ["item-unknown", "thinking that is not stored", (b) => delete b["input"][1].encrypted_content],
    ["id-length", "an id of 65 characters", (b) => (b["input"][2].call_id = b["input"][3].call_id = "x".repeat(65))],
    ["id-prefix", "an id of another kind of item", (b) => (b["input"][2].id = "msg_1")],
    ["strict-additional-properties", "an open object", (b) => delete b["tools"][0].parameters.additionalProperties],
    ["schema-items", "a list of nothing", (b) => (b["tools"][0].parameters.properties.city = { type: "array" })],
    [
      "tool-choice-without-tools",
      "a forced call of nothing",
      (b) => {
        delete b["tools"]
        b["tool_choice"] = "required"
      },
    ],
    ["max-output-tokens", "too small a limit", (b) => (b["max_output_tokens"] = 15)],
    ["thinking-refused", "a temperature to a model that thinks", (b) => (b["temperature"] = 0.5)],
    [
      "image-url",
      "a picture that is none",
      (b) => b["input"][0].content.push({ type: "input_image", image_url: "gs://a/b.png" }),
    ],
    ["part-type", "an answer's part said by the user", (b) => (b["input"][0].content[0].type = "output_text")],
    ["input-missing", "nothing said", (b) => (b["input"] = [])],
  ],
  "google-generative-ai": [
    ["response-count", "two results of one call", (b) => b["contents"][2].parts.push(b["contents"][2].parts[0])],
    ["response-order", "a result without a call", (b) => b["contents"].splice(1, 1)],
    ["call-turn-order", "a call first", (b) => b["contents"].shift()],
    ["call-signature", "a call without a signature", (b) => delete b["contents"][1].parts[0].thoughtSignature],
    [
      "signature",
      "a signature of another model",
      (b) => (b["contents"][1].parts[0].thoughtSignature = "ZWxzZQ=="),
      issued,
    ],
    ["part-data", "an empty text", (b) => (b["contents"][0].parts = [{ text: "" }])],
    ["parts-empty", "a turn of nothing", (b) => (b["contents"][0].parts = [])],
    [
      "base64",
      "data that is no base64",
      (b) => b["contents"][0].parts.push({ inlineData: { mimeType: "image/png", data: "a" } }),
    ],
    [
      "schema-keyword",
      "a condition in a schema",
      (b) => (b["tools"][0].functionDeclarations[0].parametersJsonSchema.patternProperties = {}),
    ],
    ["tool-name", "a name that begins with a digit", (b) => (b["tools"][0].functionDeclarations[0].name = "9a")],
    [
      "tool-choice-unknown",
      "a function that is not there",
      (b) => (b["toolConfig"] = { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["x"] } }),
    ],
    [
      "thinking-twice",
      "a level and a budget",
      (b) => (b["generationConfig"].thinkingConfig = { thinkingBudget: 128, thinkingLevel: "LOW" }),
    ],
    [
      "stop-sequences-count",
      "a sixth stop sequence",
      (b) => (b["generationConfig"].stopSequences = ["a", "b", "c", "d", "e", "f"]),
    ],
    ["max-tokens", "more than the model makes", (b) => (b["generationConfig"].maxOutputTokens = 100_000)],
    ["unknown-field", "a field of another vendor", (b) => (b["max_tokens"] = 9)],
  ],
  "bedrock-converse-stream": [
    ["tool-use-unanswered", "the result is gone", (b) => (b["messages"][2].content = [{ text: "x" }])],
    [
      "tool-result-unpaired",
      "a result of another call",
      (b) => b["messages"][2].content.push({ toolResult: { toolUseId: "x", content: [] } }),
    ],
    ["alternation", "two turns of the user", (b) => b["messages"].push({ role: "user", content: [{ text: "x" }] })],
    ["first-role", "an answer first", (b) => b["messages"].shift()],
    ["blank-text", "a blank text", (b) => (b["messages"][0].content[0].text = " ")],
    [
      "document-name",
      "a name with a dot",
      (b) => b["messages"][0].content.push({ document: { name: "a.pdf", format: "pdf", source: { bytes: "AA==" } } }),
    ],
    [
      "document-name-unique",
      "one name twice",
      (b) =>
        b["messages"][0].content.push(
          ...[1, 2].map(() => ({ document: { name: "a", format: "pdf", source: { bytes: "AA==" } } })),
        ),
    ],
    [
      "document-without-text",
      "a document alone",
      (b) => (b["messages"][0].content = [{ document: { name: "a", format: "pdf", source: { bytes: "AA==" } } }]),
    ],
    [
      "cache-count",
      "a fifth cache point",
      (b) => b["system"].push(...Array.from({ length: 5 }, () => ({ cachePoint: { type: "default" } }))),
    ],
    ["tools-missing", "calls without tools", (b) => delete b["toolConfig"]],
    ["tool-choice-unknown", "a tool that is not there", (b) => (b["toolConfig"].toolChoice = { tool: { name: "x" } })],
    [
      "thinking-first",
      "a budget in a turn that began without thinking",
      (b) => (b["additionalModelRequestFields"] = { thinking: { type: "enabled", budget_tokens: 1024 } }),
    ],
    [
      "thinking-signature",
      "a signature of somebody else",
      (b) =>
        b["messages"][1].content.unshift({
          reasoningContent: { reasoningText: { text: "Look.", signature: "ZWxzZQ==" } },
        }),
      issued,
    ],
    ["schema-type", "a text as input", (b) => (b["toolConfig"].tools[0].toolSpec.inputSchema.json.type = "string")],
    [
      "base64",
      "data that is no base64",
      (b) => b["messages"][0].content.push({ image: { format: "png", source: { bytes: "a" } } }),
    ],
  ],
  "ollama-chat": [
    ["role", "a developer", (b) => (b["messages"][0].role = "developer")],
    ["wrong-type", "arguments as text", (b) => (b["messages"][1].tool_calls[0].function.arguments = "{}")],
    ["image-base64", "a picture that is no base64", (b) => (b["messages"][0].images = ["a"])],
    ["think", "a level that is none", (b) => (b["think"] = "extreme")],
    ["format", "a format that is none", (b) => (b["format"] = "yaml")],
    ["option-integer", "half a token", (b) => (b["options"] = { num_predict: 1.5 })],
  ],
}

const rulesOf = (wire: string, asked: Asked): string[] => (VALIDATORS[wire]?.(asked) ?? []).map(({ rule }) => rule)

describe.each(Object.entries(BROKEN))("%s", (wire, rows) => {
  const { model, body } = SOUND[wire] as (typeof SOUND)[string]

  test("the whole request breaks no rule", () => {
    expect(VALIDATORS[wire]?.({ body: body(), headers: {}, model })).toEqual([])
    const opaque = rows.some(([, , , more]) => more?.issued)
    if (opaque) expect(rulesOf(wire, { body: body(), headers: {}, model, ...issued })).toEqual([])
  })

  test.each(rows)("%s: %s", (rule, _what, change, more) => {
    const broken = body()
    change(broken)
    expect(rulesOf(wire, { body: broken, headers: {}, model, ...more })).toEqual([rule])
  })
})

test("there are enough of them", () => {
  expect(Object.values(BROKEN).flat().length).toBeGreaterThanOrEqual(50)
})

test("a validator knows nothing of how the wires spell a request", () => {
  const folders = ["../../packages/testkit/src/rules", "../../packages/testkit/src/emulators", "."]
  for (const folder of folders) {
    const root = new URL(`${folder}/`, import.meta.url)
    for (const file of readdirSync(root, { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue
      const text = readFileSync(new URL(file, root), "utf8")
      expect(text, file).not.toMatch(
        /from "(?:@sluice\/ai\/(?:wires|endpoints|auto)|[^"]*ai\/src\/(?:wires|handoff|endpoints))/,
      )
    }
  }
})
