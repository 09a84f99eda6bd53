import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { SluiceError } from "@sluice/ai"
import { describe, expect, test } from "vitest"
import { accept, callOf } from "../../../../../tests/support/anthropic-messages.ts"
import { handoff } from "../../handoff/handoff.ts"
import { anthropicMessages } from "./client.ts"
import { anthropicMessagesServer } from "./server.ts"

const CAPTURES = join(
  resolve(process.env["SLUICE_CORPUS"] ?? join(import.meta.dirname, "../../../../../../shared")),
  "captures",
)
const base = { model: "m", max_tokens: 10, messages: [{ role: "user", content: "hi" }] }

interface Capture {
  method: string
  path: string
  headers: [string, string][]
  body: Record<string, unknown>
}

describe("requests of real clients", () => {
  if (!existsSync(CAPTURES)) {
    test.skip(`no captures at ${CAPTURES}: set SLUICE_CORPUS to the folder that holds them`, () => {})
    return
  }
  const files = readdirSync(CAPTURES)
    .filter((dir) => /^(?:claude-code|sdk-anthropic)/.test(dir))
    .flatMap((dir) => readdirSync(join(CAPTURES, dir)).map((file) => join(dir, file)))
  for (const file of files) {
    const capture = JSON.parse(readFileSync(join(CAPTURES, file), "utf8")) as Capture
    if (capture.method !== "POST") continue
    test(`${file} is taken and can be sent on`, () => {
      const call = accept(capture.body, { route: capture.path, headers: Object.fromEntries(capture.headers) })
      expect(call.model).toBe(capture.body["model"])
      expect(call.op).toBe(capture.path.endsWith("count_tokens") ? "countTokens" : "generate")
      expect(call.stream).toBe(capture.body["stream"] === true)
      if (file.startsWith("claude-code")) {
        expect(call.affinity).toMatch(/^[0-9a-f-]{36}$/)
        expect(call.forward["anthropic-beta"]).toContain("claude-code-20250219")
        expect(call.context.tools?.length).toBe((capture.body["tools"] as unknown[]).length)
      }
      const sent = callOf()
      const { context } = handoff(call.context, sent.model, anthropicMessages.traits)
      const { body } = anthropicMessages.encode({ ...sent, context, options: call.options })
      expect((body as { messages: unknown[] }).messages.length).toBeGreaterThan(0)
    })
  }
})

