import { describe, expect, test } from "vitest"
import { checkOllamaAnswer, checkOllamaStream } from "../../../../../tests/grammar/ollama-chat-stream.ts"
import { builderFor } from "../../assemble/builder-for.ts"
import type { MessageBuilder } from "../../assemble/message-builder.ts"
import { countingMint } from "../../assemble/read-recording.ts"
import type { Frame } from "../../contract/frame.ts"
import type { InboundCall } from "../../contract/wire-server.ts"
import { SluiceError } from "../../model/errors.ts"
import { accept } from "./accept.ts"
import { failure } from "./respond-failure.ts"
import { OllamaResponder } from "./respond.ts"

type Fields = Record<string, unknown>

function asked(body: object = {}, route = "/api/chat"): InboundCall {
  return accept({
    route,
    params: {},
    query: new URLSearchParams(),
    headers: new Headers(),
    body: { model: "m", messages: [{ role: "user", content: "hi" }], prompt: "hi", ...body },
    raw: new Uint8Array(),
  })
}

const MODEL = { id: "m", provider: "p", api: "a", baseUrl: "", input: [], output: [], compat: {} }

function play(
  run: (out: MessageBuilder) => void,
  call = asked(),
): { lines: Fields[]; whole: Fields; losses: string[]; frames: Frame[] } {
  const mint = countingMint()
  const builder = builderFor(MODEL, { mint })
  run(builder)
  builder.finish()
  const responder = new OllamaResponder(call, mint)
  const frames = builder.take().flatMap((event) => responder.push(event))
  const lines = frames.map(({ data }) => JSON.parse(data as string) as Fields)
  const whole = new OllamaResponder(call, mint).whole(builder.message) as Fields
  return { lines, whole, frames, losses: responder.losses.map(({ field, kind }) => `${kind} ${field}`) }
}

const messagesOf = (lines: readonly Fields[]): unknown[] => lines.map((line) => line["message"])

describe("a stream", () => {
  test("has thinking, text, a whole call and the counts, line by line", () => {
    const { lines, whole, frames } = play((out) => {
      out.thinking("a", "hm")
      out.text("b", "Hel")
      out.text("b", "lo")
      out.toolCall("c", { id: "c1", name: "f" })
      out.args("c", '{"x":')
      out.args("c", "1}")
      out.close("c")
      out.usage({ input: 3, output: 4 })
      out.stop("toolUse")
    })
    const call = { id: "c1", function: { index: 0, name: "f", arguments: { x: 1 } } }
    expect(messagesOf(lines)).toEqual([
      { role: "assistant", content: "", thinking: "hm" },
      { role: "assistant", content: "Hel" },
      { role: "assistant", content: "lo" },
      { role: "assistant", content: "", tool_calls: [call] },
      { role: "assistant", content: "" },
    ])
    expect(lines.at(-1)).toMatchObject({ done: true, done_reason: "stop", prompt_eval_count: 3, eval_count: 4 })
    expect(whole["message"]).toEqual({ role: "assistant", content: "Hello", thinking: "hm", tool_calls: [call] })
    expect(checkOllamaStream(frames)).toEqual([])
    expect(checkOllamaAnswer(whole)).toEqual([])
  })

  test("ends in an error line where the answer failed, and gives no call that is not whole", () => {
    const { lines } = play((out) => {
      out.text("a", "x")
      out.toolCall("c", { id: "c1", name: "f" })
      out.args("c", '{"x":')
      out.fail({ is: "server_error", message: "It broke." })
    })
    expect(lines.at(-1)).toEqual({ error: "It broke." })
    expect(JSON.stringify(lines)).not.toContain("tool_calls")
  })

  test("keeps blocks apart that come in turns", () => {
    const { lines } = play((out) => {
      out.text("a", "1")
      out.text("b", "3")
      out.text("a", "2")
      out.close("a")
      out.close("b")
      out.stop("stop")
    })
    expect(lines.map((line) => (line["message"] as Fields)["content"]).join("")).toBe("123")
  })

  test("counts what came from a cache as the prompt's", () => {
    const { lines, losses } = play((out) => {
      out.text("a", "x")
      out.usage({ input: 3, cacheRead: 10, cacheWrite: 5, output: 1 })
      out.stop("stop")
    })
    expect(lines.at(-1)?.["prompt_eval_count"]).toBe(18)
    expect(losses).toEqual(["approximated usage.input", "dropped usage.cacheRead", "dropped usage.cacheWrite"])
  })

  test("says nothing of counts that nobody knows", () => {
    const { lines } = play((out) => {
      out.text("a", "x")
      out.stop("length")
    })
    expect(lines.at(-1)).not.toHaveProperty("prompt_eval_count")
    expect(lines.at(-1)?.["done_reason"]).toBe("length")
  })

  test("is kept open by a line of its own kind", () => {
    const frame = new OllamaResponder(asked(), countingMint()).keepAlive()
    expect(JSON.parse(frame.data as string)).toMatchObject({ message: { content: "" }, done: false })
  })

  test("has the words of a refusal as its text", () => {
    const { lines } = play((out) => out.stop("stop", { type: "refusal", explanation: "I cannot." }))
    expect(messagesOf(lines)).toContainEqual({ role: "assistant", content: "I cannot." })
  })
})

describe("the answer to a prompt", () => {
  test("is text, and thinking beside it", () => {
    const { lines, whole, frames, losses } = play(
      (out) => {
        out.thinking("a", "hm")
        out.text("b", "x")
        out.toolCall("c", { id: "c", name: "f" })
        out.stop("stop")
      },
      asked({}, "/api/generate"),
    )
    expect(lines[0]).toMatchObject({ response: "", thinking: "hm" })
    expect(lines[1]).toMatchObject({ response: "x", done: false })
    expect(whole).toMatchObject({ response: "x", thinking: "hm", done: true })
    expect(checkOllamaStream(frames)).toEqual([])
    expect(losses).toContain("dropped content[2]")
  })
})

test("a request that says nothing is answered with what became of the model", () => {
  const nothing = (out: MessageBuilder): void => out.stop("stop")
  expect(play(nothing, asked({ messages: [] })).lines).toMatchObject([{ done: true, done_reason: "load" }])
  expect(play(nothing, asked({ messages: [], keep_alive: 0 })).whole).toMatchObject({ done_reason: "unload" })
  expect(play(nothing, asked({ messages: [], keep_alive: "0s" })).whole).toMatchObject({ done_reason: "unload" })
  expect(play(nothing, asked({ messages: [], keep_alive: "10m" })).whole).toMatchObject({ done_reason: "load" })
})

test("an error is a status and a text", () => {
  expect(failure(new SluiceError({ code: "rate_limited", message: "Slow down.", retryAfterMs: 1500 }))).toMatchObject({
    status: 429,
    headers: { "retry-after": "2" },
    body: { error: "Slow down." },
  })
})
