import { describe, expect, test } from "vitest"
import { readRecording } from "../../assemble/read-recording.ts"
import type { AssistantMessage } from "../../model/message.ts"
import { openaiCompletions } from "./client.ts"

const model = { id: "m", provider: "p", api: "openai-completions", baseUrl: "", input: [], output: [], compat: {} }

function decode(frames: readonly unknown[], status = 200): AssistantMessage {
  const text = frames.map((frame) => `data: ${typeof frame === "string" ? frame : JSON.stringify(frame)}\n\n`).join("")
  return readRecording(openaiCompletions, model, { status, stream: true, chunks: [new TextEncoder().encode(text)] })
}

function refused(status: number, body: string): AssistantMessage {
  return readRecording(openaiCompletions, model, { status, stream: false, chunks: [new TextEncoder().encode(body)] })
}

const delta = (content: string, finish: string | null = null, more: object = {}): object => ({
  choices: [{ index: 0, delta: { content }, finish_reason: finish, ...more }],
})

describe("what a host says about its failure", () => {
  const said = { code: "server_error", message: "Provider disconnected unexpectedly" }

  test("wins over the bare word beside it, in the chunk or in the choice", () => {
    for (const frame of [{ error: said, ...delta("", "error") }, delta("", "error", { error: said })]) {
      expect(decode([delta("half"), frame]).error?.message).toContain(said.message)
    }
  })

  test("stands in a list on some hosts", () => {
    expect(decode([`[{"error":{"code":503,"message":"The model is overloaded."}}]`]).error).toMatchObject({
      code: "overloaded",
      message: expect.stringContaining("overloaded"),
    })
    expect(
      decode([`[${JSON.stringify(delta("a"))},${JSON.stringify(delta("b", "stop"))}]`, "[DONE]"]).content,
    ).toMatchObject([{ text: "ab" }])
  })

  test("is the plain text of an error event", () => {
    const bytes = new TextEncoder().encode("event: error\ndata: upstream went away\n\n")
    const message = readRecording(openaiCompletions, model, { stream: true, chunks: [bytes] })
    expect(message.error?.message).toBe("upstream went away")
  })

  test("is not lost although no field of it is known, and is no overflow", () => {
    for (const body of [
      `{"Message":"Bad thing"}`,
      `{"error":["Bad thing"]}`,
      `{"oops":"Bad thing"}`,
      `data: {"error":{"message":"Bad thing","type":"x"}}\n\n`,
    ]) {
      const { error } = refused(400, body)
      expect(error).toMatchObject({ code: "invalid_request", message: expect.stringContaining("Bad thing") })
    }
    expect(refused(400, "<!doctype html><p>no</p>").error).toMatchObject({
      code: "invalid_request",
      message: expect.stringContaining("HTML"),
    })
    expect(refused(400, "").error?.code).toBe("context_overflow")
  })
})

test("usage behind a blocked answer is still read", () => {
  const message = decode([
    delta("half"),
    delta("", "content_filter"),
    { choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } },
    "[DONE]",
  ])
  expect(message.error?.code).toBe("content_blocked")
  expect(message.usage).toMatchObject({ input: 3, output: 2 })
})

test("each report of usage is a whole one", () => {
  const usage = (prompt: number, more: object = {}): object => ({
    choices: [],
    usage: { prompt_tokens: prompt, completion_tokens: 1, ...more },
  })
  const message = decode([
    delta("a", "stop"),
    usage(10, { prompt_tokens_details: { cached_tokens: 4 } }),
    usage(10),
    "[DONE]",
  ])
  expect((message.usage.input ?? 0) + (message.usage.cacheRead ?? 0)).toBe(10)
})

test("a host's note between frames is passed over, a broken frame is not", () => {
  expect(decode([delta("a"), "-- keep-alive (12 s) --", delta("b", "stop"), "[DONE]"]).content).toMatchObject([
    { text: "ab" },
  ])
  expect(decode([delta("a"), `{"choices":`, delta("b", "stop"), "[DONE]"]).error?.code).toBe("stream_malformed")
})
