import * as fc from "fast-check"
import type { AssistantMessage, AssistantMessageEvent, Frame } from "@sluice/ai"
import { describe, expect, test } from "vitest"
import { open } from "../server-seal.ts"
import { accept, modelOf } from "../../../../../tests/support/anthropic-messages.ts"
import { classify } from "../../errors/classify.ts"
import { MessageBuilder } from "../../assemble/message-builder.ts"
import { countingMint, readRecording } from "../../assemble/read-recording.ts"
import { anthropicMessages } from "./client.ts"
import { anthropicMessagesServer } from "./server.ts"

const call = accept({ model: "asked-for", max_tokens: 10, messages: [{ role: "user", content: "hi" }] })

function builder(api = "anthropic-messages"): MessageBuilder {
  const mint = countingMint()
  return new MessageBuilder({
    api,
    provider: "p",
    model: "m",
    timestamp: 0,
    now: mint.now,
    mintId: mint.id,
    toError: (facts) => classify(facts),
  })
}

function respond(events: readonly AssistantMessageEvent[], estimate?: number): { frames: Frame[]; losses: string[] } {
  const responder = anthropicMessagesServer.responder(
    estimate === undefined ? call : { ...call, estimate: { inputTokens: estimate, provenance: "estimated" } },
    countingMint(),
  )
  const frames = events.flatMap((event) => responder.push(event))
  return { frames, losses: responder.losses.map((loss) => `${loss.kind} ${loss.field}`) }
}

/** Runs `write` event by event, as a driver does, and responds. */
function stream(
  write: readonly ((out: MessageBuilder) => void)[],
  api?: string,
): ReturnType<typeof respond> & { message: AssistantMessage } {
  const out = builder(api)
  const responder = anthropicMessagesServer.responder(call, countingMint())
  const frames: Frame[] = []
  const drain = (): void => {
    for (const event of out.take()) frames.push(...responder.push(event))
  }
  for (const step of write) {
    step(out)
    drain()
  }
  out.finish()
  drain()
  return { frames, losses: responder.losses.map((loss) => `${loss.kind} ${loss.field}`), message: out.message }
}

interface WireEvent {
  type: string
  index?: number
  message?: { content: unknown[]; usage: Record<string, number> }
  content_block?: { type: string; input?: unknown }
  delta?: Record<string, unknown>
  usage?: Record<string, number>
}

/**
 * The order that clients of this wire rely on, written from the vendor's description: message_start, blocks that
 * count up and never overlap, message_delta with a reason, message_stop; or an error in the place of what is left.
 */
function checkGrammar(frames: readonly Frame[]): void {
  let state: "before" | "between" | "block" | "delta" | "after" = "before"
  let next = 0
  let kind = ""
  let calls = 0
  const allowed: Record<string, string[]> = {
    text: ["text_delta", "citations_delta"],
    thinking: ["thinking_delta", "signature_delta"],
    tool_use: ["input_json_delta"],
    server_tool_use: ["input_json_delta"],
    compaction: ["compaction_delta"],
  }
  for (const frame of frames) {
    const event = JSON.parse(frame.data as string) as WireEvent
    expect(frame.event).toBe(event.type)
    expect(state).not.toBe("after")
    switch (event.type) {
      case "ping":
        break
      case "error":
        state = "after"
        break
      case "message_start":
        expect(state).toBe("before")
        expect(event.message?.content).toEqual([])
        expect(event.message?.usage["input_tokens"]).toBeTypeOf("number")
        expect(event.message?.usage["output_tokens"]).toBeTypeOf("number")
        state = "between"
        break
      case "content_block_start":
        expect(state).toBe("between")
        expect(event.index).toBe(next++)
        kind = event.content_block?.type ?? ""
        if (kind === "tool_use") {
          calls++
          expect(event.content_block?.input).toEqual({})
        }
        state = "block"
        break
      case "content_block_delta":
        expect(state).toBe("block")
        expect(event.index).toBe(next - 1)
        expect(allowed[kind]).toContain(event.delta?.["type"])
        break
      case "content_block_stop":
        expect(state).toBe("block")
        expect(event.index).toBe(next - 1)
        state = "between"
        break
      case "message_delta":
        expect(state).toBe("between")
        expect(event.delta?.["stop_reason"]).toBeTypeOf("string")
        if (event.delta?.["stop_reason"] === "tool_use") expect(calls).toBeGreaterThan(0)
        for (const field of [
          "input_tokens",
          "output_tokens",
          "cache_read_input_tokens",
          "cache_creation_input_tokens",
        ]) {
          expect(event.usage?.[field]).toBeTypeOf("number")
        }
        state = "delta"
        break
      case "message_stop":
        expect(state).toBe("delta")
        state = "after"
        break
      default:
        throw new Error(`unknown event ${event.type}`)
    }
  }
  expect(state).toBe("after")
}

