import type { Frame } from "../../contract/frame.ts"
import type { Mint } from "../../contract/wire-client.ts"
import type { InboundCall, Responder } from "../../contract/wire-server.ts"
import type { AssistantMessageEvent } from "../../model/events.ts"
import type { AssistantMessage, Block, Loss, TextBlock, ToolCallBlock } from "../../model/message.ts"
import { errorEnvelope } from "./failure.ts"
import { isObject, type Obj } from "./types.ts"
import { writeUsage } from "./usage.ts"

const DONE: Frame = { data: "[DONE]" }
const NOTHING: Frame[] = []

interface SentCall {
  index: number
  id: boolean
  name: boolean
  custom: boolean
  arguments: boolean
}

/** Writes one answer as Chat Completions. */
export class ChatResponder implements Responder {
  readonly losses: Loss[] = []
  readonly #call: InboundCall
  readonly #id: string
  readonly #created: number
  readonly #head: string
  readonly #tail: string
  readonly #calls = new Map<number, SentCall>()
  #begun = false
  #ended = false
  #images = 0

  constructor(call: InboundCall, mint: Mint) {
    this.#call = call
    this.#id = mint.id("chatcmpl-")
    this.#created = Math.floor(mint.now() / 1000)
    const head = { id: this.#id, object: "chat.completion.chunk", created: this.#created, model: call.model }
    this.#head = `${JSON.stringify(head).slice(0, -1)},"choices":`
    this.#tail = call.wantsUsage ? `,"usage":null}` : "}"
  }

  push(event: AssistantMessageEvent): Frame[] {
    if (this.#ended) return NOTHING
    switch (event.type) {
      case "start":
        return this.#begin([])
      case "text_delta":
        return event.delta === "" ? NOTHING : this.#begin([this.#text("content", event.delta)])
      case "thinking_delta":
        return event.delta === "" ? NOTHING : this.#begin([this.#text("reasoning_content", event.delta)])
      case "text_end":
        return this.#textEnd(event.partial.content[event.contentIndex])
      case "thinking_end":
        this.#noteSignature(event.partial.content[event.contentIndex], event.contentIndex)
        return NOTHING
      case "toolcall_start":
      case "toolcall_delta":
      case "toolcall_end":
        return this.#begin(this.#toolCall(event))
      case "block_end":
        return this.#begin(this.#block(event.block, event.contentIndex))
      case "done":
        return this.#begin(this.#done(event.message))
      case "error":
        this.#ended = true
        return [{ data: JSON.stringify(errorEnvelope(event.error.error ?? unnamed(event.error))) }]
      default:
        return NOTHING
    }
  }

  whole(message: AssistantMessage): unknown {
    const text = message.content.filter((block) => block.type === "text")
    const said = text.map((block) => block.text).join("")
    const thinking = message.content.map((block) => (block.type === "thinking" ? block.thinking : "")).join("")
    const calls = message.content.filter((block) => block.type === "toolCall")
    const images = message.content.flatMap((block) => (block.type === "image" ? imageOf(block) : []))
    const annotations = text.flatMap((block) => (block.citations ?? []).filter(isObject))
    const logprobs = text.flatMap((block) => block.logprobs ?? [])
    const audio = message.content.find((block) => block.type === "audio")
    message.content.forEach((block, i) => this.#note(block, i))
    const usage = writeUsage(message.usage)
    return {
      id: this.#id,
      object: "chat.completion",
      created: this.#created,
      model: this.#call.model,
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: text.length === 0 && (calls.length > 0 || said === "") ? null : said,
            refusal: refusalOf(message),
            ...(thinking === "" ? {} : { reasoning_content: thinking }),
            ...(annotations.length > 0 ? { annotations } : {}),
            ...(images.length > 0 ? { images } : {}),
            ...(audio ? { audio: this.#audio(audio) } : {}),
            ...(calls.length > 0 ? { tool_calls: calls.map(wholeCall) } : {}),
          },
          finish_reason: this.#finishReason(message),
          logprobs: logprobs.length > 0 ? { content: logprobs, refusal: null } : null,
        },
      ],
      ...(usage ? { usage } : {}),
      ...(message.usage.serviceTier === undefined ? {} : { service_tier: message.usage.serviceTier }),
      system_fingerprint: null,
    }
  }

  keepAlive(): Frame {
    return { data: "" }
  }

  /** The frames behind the first one, which names the role. */
  #begin(frames: Frame[]): Frame[] {
    if (this.#begun) return frames
    this.#begun = true
    return [this.#chunk({ role: "assistant", content: "" }), ...frames]
  }

  #chunk(delta: Obj, finish: string | null = null, logprobs: unknown = null): Frame {
    const choice = JSON.stringify([{ index: 0, delta, logprobs, finish_reason: finish }])
    return { data: this.#head + choice + this.#tail }
  }

  /** The chunk of most frames, without an object on the way. */
  #text(field: "content" | "reasoning_content", text: string): Frame {
    const choice = `[{"index":0,"delta":{"${field}":${JSON.stringify(text)}},"logprobs":null,"finish_reason":null}]`
    return { data: this.#head + choice + this.#tail }
  }

  #textEnd(block: Block | undefined): Frame[] {
    if (block?.type !== "text") return NOTHING
    const frames: Frame[] = []
    if (block.logprobs?.length) frames.push(this.#chunk({}, null, { content: block.logprobs, refusal: null }))
    const annotations = (block.citations ?? []).filter(isObject)
    if (annotations.length > 0) frames.push(this.#chunk({ annotations }))
    this.#noteCitations(block)
    return frames.length > 0 ? this.#begin(frames) : NOTHING
  }

  #toolCall(event: Extract<AssistantMessageEvent, { type: `toolcall_${string}` }>): Frame[] {
    const block = event.partial.content[event.contentIndex]
    if (block?.type !== "toolCall") return NOTHING
    let sent = this.#calls.get(event.contentIndex)
    if (!sent) {
      const custom = block.custom === true
      sent = { index: this.#calls.size, id: block.id !== "", name: block.name !== "", custom, arguments: false }
      this.#calls.set(event.contentIndex, sent)
      const start = {
        index: sent.index,
        ...(sent.id ? { id: block.id } : {}),
        type: custom ? "custom" : "function",
        [custom ? "custom" : "function"]: {
          ...(sent.name ? { name: block.name } : {}),
          [custom ? "input" : "arguments"]: "",
        },
      }
      if (event.type === "toolcall_start") return [this.#chunk({ tool_calls: [start] })]
    }
    const frames = this.#corrected(sent, block)
    if (event.type === "toolcall_delta" && event.delta !== "") {
      sent.arguments = true
      frames.push(this.#arguments(sent, event.delta))
    }
    if (event.type === "toolcall_end") {
      this.#note(block, event.contentIndex)
      // A client parses what it was sent: no arguments are an empty object.
      if (!sent.arguments && !block.incomplete) {
        frames.push(this.#arguments(sent, sent.custom ? customInput(block) : argumentsText(block)))
      }
    }
    return frames
  }

  #arguments({ index, custom }: SentCall, piece: string): Frame {
    return this.#chunk({
      tool_calls: [{ index, ...(custom ? { custom: { input: piece } } : { function: { arguments: piece } }) }],
    })
  }

  /** Id and name of a call that were not known at its start, as soon as they are. */
  #corrected(sent: SentCall, block: ToolCallBlock): Frame[] {
    const id = !sent.id && block.id !== ""
    const name = !sent.name && block.name !== ""
    if (!id && !name) return []
    sent.id ||= id
    sent.name ||= name
    const named = name ? { [sent.custom ? "custom" : "function"]: { name: block.name } } : {}
    return [this.#chunk({ tool_calls: [{ index: sent.index, ...(id ? { id: block.id } : {}), ...named }] })]
  }

  #block(block: Block, contentIndex: number): Frame[] {
    this.#note(block, contentIndex)
    if (block.type === "image") {
      const [image] = imageOf(block)
      return image ? [this.#chunk({ images: [{ ...image, index: this.#images++ }] })] : []
    }
    if (block.type === "audio") return [this.#chunk({ audio: this.#audio(block) })]
    return []
  }

  #audio(block: Extract<Block, { type: "audio" }>): Obj {
    return {
      id: `audio_${this.#id}`,
      data: "data" in block.source ? block.source.data : "",
      transcript: block.transcript ?? "",
      expires_at: this.#created,
    }
  }

  #done(message: AssistantMessage): Frame[] {
    this.#ended = true
    const frames: Frame[] = []
    const refusal = refusalOf(message)
    if (refusal !== null) frames.push(this.#chunk({ refusal }))
    frames.push(this.#chunk({}, this.#finishReason(message)))
    if (this.#call.wantsUsage) {
      const usage = JSON.stringify(writeUsage(message.usage) ?? null)
      frames.push({ data: `${this.#head}[],"usage":${usage}}` })
    }
    frames.push(DONE)
    return frames
  }

  #finishReason(message: AssistantMessage): string {
    if (message.stopDetails && message.stopDetails.type !== "refusal") {
      this.#lose("stopDetails", "The wire has no field for it.")
    }
    if (message.stopReason === "length") return "length"
    return message.content.some((block) => block.type === "toolCall") ? "tool_calls" : "stop"
  }

  /** Reports what of a block the wire cannot carry. */
  #note(block: Block, i: number): void {
    switch (block.type) {
      case "text":
        this.#noteCitations(block)
        break
      case "thinking":
      case "toolCall":
        this.#noteSignature(block, i)
        break
      case "redactedThinking":
      case "native":
      case "document":
        this.#lose(`content[${i}]`, `The wire has no place for a block of type ${block.type}.`)
        break
      case "image":
        if (imageOf(block).length === 0) this.#lose(`content[${i}]`, "The wire cannot refer to a file of the vendor.")
    }
  }

  #noteSignature(block: Block | undefined, i: number): void {
    if ((block?.type === "thinking" || block?.type === "toolCall") && block.signature) {
      this.#lose(`content[${i}].signature`, "The wire has no field for it.")
    }
  }

  #noteCitations(block: TextBlock): void {
    if (block.citations?.some((citation) => !isObject(citation))) {
      this.#lose("content.citations", "Annotations are objects on this wire.")
    }
  }

  #lose(field: string, reason: string): void {
    if (!this.losses.some((known) => known.field === field)) this.losses.push({ field, kind: "dropped", reason })
  }
}

function unnamed(message: AssistantMessage): NonNullable<AssistantMessage["error"]> {
  const code = message.stopReason === "aborted" ? "aborted" : "server_error"
  return { code, message: "The answer failed.", retryable: false, scope: "host", delivered: "nothing" }
}

function refusalOf({ stopDetails }: AssistantMessage): string | null {
  return stopDetails?.type === "refusal" ? (stopDetails.explanation ?? "The model declined to answer.") : null
}

function imageOf(block: Extract<Block, { type: "image" }>): Obj[] {
  const { source } = block
  if ("fileId" in source) return []
  const url = "data" in source ? `data:${source.mimeType};base64,${source.data}` : source.url
  return [{ type: "image_url", image_url: { url } }]
}

function argumentsText(call: ToolCallBlock): string {
  return call.rawArguments ?? JSON.stringify(call.arguments)
}

function customInput(call: ToolCallBlock): string {
  const input = call.arguments["input"]
  return typeof input === "string" ? input : ""
}

function wholeCall(call: ToolCallBlock): Obj {
  if (call.custom) return { id: call.id, type: "custom", custom: { name: call.name, input: customInput(call) } }
  return { id: call.id, type: "function", function: { name: call.name, arguments: argumentsText(call) } }
}
