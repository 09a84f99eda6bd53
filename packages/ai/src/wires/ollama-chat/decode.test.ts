import { describe, expect, test } from "vitest"
import { readRecording } from "../../assemble/read-recording.ts"
import type { AssistantMessage } from "../../model/message.ts"
import { ollamaChat } from "./client.ts"

const MODEL = { id: "m", provider: "p", api: "ollama-chat", baseUrl: "", input: [], output: [], compat: {} }
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

function streamed(lines: readonly unknown[], status = 200): AssistantMessage {
  const body = lines.map((one) => `${typeof one === "string" ? one : JSON.stringify(one)}\n`).join("")
  return readRecording(ollamaChat, MODEL, { stream: true, status, chunks: [encode(body)] })
}

function whole(body: unknown, stream = false): AssistantMessage {
  return readRecording(ollamaChat, MODEL, { stream, chunks: [encode(JSON.stringify(body))] })
}

const line = (message: object, more: object = {}): object => ({
  model: "m",
  message: { role: "assistant", ...message },
  done: false,
  ...more,
})
const done = (more: object = {}): object => line({ content: "" }, { done: true, done_reason: "stop", ...more })

describe("a stream", () => {
  test("is complete with its last line alone", () => {
    expect(streamed([line({ content: "a" })])).toMatchObject({
      error: { code: "stream_incomplete" },
      content: [{ text: "a" }],
    })
    expect(streamed([line({ content: "a" }), done(), line({ content: "late" })])).toMatchObject({
      stopReason: "stop",
      content: [{ text: "a" }],
    })
  })

  test("opens a block for each change between text and thinking", () => {
    const message = streamed([
      line({ content: "", thinking: "1" }),
      line({ content: "", thinking: "2" }),
      line({ content: "3" }),
      line({ content: "", thinking: "4" }),
      done(),
    ])
    expect(message.content).toMatchObject([
      { type: "thinking", thinking: "12" },
      { type: "text", text: "3" },
      { type: "thinking", thinking: "4" },
    ])
  })

  test("has its thinking under other names too, once", () => {
    const message = streamed([
      line({ content: "", reasoning: "1" }),
      line({ content: "", reasoning_content: "2", thinking: "" }),
      line({ content: "", thinking: "3", reasoning: "3" }),
      line({ content: "a", reasoning: null }),
      done(),
    ])
    expect(message.content).toEqual([
      { type: "thinking", thinking: "123" },
      { type: "text", text: "a" },
    ])
  })

  test("has whole calls, with an id of ours where the host gives none", () => {
    const message = streamed([
      line({ content: "", tool_calls: [{ function: { name: "a", arguments: { x: 1 } } }] }),
      line({
        content: "",
        tool_calls: [
          { id: "given", function: { index: 1, name: "b", arguments: '{"y":2}' } },
          { function: { index: 2, name: "c" } },
        ],
      }),
      done(),
    ])
    expect(message.stopReason).toBe("toolUse")
    expect(message.content).toMatchObject([
      { id: expect.stringMatching(/^call_\w{16}$/), name: "a", arguments: { x: 1 } },
      { id: "given", name: "b", arguments: { y: 2 } },
      { name: "c", arguments: {} },
    ])
    expect(new Set(message.content.map((block) => block.type === "toolCall" && block.id)).size).toBe(3)
  })

  test("keeps arguments that are no object as they came", () => {
    const message = streamed([line({ tool_calls: [{ function: { name: "a", arguments: "[1" } }] }), done()])
    expect(message.content).toMatchObject([{ arguments: {}, rawArguments: "[1" }])
  })

  test("counts what the host counted, and knows no prompt that it did not count", () => {
    const counts = { prompt_eval_count: 7, eval_count: 9 }
    expect(streamed([line({ content: "a" }), done(counts)]).usage).toMatchObject({
      input: 7,
      output: 9,
      totalTokens: 16,
      provenance: "reported",
    })
    expect(streamed([line({ content: "a" }), done({ eval_count: 9 })]).usage.input).toBeUndefined()
  })

  test.each([
    ["stop", "stop"],
    ["length", "length"],
    ["tool_calls", "stop"],
    [undefined, "stop"],
  ])("that ends by %s ends as %s", (reason, stop) => {
    const message = streamed([line({ content: "a" }), done({ done_reason: reason })])
    expect([message.error, message.stopReason === "toolUse" ? "stop" : message.stopReason]).toEqual([undefined, stop])
  })

  test("that was cut by the caller's own cap before a word of it is cut, and no full window", () => {
    const chunks = [encode(JSON.stringify(done({ done_reason: "length", eval_count: 3 })))]
    const read = (maxTokens?: number): AssistantMessage =>
      readRecording(ollamaChat, MODEL, { stream: true, chunks }, maxTokens ? { asked: { maxTokens } } : {})
    expect(read(3)).toMatchObject({ stopReason: "length", content: [], usage: { output: 3 } })
    expect(read(4).error?.code).toBe("context_overflow")
    expect(read().error?.code).toBe("context_overflow")
  })

  test("that only loaded a model is no answer, and may be asked for again", () => {
    for (const reason of ["load", "unload"]) {
      expect(streamed([done({ done_reason: reason })]).error).toMatchObject({ code: "empty_response", retryable: true })
    }
  })

  test("that breaks off with an error has it in the host's words", () => {
    const message = streamed([line({ content: "a" }), { error: "llama runner process has terminated" }])
    expect(message).toMatchObject({
      stopReason: "error",
      content: [{ text: "a" }],
      error: { message: "llama runner process has terminated", delivered: "content" },
    })
    expect(streamed([{ error: "model requires more system memory" }]).error?.message).toContain("system memory")
  })

  test("with a line that is no JSON has lost something", () => {
    expect(streamed([line({ content: "a" }), '{"model":', done()]).error?.code).toBe("stream_malformed")
  })

  test("has log probabilities and images beside its text", () => {
    const logprobs = [{ token: "a", logprob: -1 }]
    const message = streamed([
      line({ content: "a" }, { logprobs }),
      line({ content: "", images: ["/9j/AAAA"] }),
      done(),
    ])
    expect(message.content).toEqual([
      { type: "text", text: "a", logprobs },
      { type: "image", source: { data: "/9j/AAAA", mimeType: "image/jpeg" } },
    ])
  })

  test("names the model that answered, and the host behind it", () => {
    const message = streamed([
      { ...line({ content: "a" }), model: "big", remote_host: "https://ollama.com:443" },
      done(),
    ])
    expect(message).toMatchObject({ servedModel: "big", upstreamProvider: "https://ollama.com:443" })
  })
})

