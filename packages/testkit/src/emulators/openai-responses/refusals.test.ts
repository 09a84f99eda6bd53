import OpenAI from "openai"
import { describe, expect, test } from "vitest"
import type { LoopbackServer } from "../../loopback.ts"
import { openaiResponsesEmulator } from "./server.ts"

const ASK = { model: "gpt-5.5", input: "Hi" }
const THINK = { reasoning: { summary: "auto" as const }, include: ["reasoning.encrypted_content" as const] }

function client(server: LoopbackServer): OpenAI {
  return new OpenAI({ apiKey: "sk-good", baseURL: `${server.url}/v1`, maxRetries: 0 })
}

async function post(
  server: LoopbackServer,
  body: unknown,
  path = "/v1/responses",
  headers: Record<string, string> = { authorization: "Bearer sk-good" },
): Promise<{ status: number; error: Record<string, unknown> }> {
  const response = await fetch(server.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  })
  const json = (await response.json()) as { error?: Record<string, unknown> | null }
  return { status: response.status, error: json.error ?? {} }
}

const user = { type: "message", role: "user", content: "Hi" }
const call = { type: "function_call", call_id: "call_1", name: "t", arguments: "{}" }
const output = { type: "function_call_output", call_id: "call_1", output: "1" }
const tool = (parameters: unknown, strict?: boolean): Record<string, unknown> => ({
  type: "function",
  name: "t",
  parameters,
  ...(strict === undefined ? {} : { strict }),
})

