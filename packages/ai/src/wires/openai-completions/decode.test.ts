import { describe, expect, test } from "vitest"
import { readRecording } from "../../assemble/read-recording.ts"
import type { AssistantMessage } from "../../model/message.ts"
import { openaiCompletions } from "./client.ts"

const MODEL = { id: "m", provider: "p", api: "openai-completions", baseUrl: "", input: [], output: [], compat: {} }
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

function streamed(chunks: readonly unknown[]): AssistantMessage {
  const body = chunks.map((one) => `data: ${typeof one === "string" ? one : JSON.stringify(one)}\n\n`).join("")
  return readRecording(openaiCompletions, MODEL, { stream: true, chunks: [encode(body)] })
}

function whole(body: unknown, stream = false): AssistantMessage {
  return readRecording(openaiCompletions, MODEL, { stream, chunks: [encode(JSON.stringify(body))] })
}

const delta = (fields: object, more: object = {}): object => ({ choices: [{ index: 0, delta: fields, ...more }] })
const stop = delta({}, { finish_reason: "stop" })

describe("a stream", () => {
  test("is incomplete without a word of its end, whatever it held", () => {
    const cut = streamed([delta({ content: "a" })])
    expect(cut).toMatchObject({ stopReason: "error", error: { code: "stream_incomplete" }, content: [{ text: "a" }] })
    expect(streamed([delta({ role: "assistant" }), "[DONE]"]).error?.code).toBe("stream_incomplete")
    expect(streamed([]).error?.code).toBe("stream_incomplete")
  })

  test("is complete at `[DONE]` where there was content", () => {
    expect(streamed([delta({ content: "a" }), "[DONE]"]).stopReason).toBe("stop")
  })

  test("passes over a choice that is none, wherever it comes", () => {
    for (const none of [{ choices: [null] }, { choices: ["x"] }]) {
      const message = streamed([none, delta({ content: "a" }), delta({ content: "b" }), none, stop])
      expect(message).toMatchObject({ stopReason: "stop", content: [{ text: "ab" }] })
    }
  })

  test("opens a block for each change between text and thinking", () => {
    const message = streamed([
      delta({ reasoning: "1" }),
      delta({ content: "2" }),
      delta({ reasoning: "3" }),
      delta({ content: "4" }),
      stop,
    ])
    expect(message.content.map(({ type }) => type)).toEqual(["thinking", "text", "thinking", "text"])
  })

  test("fails with what an error frame says, and keeps its usage", () => {
    const message = streamed([
      delta({ content: "a" }),
      { error: { code: 429, message: "slow down" }, choices: [], usage: { prompt_tokens: 3, completion_tokens: 1 } },
    ])
    expect(message).toMatchObject({
      stopReason: "error",
      error: { code: "rate_limited", status: 429, message: "slow down" },
      usage: { input: 3, output: 1, provenance: "partial" },
    })
  })

  test("fails with an error that stands in a choice, or behind an event of that name", () => {
    const choice = { index: 0, delta: {}, finish_reason: "error", error: { code: 502, message: "bad upstream" } }
    expect(streamed([delta({ content: "a" }), { choices: [choice] }]).stopReason).toBe("error")
    const body = 'event: error\ndata: {"message":"overloaded"}\n\n'
    const message = readRecording(openaiCompletions, MODEL, { stream: true, chunks: [encode(body)] })
    expect(message.error).toMatchObject({ message: "overloaded" })
  })

  test("fails on a frame that lost its end", () => {
    expect(streamed([delta({ content: "a" }), '{"choices":[{"de', stop]).error?.code).toBe("stream_malformed")
  })

  test("takes other choices for nobody's", () => {
    const other = {
      choices: [
        { index: 1, delta: { content: "x" } },
        { index: 0, delta: { content: "a" } },
      ],
    }
    expect(streamed([other, stop]).content).toMatchObject([{ text: "a" }])
  })

  test("keeps a refusal apart from the text", () => {
    const message = streamed([delta({ refusal: "I " }), delta({ refusal: "cannot" }), stop])
    expect(message).toMatchObject({
      content: [],
      stopReason: "stop",
      stopDetails: { type: "refusal", explanation: "I cannot" },
    })
  })

  test("takes an end in tool calls without a call for a plain end", () => {
    expect(streamed([delta({ content: "a" }), delta({}, { finish_reason: "tool_calls" })]).stopReason).toBe("stop")
  })

  test("does not run a call that a cap cut off", () => {
    const call = { index: 0, id: "c", function: { name: "f", arguments: '{"a":' } }
    const message = streamed([delta({ tool_calls: [call] }), delta({}, { finish_reason: "length" })])
    expect(message).toMatchObject({ stopReason: "length", content: [{ arguments: {}, rawArguments: '{"a":' }] })
  })

  test("puts calls together that have neither index nor id", () => {
    const message = streamed([
      delta({ tool_calls: [{ function: { name: "f", arguments: "{" } }, { function: { name: "g", arguments: "{" } }] }),
      delta({ tool_calls: [{ function: { arguments: "}" } }, { function: { arguments: '"x":1}' } }] }),
      stop,
    ])
    expect(message).toMatchObject({
      stopReason: "toolUse",
      content: [
        { name: "f", arguments: {} },
        { name: "g", arguments: { x: 1 } },
      ],
    })
  })

  test("reads images, audio, legacy calls, grammar calls, sources and typed parts", () => {
    const message = streamed([
      delta({
        content: [
          { type: "thinking", thinking: [{ type: "text", text: "hm" }] },
          { type: "text", text: "a" },
        ],
      }),
      delta({ content: "b", annotations: [{ type: "url_citation" }] }),
      delta({ content: [{ type: "reference", reference_ids: [1, 2] }] }),
      delta({ images: [{ type: "image_url", image_url: { url: "data:image/png;base64,QQ==" } }] }),
      delta({ audio: { id: "x", data: "QUJD" } }),
      delta({ audio: { data: "REVG", transcript: "abc" } }),
      delta({ function_call: { name: "f", arguments: "{}" } }),
      delta({ tool_calls: [{ index: 0, id: "c", type: "custom", custom: { name: "g", input: "raw" } }] }),
      stop,
      "[DONE]",
    ])
    expect(message.content).toMatchObject([
      { type: "thinking", thinking: "hm" },
      { type: "text", text: "ab", citations: [{ type: "url_citation" }, { reference_ids: [1, 2] }] },
      { type: "image", source: { mimeType: "image/png", data: "QQ==" } },
      { type: "toolCall", name: "f", arguments: {} },
      { type: "toolCall", id: "c", name: "g", custom: true, arguments: { input: "raw" } },
      { type: "audio", source: { data: "QUJDREVG" }, transcript: "abc" },
    ])
  })

  test("keeps opaque thinking with what it belongs to", () => {
    const message = streamed([
      delta({ reasoning: "hm", reasoning_details: [{ type: "reasoning.text", text: "hm", index: 0 }] }),
      delta({ reasoning_details: [{ type: "reasoning.text", signature: "sig", index: 0 }] }),
      delta({ reasoning_details: [{ type: "reasoning.encrypted", id: "rs", data: "enc" }] }),
      delta({
        tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: "{}" } }],
        reasoning_details: [{ type: "reasoning.encrypted", id: "c", data: "of c" }],
      }),
      stop,
    ])
    expect(message.content).toMatchObject([
      { type: "thinking", thinking: "hm", signature: { value: expect.stringContaining('"sig"') } },
      { type: "redactedThinking", data: { value: expect.stringContaining('"enc"') } },
      { type: "toolCall", signature: { value: expect.stringContaining('"of c"') } },
    ])
  })
})