describe("a document", () => {
  test("is the answer, also where a stream was asked for", () => {
    const body = { ...done({ prompt_eval_count: 1, eval_count: 2 }), message: { role: "assistant", content: "a" } }
    for (const stream of [false, true]) {
      expect(whole(body, stream)).toMatchObject({ stopReason: "stop", content: [{ text: "a" }], usage: { output: 2 } })
    }
  })

  test("may be indented where lines were asked for, an error too", () => {
    const body = { ...done({ prompt_eval_count: 1 }), message: { role: "assistant", content: "a\n}" } }
    const read = (value: unknown): AssistantMessage =>
      readRecording(ollamaChat, MODEL, { stream: true, chunks: [encode(JSON.stringify(value, null, 2))] })
    expect(read(body)).toMatchObject({ stopReason: "stop", content: [{ text: "a\n}" }], usage: { input: 1 } })
    expect(read([line({ content: "b" }), done()])).toMatchObject({ stopReason: "stop", content: [{ text: "b" }] })
    expect(read({ error: "model is required" }).error?.message).toBe("model is required")
    expect(read(line({ content: "half" })).error?.code).toBe("stream_incomplete")
  })

  test("of a single prompt has its text beside the counts", () => {
    const body = { model: "m", response: "a", thinking: "hm", done: true, done_reason: "stop", eval_count: 2 }
    for (const stream of [false, true]) {
      expect(whole(body, stream)).toMatchObject({
        stopReason: "stop",
        content: [{ thinking: "hm" }, { text: "a" }],
        usage: { output: 2 },
      })
    }
  })

  test("without a message is none", () => {
    expect(whole({ status: "success" }).error?.code).toBe("stream_malformed")
    expect(whole({ error: "model is required" }).error?.message).toBe("model is required")
  })
})

describe("a refusal", () => {
  test.each([
    [404, "model 'x' not found", "model_not_found"],
    [401, "unauthorized", "auth_invalid"],
    [400, "registry.ollama.ai/library/x does not support tools", "unsupported"],
    [503, "server busy, please try again.  maximum pending requests exceeded", "overloaded"],
    [429, "you have reached your usage limit", "quota_exhausted"],
    [500, "unable to load model", "server_error"],
    [400, "the input length exceeds the context length", "context_overflow"],
    [500, 'option "temperature" must be of type float32', "invalid_request"],
    [500, 'invalid format: "\\"xml\\""; expected "json" or a valid JSON Schema object', "invalid_request"],
  ])("%d %s", (status, error, code) => {
    expect(streamed([{ error }], status).error).toMatchObject({ code, status, message: error })
  })

  test("of a field that is found out when the answer has begun is none of the host's faults", () => {
    const error = 'invalid format: "\\"xml\\""; expected "json" or a valid JSON Schema object'
    expect(streamed([line({ content: "", thinking: "hm" }), { error }]).error).toMatchObject({
      code: "invalid_request",
      retryable: false,
    })
  })

  test("of a server that passes on to the cloud says where to sign in", () => {
    const page = "https://ollama.com/connect?name=a&key=b"
    expect(streamed([{ error: "unauthorized", signin_url: page }], 401).error).toMatchObject({
      code: "auth_invalid",
      hint: expect.stringContaining(page),
    })
  })
})

test("the list of models is read from the host's tags", () => {
  const models = ollamaChat.operations?.models
  expect(models?.encode()).toMatchObject({ method: "GET", path: "/api/tags" })
  expect(models?.decode({ models: [{ name: "a:1", model: "a:1" }, { name: "b" }, 7] })).toEqual([
    { id: "a:1" },
    { id: "b" },
  ])
  expect(() => models?.decode({})).toThrow("no models")
})

test("a document that says of itself that it goes on is no answer", () => {
  expect(whole(line({ content: "half" }, { done: false })).error).toMatchObject({ code: "stream_incomplete" })
  expect(whole(line({ content: "all" }, { done: true, done_reason: "stop" })).error).toBeUndefined()
})
