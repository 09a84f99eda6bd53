import OpenAI from "openai"
import { describe, expect, test } from "vitest"
import { classify } from "../../errors/classify.ts"
import { MessageBuilder } from "../../assemble/message-builder.ts"
import { countingMint } from "../../assemble/read-recording.ts"
import type { MessageSink } from "../../contract/builder.ts"
import type { InboundCall } from "../../contract/wire-server.ts"
import { sseText } from "../../framing/sse.ts"
import { SluiceError } from "../../model/errors.ts"
import type { AssistantMessage } from "../../model/message.ts"
import { openaiCompletionsServer as server } from "./server.ts"

function inbound(body: Record<string, unknown> = {}): InboundCall {
  return server.accept({
    route: "/v1/chat/completions",
    params: {},
    query: new URLSearchParams(),
    headers: new Headers(),
    body: { model: "alias", messages: [{ role: "user", content: "hi" }], ...body },
    raw: new Uint8Array(),
  })
}

interface Choice {
  delta: Record<string, unknown>
  message: Record<string, unknown>
  logprobs: { content: unknown[] } | null
  finish_reason: string | null
}

type Chunk = { choices: Choice[]; usage?: unknown; error?: unknown }
type Whole = { choices: [Choice] }

/** What an answer's frames are, and what its document is. */
function answered(
  fill: (out: MessageSink) => void,
  body: Record<string, unknown> = {},
): {
  text: string
  chunks: Chunk[]
  whole: Whole
  message: AssistantMessage
  losses: string[]
} {
  const call = inbound(body)
  const mint = countingMint()
  const builder = new MessageBuilder({
    api: "mock",
    provider: "p",
    model: "m",
    timestamp: 0,
    now: mint.now,
    mintId: mint.id,
    toError: (facts) => classify(facts),
  })
  const responder = server.responder(call, mint)
  const frames = builder.take().flatMap((event) => responder.push(event))
  const sink = new Proxy(builder, {
    get(target, name) {
      const verb = Reflect.get(target, name) as unknown
      if (typeof verb !== "function") return verb
      return (...args: unknown[]) => {
        ;(verb as (...all: unknown[]) => void).apply(target, args)
        for (const event of target.take()) frames.push(...responder.push(event))
      }
    },
  })
  fill(sink)
  builder.finish()
  for (const event of builder.take()) frames.push(...responder.push(event))
  const chunks = frames.filter(({ data }) => data !== "[DONE]").map(({ data }) => JSON.parse(data as string))
  const document = server.responder(call, countingMint())
  const whole = document.whole(builder.message) as Whole
  return {
    text: frames.map(sseText).join(""),
    chunks,
    whole,
    message: builder.message,
    losses: responder.losses.map(({ field }) => field),
  }
}

function sdk(body: string, type: string): OpenAI {
  const respond = async (): Promise<Response> => new Response(body, { headers: { "content-type": type } })
  return new OpenAI({ apiKey: "k", baseURL: "http://h.example/v1", fetch: respond, maxRetries: 0 })
}

const REQUEST = { model: "alias", messages: [{ role: "user" as const, content: "hi" }] }

function speak(out: MessageSink): void {
  out.thinking("t", "hm")
  out.close("t")
  out.text("x", "Hello ")
  out.text("x", "world")
  out.toolCall("a", { id: "call_a", name: "f" })
  out.toolCall("b", { id: "call_b", name: "g" })
  out.args("a", '{"x":')
  out.args("a", "1}")
  out.usage({ input: 3, output: 5, cacheRead: 4, reasoningTokens: 2 })
  out.stop("toolUse")
}

