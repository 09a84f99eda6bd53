import type { Frame } from "../../contract/frame.ts"
import type { Mint } from "../../contract/wire-client.ts"
import type { InboundCall, KeptDocument, Responder } from "../../contract/wire-server.ts"
import type { AssistantMessageEvent } from "../../model/events.ts"
import type { AssistantMessage, Loss } from "../../model/message.ts"
import { failureOf } from "../openai/respond-failure.ts"
import type { Report } from "./respond-item-fields.ts"
import { EventFrames } from "./respond-frames.ts"
import { errorFields, failedError } from "./respond-failure.ts"
import { listedItems } from "./respond-listed-input.ts"
import { ItemWriter } from "./respond-items.ts"
import { ResponseDocument } from "./respond-document.ts"
import type { Obj } from "./types.ts"

/** What a refusal without an explanation says. */
const DECLINED = "The model declined to answer."

/**
 * Writes an answer as OpenAI's Responses.
 *
 * @see https://platform.openai.com/docs/api-reference/responses-streaming
 */
export class ResponsesResponder implements Responder {
  readonly losses: Loss[] = []
  readonly #frames = new EventFrames()
  readonly #document: ResponseDocument
  readonly #items: ItemWriter
  readonly #call: InboundCall
  readonly #mint: Mint
  #begun = false
  #ended = false
  #response: Obj | undefined

  constructor(call: InboundCall, mint: Mint) {
    this.#call = call
    this.#mint = mint
    this.#document = new ResponseDocument(call, mint)
    this.#items = new ItemWriter(this.#frames, mint, this.#lose)
  }

  push(event: AssistantMessageEvent): Frame[] {
    const frames: Frame[] = []
    if (this.#ended) return frames
    switch (event.type) {
      case "start":
        this.#begin(frames)
        break
      case "done":
        this.#begin(frames)
        this.#done(event.message, frames)
        break
      case "error":
        this.#fail(event.error, frames)
        break
      default:
        this.#begin(frames)
        this.#items.push(event, frames)
    }
    return frames
  }

  whole(message: AssistantMessage): unknown {
    this.#items.whole(message)
    return this.#end(message, [])
  }

  document(): KeptDocument | undefined {
    const value = this.#response
    if (!value) return undefined
    return { id: this.#document.id, value, input: listedItems(this.#call.request.body, this.#mint) }
  }

  keepAlive(): Frame {
    return { data: "" }
  }

  #begin(frames: Frame[]): void {
    if (this.#begun) return
    this.#begun = true
    const response = this.#document.begun()
    frames.push(
      this.#frames.event("response.created", { response }),
      this.#frames.event("response.in_progress", { response }),
    )
  }

  #done(message: AssistantMessage, frames: Frame[]): void {
    this.#ended = true
    this.#items.finish(message, frames)
    const response = this.#end(message, frames)
    frames.push(this.#frames.event(`response.${String(response["status"])}`, { response }))
  }

  /** The response of an answer that came to its end, with the refusal that belongs to it. */
  #end(message: AssistantMessage, frames: Frame[]): Obj {
    const { stopDetails } = message
    this.#refuse(message, frames)
    const paused = stopDetails?.type === "pause_turn" && !message.content.some((block) => block.type === "toolCall")
    if (stopDetails && stopDetails.type !== "refusal" && !paused) {
      this.#lose("stopDetails", "The wire has no field for it.")
    }
    const output = this.#items.output
    const cut = message.stopReason === "length"
    this.#response = this.#document.ended(
      {
        status: cut ? "incomplete" : "completed",
        output,
        ...(cut ? { incomplete_details: { reason: "max_output_tokens" } } : {}),
        // Read by clients that send the conversation again.
        ...(paused ? { end_turn: false } : {}),
      },
      message.usage,
    )
    return this.#response
  }

  #refuse({ content, stopDetails }: AssistantMessage, frames: Frame[]): void {
    if (stopDetails?.type !== "refusal") return
    const { explanation } = stopDetails
    // An API that streams its refusals gives the same words as text and as the explanation.
    if (explanation && content.some((block) => block.type === "text" && block.text === explanation)) {
      this.#lose("stopDetails", "The words of the refusal were given as text already.")
      return
    }
    if (stopDetails.category !== undefined) this.#lose("stopDetails.category", "The wire has no field for it.")
    if (stopDetails.explanation === undefined) {
      this.#lose("stopDetails.explanation", "A refusal is a text on this wire.", "injected")
    }
    this.#items.refuse(stopDetails.explanation ?? DECLINED, frames)
  }

  /**
   * Before the response has begun a failure is the event `error`, afterwards the response that failed. An answer that
   * was filtered is one that ended early. What is finished stays; a call that was cut off is not closed, and so the
   * response has failed.
   */
  #fail(message: AssistantMessage, frames: Frame[]): void {
    this.#ended = true
    const error = failureOf(message)
    if (!this.#begun) {
      frames.push(this.#frames.event("error", errorFields(error)))
      return
    }
    this.#items.closeMessage(frames)
    for (const index of this.#items.unwritten) {
      this.#lose(`content[${index}]`, "The answer failed before this could be written.")
    }
    const filtered = error.code === "content_blocked" && !this.#items.open
    if (filtered) this.#refuse(message, frames)
    const status = filtered ? "incomplete" : "failed"
    const response = this.#document.ended(
      {
        status,
        output: this.#items.output,
        ...(filtered ? { incomplete_details: { reason: "content_filter" } } : { error: failedError(error) }),
      },
      message.usage,
    )
    // An answer that was filtered is one all the same, and may be come back to.
    if (filtered) this.#response = response
    frames.push(this.#frames.event(`response.${status}`, { response }))
  }

  readonly #lose: Report = (field, reason, kind = "dropped") => {
    if (!this.losses.some((known) => known.field === field)) this.losses.push({ field, kind, reason })
  }
}
