import { describe, expect, test } from "vitest"
import {
  callItem,
  decoded,
  decodedWhole,
  end,
  event,
  messageItem,
  textsOf,
  type Obj,
} from "../../../../../tests/support/openai-responses.ts"

const done = (item: Obj, output_index = 0): Obj => event("output_item.done", { item, output_index })

describe("the end of an answer", () => {
  test("a refusal is text, and explains the end", () => {
    const item = messageItem("", { content: [{ type: "refusal", refusal: "I will not." }] })
    const piece = event("refusal.delta", { output_index: 0, content_index: 0, delta: "I will " })
    for (const events of [
      [done(item)],
      [piece, done(item)],
      [event("refusal.done", { output_index: 0, refusal: "I will not." })],
    ]) {
      const { message } = decoded([...events, end()])
      expect([textsOf(message), message.stopReason, message.stopDetails]).toEqual([
        ["I will not."],
        "stop",
        { type: "refusal", explanation: "I will not." },
      ])
    }
  })

  test.each<[string, Obj[], string, boolean]>([
    ["a question of the vendor", [{ type: "mcp_approval_request", id: "mcpr_1" }], "stop", true],
    ["a patch", [{ type: "apply_patch_call", call_id: "c" }], "toolUse", true],
    ["a command", [{ type: "shell_call", call_id: "c" }], "toolUse", true],
    [
      "a command in the vendor's container",
      [{ type: "shell_call", call_id: "c", environment: { type: "container_reference" } }],
      "stop",
      false,
    ],
    [
      "a command that was answered",
      [
        { type: "shell_call", call_id: "c" },
        { type: "shell_call_output", call_id: "c" },
      ],
      "stop",
      false,
    ],
    [
      "a search for tools by the caller",
      [{ type: "tool_search_call", call_id: "c", execution: "client" }],
      "toolUse",
      true,
    ],
    [
      "a search for tools by the vendor",
      [{ type: "tool_search_call", call_id: "c", execution: "server" }],
      "stop",
      false,
    ],
    ["a search that the vendor ran", [{ type: "web_search_call", id: "ws_1" }], "stop", false],
  ])("%s pauses the turn, or does not", (_name, items, reason, pauses) => {
    const { message } = decoded([...items.map((item, i) => done(item, i)), end()])
    expect(message.content).toMatchObject(items.map((item) => ({ type: "native", api: "openai-responses", item })))
    expect([message.stopReason, message.stopDetails]).toEqual([reason, pauses ? { type: "pause_turn" } : undefined])
  })

  test.each<[string, object, { maxTokens?: number; model?: number; silentCap?: boolean }, string]>([
    ["as many tokens as the cap has", messageItem("Round we"), { maxTokens: 5 }, "length"],
    ["as many as the model's own cap", messageItem("Round we"), { maxTokens: 100, model: 5 }, "length"],
    ["a call that is said to be complete", callItem("call_1", '{"ci'), { maxTokens: 5 }, "length"],
    ["fewer tokens", messageItem("Done."), { maxTokens: 6 }, "stop"],
    ["no cap", messageItem("Done."), { model: 5 }, "stop"],
    ["a host that says where it cut", messageItem("Done."), { maxTokens: 5, silentCap: false }, "stop"],
  ])("where a host cuts at the cap without a word: %s", (_name, item, asked, reason) => {
    const { maxTokens, model: most, silentCap = true } = asked
    const { message } = decoded([done(item as Obj), end()], {
      model: { responses: { silentCap }, ...(most === undefined ? {} : { maxTokens: most }) },
      options: maxTokens === undefined ? {} : { maxTokens },
    })
    expect([message.stopReason, message.usage.output]).toEqual([reason, 5])
  })

  test("a response that says that the turn goes on pauses it, unless it waits for results", () => {
    const goesOn = { status: "completed", end_turn: false }
    const said = decoded([done(messageItem("Wait.")), end(goesOn)]).message
    expect([said.stopReason, said.stopDetails]).toEqual(["stop", { type: "pause_turn" }])
    const called = decoded([done(callItem("call_1", "{}")), end(goesOn)]).message
    expect([called.stopReason, called.stopDetails]).toEqual(["toolUse", undefined])
  })

  test("a refusal explains an answer that was filtered", () => {
    const item = messageItem("", { content: [{ type: "refusal", refusal: "I will not." }] })
    const filtered = { status: "incomplete", incomplete_details: { reason: "content_filter" } }
    const { message } = decoded([done(item), event("incomplete", { response: filtered })])
    expect([message.error?.code, message.stopDetails]).toEqual([
      "content_blocked",
      { type: "refusal", explanation: "I will not." },
    ])
  })

  test.each<[string, Obj]>([
    ["failed", { status: "failed", error: { code: "server_error", message: "Down." } }],
    ["incomplete", { status: "incomplete", incomplete_details: { reason: "content_filter" } }],
  ])("a call whose end did not come is none to run when the response is %s", (name, response) => {
    const added = event("output_item.added", { output_index: 0, item: callItem("call_1", "") })
    const piece = event("function_call_arguments.delta", { output_index: 0, delta: "{}" })
    const { message } = decoded([added, piece, event(name, { response })])
    expect(message.content).toMatchObject([{ type: "toolCall", incomplete: true }])
  })

  test("calls under one id are told apart by their places in the last event", () => {
    const first = callItem("call_1", '{"a":1}', { name: "f" })
    const added = event("output_item.added", {
      output_index: 1,
      item: callItem("call_1", "", { id: "fc_2", name: "g" }),
    })
    const piece = event("function_call_arguments.delta", { output_index: 1, delta: "{}" })
    const failed = { status: "failed", output: [first], error: { code: "server_error", message: "Down." } }
    const { message } = decoded([done(first), added, piece, event("failed", { response: failed })])
    expect(message.content).toMatchObject([
      { name: "f", arguments: { a: 1 } },
      { name: "g", incomplete: true },
    ])
    expect(message.content[0]).not.toHaveProperty("incomplete")
  })

  test("usage, tier, id and model are those of the last event", () => {
    const usage = {
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 60, cache_write_tokens: 10 },
      output_tokens: 20,
      output_tokens_details: { reasoning_tokens: 15 },
    }
    const { message } = decoded([
      event("created", { response: { id: "resp_0", model: "served", service_tier: "auto" } }),
      end({ usage, service_tier: "flex" }),
    ])
    expect(message).toMatchObject({ responseId: "resp_1", servedModel: "served" })
    expect(message.usage).toMatchObject({
      input: 30,
      cacheRead: 60,
      cacheWrite: 10,
      output: 20,
      reasoningTokens: 15,
      serviceTier: "flex",
      totalTokens: 120,
    })
  })

  test.each([
    ["invalid_prompt", "invalid_request", false],
    ["image_too_large", "invalid_request", false],
    ["image_content_policy_violation", "content_blocked", false],
    ["rate_limit_exceeded", "rate_limited", true],
    ["server_error", "server_error", true],
  ])("%s inside an answer is %s", (code, expected, retryable) => {
    const last = end({ error: { code, message: "No." } }, "failed")
    expect(decoded([last]).message.error).toMatchObject({ code: expected, retryable, message: "No." })
  })

  test("two calls under one id are two", () => {
    const output = [callItem("call_1", '{"n":1}', { id: "fc_1" }), callItem("call_1", '{"n":2}', { id: "fc_2" })]
    const both = [{ arguments: { n: 1 } }, { arguments: { n: 2 } }]
    expect(decodedWhole({ status: "completed", output }).content).toMatchObject(both)
    const { message } = decoded([...output.map((item, i) => done(item, i)), end({ output })])
    expect(message.content).toMatchObject(both)
    expect(message.content).toHaveLength(2)
  })

  test("a document without a status is whole", () => {
    const message = decodedWhole({ output: [messageItem("Hi")] })
    expect([message.stopReason, message.stopDetails]).toEqual(["stop", undefined])
  })

  test("what is no answer at all is said to be none", () => {
    expect(decodedWhole({ id: "x" }).error?.code).toBe("stream_malformed")
    expect(decodedWhole({ response: { status: "completed", output: [messageItem("Hi")] } }).stopReason).toBe("stop")
  })

  test("a whole answer as the one frame of a stream is read", () => {
    expect(
      textsOf(decoded([{ object: "response", status: "completed", output: [messageItem("Hi")] }]).message),
    ).toEqual(["Hi"])
  })
})