function types(frames: readonly Frame[]): string[] {
  return frames.map((frame) => {
    const event = JSON.parse(frame.data as string) as WireEvent
    const of = event.content_block?.type ?? event.delta?.["type"] ?? event.delta?.["stop_reason"]
    return `${event.type}${event.index ?? ""}${of ? `:${String(of)}` : ""}`
  })
}

/** What the stream of frames says, read by our own client. */
function read(frames: readonly Frame[]): AssistantMessage {
  return readRecording(anthropicMessages, modelOf({ id: "m", provider: "p" }), { stream: true, chunks: frames })
}

describe("streams", () => {
  test("text, thinking and a call in the wire's order", () => {
    const { frames } = stream([
      (out) => {
        out.thinking("a", "hm")
        out.attach("a", { signature: "sig" })
        out.close("a")
      },
      (out) => {
        out.text("b", "hi")
        out.close("b")
        out.toolCall("c", { id: "t1", name: "f" })
        out.args("c", '{"x"')
        out.args("c", ":1}")
        out.close("c")
      },
      (out) => {
        out.usage({ input: 3, output: 9 })
        out.stop("toolUse")
      },
    ])
    expect(types(frames)).toEqual([
      "message_start",
      "content_block_start0:thinking",
      "content_block_delta0:thinking_delta",
      "content_block_delta0:signature_delta",
      "content_block_stop0",
      "content_block_start1:text",
      "content_block_delta1:text_delta",
      "content_block_stop1",
      "content_block_start2:tool_use",
      "content_block_delta2:input_json_delta",
      "content_block_delta2:input_json_delta",
      "content_block_stop2",
      "message_delta:tool_use",
      "message_stop",
    ])
    checkGrammar(frames)
  })

  test("an estimate of the prompt stands in message_start", () => {
    const out = builder()
    out.text("a", "x")
    out.stop("stop")
    out.finish()
    const { frames } = respond(out.take(), 42)
    const first = JSON.parse(frames[0]?.data as string) as WireEvent
    expect(first.message?.usage).toMatchObject({ input_tokens: 42, output_tokens: 0 })
  })

  test("a call waits for its name, and what follows waits for the call", () => {
    const { frames } = stream([
      (out) => {
        out.toolCall("a", {})
        out.args("a", '{"x":')
        out.text("b", "later")
      },
      (out) => out.toolCall("a", { id: "t", name: "f" }),
      (out) => {
        out.args("a", "1}")
        out.close("a")
        out.stop("toolUse")
      },
    ])
    checkGrammar(frames)
    expect(read(frames).content).toMatchObject([
      { type: "toolCall", id: "t", name: "f", arguments: { x: 1 } },
      { type: "text", text: "later" },
    ])
  })

  test("a grammar tool's text becomes the string of one field, characters of two halves included", () => {
    const { frames } = stream([
      (out) => out.toolCall("a", { id: "t", name: "patch", custom: true }),
      (out) => out.args("a", 'say "hi"\n\ud83d'),
      (out) => out.args("a", "\ude00"),
      (out) => {
        out.close("a")
        out.stop("toolUse")
      },
    ])
    checkGrammar(frames)
    expect(read(frames).content).toMatchObject([{ arguments: { input: 'say "hi"\n\u{1f600}' } }])
  })

  test("a reason of tool use without a call is an end of turn", () => {
    const { frames } = stream([
      (out) => {
        out.text("a", "x")
        out.stop("toolUse")
      },
    ])
    expect(types(frames)).toContain("message_delta:end_turn")
  })

  test("a failure ends the stream with an error event and leaves a call that was cut off open", () => {
    const { frames } = stream([
      (out) => out.toolCall("a", { id: "t", name: "f" }),
      (out) => out.args("a", "{"),
      (out) => out.fail({ type: "overloaded_error", message: "Busy" }),
    ])
    checkGrammar(frames)
    expect(types(frames).slice(-2)).toEqual(["content_block_delta0:input_json_delta", "error"])
    expect(JSON.parse(frames.at(-1)?.data as string)).toEqual({
      type: "error",
      error: { type: "overloaded_error", message: "Busy" },
    })
  })

  test("a refusal is an answer", () => {
    const { frames, message } = stream([
      (out) => {
        out.stop("error", { type: "refusal", category: "cyber" })
        out.fail({ is: "content_blocked", message: "No." })
      },
    ])
    checkGrammar(frames)
    expect(types(frames)).toEqual(["message_start", "message_delta:refusal", "message_stop"])
    expect(read(frames)).toMatchObject({ stopDetails: message.stopDetails ?? {}, error: { code: "content_blocked" } })
  })

  test("what only another wire can read is named as lost", () => {
    const { frames, losses } = stream(
      [
        (out) => {
          out.block("c", { type: "native", api: "openai-responses", item: {} })
          out.block("d", { type: "image", source: { data: "AA==", mimeType: "image/png" } })
          out.text("e", "x")
          out.attach("e", { citations: [{ type: "url_citation" }] })
          out.stop("stop")
        },
      ],
      "openai-responses",
    )
    checkGrammar(frames)
    expect(losses.toSorted()).toEqual(["dropped content[0]", "dropped content[1]", "dropped content[2].citations"])
  })

  test("what another wire has signed is sealed: thinking in its field, a call's signature ahead of the call", () => {
    const { frames, losses } = stream(
      [
        (out) => {
          out.thinking("a", "t")
          out.attach("a", { signature: "encrypted" })
          out.close("a")
          out.block("b", { type: "redactedThinking", data: { value: "z" } })
          out.toolCall("c", { id: "call_1", name: "f" })
          out.args("c", "{}")
          out.attach("c", { signature: "of the call" })
          out.close("c")
          out.stop("toolUse")
        },
      ],
      "openai-responses",
    )
    checkGrammar(frames)
    expect(losses).toEqual([])
    expect(JSON.stringify(frames)).not.toMatch(/encrypted|of the call/)
    const content = read(frames).content
    expect(content.map(({ type }) => type)).toEqual(["thinking", "redactedThinking", "redactedThinking", "toolCall"])
    const issuer = { api: "openai-responses" }
    const [thinking, hidden, ofCall] = content.map((block) => {
      const opaque =
        block.type === "redactedThinking" ? block.data : block.type === "thinking" ? block.signature : undefined
      return opaque && open(opaque.value)
    })
    expect(thinking).toMatchObject({ thoughts: [], own: { value: "encrypted", issuer } })
    expect(hidden).toMatchObject({ thoughts: [{ type: "redactedThinking", opaque: { value: "z", issuer } }] })
    expect(ofCall).toMatchObject({ own: { value: "of the call", issuer }, of: { type: "toolCall", id: "call_1" } })
  })

  test("a call's signature that comes behind its beginning is named as lost", () => {
    const { frames, losses } = stream([
      (out) => out.toolCall("c", { id: "call_1", name: "f" }),
      (out) => {
        out.attach("c", { signature: "late" })
        out.close("c")
        out.stop("toolUse")
      },
    ])
    checkGrammar(frames)
    expect(losses).toEqual(["dropped content[0].signature"])
  })

  test("keep-alives are pings", () => {
    const responder = anthropicMessagesServer.responder(call, countingMint())
    expect(responder.keepAlive()).toEqual({ event: "ping", data: '{"type":"ping"}' })
  })
})

