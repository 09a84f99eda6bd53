/** Streams of made-up answers, as bytes in pieces of 16 KB, the size that a socket read brings. */

const PIECE = 16 * 1024
const encoder = new TextEncoder()

/** The wires that are measured. */
export type BenchWire = "openai-completions" | "anthropic-messages"

const event = (value: unknown, name?: string): string =>
  `${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(value)}\n\n`

function chat(delta: unknown, finish: string | null = null): string {
  return event({
    id: "chatcmpl-bench",
    object: "chat.completion.chunk",
    created: 1_790_000_000,
    model: "bench",
    system_fingerprint: "fp_bench",
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  })
}

/** An answer of `count` text deltas. */
export function textStream(wire: BenchWire, count: number): Uint8Array {
  let text = ""
  if (wire === "openai-completions") {
    text += chat({ role: "assistant", content: "", refusal: null })
    for (let i = 0; i < count; i++) text += chat({ content: ` word${i % 100}` })
    return encoder.encode(`${text}${chat({}, "stop")}data: [DONE]\n\n`)
  }
  text += messageStart()
  text += event(
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    "content_block_start",
  )
  for (let i = 0; i < count; i++) {
    const delta = { type: "text_delta", text: ` word${i % 100}` }
    text += event({ type: "content_block_delta", index: 0, delta }, "content_block_delta")
  }
  return encoder.encode(text + messageEnd("end_turn"))
}

/** An answer of one tool call with `bytes` of arguments in deltas of 16 characters. */
export function toolStream(wire: BenchWire, bytes: number): Uint8Array {
  const args = JSON.stringify({
    path: "/tmp/file.txt",
    content: "lorem ipsum dolor sit amet\n".repeat(Math.ceil(bytes / 28)).slice(0, bytes),
  })
  const parts: string[] = []
  if (wire === "openai-completions") {
    const call = { index: 0, id: "call_bench", type: "function", function: { name: "write_file", arguments: "" } }
    parts.push(chat({ role: "assistant", content: null, tool_calls: [call] }))
    for (let i = 0; i < args.length; i += 16)
      parts.push(chat({ tool_calls: [{ index: 0, function: { arguments: args.slice(i, i + 16) } }] }))
    parts.push(chat({}, "tool_calls"), "data: [DONE]\n\n")
    return encoder.encode(parts.join(""))
  }
  parts.push(messageStart())
  const block = { type: "tool_use", id: "toolu_bench", name: "write_file", input: {} }
  parts.push(event({ type: "content_block_start", index: 0, content_block: block }, "content_block_start"))
  for (let i = 0; i < args.length; i += 16) {
    const delta = { type: "input_json_delta", partial_json: args.slice(i, i + 16) }
    parts.push(event({ type: "content_block_delta", index: 0, delta }, "content_block_delta"))
  }
  parts.push(messageEnd("tool_use"))
  return encoder.encode(parts.join(""))
}

function messageStart(): string {
  const usage = { input_tokens: 10, output_tokens: 1 }
  const message = {
    id: "msg_bench",
    type: "message",
    role: "assistant",
    model: "bench",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  }
  return event({ type: "message_start", message }, "message_start")
}

function messageEnd(reason: string): string {
  return (
    event({ type: "content_block_stop", index: 0 }, "content_block_stop") +
    event(
      { type: "message_delta", delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: 20 } },
      "message_delta",
    ) +
    event({ type: "message_stop" }, "message_stop")
  )
}

/** The bytes as a response body that gives a piece a read. */
export function body(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.subarray(at, at + PIECE))
      at += PIECE
    },
  })
}
