import { SluiceError } from "../../model/errors.ts"
import type {
  AssistantMessage,
  Block,
  Context,
  Message,
  TextBlock,
  ThinkingBlock,
  ToolCallBlock,
} from "../../model/message.ts"
import type { Lose } from "../openai/accept-fields.ts"
import { invalid, optionalString, readArray, readObject, readString } from "../openai/accept-readers.ts"
import { argumentsOf } from "../openai/accept-tool-fields.ts"
import { blockOf, isSealed, open } from "../server-seal.ts"
import { acceptContent, acceptTexts } from "./accept-parts.ts"
import { Signatures } from "./accept-signatures.ts"
import { API, type Obj } from "./types.ts"

/**
 * Reads `instructions` and `input`. System messages at the head are the system prompt, later ones are a developer's.
 * What a model said in turns of its own (thinking, messages, calls, the items of tools that its provider ran) makes
 * up one answer until somebody else speaks.
 *
 * @throws SluiceError `invalid_request` with the path of what is at fault
 */
export function acceptInput(body: Obj, model: string, lose: Lose): Pick<Context, "messages" | "systemPrompt"> {
  const { input } = body
  const reader = new InputReader(model, lose)
  const instructions = optionalString(body["instructions"], "instructions")
  if (instructions) reader.system.push(instructions)
  if (typeof input === "string") reader.messages.push({ role: "user", content: input })
  else if (input !== undefined && input !== null && !Array.isArray(input)) {
    throw invalid("input", "expected a string or an array of items")
  } else (input ?? []).forEach((item: unknown, i: number) => reader.read(item, `input[${i}]`))
  const mayBeEmpty = typeof body["previous_response_id"] === "string" || body["generate"] === false
  if (reader.messages.length === 0 && !mayBeEmpty) throw invalid("input", "expected a text or at least one item")
  return {
    messages: reader.messages,
    ...(reader.system.length > 0 ? { systemPrompt: reader.system } : {}),
  }
}

class InputReader {
  readonly messages: Message[] = []
  readonly system: string[] = []
  readonly #model: string
  readonly #lose: Lose
  /** Names of the calls by their ids, since a result does not tell. */
  readonly #names = new Map<string, string>()
  readonly #signatures = new Signatures()

  constructor(model: string, lose: Lose) {
    this.#model = model
    this.#lose = lose
  }

  read(value: unknown, path: string): void {
    const item = readObject(value, path)
    const type = optionalString(item["type"], `${path}.type`) ?? (item["role"] === undefined ? undefined : "message")
    switch (type) {
      case undefined:
        throw invalid(`${path}.type`, "expected the type of an item, or a role")
      case "message":
        return this.#message(item, path)
      case "reasoning":
        return this.#reasoning(item, path)
      case "function_call":
        return this.#say([this.#functionCall(item, path)])
      case "custom_tool_call":
        return this.#say([this.#customCall(item, path)])
      case "function_call_output":
      case "custom_tool_call_output":
        return this.#result(item, path)
      case "item_reference":
        throw referenced(path)
      default:
        return this.#say([{ type: "native", api: API, item }])
    }
  }