describe("a document", () => {
  const choice = { index: 0, finish_reason: "stop", message: { role: "assistant", content: "a" } }

  test("is read, also where a stream was asked for, and out of a wrapper", () => {
    for (const body of [
      { choices: [choice] },
      { data: { choices: [choice] } },
      { success: true, result: { choices: [choice] } },
    ]) {
      expect([whole(body).stopReason, whole(body, true).stopReason]).toEqual(["stop", "stop"])
      expect(whole(body).content).toMatchObject([{ text: "a" }])
    }
  })

  test("needs no reason to stop", () => {
    expect(whole({ choices: [{ ...choice, finish_reason: "" }] }).stopReason).toBe("stop")
  })

  test("is an error where it holds one, although the status was a success", () => {
    expect(whole({ error: { message: "no such model", type: "not_found_error" } }).error?.code).toBe("model_not_found")
    expect(whole({ detail: "nope" }).error?.message).toBe("nope")
    expect(whole({ choices: [] }).error?.code).toBe("empty_response")
    expect(whole({ hello: 1 }).error?.code).toBe("stream_malformed")
  })

  test("takes each call for one of its own", () => {
    const call = (name: string) => ({ id: "", type: "function", function: { name, arguments: "{}" } })
    const message = { role: "assistant", content: null, tool_calls: [call("f"), call("f")] }
    const { content } = whole({ choices: [{ index: 0, finish_reason: "tool_calls", message }] })
    expect(content).toHaveLength(2)
    expect(new Set(content.map((block) => (block.type === "toolCall" ? block.id : ""))).size).toBe(2)
  })
})
