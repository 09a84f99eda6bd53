import { codecOf } from "@sluice/catalog/core"
import type {
  AssistantMessage,
  Block,
  NativeBlock,
  TextBlock,
  ThinkingBlock,
  ToolCallBlock,
} from "../../model/message.ts"
import { demotedThinking, isForeign } from "../demoted-thinking.ts"
import { parseObject } from "../../model/json.ts"
import { sentArguments } from "../openai/tool-encoding.ts"
import { loseMark } from "./parts.ts"
import { partsOf } from "./reasoning.ts"
import { API, isAnnotation, learned, nestedFields, text, type Body, type Encoding, type Obj } from "./types.ts"

/** Ids that the vendor takes back. */
/** How the vendor's ids of each kind of item begin; ids of other hosts begin with none of them. */
const PREFIX = /^(?:msg|rs|fc|ctc)(?=_)/
const ITEM_ID = /^[A-Za-z0-9_-]{1,64}$/

/** Items whose id is more than a name: it is required, or something refers to it. */
const NEEDS_ID: ReadonlySet<string> = new Set([
  "computer_call",
  "image_generation_call",
  "local_shell_call",
  "mcp_approval_request",
])

/** The items of an earlier answer, in its order. Ids of calls of grammar tools are added to `custom`. */
export function answerItems(encoding: Encoding, message: AssistantMessage, field: string, custom: Set<string>): Body[] {
  const turn = new Turn(encoding, message)
  message.content.forEach((block, i) => turn.add(block, `${field}.content[${i}]`, custom))
  return turn.items()
}

/** One answer on its way back. */
class Turn {
  readonly #encoding: Encoding
  readonly #message: AssistantMessage
  readonly #items: Body[] = []
  /** Where the block that began each item stands. */
  readonly #places: string[] = []
  /** Where thinking stands whose item shows another text than the block. */
  readonly #retold = new Set<string>()
  /** Ids of items go back: they stand beside thinking that the vendor knows by its id. */
  readonly #ids: boolean
  #text: { id: string | undefined; content: Body[] } | undefined

  constructor(encoding: Encoding, message: AssistantMessage) {
    this.#encoding = encoding
    this.#message = message
    this.#ids = this.#idsFit()
  }

