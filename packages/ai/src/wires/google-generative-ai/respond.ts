import type { Frame } from "../../contract/frame.ts"
import type { Mint } from "../../contract/wire-client.ts"
import type { InboundCall, Responder } from "../../contract/wire-server.ts"
import type { AssistantMessageEvent } from "../../model/events.ts"
import type { AssistantMessage, Loss } from "../../model/message.ts"
import { besideAll } from "./respond-about.ts"
import { PartWriter, type Piece } from "./respond-blocks.ts"
import { errorBody } from "./respond-failure.ts"
import { finishOf, isRefusal, writeUsage } from "./respond-fields.ts"
import { Losses } from "../../model/losses.ts"
import type { Candidate, GenerateResponse, Obj, Part } from "./types.ts"

/** The vendor's words for a prompt that its filters did not let through. */
const BLOCKED: ReadonlySet<string> = new Set([
  "SAFETY",
  "OTHER",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "IMAGE_SAFETY",
  "MODEL_ARMOR",
  "JAILBREAK",
])

/**
 * Writes an answer as Google's `generateContent`. A stream is a row of answers, each with the parts that are new; the
 * last one has the reason to stop and the usage.
 */
export class GenerateResponder implements Responder {
  readonly #call: InboundCall
  readonly #mint: Mint
  readonly #losses = new Losses()
  readonly #parts: PartWriter
  #id: string | undefined
  #begun = false
  #ended = false

  constructor(call: InboundCall, mint: Mint) {
    this.#call = call
    this.#mint = mint
    this.#parts = new PartWriter({
      losses: this.#losses,
      showThinking: call.options.showThinking !== false,
      callId: () => mint.id("call_"),
    })
  }

  get losses(): readonly Loss[] {
    return this.#losses.list
  }

  push(event: AssistantMessageEvent): Frame[] {
    if (this.#ended) return []
    switch (event.type) {
      case "start":
        return []
      case "done":
        return this.#end(event.message)
      case "error":
        if (isRefusal(event.error)) return this.#end(event.error)
        this.#ended = true
        return [frame(errorBody(event.error.error ?? unknownFailure))]
      default:
        return this.#parts.push(event).map((piece) => this.#piece(piece, event.partial))
    }
  }

  /** @throws SluiceError never; a message that failed is to be answered with `failure`, except a refusal */
  whole(message: AssistantMessage): Obj {
    if (isBlockedPrompt(message)) return this.#blocked(message)
    return this.#last(this.#parts.whole(message), message)
  }

  keepAlive(): Frame {
    return { data: "" }
  }

  #piece({ parts, beside }: Piece, message: AssistantMessage): Frame {
    this.#begun = true
    const candidate: Candidate = { content: content(parts), index: 0, ...beside }
    return frame({ candidates: [candidate], ...this.#tail(message) })
  }

  #end(message: AssistantMessage): Frame[] {
    this.#ended = true
    if (!this.#begun && isBlockedPrompt(message)) return [frame(this.#blocked(message))]
    const frames = this.#parts.finish(message).map((piece) => this.#piece(piece, message))
    return [...frames, frame(this.#last({ parts: [this.#parts.lastPart(message)] }, message))]
  }

  /** The piece with which an answer ends, or all of it. */
  #last({ parts, beside }: Piece, message: AssistantMessage): GenerateResponse {
    const { about, broken } = this.#parts
    const candidate: Candidate = {
      content: content(parts),
      ...finishOf(message, broken, this.#losses),
      index: 0,
      ...besideAll([beside, about]),
    }
    return this.#response({ candidates: [candidate] }, message)
  }

  /** A prompt that a filter kept from the model: there is no candidate, and no reason for one to stop. */
  #blocked(message: AssistantMessage): GenerateResponse {
    const { category, explanation } = message.stopDetails ?? {}
    const promptFeedback = {
      blockReason: category as string,
      ...(explanation === undefined ? {} : { blockReasonMessage: explanation }),
    }
    return this.#response({ promptFeedback }, message)
  }

  #response(fields: GenerateResponse, message: AssistantMessage): GenerateResponse {
    const usage = writeUsage(message.usage, this.#losses)
    return { ...fields, ...(usage ? { usageMetadata: usage } : {}), ...this.#tail(message) }
  }

  #tail(message: AssistantMessage): Pick<GenerateResponse, "modelVersion" | "responseId"> {
    this.#id ??= message.responseId ?? this.#mint.id("resp_")
    return { modelVersion: this.#call.model, responseId: this.#id }
  }
}

const unknownFailure = {
  code: "server_error" as const,
  message: "The answer failed.",
  retryable: false,
  scope: "host" as const,
  delivered: "content" as const,
}

/** Whether a filter of the vendor's took the prompt: nothing was said, and the reason is a word for prompts. */
function isBlockedPrompt(message: AssistantMessage): boolean {
  const { type, category } = message.stopDetails ?? {}
  return type === "refusal" && message.content.length === 0 && category !== undefined && BLOCKED.has(category)
}

function content(parts: Part[]): Candidate["content"] & object {
  return { parts, role: "model" }
}

function frame(value: Obj): Frame {
  return { data: JSON.stringify(value) }
}
