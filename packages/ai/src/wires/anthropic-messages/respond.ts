import type { Usage } from "@sluice/catalog/core"
import type { Frame } from "../../contract/frame.ts"
import type { Mint } from "../../contract/wire-client.ts"
import type { InboundCall, Responder } from "../../contract/wire-server.ts"
import type { AssistantMessageEvent } from "../../model/events.ts"
import type { AssistantMessage, Loss } from "../../model/message.ts"
import { callSignature, isRefusal, writeBlock, writeStop } from "./respond-block-fields.ts"
import { BlockWriter } from "./respond-blocks.ts"
import { errorBody } from "./respond-failure.ts"
import { Losses } from "../../model/losses.ts"
import type { Obj } from "./types.ts"
import { writeUsage } from "./usage.ts"

const PING: Frame = { event: "ping", data: '{"type":"ping"}' }

/**
 * Writes an answer as Anthropic's Messages.
 *
 * Clients of this wire know one open block at a time and blocks that count up from 0, whatever the host behind it
 * did: blocks are written one after the other in the order of the message, and what comes for a later one waits.
 */
export class MessagesResponder implements Responder {
  readonly #call: InboundCall
  readonly #mint: Mint
  readonly #losses = new Losses()
  readonly #blocks: BlockWriter
  #started = false
  #ended = false

  constructor(call: InboundCall, mint: Mint) {
    this.#call = call
    this.#mint = mint
    this.#blocks = new BlockWriter(this.#losses, mint)
  }

  get losses(): readonly Loss[] {
    return this.#losses.list
  }

  push(event: AssistantMessageEvent): Frame[] {
    if (this.#ended) return []
    const frames: Frame[] = []
    switch (event.type) {
      case "start":
        return frames
      case "done":
        this.#end(event.message, frames)
        return frames
      case "error":
        if (isRefusal(event.error)) this.#end(event.error, frames)
        else this.#fail(event.error, frames)
        return frames
      default:
        this.#blocks.push(event, frames)
        if (frames.length > 0 && !this.#started) frames.unshift(this.#start(event.partial))
        return frames
    }
  }

  /** @throws SluiceError never; a message that failed is to be answered with `failure`, except a refusal */
  whole(message: AssistantMessage): Obj {
    const content: Obj[] = []
    message.content.forEach((block, index) => {
      const written = writeBlock(block, `content[${index}]`, message, this.#losses)
      const signature = block.type === "toolCall" ? callSignature(block.signature, block.id, message) : undefined
      if (signature) content.push(signature)
      if (written) content.push(written)
    })
    const hasCalls = content.some((block) => block["type"] === "tool_use")
    return {
      ...this.#head(message),
      content,
      ...writeStop(message, hasCalls, this.#losses),
      usage: this.#usage(message.usage),
    }
  }

  keepAlive(): Frame {
    return PING
  }

  #head(message: AssistantMessage): Obj {
    return {
      id: message.responseId ?? this.#mint.id("msg_"),
      type: "message",
      role: "assistant",
      model: this.#call.model,
    }
  }

  #start(message: AssistantMessage): Frame {
    this.#started = true
    return frame("message_start", {
      message: {
        ...this.#head(message),
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: this.#usage(message.usage),
      },
    })
  }

  #usage(usage: Usage): Obj {
    return writeUsage(usage, this.#call.estimate?.inputTokens)
  }

  #end(message: AssistantMessage, frames: Frame[]): void {
    this.#ended = true
    this.#blocks.finish(message, frames)
    if (!this.#started) frames.unshift(this.#start(message))
    frames.push(
      frame("message_delta", {
        delta: writeStop(message, this.#blocks.hasCalls, this.#losses),
        usage: this.#usage(message.usage),
      }),
      frame("message_stop", {}),
    )
  }

  /** What was written before stays; a call that was cut off is not closed, so that no client takes it for whole. */
  #fail(message: AssistantMessage, frames: Frame[]): void {
    this.#ended = true
    const error = message.error ?? {
      code: "server_error" as const,
      message: "The answer failed.",
      retryable: false,
      scope: "host" as const,
      delivered: "content" as const,
    }
    frames.push({ event: "error", data: JSON.stringify(errorBody(error)) })
  }
}

function frame(type: string, fields: Obj): Frame {
  return { event: type, data: JSON.stringify({ type, ...fields }) }
}