describe("what an end says wins over the pieces", () => {
  const piece = event("output_text.delta", { output_index: 0, content_index: 0, delta: "Hel" })

  test("text", () => {
    const { message, events } = decoded([piece, done(messageItem("Hello")), end()])
    expect(textsOf(message)).toEqual(["Hello"])
    expect(events.flatMap((one) => (one.type === "text_delta" ? [one.delta] : []))).toEqual(["Hel", "lo"])
  })

  test("the last event, where the end of an item was lost", () => {
    expect(textsOf(decoded([piece, end({ output: [messageItem("Hello")] })]).message)).toEqual(["Hello"])
  })

  test("arguments", () => {
    const args = event("function_call_arguments.delta", { output_index: 0, delta: '{"a":' })
    const item = callItem("call_1", "")
    const { message } = decoded([
      event("output_item.added", { item, output_index: 0 }),
      args,
      event("function_call_arguments.done", { output_index: 0, arguments: '{"a":1}' }),
      done(callItem("call_1", '{"a":2}')),
      end(),
    ])
    expect(message.content).toMatchObject([{ arguments: { a: 1 } }])
  })

  test("an item that both an event and the last event give is there once", () => {
    const { message } = decoded([done(messageItem("Hi", { id: "other" })), end({ output: [messageItem("Hi")] })])
    expect(textsOf(message)).toEqual(["Hi"])
  })
})

