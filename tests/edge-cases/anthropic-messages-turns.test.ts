import type { MessagesCompat, ThinkingLadder } from "@sluice/catalog"
import { classify, handoff, type ToolResultMessage } from "@sluice/ai"
import { anthropicMessages } from "@sluice/ai/wires/anthropic-messages"
import { describe, expect, test } from "vitest"
import { serialise } from "../../packages/ai/src/assemble/serialise.ts"
import {
  assistant,
  callOf,
  closes,
  decode,
  delta,
  encode,
  ends,
  modelOf,
  opens,
  start,
  stop,
  textBlock,
  user,
  type CallFields,
} from "../support/anthropic-messages.ts"

const BUDGET: ThinkingLadder = { mode: "budget", efforts: ["minimal", "low", "medium", "high", "xhigh"] }

function at(compat: MessagesCompat, thinking?: ThinkingLadder): NonNullable<CallFields["model"]> {
  return { compat: { messages: compat }, ...(thinking ? { thinking } : {}), maxTokens: 64_000 }
}

function result(id: string, fields: Partial<ToolResultMessage> = {}): ToolResultMessage {
  return { role: "toolResult", toolCallId: id, content: "ok", ...fields }
}

describe("messages", () => {
  test("WO-57: tool calls stand last in their turn, in their order", () => {
    const { body } = encode({
      messages: [
        user("q"),
        assistant([
          { type: "toolCall", id: "1", name: "f", arguments: {} },
          { type: "text", text: "between" },
          { type: "toolCall", id: "2", name: "f", arguments: {} },
        ]),
        result("1"),
        result("2"),
      ],
    })
    expect(body["messages"][1].content.map((block: { id?: string; type: string }) => block.id ?? block.type)).toEqual([
      "text",
      "1",
      "2",
    ])
    expect(body["messages"]).toHaveLength(3)
    expect(body["messages"][2].content.map((block: { tool_use_id: string }) => block.tool_use_id)).toEqual(["1", "2"])
  })

  test("WO-58: an answer at the end is followed by a turn of the user, unless it was paused", () => {
    const said = [{ type: "text" as const, text: "a" }]
    const { body, losses } = encode({ messages: [user("q"), assistant(said)] })
    expect(body["messages"].at(-1)).toEqual({ role: "user", content: [{ type: "text", text: "Continue." }] })
    expect(losses).toEqual(["injected messages[2]"])
    const paused = assistant(said, { stopDetails: { type: "pause_turn" } })
    expect(encode({ messages: [user("q"), paused] }).body["messages"].at(-1).role).toBe("assistant")
  })

  test("WO-59: two answers in a row are kept apart", () => {
    const said = assistant([{ type: "text", text: "a" }])
    const roles = encode({ messages: [user("q"), said, user("  "), said, user("r")] }).body["messages"].map(
      (message: { role: string }) => message.role,
    )
    expect(roles).toEqual(["user", "assistant", "user", "assistant", "user"])
  })

  test("WO-60: instructions with an image, or in a place the API refuses, stay with the user", () => {
    const image = { type: "image" as const, source: { data: "AA==", mimeType: "image/png" } }
    const model = at({ midConversationSystem: true })
    const role = (messages: CallFields["messages"]): string =>
      encode({ model, messages: messages ?? [] }).body["messages"][1].role
    expect(role([user("q"), { role: "developer", content: "be brief" }])).toBe("system")
    expect(role([user("q"), { role: "developer", content: [image] }])).toBe("user")
    expect(role([user("q"), { role: "developer", content: "be brief" }, user("r")])).toBe("user")
    const answered = [user("q"), assistant([{ type: "text", text: "a" }])]
    const behind = encode({ model, messages: [...answered, { role: "developer", content: "be brief" }] }).body
    expect(behind["messages"][2].role).toBe("user")
    const { body, betas, losses } = encode({ messages: [user("q"), { role: "developer", content: "be brief" }] })
    expect(body["messages"][1].role).toBe("user")
    expect(betas).toEqual([])
    expect(losses).toContain("approximated messages[1].role")
    expect(encode({ model, messages: [user("q"), { role: "developer", content: "x" }] }).betas).toContain(
      "mid-conversation-system-2026-04-07",
    )
  })

  test("WO-61: a failed tool always says something", () => {
    const calls = assistant([{ type: "toolCall", id: "c", name: "f", arguments: {} }])
    for (const content of ["", " \n", [{ type: "text" as const, text: " " }], []]) {
      const { body } = encode({ messages: [user("q"), calls, result("c", { content, isError: true })] })
      expect(body["messages"][2].content[0]).toMatchObject({
        is_error: true,
        content: [{ type: "text", text: "Tool failed with no output." }],
      })
    }
  })

  test("WO-62: images of a failed tool stand behind all results of the turn", () => {
    const calls = assistant(["1", "2"].map((id) => ({ type: "toolCall" as const, id, name: "f", arguments: {} })))
    const image = { type: "image" as const, source: { data: "AA==", mimeType: "image/png" } }
    const { body } = encode({
      messages: [
        user("q"),
        calls,
        result("1", { content: [{ type: "text", text: "no" }, image], isError: true }),
        result("2", { content: [image] }),
      ],
    })
    const turn = body["messages"][2].content
    expect(turn.map((block: { type: string }) => block.type)).toEqual(["tool_result", "tool_result", "text", "image"])
    expect(turn[0].content).toEqual([{ type: "text", text: "no" }])
    expect(turn[1].content[0].type).toBe("image")
  })

  test("WO-63: image types are spelled as the API takes them; others become a note", () => {
    const image = (mimeType: string) => ({ type: "image" as const, source: { data: "AA==", mimeType } })
    const { body } = encode({ messages: [{ role: "user", content: [image("image/JPG"), image("image/svg+xml")] }] })
    expect(body["messages"][0].content).toMatchObject([
      { type: "image", source: { media_type: "image/jpeg" } },
      { type: "text", text: "[unsupported image: image/svg+xml]" },
    ])
  })

  test("WO-65: hosts that read a result's id under another name find it there", () => {
    const calls = assistant([{ type: "toolCall", id: "c", name: "f", arguments: {} }])
    const messages = [user("q"), calls, result("c")]
    expect(encode({ model: at({ toolResultId: true }), messages }).body["messages"][2].content[0].id).toBe("c")
    expect(encode({ messages }).body["messages"][2].content[0]).not.toHaveProperty("id")
  })

  test("WO-66: half a surrogate pair in arguments does not reach the wire", () => {
    const calls = assistant([{ type: "toolCall", id: "c", name: "f", arguments: { a: ["x\ud800"] } }])
    const request = anthropicMessages.encode(callOf({ messages: [user("q"), calls, result("c")] }))
    expect(serialise(request.body)).toContain('"x\ufffd"')
  })

  test("WO-67: signed thinking goes back byte for byte", () => {
    const thinking = "  odd \u00a0 spaces\n\n"
    const answer = assistant([
      { type: "thinking", thinking, signature: { value: "SIG==" } },
      { type: "text", text: "a" },
    ])
    const { context } = handoff({ messages: [user("q"), answer, user("r")] }, modelOf(), anthropicMessages.traits)
    const { body } = encode({ context })
    expect(body["messages"][1].content[0]).toEqual({ type: "thinking", thinking, signature: "SIG==" })
  })

  test("WO-68: thinking of the latest answer stays as it was, also when its tool turn was given up", () => {
    const latest = assistant([
      {
        type: "thinking",
        thinking: "t",
        signature: { value: "s", issuer: { api: "anthropic-messages", provider: "anthropic", model: "claude-older" } },
      },
      { type: "toolCall", id: "c", name: "f", arguments: {} },
    ])
    const { context } = handoff({ messages: [user("q"), latest] }, modelOf(), anthropicMessages.traits)
    const { body } = encode({ context })
    expect(body["messages"][1].content[0]).toEqual({ type: "thinking", thinking: "t", signature: "s" })
  })

  test("WO-69: after an interruption only the last block's signature is distrusted", () => {
    const cut = assistant(
      [
        { type: "thinking", thinking: "done", signature: { value: "good" } },
        { type: "text", text: "said" },
        { type: "thinking", thinking: "half", signature: { value: "bad" } },
      ],
      { stopReason: "aborted" },
    )
    const { context } = handoff({ messages: [user("q"), cut, user("r")] }, modelOf(), anthropicMessages.traits)
    const text = JSON.stringify(encode({ context }).body)
    expect(text).toContain('"good"')
    expect(text).not.toContain('"bad"')
  })

  const unsigned = assistant(
    [
      { type: "thinking", thinking: "t" },
      { type: "text", text: "a" },
    ],
    { provider: "other", model: "m" },
  )

  test("WO-70: a host that does not sign gets its thinking back as thinking", () => {
    const { body } = encode({ messages: [user("q"), unsigned, user("r")] })
    expect(body["messages"][1].content[0]).toEqual({ type: "thinking", thinking: "t", signature: "" })
  })

  test("WO-71: a host that turns out to check signatures gets text instead, and then no thinking at all", () => {
    const fields: CallFields = { messages: [user("q"), unsigned, user("r")] }
    const error = classify({ status: 400, message: "messages.1.content.0: Invalid `signature` in `thinking` block" })
    const first = anthropicMessages.adapt?.(error, callOf(fields), [])?.learn
    expect(first?.where).toBe("host")
    const second = encode({ ...fields, known: { ...first?.facts } })
    expect(second.body["messages"][1].content[0]).toMatchObject({ type: "text", text: "t" })
    const signed: CallFields = {
      messages: [
        user("q"),
        assistant([
          { type: "thinking", thinking: "t", signature: { value: "s" } },
          { type: "text", text: "a" },
        ]),
        user("r"),
      ],
    }
    const both = callOf({ messages: [...(signed.messages ?? []), unsigned, user("s")] })
    expect(anthropicMessages.adapt?.(error, both, [])?.learn?.where).toBe("session")
    const last = anthropicMessages.adapt?.(error, callOf(signed), [])?.learn
    expect(last?.where).toBe("session")
    expect(JSON.stringify(encode({ ...signed, known: { ...last?.facts } }).body)).not.toContain('"signature"')
    expect(anthropicMessages.adapt?.(error, callOf({ ...signed, known: { ...last?.facts } }), [])).toBeUndefined()
  })

  test("WO-72: a signature of another provider does not go out", () => {
    const other = assistant(
      [
        {
          type: "thinking",
          thinking: "t",
          signature: { value: "foreign", issuer: { api: "anthropic-messages", provider: "other", model: "m" } },
        },
        { type: "toolCall", id: "c", name: "f", arguments: {} },
      ],
      { provider: "other", model: "m" },
    )
    const { context } = handoff({ messages: [user("q"), other, result("c")] }, modelOf(), anthropicMessages.traits)
    expect(JSON.stringify(encode({ context }).body)).not.toContain("foreign")
  })

  test("WO-73: between hosts that check nothing, thinking survives as thinking", () => {
    const other = assistant(
      [
        { type: "thinking", thinking: "t" },
        { type: "text", text: "a" },
      ],
      { api: "openai-completions", provider: "x", model: "y" },
    )
    const { body } = encode({ messages: [user("q"), other, user("r")] })
    expect(body["messages"][1].content[0].type).toBe("thinking")
  })

  test("WO-74: a checking host does not get the model's own unsigned thinking as text", () => {
    const own = assistant([
      { type: "thinking", thinking: "secret" },
      { type: "text", text: "a" },
    ])
    const { body, losses } = encode({ model: at({ verifiesSignatures: true }), messages: [user("q"), own, user("r")] })
    expect(JSON.stringify(body)).not.toContain("secret")
    expect(losses).toContain("dropped messages[1].content[0]")
    const foreign = encode({ model: at({ verifiesSignatures: true }), messages: [user("q"), unsigned, user("r")] })
    expect(foreign.body["messages"][1].content[0]).toMatchObject({ type: "text", text: "t" })
  })

  test("WO-75: thinking that became text does not end in white space", () => {
    const trailing = assistant([{ type: "thinking", thinking: "t \n" }], { provider: "other" })
    const { body } = encode({ model: at({ verifiesSignatures: true }), messages: [user("q"), trailing] })
    expect(body["messages"][1].content[0].text).toBe("t")
  })

  test("WO-76: a summary in tags is unwrapped and loses its signature", () => {
    const message = decode([
      start,
      opens(0, { type: "thinking", thinking: "", signature: "" }),
      delta(0, { type: "thinking_delta", thinking: "<thin" }),
      delta(0, { type: "thinking_delta", thinking: "king>\nfirst I <b>look</b>\n</thinking>" }),
      delta(0, { type: "signature_delta", signature: "sig" }),
      closes(0),
      ...textBlock(1, "a"),
      ends("end_turn"),
      stop,
    ])
    expect(message.content[0]).toEqual({ type: "thinking", thinking: "first I <b>look</b>" })
  })

  test("WO-77: a search of the provider goes back as it came, in its place", () => {
    const items = [
      { type: "server_tool_use", id: "s", name: "web_search", input: { query: "x" } },
      {
        type: "web_search_tool_result",
        tool_use_id: "s",
        content: [{ type: "web_search_result", encrypted_content: "zz" }],
      },
    ]
    const message = decode([
      start,
      ...textBlock(0, "Let me look."),
      ...items.flatMap((item, i) => [opens(i + 1, item), closes(i + 1)]),
      ...textBlock(3, "Found."),
      ends("end_turn"),
      stop,
    ])
    const { context } = handoff({ messages: [user("q"), message, user("r")] }, modelOf(), anthropicMessages.traits)
    expect(encode({ context, options: { cacheRetention: "none" } }).body["messages"][1].content).toEqual([
      { type: "text", text: "Let me look." },
      ...items,
      { type: "text", text: "Found." },
    ])
  })

  test("WO-78: interleaved thinking is asked for where the host's entry says so", () => {
    const betas = (compat: MessagesCompat): string[] =>
      encode({ model: at(compat, BUDGET), options: { reasoning: "low" } }).betas
    expect(betas({ interleavedThinking: true })).toEqual(["interleaved-thinking-2025-05-14"])
    expect(betas({})).toEqual([])
  })
})