  add(block: Block, at: string, custom: Set<string>): void {
    const { lose } = this.#encoding
    if (block.type !== "text") this.#text = undefined
    switch (block.type) {
      case "text":
        this.#addText(block, at)
        break
      case "thinking":
        this.#addThinking(block, at)
        break
      case "toolCall":
        this.#items.push(this.#call(block, at, custom))
        break
      case "native":
        this.#addNative(block, at)
        break
      case "redactedThinking":
        lose(at, "dropped", "The API has no field for it.")
        break
      default:
        lose(at, "dropped", `A block of type ${block.type} cannot stand in an answer on this wire.`)
    }
    if (this.#items.length > this.#places.length) this.#places.push(at)
  }

  /** What was added. Thinking that nothing follows is refused by the vendor, so it is left out. */
  items(): Body[] {
    const { lose } = this.#encoding
    const end = this.#items.findLastIndex((item) => item["type"] !== "reasoning") + 1
    this.#places.forEach((at, i) => {
      if (i >= end) lose(at, "dropped", "The vendor refuses thinking that nothing follows.")
      else if (this.#retold.has(at)) {
        lose(`${at}.thinking`, "approximated", "Sealed thinking goes back with the text that it was sealed with.")
      }
    })
    return this.#items.slice(0, end)
  }

  #idsFit(): boolean {
    const { call, compat } = this.#encoding
    if (compat.bareItems || compat.itemIds === false || learned(call, "itemIds") === false) return false
    let named = false
    for (const block of this.#message.content) {
      const id = block.type === "native" ? text(block.item["id"]) : "itemId" in block ? (block.itemId ?? "") : ""
      if (block.type === "thinking") {
        const known = text(this.#reasoning(block)?.["id"])
        if (known === "") continue
        if (!ITEM_ID.test(known) || isOfOther(known, "rs")) return false
        named = true
      } else if (id !== "" && (!ITEM_ID.test(id) || isOfOther(id, prefixOf(block)))) return false
    }
    return named
  }

  /** The reasoning item that a block is the text of; `undefined` where it may not go back. */
  #reasoning({ signature }: ThinkingBlock): Obj | undefined {
    const { call, compat } = this.#encoding
    if (!signature || compat.replayThinking === "never" || learned(call, "thinkingReplay") === false) return undefined
    if (signature.issuer && signature.issuer.model !== call.model.id) return undefined
    const item = parseObject(signature.value)
    return item?.["type"] === "reasoning" ? item : undefined
  }

  #addThinking(block: ThinkingBlock, at: string): void {
    const { compat, lose } = this.#encoding
    const item = this.#reasoning(block)
    const sealed = item !== undefined && text(item["encrypted_content"]) !== ""
    if (item && (sealed || (this.#ids && text(item["id"]) !== ""))) {
      const { id, summary, content, encrypted_content } = item as Body
      this.#items.push({
        type: "reasoning",
        ...(this.#ids && id !== undefined ? { id } : {}),
        summary: Array.isArray(summary) ? summary : [],
        ...(Array.isArray(content) ? { content } : {}),
        ...(sealed ? { encrypted_content } : {}),
      })
      if (block.thinking !== shownOf(item)) this.#retold.add(at)
      return
    }
    if (compat.replayThinkingText && block.thinking !== "") {
      const shown = { type: "reasoning_text", text: block.thinking.toWellFormed() }
      this.#items.push({ type: "reasoning", summary: [], content: [shown] })
      if (block.signature) lose(`${at}.signature`, "dropped", "The thinking went back as text.")
      return
    }
    const { model } = this.#encoding.call
    if (isForeign(this.#message, model) && block.thinking.trim() !== "") {
      const said: Body = { type: "output_text", text: demotedThinking(block.thinking, model), annotations: [] }
      this.#items.push({ type: "message", role: "assistant", status: "completed", content: [said] })
      lose(at, "approximated", "Thinking of another model stands as text.")
      return
    }
    lose(at, "dropped", "Thinking goes back to the model that made it only, as the vendor sealed it.")
  }

  #addText(block: TextBlock, at: string): void {
    const { call, lose } = this.#encoding
    const own = codecOf(this.#message.api) === API && this.#message.provider === call.model.provider
    loseMark(this.#encoding, block.cache, at)
    const annotations = this.#annotations(block, at)
    if (block.logprobs?.length) lose(`${at}.logprobs`, "dropped", "They are not sent back.")
    if (block.text === "") return
    const part: Body = {
      type: "output_text",
      text: block.text.toWellFormed(),
      annotations,
    }
    if (this.#text && block.itemId !== undefined && this.#text.id === block.itemId) {
      this.#text.content.push(part)
      return
    }
    this.#text = { id: block.itemId, content: [part] }
    const phase = own ? block.phase : undefined
    if (block.phase !== undefined && !own) lose(`${at}.phase`, "dropped", "Only its own vendor knows the word.")
    this.#items.push({
      type: "message",
      role: "assistant",
      status: "completed",
      content: this.#text.content,
      ...this.#id(block.itemId),
      ...(phase === undefined ? {} : { phase }),
    })
  }

  /** Citations in the API's own shape: of this vendor, or of an answer of which nobody says who made it. */
  #annotations({ citations = [] }: TextBlock, at: string): Body[] {
    const { api, provider } = this.#message
    const own = codecOf(api) === API && (provider === "" || provider === this.#encoding.call.model.provider)
    const kept = own ? citations.filter((one) => isAnnotation(one) && !nestedFields(one)) : []
    if (kept.length < citations.length) {
      this.#encoding.lose(`${at}.citations`, "dropped", "They are in another vendor's shape.")
    }
    return kept as Body[]
  }

  #call(call: ToolCallBlock, at: string, custom: Set<string>): Body {
    const { compat, lose } = this.#encoding
    loseMark(this.#encoding, call.cache, at)
    if (call.signature) lose(`${at}.signature`, "dropped", "The API has no field for it.")
    if (call.rawArguments !== undefined) {
      lose(`${at}.rawArguments`, "dropped", "Hosts read the arguments of earlier calls and fail on what is no JSON.")
    }
    if (call.custom && compat.customTools) {
      custom.add(call.id)
      const input = text(call.arguments["input"]).toWellFormed()
      return { type: "custom_tool_call", ...this.#id(call.itemId), call_id: call.id, name: call.name, input }
    }
    if (call.custom) lose(`${at}.custom`, "dropped", "The host has no grammar tools: the call went as a function's.")
    return {
      type: "function_call",
      // The id of a call of another kind is refused.
      ...(call.custom ? {} : this.#id(call.itemId)),
      call_id: call.id,
      name: call.name,
      arguments: sentArguments(call),
    }
  }

  #addNative(block: NativeBlock, at: string): void {
    const { compat, lose } = this.#encoding
    if (block.api !== API) {
      lose(at, "dropped", `An item of ${block.api} is not known to this wire.`)
      return
    }
    const { id, ...item } = block.item as Body
    if (item["type"] === "item_reference") {
      lose(at, "dropped", "Nothing is stored with the vendor that could be referred to.")
      return
    }
    if (item["type"] === "image_generation_call") {
      if (text(item["result"]) === "") {
        lose(at, "dropped", "A picture that was not made cannot be sent back.")
        return
      }
      const named = compat.bareItems || id === undefined ? {} : { id }
      this.#items.push({ type: "image_generation_call", ...named, status: "completed", result: item["result"] })
      return
    }
    const kept = !compat.bareItems && (this.#ids || NEEDS_ID.has(text(item["type"])))
    this.#items.push(kept && id !== undefined ? { id, ...item } : item)
  }

  #id(itemId: string | undefined): Body {
    return this.#ids && itemId !== undefined ? { id: itemId } : {}
  }
}

/** The text that a reasoning item shows, as the decoder reads it. */
function shownOf({ summary, content }: Obj): string {
  return partsOf(summary) || partsOf(content)
}

function prefixOf(block: Block): string | undefined {
  if (block.type === "text") return "msg"
  return block.type === "toolCall" ? (block.custom ? "ctc" : "fc") : undefined
}

/** Whether an id is one of another kind of item, which the vendor refuses. */
function isOfOther(id: string, prefix: string | undefined): boolean {
  const found = PREFIX.exec(id)?.[0]
  return found !== undefined && prefix !== undefined && found !== prefix
}