  #message(item: Obj, path: string): void {
    const role = readString(item["role"], `${path}.role`)
    const at = `${path}.content`
    switch (role) {
      case "user":
      case "developer":
        this.messages.push({ role, content: acceptContent(item["content"], at) })
        return
      case "system":
        return this.#instructions(item["content"], at)
      case "assistant":
        return this.#say(this.#texts(item, path))
      default:
        throw invalid(
          `${path}.role`,
          `expected user, assistant, system or developer, got "${role.slice(0, 40)}". Results of tools are items of type function_call_output`,
        )
    }
  }

  #instructions(value: unknown, path: string): void {
    const content = acceptContent(value, path)
    const atHead = this.messages.length === 0
    const blocks = typeof content === "string" ? [{ type: "text" as const, text: content }] : content
    if (!atHead || blocks.some((block) => block.type !== "text")) {
      this.messages.push({ role: "developer", content })
      return
    }
    for (const block of blocks) if (block.type === "text" && block.text !== "") this.system.push(block.text)
  }

  #texts(item: Obj, path: string): TextBlock[] {
    const itemId = optionalString(item["id"], `${path}.id`)
    const phase = optionalString(item["phase"], `${path}.phase`)
    return acceptTexts(item["content"], `${path}.content`, this.#lose).map((block) => ({
      ...block,
      ...(itemId ? { itemId } : {}),
      ...(phase ? { phase } : {}),
    }))
  }

  /** Adds to the answer that is being read, or begins one. */
  #say(blocks: readonly Block[]): void {
    if (blocks.length === 0) return
    let answer = this.messages.at(-1)
    if (answer?.role !== "assistant") {
      answer = this.#answer()
      this.messages.push(answer)
    }
    answer.content.push(...blocks.map((block) => this.#signatures.sign(block)))
    if (blocks.some((block) => block.type === "toolCall")) answer.stopReason = "toolUse"
  }

  #answer(): AssistantMessage {
    return {
      role: "assistant",
      content: [],
      api: API,
      provider: "",
      model: this.#model,
      usage: { provenance: "absent" },
      stopReason: "stop",
      timestamp: 0,
    }
  }

  /** Thinking with what its maker signed it with: what other wires have signed is taken out of its seal. */
  #reasoning(item: Obj, path: string): void {
    const summary = partsOf(item["summary"], `${path}.summary`)
    const content = partsOf(item["content"], `${path}.content`)
    const thinking = summary.length > 0 ? summary.join("\n\n") : content.join("\n\n")
    const itemId = optionalString(item["id"], `${path}.id`)
    const encrypted = optionalString(item["encrypted_content"], `${path}.encrypted_content`)
    const block: ThinkingBlock = { type: "thinking", thinking, ...(itemId ? { itemId } : {}) }
    if (encrypted && !isSealed(encrypted)) {
      return this.#say([{ ...block, signature: { value: reasoningItem(item, itemId) } }])
    }
    const sealed = encrypted ? open(encrypted) : undefined
    if (!sealed) {
      if (encrypted) this.#lose(`${path}.encrypted_content`, "What was sealed cannot be read any more.")
      return this.#say(thinking === "" ? [] : [block])
    }
    this.#say(
      sealed.thoughts.map((thought) => {
        const one = blockOf(thought)
        return one.type === "thinking" && itemId ? { ...one, itemId } : one
      }),
    )
    const { own, of } = sealed
    const answer = this.messages.at(-1)
    if (own && of) this.#signatures.take(own, of, answer?.role === "assistant" ? answer.content : [])
  }

  #functionCall(item: Obj, path: string): ToolCallBlock {
    const { id, name, itemId } = this.#callHead(item, path)
    return { type: "toolCall", id, name, ...argumentsOf(item["arguments"], `${path}.arguments`), ...itemId }
  }

  #customCall(item: Obj, path: string): ToolCallBlock {
    const { id, name, itemId } = this.#callHead(item, path)
    const input = readString(item["input"], `${path}.input`)
    return { type: "toolCall", id, name, arguments: { input }, custom: true, ...itemId }
  }

  #callHead(item: Obj, path: string): { id: string; name: string; itemId: { itemId?: string } } {
    const id = readString(item["call_id"], `${path}.call_id`)
    const name = readString(item["name"], `${path}.name`)
    if (id === "") throw invalid(`${path}.call_id`, "expected the id of the call")
    if (name === "") throw invalid(`${path}.name`, "expected the name of a tool")
    if (item["namespace"] != null) this.#lose(`${path}.namespace`, "Tools have no namespaces.")
    const itemId = optionalString(item["id"], `${path}.id`)
    this.#names.set(id, name)
    return { id, name, itemId: itemId ? { itemId } : {} }
  }

  #result(item: Obj, path: string): void {
    const toolCallId = readString(item["call_id"], `${path}.call_id`)
    const toolName = this.#names.get(toolCallId)
    this.messages.push({
      role: "toolResult",
      toolCallId,
      ...(toolName === undefined ? {} : { toolName }),
      content: acceptContent(item["output"] ?? "", `${path}.output`),
    })
  }
}

/** Texts of the parts of `summary` or `content`. */
function partsOf(value: unknown, path: string): string[] {
  if (value === undefined || value === null) return []
  return readArray(value, path).map((entry, i) =>
    readString(readObject(entry, `${path}[${i}]`)["text"], `${path}[${i}].text`),
  )
}

/** The item of a host of this wire, as far as the host wants it back. */
function reasoningItem(item: Obj, id: string | undefined): string {
  const { summary, content, encrypted_content } = item
  return JSON.stringify({
    type: "reasoning",
    ...(id ? { id } : {}),
    summary: summary ?? [],
    ...(Array.isArray(content) ? { content } : {}),
    encrypted_content,
  })
}

function referenced(path: string): SluiceError {
  return new SluiceError({
    code: "unsupported",
    message: `Invalid '${path}': items are not kept here, so that one cannot be referred to by its id.`,
    param: path,
    hint: "Send the item itself.",
  })
}