describe("answering", () => {
  test("the vendor's SDK reads the stream", async () => {
    const { text } = answered(speak, { stream: true, stream_options: { include_usage: true } })
    const stream = sdk(text, "text/event-stream").chat.completions.stream({
      ...REQUEST,
      stream_options: { include_usage: true },
    })
    const completion = await stream.finalChatCompletion()
    expect(completion.model).toBe("alias")
    expect(completion.choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: {
        content: "Hello world",
        tool_calls: [
          { id: "call_a", function: { name: "f", arguments: '{"x":1}' } },
          { id: "call_b", function: { name: "g", arguments: "{}" } },
        ],
      },
    })
    expect(completion.usage).toMatchObject({ prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 })
  })

  test("the vendor's SDK reads the document", async () => {
    const { whole } = answered(speak)
    const completion = await sdk(JSON.stringify(whole), "application/json").chat.completions.create(REQUEST)
    expect(completion.choices[0]?.message).toMatchObject({
      content: "Hello world",
      reasoning_content: "hm",
      refusal: null,
    })
    expect(completion.usage?.prompt_tokens_details?.cached_tokens).toBe(4)
    expect(completion.usage?.completion_tokens_details?.reasoning_tokens).toBe(2)
  })

  test("the role comes first, usage last and alone, and only where it is asked for", () => {
    const { chunks } = answered(speak, { stream: true, stream_options: { include_usage: true } })
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: "assistant", content: "" })
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true)
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 12 } })
    expect(JSON.stringify(answered(speak, { stream: true }).chunks)).not.toContain("usage")
  })

  test("a finish of tool calls without a call is none", () => {
    const { chunks, whole } = answered((out) => {
      out.text("x", "a")
      out.stop("toolUse")
    })
    expect([chunks.at(-1)?.choices[0]?.finish_reason, whole.choices[0].finish_reason]).toEqual(["stop", "stop"])
  })

  test("a refusal stands in its own field", () => {
    const { chunks, whole } = answered((out) => out.stop("stop", { type: "refusal", explanation: "no" }))
    expect(chunks.some((chunk) => chunk.choices[0]?.delta["refusal"] === "no")).toBe(true)
    expect(whole.choices[0].message).toMatchObject({ content: null, refusal: "no" })
  })

  test("a failure is an error frame, and nothing says that the answer is complete", () => {
    const { chunks, text } = answered((out) => {
      out.text("x", "a")
      out.fail({ is: "overloaded", message: "busy" })
    })
    expect(chunks.at(-1)).toMatchObject({ error: { message: "busy", type: "upstream_error" } })
    expect(text).not.toContain("[DONE]")
    expect(text).not.toContain('"finish_reason":"')
  })

  test("what the wire cannot carry is reported", () => {
    const { losses } = answered((out) => {
      out.thinking("t", "hm")
      out.attach("t", { signature: "s" })
      out.close("t")
      out.block("r", { type: "redactedThinking", data: { value: "x" } })
      out.text("x", "a")
      out.stop("stop", { type: "pause_turn" })
    })
    expect(losses).toEqual(["content[0].signature", "content[1]", "stopDetails"])
  })

  test("citations and log probabilities follow their text", () => {
    const { chunks, whole } = answered((out) => {
      out.text("x", "a")
      out.attach("x", { citations: [{ type: "url_citation", url_citation: { url: "u" } }], logprobs: [{ token: "a" }] })
      out.stop("stop")
    })
    const choices = chunks.flatMap((chunk) => chunk.choices)
    expect(choices.find(({ delta }) => delta["annotations"])?.delta["annotations"]).toHaveLength(1)
    expect(choices.find(({ logprobs }) => logprobs)?.logprobs?.content).toEqual([{ token: "a" }])
    expect(whole.choices[0]).toMatchObject({ logprobs: { content: [{ token: "a" }] } })
  })

  test("a keep-alive is a comment", () => {
    expect(sseText(server.responder(inbound(), countingMint()).keepAlive())).toBe(":\n\n")
  })
})

describe("failing", () => {
  test.each([
    [
      { code: "rate_limited" as const, status: 429, retryAfterMs: 1500 },
      429,
      "rate_limit_error",
      "rate_limit_exceeded",
    ],
    [{ code: "context_overflow" as const }, 400, "invalid_request_error", "context_length_exceeded"],
    [{ code: "auth_invalid" as const }, 401, "authentication_error", "invalid_api_key"],
    [{ code: "overloaded" as const }, 503, "upstream_error", "overloaded"],
    [{ code: "overloaded" as const, status: 529 }, 529, "upstream_error", "overloaded"],
    [{ code: "aborted" as const }, 499, "request_aborted", null],
    [{ code: "invalid_request" as const, param: "messages[0]" }, 400, "invalid_request_error", null],
  ])("%j", (init, status, type, code) => {
    const failed = server.failure(new SluiceError({ message: "no", ...init }))
    expect(failed.status).toBe(status)
    expect(failed.body).toEqual({ error: { message: "no", type, code, param: "param" in init ? init.param : null } })
    if ("retryAfterMs" in init) {
      expect(failed.headers).toMatchObject({ "retry-after": "2", "retry-after-ms": "1500", "x-should-retry": "true" })
    }
  })
})
