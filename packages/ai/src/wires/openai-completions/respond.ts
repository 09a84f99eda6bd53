import type { Frame } from "../../contract/frame.ts"
import type { Mint } from "../../contract/wire-client.ts"
import type { InboundCall, Responder } from "../../contract/wire-server.ts"
import type { AssistantMessageEvent } from "../../model/events.ts"
import type { AssistantMessage, Block, Loss, TextBlock, ToolCallBlock } from "../../model/message.ts"
import { parseObject } from "../../model/json.ts"
import { errorEnvelope, failureOf } from "../openai/respond-failure.ts"
import { isObject, type Obj } from "./types.ts"
import { writeUsage } from "./usage.ts"

const DONE: Frame = { data: "[DONE]" }
const NOTHING: Frame[] = []

/** A call on its way out: clients need its id and name in the first piece. */
interface SentCall {
  block: ToolCallBlock
  /** Index on the wire, once it has begun there. */
  index: number | undefined
  /** Arguments that wait for the beginning. */
  held: string
  contentIndex: number
  /** Its signature, if it has one, is written. */
  signed: boolean
  arguments: boolean
  ended: boolean
}

/** A text or thinking that has begun; the first of its kind that has not ended has the wire's one field. */
interface Run {
  contentIndex: number
  held: string
  ended: boolean
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
  readonly #texts: Run[] = []
  readonly #thoughts: Run[] = []
  #begun = false
  #ended = false
  #begunCalls = 0
  #images = 0
  #audioSent = false

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
      case "text_start":
        this.#texts.push({ contentIndex: event.contentIndex, held: "", ended: false })
        return NOTHING
      case "thinking_start":
        this.#thoughts.push({ contentIndex: event.contentIndex, held: "", ended: false })
        return NOTHING
      case "text_delta":
        return this.#delta("content", event.contentIndex, event.delta)
      case "thinking_delta":
        return this.#delta("reasoning_content", event.contentIndex, event.delta)
      case "text_end":
        this.#noteSignature(event.partial.content[event.contentIndex], event.contentIndex)
        return this.#runEnd("content", event.contentIndex, event.partial)
      case "thinking_end":
        this.#noteSignature(event.partial.content[event.contentIndex], event.contentIndex)
        return this.#runEnd("reasoning_content", event.contentIndex, event.partial)
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
        return [{ data: JSON.stringify(errorEnvelope(failureOf(event.error))) }]
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
    const audio = message.content.find((block) => block.type === "audio" && "data" in block.source)
    message.content.forEach((block, i) => {
      this.#note(block, i)
      if (block === audio) this.#audioSent = true
    })
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
            ...(audio?.type === "audio" ? { audio: this.#audio(audio) } : {}),
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

  /** A piece of text or thinking; that of a block that is not the first open one of its kind waits. */
  #delta(field: "content" | "reasoning_content", contentIndex: number, delta: string): Frame[] {
    if (delta === "") return NOTHING
    const runs = field === "content" ? this.#texts : this.#thoughts
    const first = runs[0]
    if (first === undefined || first.contentIndex === contentIndex) return this.#begin([this.#text(field, delta)])
    const run = runs.find((one) => one.contentIndex === contentIndex)
    if (run) run.held += delta
    return NOTHING
  }

  #runEnd(field: "content" | "reasoning_content", contentIndex: number, message: AssistantMessage): Frame[] {
    const runs = field === "content" ? this.#texts : this.#thoughts
    const ending = runs.find((run) => run.contentIndex === contentIndex)
    if (ending) ending.ended = true
    const frames: Frame[] = []
    for (let first = runs[0]; first; first = runs[0]) {
      if (first.held !== "") frames.push(this.#text(field, first.held))
      first.held = ""
      if (!first.ended) break
      runs.shift()
      frames.push(...this.#textEnd(message.content[first.contentIndex]))
    }
    return frames.length > 0 ? this.#begin(frames) : NOTHING
  }

  #textEnd(block: Block | undefined): Frame[] {
    if (block?.type !== "text") return NOTHING
    const frames: Frame[] = []
    if (block.logprobs?.length) frames.push(this.#chunk({}, null, { content: block.logprobs, refusal: null }))
    const annotations = (block.citations ?? []).filter(isObject)
    if (annotations.length > 0) frames.push(this.#chunk({ annotations }))
    this.#noteCitations(block)
    return frames
  }

  #toolCall(event: Extract<AssistantMessageEvent, { type: `toolcall_${string}` }>): Frame[] {
    const block = event.partial.content[event.contentIndex]
    if (block?.type !== "toolCall") return NOTHING
    let sent = this.#calls.get(event.contentIndex)
    if (!sent) {
      sent = {
        block,
        index: undefined,
        held: "",
        contentIndex: event.contentIndex,
        signed: false,
        arguments: false,
        ended: false,
      }
      this.#calls.set(event.contentIndex, sent)
    }
    if (event.type === "toolcall_delta" && event.delta !== "") {
      if (sent.index !== undefined) return [this.#arguments(sent, event.delta)]
      sent.held += event.delta
    }
    if (event.type === "toolcall_end") {
      sent.ended = true
      if (sent.index !== undefined) return this.#callEnd(sent)
    }
    return sent.index === undefined ? this.#beginCalls() : NOTHING
  }

  /** Begins, in their order, the calls whose id and name are known. */
  #beginCalls(): Frame[] {
    const frames: Frame[] = []
    for (const sent of this.#calls.values()) {
      if (sent.index !== undefined) continue
      const { block } = sent
      if (!sent.ended && (block.id === "" || block.name === "")) break
      sent.index = this.#begunCalls++
      const kind = block.custom ? "custom" : "function"
      const inner = { name: block.name, [block.custom ? "input" : "arguments"]: "" }
      const extra = extraContent(block)
      sent.signed = extra !== undefined
      frames.push(
        this.#chunk({ tool_calls: [{ index: sent.index, id: block.id, type: kind, [kind]: inner, ...extra }] }),
      )
      if (sent.held !== "") frames.push(this.#arguments(sent, sent.held))
      if (sent.ended) frames.push(...this.#callEnd(sent))
    }
    return frames
  }

  /** A client parses what it was sent: no arguments are an empty object. */
  #callEnd(sent: SentCall): Frame[] {
    const { block } = sent
    if (!sent.signed) this.#noteSignature(block, sent.contentIndex)
    if (sent.arguments || block.incomplete) return NOTHING
    return [this.#arguments(sent, block.custom ? customInput(block) : argumentsText(block))]
  }

  #arguments(sent: SentCall, piece: string): Frame {
    sent.arguments = true
    const { index, block } = sent
    return this.#chunk({
      tool_calls: [{ index, ...(block.custom ? { custom: { input: piece } } : { function: { arguments: piece } }) }],
    })
  }

  #block(block: Block, contentIndex: number): Frame[] {
    this.#note(block, contentIndex)
    if (block.type === "image") {
      const [image] = imageOf(block)
      return image ? [this.#chunk({ images: [{ ...image, index: this.#images++ }] })] : []
    }
    if (block.type !== "audio" || this.#audioSent || !("data" in block.source)) return []
    this.#audioSent = true
    return [this.#chunk({ audio: this.#audio(block) })]
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
    const { stopDetails } = message
    if (stopDetails && stopDetails.type !== "refusal") this.#lose("stopDetails", "The wire has no field for it.")
    if (stopDetails?.type === "refusal") {
      if (stopDetails.category !== undefined) this.#lose("stopDetails.category", "The wire has no field for it.")
      if (stopDetails.explanation === undefined) {
        this.#lose("stopDetails.explanation", "A refusal is a text on this wire.", "injected")
      }
    }
    if (message.stopReason === "length") return "length"
    return message.content.some((block) => block.type === "toolCall") ? "tool_calls" : "stop"
  }

  /** Reports what of a block the wire cannot carry. */
  #note(block: Block, i: number): void {
    switch (block.type) {
      case "text":
        this.#noteCitations(block)
        this.#noteSignature(block, i)
        break
      case "thinking":
        this.#noteSignature(block, i)
        break
      case "toolCall":
        if (!extraContent(block)) this.#noteSignature(block, i)
        break
      case "redactedThinking":
      case "native":
      case "document":
        this.#lose(`content[${i}]`, `The wire has no place for a block of type ${block.type}.`)
        break
      case "image":
        if (imageOf(block).length === 0) this.#lose(`content[${i}]`, "The wire cannot refer to a file of the vendor.")
        this.#noteSignature(block, i)
        break
      case "audio":
        this.#noteSignature(block, i)
        if (!("data" in block.source)) this.#lose(`content[${i}]`, "The wire carries audio by its data only.")
        else if (this.#audioSent) this.#lose(`content[${i}]`, "An answer has one piece of audio on this wire.")
    }
  }

  #noteSignature(block: Block | undefined, i: number): void {
    if (block && "signature" in block && block.signature) {
      this.#lose(`content[${i}].signature`, "The wire has no field for it.")
    }
  }

  #noteCitations(block: TextBlock): void {
    if (block.citations?.some((citation) => !isObject(citation))) {
      this.#lose("content.citations", "Annotations are objects on this wire.")
    }
  }

  #lose(field: string, reason: string, kind: Loss["kind"] = "dropped"): void {
    if (!this.losses.some((known) => known.field === field)) this.losses.push({ field, kind, reason })
  }
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

/** What a host of Google's sends beside a call to have it back. That of another wire has no place here. */
function extraContent({ signature }: ToolCallBlock): Obj | undefined {
  const extra = signature && parseObject(signature.value)?.["extra_content"]
  return isObject(extra) ? { extra_content: extra } : undefined
}

function argumentsText(call: ToolCallBlock): string {
  return call.rawArguments ?? JSON.stringify(call.arguments)
}

function customInput(call: ToolCallBlock): string {
  const input = call.arguments["input"]
  return typeof input === "string" ? input : ""
}

function wholeCall(call: ToolCallBlock): Obj {
  const { id, name } = call
  if (call.custom) return { id, type: "custom", custom: { name, input: customInput(call) }, ...extraContent(call) }
  return { id, type: "function", function: { name, arguments: argumentsText(call) }, ...extraContent(call) }
}
