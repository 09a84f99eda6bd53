import type { ChatCompat } from "@sluice/catalog/core"
import type { AssistantMessage, ThinkingBlock, ToolCallBlock } from "../../model/message.ts"
import { demotedThinking, isForeign } from "../demoted-thinking.ts"
import { parseObject } from "../../model/json.ts"
import { sentArguments } from "../openai/tool-encoding.ts"
import type { ThinkingState } from "./thinking.ts"
import { cacheControl } from "./cache.ts"
import type { ToolCallIds } from "./tool-call-ids.ts"
import { isObject, isThinkingField, type ChatBody, type Encoding, type Obj } from "./types.ts"

/** What an assistant's turn becomes; `undefined` where nothing of it can be said. */
export function assistantTurn(
  encoding: Encoding,
  message: AssistantMessage,
  field: string,
  ids: ToolCallIds,
  state: ThinkingState,
): ChatBody | undefined {
  const { compat, lose } = encoding
  const turn = new Turn(encoding, message, field)
  const calls = message.content.filter((block) => block.type === "toolCall")
  const body: ChatBody = { role: "assistant", content: "" }
  const replayed = turn.thinking(state, calls.length > 0, body)
  let text = replayed
  let marked: ChatBody = {}
  message.content.forEach((block, j) => {
    const at = `${field}.content[${j}]`
    switch (block.type) {
      case "text":
        text += block.text.toWellFormed()
        if (block.citations?.length) lose(`${at}.citations`, "dropped", "The wire has no field for them.")
        if (block.logprobs?.length) lose(`${at}.logprobs`, "dropped", "The wire has no field for them.")
        if (block.text !== "") marked = { ...marked, ...cacheControl(encoding, block.cache, at) }
        break
      case "toolCall":
        if (block.cache) lose(`${at}.cache`, "dropped", "Cache marks stand on text only.")
        break
      case "thinking":
      case "redactedThinking":
        break
      default:
        lose(at, "dropped", `A block of type ${block.type} cannot stand in an answer on this wire.`)
    }
  })
  if (outOfOrder(message))
    lose(`${field}.content`, "approximated", "Text, thinking and calls have one order on this wire.")
  if (calls.length > 0) body["tool_calls"] = calls.map((call) => toolCall(encoding, message, call, field, ids))
  const details = turn.details(body)
  if (details.length > 0) body["reasoning_details"] = details as ChatBody[]
  if (text === "" && calls.length > 0) text = compat.emptyToolCallContent ?? ""
  body["content"] = "cache_control" in marked && text !== "" ? [{ type: "text", text, ...marked }] : text
  const said = text !== "" || Object.keys(body).length > 2
  if (!said) lose(field, "dropped", "Nothing of this turn can be said on this wire.")
  return said ? body : undefined
}

/** Whether thinking comes after text, or text after a call: the wire has thinking, text, calls. */
function outOfOrder(message: AssistantMessage): boolean {
  const order = { thinking: 0, redactedThinking: 0, text: 1, toolCall: 2 } as const
  let last = 0
  for (const { type } of message.content) {
    const rank = order[type as keyof typeof order]
    if (rank === undefined) continue
    if (rank < last) return true
    last = rank
  }
  return false
}

function toolCall(
  { lose }: Encoding,
  message: AssistantMessage,
  call: ToolCallBlock,
  field: string,
  ids: ToolCallIds,
): ChatBody {
  const at = `${field}.content[${message.content.indexOf(call)}]`
  if (call.rawArguments !== undefined) {
    lose(`${at}.rawArguments`, "dropped", "Hosts read the arguments of earlier calls and fail on what is no JSON.")
  }
  const id = ids.of(call.id)
  if (call.custom) {
    const input = call.arguments["input"]
    return {
      id,
      type: "custom",
      custom: { name: call.name, input: typeof input === "string" ? input.toWellFormed() : "" },
    }
  }
  const signature = parseObject(call.signature?.value ?? "")
  return {
    id,
    type: "function",
    function: { name: call.name, arguments: sentArguments(call) },
    ...(isObject(signature?.["extra_content"]) ? { extra_content: signature["extra_content"] as ChatBody } : {}),
  }
}

/** How the thinking of one turn goes back. */
class Turn {
  readonly #encoding: Encoding
  readonly #message: AssistantMessage
  readonly #field: string