test("a whole answer holds the same as the stream", () => {
  const { message, frames } = stream([
    (out) => {
      out.meta({ responseId: "msg_9" })
      out.block("n", {
        type: "native",
        api: "anthropic-messages",
        item: { type: "server_tool_use", id: "s", name: "web_search", input: { q: 1 } },
      })
      out.text("a", "x")
      out.attach("a", { citations: [{ type: "page_location" }] })
      out.usage({ input: 1, output: 2, cacheRead: 3, cacheWrite: 4, cacheWrite1h: 4, reasoningTokens: 1 })
      out.stop("stop", { type: "stop_sequence", sequence: "END" })
    },
  ])
  const body = anthropicMessagesServer.responder(call, countingMint()).whole(message)
  const document = readRecording(anthropicMessages, modelOf({ id: "m", provider: "p" }), {
    stream: false,
    chunks: [new TextEncoder().encode(JSON.stringify(body))],
  })
  expect(document).toEqual(read(frames))
  expect(body).toMatchObject({
    type: "message",
    role: "assistant",
    model: "asked-for",
    stop_reason: "stop_sequence",
    stop_sequence: "END",
  })
  const empty = anthropicMessagesServer.responder(call, countingMint()).whole({ ...message, content: [] })
  expect(empty).toMatchObject({ content: [] })
})