describe("requests that the vendor refuses", () => {
  const rows: [string, unknown, Record<string, unknown>][] = [
    ["a body that is no JSON", "{", { message: /parse the JSON body/ }],
    ["no model", { input: "x" }, { param: "model", code: "missing_required_parameter" }],
    ["no input", { model: "m" }, { param: "input", code: "missing_required_parameter" }],
    ["messages of the other API", { model: "m", messages: [] }, { param: "messages", code: "unknown_parameter" }],
    ["an unknown type of item", { model: "m", input: [{ type: "x" }] }, { param: "input[0].type" }],
    [
      "an unknown role",
      { model: "m", input: [{ role: "tool", content: "x" }] },
      { param: "input[0].role", code: "invalid_value" },
    ],
    [
      "a part of the wrong side",
      { model: "m", input: [{ role: "assistant", content: [{ type: "input_text", text: "x" }] }] },
      { param: "input[0].content[0]", message: /'output_text' and 'refusal'/ },
    ],
    [
      "a field that only answers have",
      { model: "m", input: [user, { type: "image_generation_call", id: "ig_1", result: "x", action: "generate" }] },
      { message: "Unknown parameter: 'input[1].action'." },
    ],
    [
      "an output without its call",
      { model: "m", input: [user, output] },
      { message: /No tool call found for function call output with call_id call_1/ },
    ],
    ["an output before its call", { model: "m", input: [output, call] }, { message: /No tool call found/ }],
    [
      "a call without its output",
      { model: "m", input: [user, call, user] },
      { message: /No tool output found for function call call_1/ },
    ],
    [
      "an output of another kind",
      { model: "m", input: [call, { ...output, type: "custom_tool_call_output" }] },
      { message: /No tool call found for custom tool call output/ },
    ],
    [
      "arguments that are an object",
      { model: "m", input: [{ ...call, arguments: {} }] },
      { param: "input[0].arguments" },
    ],
    [
      "an id that is too long",
      { model: "m", input: [{ ...call, call_id: "c".repeat(65) }] },
      { code: "string_above_max_length", param: "input[0].call_id" },
    ],
    [
      "an id of another type",
      { model: "m", input: [{ ...call, id: "msg_1" }, output] },
      { message: /begins with 'fc'/ },
    ],
    ["an id with a bar in it", { model: "m", input: [{ ...call, id: "fc_1|x" }, output] }, { param: "input[0].id" }],
    [
      "reasoning of somebody else",
      { model: "m", input: [{ type: "reasoning", summary: [], encrypted_content: "gAAAAAother" }, user] },
      { code: "invalid_encrypted_content" },
    ],
    ["control words of the model", { model: "gpt-5.5", input: "a <|start|> b" }, { code: "invalid_prompt" }],
    [
      "a detail that does not exist",
      {
        model: "m",
        input: [
          { role: "user", content: [{ type: "input_image", image_url: "data:image/png;base64,AA", detail: "huge" }] },
        ],
      },
      { param: "input[0].content[0].detail" },
    ],
    [
      "temperature to a model that thinks",
      { ...ASK, temperature: 0.2 },
      { param: "temperature", code: "unsupported_parameter" },
    ],
    [
      "an effort to a model that does not",
      { model: "gpt-4o", input: "x", reasoning: { effort: "low" } },
      { param: "reasoning.effort" },
    ],
    [
      "a tool that is named twice",
      { ...ASK, tools: [tool({ type: "object", properties: {} }), tool({ type: "object", properties: {} })] },
      { message: /Duplicate tool name/ },
    ],
    [
      "a tool in the other API's form",
      { ...ASK, tools: [{ type: "function", function: { name: "t" } }] },
      { param: "tools[0].name" },
    ],
    [
      "a schema without properties",
      { ...ASK, tools: [tool({ type: "object" })] },
      { message: /object schema missing properties/ },
    ],
    [
      "a strict tool with an open object",
      { ...ASK, tools: [tool({ type: "object", properties: {} }, true)] },
      { code: "invalid_function_parameters", message: /additionalProperties/ },
    ],
    [
      "a strict tool with an optional property",
      {
        ...ASK,
        tools: [tool({ type: "object", properties: { a: {} }, required: [], additionalProperties: false }, true)],
      },
      { message: /Missing 'a'/ },
    ],
    [
      "an enum against its type",
      { ...ASK, tools: [tool({ type: "object", properties: { a: { type: "null", enum: ["x"] } } })] },
      { message: /enum value "x" does not validate/ },
    ],
    [
      "a choice between schemas",
      { ...ASK, tools: [tool({ type: "object", properties: { a: { oneOf: [{}] } } })] },
      { message: /'oneOf' is not permitted/ },
    ],
    [
      "a pattern that looks ahead",
      { ...ASK, tools: [tool({ type: "object", properties: { a: { type: "string", pattern: "(?=x)" } } })] },
      { message: /not a valid regex/ },
    ],
    ["a forced call without tools", { ...ASK, tool_choice: "required" }, { param: "tool_choice" }],
    [
      "a choice of a tool that is not there",
      { ...ASK, tool_choice: { type: "function", name: "u" } },
      { message: /'u' not found/ },
    ],
    ["a small limit", { ...ASK, max_output_tokens: 5 }, { code: "integer_below_min_value" }],
    ["a long key of the cache", { ...ASK, prompt_cache_key: "k".repeat(65) }, { code: "string_above_max_length" }],
    ["stream options without a stream", { ...ASK, stream_options: {} }, { param: "stream_options" }],
    ["an include that does not exist", { ...ASK, include: ["x"] }, { param: "include[0]" }],
    [
      "JSON without the word",
      { ...ASK, text: { format: { type: "json_object" } } },
      { message: /must contain the word 'json'/ },
    ],
    [
      "a schema without a name",
      { ...ASK, text: { format: { type: "json_schema", schema: {} } } },
      { param: "text.format.name" },
    ],
    [
      "an open schema of an answer",
      {
        ...ASK,
        text: { format: { type: "json_schema", name: "n", strict: true, schema: { type: "object", properties: {} } } },
      },
      { param: "text.format.schema" },
    ],
    [
      "what this host does not take",
      { ...ASK, truncation: "auto" },
      { code: "unsupported_parameter", param: "truncation" },
    ],
  ]
  test.each(rows)("%s", async (_name, body, wanted) => {
    await using server = await openaiResponsesEmulator({ unsupported: ["truncation"] })
    const { status, error } = await post(server, body)
    expect(status).toBe(400)
    const { message, ...rest } = wanted
    expect(error).toMatchObject({ type: "invalid_request_error", ...rest })
    if (message instanceof RegExp) expect(error["message"]).toMatch(message)
    else if (message !== undefined) expect(error["message"]).toEqual(message)
  })

  test("a key that is wrong, a model and a path that do not exist; none uses a step of the script", async () => {
    await using server = await openaiResponsesEmulator({
      apiKey: "sk-good",
      models: ["m"],
      script: [{ text: "first" }],
    })
    const bad = { authorization: "Bearer sk-bad-and-secret" }
    expect(await post(server, {}, "/v1/responses", bad)).toMatchObject({
      status: 401,
      error: { code: "invalid_api_key", message: expect.not.stringContaining("sk-bad-and-secret") },
    })
    expect(await post(server, { model: "n", input: "x" })).toMatchObject({ error: { code: "model_not_found" } })
    expect(await post(server, {}, "/v1/answers")).toMatchObject({ status: 404 })
    expect((await client(server).models.list()).data).toMatchObject([{ id: "m" }])
    expect((await client(server).responses.create({ model: "m", input: "x" })).output_text).toBe("first")
    expect(await post(server, { model: "m", input: "x" })).toMatchObject({ error: { message: /no answer left/ } })
  })

  test("items with ids need the reasoning before them, and that needs to be kept or carried", async () => {
    await using server = await openaiResponsesEmulator({
      script: () => ({ thinking: "hm", toolCalls: [{ id: "call_1", name: "t" }] }),
    })
    const carried = await client(server).responses.create({ ...ASK, ...THINK, store: false })
    const [reasoning, made] = carried.output
    const whole = [user, reasoning, made, output]
    expect(await post(server, { model: "gpt-5.5", input: whole })).toMatchObject({ status: 200 })
    expect(await post(server, { model: "gpt-5.5", input: [user, made, output] })).toMatchObject({
      status: 400,
      error: {
        message: `Item '${made?.id}' of type 'function_call' was provided without its required 'reasoning' item: '${reasoning?.id}'.`,
      },
    })
    const { id: _id, ...nameless } = made as { id?: string }
    expect(await post(server, { model: "gpt-5.5", input: [user, nameless, output] })).toMatchObject({ status: 200 })
    expect(await post(server, { model: "gpt-5.5", input: [user, reasoning, user] })).toMatchObject({
      error: { message: /without its required following item/ },
    })
    const bare = { type: "reasoning", id: reasoning?.id, summary: [] }
    expect(await post(server, { model: "gpt-5.5", input: [user, bare, nameless, output] })).toMatchObject({
      status: 404,
      error: { message: /Items are not persisted when `store` is set to false/ },
    })
    const kept = await client(server).responses.create(ASK)
    const references = kept.output.map((item) => ({ type: "item_reference", id: item.id }))
    expect(await post(server, { model: "gpt-5.5", input: [user, ...references, output] })).toMatchObject({
      status: 200,
    })
    expect(await post(server, { model: "gpt-5.5", input: [{ type: "item_reference", id: "rs_none" }] })).toMatchObject({
      status: 404,
    })
  })
})