  constructor(encoding: Encoding, message: AssistantMessage, field: string) {
    this.#encoding = encoding
    this.#message = message
    this.#field = field
  }

  /** Sets the field for thinking on `body`; what goes as text instead is returned. */
  thinking(state: ThinkingState, hasCalls: boolean, body: ChatBody): string {
    const { compat } = this.#encoding
    const blocks = this.#message.content.filter((block) => block.type === "thinking")
    if (compat.thinkingAsText) {
      const text = blocks.map((block) => block.thinking.toWellFormed()).filter(Boolean)
      for (const block of blocks) this.#lose(block, "approximated", "Thinking went back as text.")
      return text.map((piece) => `${piece}\n`).join("")
    }
    if (!replaysThinking(compat, hasCalls && state !== "off")) {
      const { model } = this.#encoding.call
      const foreign = isForeign(this.#message, model)
      let demoted = ""
      for (const block of blocks) {
        if (this.#signed(block)) continue
        if (foreign && block.thinking.trim() !== "") {
          this.#lose(block, "approximated", "Thinking of another model stands as text.")
          demoted += `${demotedThinking(block.thinking, model)}\n\n`
        } else this.#lose(block, "dropped", "The host takes no thinking of this turn.")
      }
      return demoted
    }
    const plain = blocks.filter((block) => !this.#signed(block) || compat.thinkingField !== undefined)
    const text = plain.map((block) => block.thinking.toWellFormed()).join("")
    const named = blocks.find((block) => isThinkingField(block.field))
    const field = compat.thinkingField ?? named?.field ?? "reasoning_content"
    if (text !== "") body[field] = text
    else if (plain.some((block) => isThinkingField(block.field))) body[field] = compat.thinkingPlaceholder ?? ""
    else if (compat.thinkingPlaceholder !== undefined && (blocks.length === 0 || plain.length > 0)) {
      body[field] = compat.thinkingPlaceholder
      this.#encoding.lose(this.#field, "injected", "The host wants thinking in every turn.")
    }
    for (const block of plain) {
      if (block.signature && !this.#signed(block)) {
        const at = `${this.#field}.content[${this.#message.content.indexOf(block)}].signature`
        this.#encoding.lose(at, "dropped", "The wire has no field for it.")
      }
    }
    return ""
  }

  /** What an aggregator gave as parts of its thinking, as it gave them. */
  details(body: ChatBody): Obj[] {
    const details: Obj[] = []
    this.#message.content.forEach((block, j) => {
      const at = `${this.#field}.content[${j}]`
      if (block.type === "redactedThinking") {
        const detail = parseObject(block.data.value)
        if (typeof detail?.["type"] === "string") details.push(detail)
        else this.#encoding.lose(at, "dropped", "The wire has no field for it.")
      } else if (block.type === "thinking" && this.#signed(block)) {
        const { type, ...rest } = parseObject(block.signature?.value ?? "") as Obj
        details.push(block.thinking === "" ? { type, ...rest } : { type, text: block.thinking.toWellFormed(), ...rest })
      } else if (block.type === "toolCall" && block.signature) {
        const detail = parseObject(block.signature.value)
        if (typeof detail?.["type"] === "string") details.push(detail)
        else if (!detail?.["extra_content"]) {
          this.#encoding.lose(`${at}.signature`, "dropped", "The wire has no field for it.")
        }
      }
    })
    if (details.length === 0) return details
    if (this.#encoding.compat.replayThinking === "never" || this.#encoding.compat.thinkingAsText) {
      this.#encoding.lose(`${this.#field}.thinking`, "dropped", "The host takes no thinking of earlier turns.")
      delete body["reasoning_details"]
      return []
    }
    return details
  }

  #signed(block: ThinkingBlock): boolean {
    return typeof parseObject(block.signature?.value ?? "")?.["type"] === "string"
  }

  #lose(block: ThinkingBlock, kind: "dropped" | "approximated", reason: string): void {
    this.#encoding.lose(`${this.#field}.content[${this.#message.content.indexOf(block)}]`, kind, reason)
  }
}

/** Whether a host takes the thinking of an answer back as such. `calls`: the answer has some, and thinking is not off. */
export function replaysThinking(
  { thinkingAsText, replayThinking = "tool-calls" }: ChatCompat,
  calls: boolean,
): boolean {
  return !thinkingAsText && (replayThinking === "all" || (replayThinking === "tool-calls" && calls))
}