describe("conversations", () => {
  test("results of tools become messages in their place", () => {
    const { context } = accept({
      ...base,
      messages: [
        { role: "user", content: "q" },
        { role: "assistant", content: [{ type: "tool_use", id: "t", name: "f", input: { a: 1 } }] },
        {
          role: "user",
          content: [
            { type: "text", text: "before" },
            {
              type: "tool_result",
              tool_use_id: "t",
              content: [{ type: "text", text: "r" }],
              is_error: true,
              cache_control: { type: "ephemeral" },
            },
            { type: "text", text: "after", cache_control: { type: "ephemeral", ttl: "1h" } },
          ],
        },
      ],
    })
    expect(context.messages).toMatchObject([
      { role: "user", content: "q" },
      { role: "assistant", stopReason: "toolUse", content: [{ type: "toolCall", id: "t", arguments: { a: 1 } }] },
      { role: "user", content: [{ text: "before" }] },
      { role: "toolResult", toolCallId: "t", isError: true, cache: "short", content: [{ text: "r" }] },
      { role: "user", content: [{ text: "after", cache: "long" }] },
    ])
  })

  test("every kind of block is read, and unknown ones are kept", () => {
    const blocks = [
      { type: "image", source: { type: "base64", media_type: "image/png", data: "AA==" } },
      { type: "image", source: { type: "url", url: "https://x.invalid/a.png" } },
      { type: "image", source: { type: "file", file_id: "f1" } },
      {
        type: "document",
        source: { type: "base64", media_type: "application/pdf", data: "AA==" },
        title: "T",
        context: "C",
        citations: { enabled: true },
      },
      { type: "document", source: { type: "text", media_type: "text/plain", data: "d" } },
      {
        type: "document",
        source: {
          type: "content",
          content: [
            { type: "text", text: "a" },
            { type: "text", text: "b" },
          ],
        },
      },
      { type: "document", source: { type: "url", url: "https://x.invalid/a.pdf" } },
      { type: "search_result", source: "s", title: "t", content: [{ type: "text", text: "x" }] },
      { type: "novelty", field: 1 },
    ]
    const { context, losses } = accept({ ...base, messages: [{ role: "user", content: blocks }] })
    expect(context.messages[0]?.content).toEqual([
      { type: "image", source: { data: "AA==", mimeType: "image/png" } },
      { type: "image", source: { url: "https://x.invalid/a.png" } },
      { type: "image", source: { fileId: "f1" } },
      {
        type: "document",
        source: { data: "AA==", mimeType: "application/pdf" },
        title: "T",
        context: "C",
        citations: true,
      },
      { type: "document", source: { text: "d" } },
      { type: "document", source: { text: "a\n\nb" } },
      { type: "document", source: { url: "https://x.invalid/a.pdf" } },
      { type: "native", api: "anthropic-messages", item: blocks[7] },
      { type: "native", api: "anthropic-messages", item: blocks[8] },
    ])
    expect(losses).toMatchObject([{ kind: "approximated", field: "messages[0].content[5].source.content" }])
  })

  test("an earlier answer keeps its signatures, hidden thinking and provider-run blocks", () => {
    const search = { type: "server_tool_use", id: "s", name: "web_search", input: {} }
    const { context } = accept({
      ...base,
      messages: [
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "t", signature: "sig" },
            { type: "thinking", thinking: "u", signature: "" },
            { type: "redacted_thinking", data: "zz" },
            search,
            { type: "text", text: "a", citations: [{ type: "page_location" }] },
          ],
        },
      ],
    })
    expect(context.messages[0]?.content).toEqual([
      { type: "thinking", thinking: "t", signature: { value: "sig" } },
      { type: "thinking", thinking: "u" },
      { type: "redactedThinking", data: { value: "zz" } },
      { type: "native", api: "anthropic-messages", item: search },
      { type: "text", text: "a", citations: [{ type: "page_location" }] },
    ])
  })

  test.each(["system", "developer"])("a %s turn between others is an instruction", (role) => {
    const { context, losses } = accept({
      ...base,
      messages: [...base.messages, { role, content: "be brief", output_config: { effort: "low" } }],
    })
    expect(context.messages[1]).toEqual({ role: "developer", content: "be brief" })
    expect(losses).toMatchObject([{ field: "messages[1].output_config", kind: "dropped" }])
  })

  test("tools of unknown types are kept, and what a tool of ours cannot hold is named", () => {
    const search = { type: "web_search_20250305", name: "web_search", max_uses: 3 }
    const { context, losses } = accept({
      ...base,
      tools: [
        {
          name: "f",
          description: "d",
          input_schema: { type: "object" },
          strict: true,
          defer_loading: true,
          cache_control: { type: "ephemeral" },
        },
        search,
      ],
    })
    expect(context.tools).toEqual([
      { name: "f", description: "d", parameters: { type: "object" }, strict: true, cache: "short" },
      { type: "native", api: "anthropic-messages", item: search },
    ])
    expect(losses).toMatchObject([{ field: "tools[0].defer_loading" }])
  })
})

describe("settings", () => {
  test.each([
    [{ thinking: { type: "enabled", budget_tokens: 8192 } }, { reasoning: "medium", thinkingBudget: 8192 }],
    [{ thinking: { type: "disabled" } }, { reasoning: "off" }],
    [{ thinking: { type: "adaptive", display: "omitted" } }, { reasoning: "high", showThinking: false }],
    [{ thinking: { type: "adaptive" }, output_config: { effort: "low" } }, { reasoning: "low" }],
    [{ output_config: { effort: "max" } }, { reasoning: "max" }],
    [
      { tool_choice: { type: "any", disable_parallel_tool_use: true } },
      { toolChoice: "required", parallelToolCalls: false },
    ],
    [{ tool_choice: { type: "tool", name: "f" } }, { toolChoice: { name: "f" } }],
    [
      { stop_sequences: ["a"], top_k: 3, top_p: 0.5, temperature: 0 },
      { stop: ["a"], topK: 3, topP: 0.5, temperature: 0 },
    ],
    [{ metadata: { user_id: "u" } }, { user: "u" }],
    [{ speed: "fast" }, { serviceTier: "priority" }],
    [
      { output_config: { format: { type: "json_schema", schema: { type: "object" } } } },
      { output: { type: "jsonSchema", schema: { type: "object" } } },
    ],
    [
      { output_config: { task_budget: { type: "tokens", total: 9 } } },
      { wire: { "anthropic-messages": { output_config: { task_budget: { type: "tokens", total: 9 } } } } },
    ],
  ])("%j", (fields, options) => {
    expect(accept({ ...base, ...fields }).options).toMatchObject(options)
  })

  test("fields that nobody knows are ignored and named", () => {
    expect(accept({ ...base, brand_new: 1 }).losses).toEqual([
      { field: "brand_new", kind: "dropped", reason: "The field is not known." },
    ])
  })

  test("a session is found in the header, and in both forms of the user's id", () => {
    const user = (user_id: string): string | undefined => accept({ ...base, metadata: { user_id } }).affinity
    expect(accept(base, { headers: { "X-Claude-Code-Session-Id": "h" } }).affinity).toBe("h")
    expect(user('{"device_id":"d","session_id":"j"}')).toBe("j")
    expect(user("user_ab_account_cd_session_ef-1")).toBe("ef-1")
    expect(user("somebody")).toBeUndefined()
  })

  test("betas are for hosts of the same wire, without those of a login", () => {
    const { forward } = accept(base, { headers: { "anthropic-beta": "a, oauth-2025-04-20,b" } })
    expect(forward).toEqual({ "anthropic-beta": "a,b" })
  })

  test("a request to count needs no limit, and one for an answer does", () => {
    const { max_tokens: _, ...rest } = base
    expect(accept(rest, { route: "/v1/messages/count_tokens" }).op).toBe("countTokens")
    expect(() => accept(rest)).toThrow(/max_tokens/)
  })
})