describe("what stands beside a text", () => {
  test("sources and log probabilities are kept in the vendor's spelling", () => {
    const annotation = { type: "url_citation", url: "https://a.example" }
    const logprobs = [{ token: "Hi", logprob: -0.1 }]
    const { message } = decoded([
      event("output_text.delta", { output_index: 0, content_index: 0, delta: "Hi", logprobs }),
      event("output_text.annotation.added", { output_index: 0, content_index: 0, annotation }),
      event("output_text.done", { output_index: 0, content_index: 0, text: "Hi", logprobs }),
      end(),
    ])
    expect(message.content).toEqual([{ type: "text", text: "Hi", citations: [annotation], logprobs }])
  })

  test("parts that are numbered in one row over all items are told apart by their order", () => {
    const { message } = decoded([
      event("output_text.delta", { output_index: 0, content_index: 3, delta: "Hi" }),
      done(messageItem("Hi")),
      end(),
    ])
    expect(textsOf(message)).toEqual(["Hi"])
  })
})

test("a call that the host runs itself is no call of the caller's", () => {
  const item: Obj = { type: "custom_tool_call", id: "ctc_1", call_id: "xs_call_1", name: "x_search", input: "{}" }
  const { message } = decoded([event("output_item.added", { item, output_index: 0 }), done(item), end()])
  expect([message.content, message.stopReason]).toMatchObject([[{ type: "native", item }], "stop"])
})

test("a server that numbers nothing, begins a text before its thinking has ended and gives no end of arguments", () => {
  const added = (item: Obj): Obj => event("output_item.added", { item })
  const ended = (item: Obj): Obj => event("output_item.done", { item })
  const thought: Obj = { type: "reasoning", id: "rs_1", summary: [], content: [], encrypted_content: "" }
  const content = [{ type: "reasoning_text", text: "Hm." }]
  const call = callItem("abc", "", { id: "fc_abc" })
  const { message } = decoded([
    event("created", { response: { id: "resp_1", object: "response", status: "in_progress" } }),
    added(thought),
    event("reasoning_text.delta", { item_id: "rs_1", delta: "Hm." }),
    added(messageItem("", { id: "msg_1" })),
    event("content_part.added", { item_id: "msg_1", part: { type: "output_text", text: "" } }),
    event("output_text.delta", { item_id: "msg_1", delta: "Hi" }),
    added(call),
    event("function_call_arguments.delta", { item_id: "fc_abc", delta: '{"n":1}' }),
    ended({ ...thought, content }),
    event("output_text.done", { item_id: "msg_1", text: "Hi" }),
    ended(messageItem("Hi", { id: "msg_1" })),
    ended({ ...call, arguments: '{"n":1}' }),
    end({ output: [{ ...thought, content }, messageItem("Hi", { id: "msg_1" }), { ...call, arguments: '{"n":1}' }] }),
  ])
  expect(message.content).toEqual([
    { type: "thinking", thinking: "Hm.", itemId: "rs_1" },
    { type: "text", text: "Hi", itemId: "msg_1" },
    { type: "toolCall", id: "abc", name: "weather", arguments: { n: 1 }, itemId: "fc_abc" },
  ])
})

test("thinking of a host that keeps the answer can be named by its id", () => {
  const item: Obj = { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Hm." }] }
  const signed = (store: boolean) =>
    decoded([event("created", { response: { store } }), done(item), end()]).message.content[0]
  expect(signed(true)).toHaveProperty("signature")
  expect(signed(false)).not.toHaveProperty("signature")
})