/** A step that a host's stream can take, by the block it is about. */
const step = fc.record({
  block: fc.integer({ min: 0, max: 4 }),
  do: fc.constantFrom("grow", "grow", "grow", "name", "sign", "close"),
  text: fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }),
})

test("whatever order a host has, clients get the wire's order and the same message", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("text", "thinking", "tool", "custom", "native", "redacted"), {
        minLength: 5,
        maxLength: 5,
      }),
      fc.array(step, { maxLength: 40 }),
      fc.constantFrom("stop", "length", "toolUse", "cut"),
      (kinds, steps, end) => {
        const named = new Set<string>()
        const writes = steps.map((one) => (out: MessageBuilder): void => {
          const key = String(one.block)
          const kind = kinds[one.block] as string
          if (one.do === "close") return out.close(key)
          if (kind === "text") return out.text(key, one.text)
          if (kind === "thinking") {
            out.thinking(key, one.do === "sign" ? "" : `t${one.text}`)
            if (one.do === "sign") out.attach(key, { signature: "s" })
            return undefined
          }
          if (kind === "native")
            return out.block(key, { type: "native", api: "anthropic-messages", item: { type: "odd", id: key } })
          if (kind === "redacted") return out.block(key, { type: "redactedThinking", data: { value: `r${key}` } })
          out.toolCall(key, {
            custom: kind === "custom",
            ...(one.do === "name" ? { id: `id${key}`, name: `f${key}` } : {}),
          })
          if (one.do === "name" || named.has(key)) return undefined
          named.add(key)
          return out.args(key, kind === "custom" ? one.text : JSON.stringify({ a: one.text }))
        })
        const { frames, message } = stream([...writes, (out) => (end === "cut" ? undefined : out.stop(end))])
        checkGrammar(frames)
        if (end === "cut") return
        const back = read(frames)
        expect(back.content).toEqual(message.content.flatMap(normal))
        expect(back.stopReason).toBe(
          message.content.some((block) => block.type === "toolCall") || end !== "toolUse" ? message.stopReason : "stop",
        )
      },
    ),
    { numRuns: 1000 },
  )
})

/** A block as it survives: empty text and thinking go, a grammar tool is a tool. */
function normal(block: AssistantMessage["content"][number]): unknown[] {
  if (block.type === "text") return block.text === "" ? [] : [block]
  if (block.type === "thinking") return block.thinking === "" && !block.signature ? [] : [block]
  if (block.type !== "toolCall") return [block]
  const { custom: _, ...call } = block
  return [call]
}