describe("wrong shapes name their place", () => {
  test.each([
    ["body", null],
    ["model", { ...base, model: 1 }],
    ["messages", { ...base, messages: "hi" }],
    ["messages", { ...base, messages: [] }],
    ["messages[0].role", { ...base, messages: [{ role: "robot", content: "x" }] }],
    ["messages[0].content", { ...base, messages: [{ role: "user" }] }],
    ["messages[0].content[0].text", { ...base, messages: [{ role: "user", content: [{ type: "text" }] }] }],
    ["messages[0].content[0].source", { ...base, messages: [{ role: "user", content: [{ type: "image" }] }] }],
    [
      "messages[0].content[0].source.type",
      { ...base, messages: [{ role: "user", content: [{ type: "image", source: { type: "x" } }] }] },
    ],
    [
      "messages[0].content[0].tool_use_id",
      { ...base, messages: [{ role: "user", content: [{ type: "tool_result" }] }] },
    ],
    [
      "messages[0].content[0].id",
      { ...base, messages: [{ role: "assistant", content: [{ type: "tool_use", name: "f" }] }] },
    ],
    [
      "messages[0].content[0].input",
      { ...base, messages: [{ role: "assistant", content: [{ type: "tool_use", id: "t", name: "f", input: "x" }] }] },
    ],
    [
      "messages[0].content[0].thinking",
      { ...base, messages: [{ role: "assistant", content: [{ type: "thinking" }] }] },
    ],
    ["system[0].type", { ...base, system: [{ type: "image" }] }],
    ["tools[0].input_schema", { ...base, tools: [{ name: "f" }] }],
    ["tool_choice.type", { ...base, tool_choice: { type: "maybe" } }],
    ["max_tokens", { ...base, max_tokens: "10" }],
    ["max_tokens", { ...base, max_tokens: 0 }],
    ["temperature", { ...base, temperature: "hot" }],
    ["stop_sequences[0]", { ...base, stop_sequences: [1] }],
    ["thinking.budget_tokens", { ...base, thinking: { type: "enabled" } }],
    ["stream", { ...base, stream: "yes" }],
  ])("%s", (param, body) => {
    let thrown: unknown
    try {
      accept(body)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code: "invalid_request", param })
    const answer = anthropicMessagesServer.failure(thrown as SluiceError)
    expect(answer).toMatchObject({ status: 400, body: { type: "error", error: { type: "invalid_request_error" } } })
    expect(JSON.stringify(answer.body)).toContain(param.replaceAll('"', ""))
  })
})

describe("failures", () => {
  test.each([
    ["auth_invalid", undefined, 401, "authentication_error"],
    ["billing", undefined, 402, "billing_error"],
    ["permission_denied", undefined, 403, "permission_error"],
    ["model_not_found", undefined, 404, "not_found_error"],
    ["invalid_request", 413, 413, "request_too_large"],
    ["rate_limited", undefined, 429, "rate_limit_error"],
    ["server_error", undefined, 500, "api_error"],
    ["network", undefined, 502, "api_error"],
    ["timeout", undefined, 504, "timeout_error"],
    ["overloaded", undefined, 529, "overloaded_error"],
  ] as const)("%s", (code, status, wanted, type) => {
    const error = new SluiceError({
      code,
      message: "Why.",
      requestId: "r",
      retryAfterMs: 1500,
      ...(status ? { status } : {}),
    })
    expect(anthropicMessagesServer.failure(error)).toEqual({
      status: wanted,
      headers: { "content-type": "application/json", "x-should-retry": String(error.retryable), "retry-after": "2" },
      body: { type: "error", error: { type, message: "Why." }, request_id: "r" },
    })
  })

  test("a prompt that is too long is told in the words that clients look for", () => {
    const error = new SluiceError({
      code: "context_overflow",
      message: "This model's maximum context length is 8192 tokens.",
    })
    expect(JSON.stringify(anthropicMessagesServer.failure(error).body)).toContain("prompt is too long")
  })
})
