import { frameObject } from "../assemble/frame-json.ts"
import type { MessageSink } from "../contract/builder.ts"
import type { ErrorFacts } from "../contract/error-facts.ts"
import type { ResponseHead } from "../contract/frame.ts"
import type { Call, Decoder, WireClient, WireRequest } from "../contract/wire-client.ts"
import type { Json } from "../model/tool.ts"
import type { MockFrame } from "./frames.ts"

/** The mock's own wire: the call as JSON out, one `MockFrame` a frame back. */
export const mockWire: WireClient = {
  api: "mock",
  framing: "messages",
  traits: {
    toolCallId: { pattern: /^[\s\S]+$/, maxLength: 1024 },
    toolName: { pattern: /\S/, maxLength: 256 },
    media: { image: true, document: true, audio: true, inAnswer: true },
  },
  encode(call: Call): WireRequest {
    const { op, context, options, stream } = call
    return { path: "/answer", headers: {}, body: { op, context, options, stream } as unknown as Json, losses: [] }
  },
  decoder(_call: Call, _head: ResponseHead, out: MessageSink): Decoder {
    let stopped = false
    const read = (frame: MockFrame): void => {
      if (frame.type === "stop" || frame.type === "error") stopped = true
      apply(frame, out)
    }
    return {
      push(frame): void {
        const value = frameObject(frame, out)
        if (value) read(value as unknown as MockFrame)
      },
      whole(body): void {
        for (const frame of (body as { frames?: readonly MockFrame[] }).frames ?? []) read(frame)
        this.end()
      },
      end(): void {
        if (!stopped) out.fail({ is: "stream_incomplete" })
      },
    }
  },
  readError(head: ResponseHead, body: unknown): ErrorFacts {
    if (typeof body === "string") return { status: head.status, message: body }
    const inner = (body as { error?: unknown } | null)?.error
    if (typeof inner === "object" && inner !== null) return { ...(inner as ErrorFacts), status: head.status }
    return { status: head.status, message: JSON.stringify(body) }
  },
}

function apply(frame: MockFrame, out: MessageSink): void {
  switch (frame.type) {
    case "meta":
      out.meta({ responseId: frame.responseId, ...(frame.model ? { model: frame.model } : {}) })
      break
    case "text":
      out.text(frame.key, frame.delta)
      break
    case "thinking":
      out.thinking(frame.key, frame.delta)
      break
    case "toolCall":
      out.toolCall(frame.key, { id: frame.id, name: frame.name, ...(frame.custom ? { custom: true } : {}) })
      break
    case "args":
      out.args(frame.key, frame.delta)
      break
    case "attach":
      out.attach(frame.key, frame)
      break
    case "block":
      out.block(frame.key, frame.block)
      break
    case "close":
      out.close(frame.key)
      break
    case "usage":
      out.usage(frame.usage)
      break
    case "error":
      out.fail(frame.error)
      break
    case "stop":
      out.stop(frame.reason, frame.details)
  }
}
