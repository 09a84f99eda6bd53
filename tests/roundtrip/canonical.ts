import type { Block, Context, InputBlock, Message, Opaque, Tool } from "@sluice/ai"
import { ANY, Maybe, OneOf, REST, SomeOf, TextWith } from "./match.ts"
import { GONE } from "./paths.ts"
import { maybeStrict, strictForm } from "./strict-form.ts"

/** Which wire's conventions hold besides the common ones; `none` for a hand-over, which has no wire. */
export type ContextCanon = "chat" | "messages" | "responses" | "gemini" | "ollama" | "none"

/*
 * What is the same conversation, in words: both sides of a comparison are brought into this form.
 *
 * - A text is a list of one text block; blank texts, blank thinking without a signature and messages without content
 *   say nothing; text is well-formed.
 * - System prompts are their paragraphs: whether they are joined by a blank line makes no difference.
 * - Messages of one role behind each other are one, except answers.
 * - Ids of calls are their places in the answer; a tool's name is looked up by the id; ids of items, issuers of
 *   opaque values, the name of the thinking's field, and who made an answer, when and how it ended, are not told.
 * - The type of media at an address is known by its host; image/jpg is image/jpeg; `detail: auto` is no detail;
 *   `citations: false` is no wish for citations; an empty description is none.
 * - `strict: false` may be left out, and without a word a host may be asked to be strict.
 * - chat: instructions at the head of the conversation are the system prompt; texts of one answer are one text, the
 *   last mark holds for it, and unsigned thinking is one thinking; hidden thinking stands behind the visible; a mark
 *   of a tool's result stands on its text; an empty list of tools is none.
 * - responses: instructions at the head of the conversation are the system prompt; there are items and no answers,
 *   so that answers behind each other are one; an empty list of tools is none; an item of the vendor's own tools is
 *   the same without its id.
 * - gemini: instructions at the head of the conversation are the system prompt; what a result of a tool holds
 *   besides its text stands behind it; the kind of a file that the vendor holds is not told.
 * - ollama: as chat.
 * - chat and responses: a strict tool's objects are closed, require also what may be null, and have unions for lists
 *   of types.
 * - messages: a text document is its text, however it was given; a strict tool's objects are closed.
 */

type Fields = Record<string, unknown>
type Token = Fields | typeof REST | Maybe

/** How a context is brought into the common form. */
export interface CanonOptions {
  canon: ContextCanon
  /** The value is a projection: what a wire may do of its own stands open in it. */
  expected?: boolean
  /** A loss speaks of cache marks as such. */
  openMarks?: boolean
  /** Messages before and behind which something may stand that a loss names. */
  injected?: ReadonlySet<number>
}

/** The conversation as one list of what is said, and the tools. */
export function canonContext(context: Context, options: CanonOptions): { said: Token[]; tools: unknown } {
  return { said: new Flattening(context, options).tokens, tools: canonTools(context.tools, options) }
}

/** Whether an answer is a turn with one text, one thinking and calls. */
function hasTurns(canon: ContextCanon): boolean {
  return canon === "chat" || canon === "ollama"
}

class Flattening {
  readonly tokens: Token[] = []
  readonly #options: CanonOptions
  /** The calls of the latest answer, by id. */
  #calls = new Map<string, number>()
  /** A result in the run has content that may have moved behind the run. */
  #moved = false
  #head = true
  /** The last that was said is an answer's. */
  #answering = false

  constructor({ systemPrompt, messages }: Context, options: CanonOptions) {
    this.#options = options
    this.#system(systemPrompt)
    ;(messages as readonly (Message | typeof GONE | typeof ANY)[]).forEach((message, index) => {
      const injected = options.injected?.has(index)
      if (injected) this.tokens.push(REST)
      if (message === GONE) return
      if (message === ANY) {
        this.#calls = new Map()
        this.#answering = false
        this.tokens.push(REST)
      } else this.#message(message as Message, injected === true)
      if (injected) this.tokens.push(REST)
    })
    this.#endRun()
    if (options.injected?.has(messages.length)) this.tokens.push(REST)
  }

  #system(prompt: Context["systemPrompt"]): void {
    const given = prompt as unknown
    if (given === undefined) return
    if (given === ANY || given instanceof SomeOf) {
      this.tokens.push(REST)
      return
    }
    for (const part of typeof prompt === "string" ? [prompt] : (prompt ?? [])) {
      if ((part as unknown) === GONE) continue
      if ((part as unknown) === ANY) this.tokens.push(REST)
      else this.#paragraphs(typeof part === "string" ? { type: "text", text: part } : part)
    }
  }

  #paragraphs(block: InputBlock): void {
    if (block.type !== "text") {
      for (const token of this.#block(block)) this.tokens.push(withRole("system", token))
      return
    }
    const parts = block.text
      .toWellFormed()
      .split("\n\n")
      .filter((part) => part.trim() !== "")
    parts.forEach((text, i) => {
      const cache = i === parts.length - 1 ? this.#mark(block.cache) : undefined
      this.tokens.push({ role: "system", type: "text", text: text.trim(), cache })
    })
  }

  #message(message: Message, injected: boolean): void {
    if (message.role !== "toolResult") this.#endRun()
    const { canon } = this.#options
    const headIsPrompt = hasTurns(canon) || canon === "responses"
    if (message.role === "assistant") {
      if (canon !== "responses") this.#head = false
      this.#answer(message.content as (Block | typeof GONE | typeof ANY)[])
      return
    }
    this.#answering = false
    if (message.role === "toolResult") {
      this.#result(message, injected)
      return
    }
    if (message.role === "developer" && this.#head && headIsPrompt && Array.isArray(blocksOf(message.content))) {
      for (const block of blocksOf(message.content) as InputBlock[]) {
        if ((block as unknown) === ANY) this.tokens.push(REST)
        else if ((block as unknown) !== GONE) this.#paragraphs(block)
      }
      return
    }
    const said = this.#input(message.content)
    if (said.length > 0 && message.role !== "developer") this.#head = false
    for (const token of said) this.tokens.push(withRole(message.role, token))
  }

  #result({ toolCallId, isError, cache, content }: Extract<Message, { role: "toolResult" }>, injected: boolean): void {
    const said = this.#input(content)
    const header: Fields = {
      role: "toolResult",
      call: this.#calls.get(toolCallId) ?? (this.#options.expected ? ANY : "unknown"),
      isError: isError || undefined,
      cache: this.#mark(cache),
    }
    if (said.includes(REST)) this.#moved = true
    if (hasTurns(this.#options.canon)) {
      const texts = Array.isArray(content)
        ? content.filter((block) => isFields(block) && block["type"] === "text" && block["text"] !== "")
        : []
      const marked = (texts as InputBlock[]).find((block) => block.type === "text" && block.cache !== undefined)
      if (said.includes(REST)) header["cache"] = ANY
      else if (marked) header["cache"] = this.#mark((marked as { cache?: unknown }).cache)
      for (const token of said) if (isFields(token)) delete token["cache"]
    }
    // What a wire puts into a result stands in front of the rest.
    this.tokens.push(header)
    const ordered = this.#options.canon === "gemini" ? textsFirst(said, injected) : said
    this.tokens.push(...ordered.map((token) => withRole("toolResult", token)))
  }

  /** What a result may not hold stands behind the run of results. */
  #endRun(): void {
    if (this.#moved) this.tokens.push(REST)
    this.#moved = false
  }

  #input(content: string | readonly InputBlock[]): Token[] {
    const blocks = blocksOf(content)
    if (!Array.isArray(blocks)) return [REST]
    return blocks.flatMap((block: unknown) => {
      if (block === GONE) return []
      return block === ANY ? [REST] : this.#block(block as InputBlock)
    })
  }

  #answer(content: readonly (Block | typeof GONE | typeof ANY)[]): void {
    const goesOn = this.#answering && this.#options.canon === "responses"
    if (!goesOn) this.#calls = new Map()
    const given = content as unknown
    const turned = given instanceof SomeOf
    const list = (turned ? given.list : content) as readonly (Block | typeof GONE | typeof ANY)[]
    let said: readonly Token[] = list.flatMap((block): Token[] =>
      block === GONE ? [] : block === ANY ? [REST] : this.#block(block as Block),
    )
    if (turned) said = inOrder(said, this.#options.canon)
    if (hasTurns(this.#options.canon)) said = asChatTurn(said)
    if (said.length === 0) return
    this.#answering = true
    this.#head = false
    if (goesOn) {
      this.tokens.push(...said.map((token) => withRole("assistant", token)))
      return
    }
    const sure = said.some((token) => token !== REST)
    const border = { role: "assistant", type: "answer" }
    this.tokens.push(sure ? border : new Maybe(border), ...said.map((token) => withRole("assistant", token)))
  }

  #mark(cache: unknown): unknown {
    return this.#options.openMarks && this.#options.expected ? ANY : cache
  }

  #block(block: Block | InputBlock): Token[] {
    switch (block.type) {
      case "text": {
        if (block.text.trim() === "") return []
        const { citations, logprobs } = block as { citations?: unknown; logprobs?: unknown }
        const cache = this.#mark(block.cache)
        return [{ type: "text", text: block.text.toWellFormed(), citations: filled(citations), logprobs, cache }]
      }
      case "thinking": {
        const signature = block.signature?.value
        const joins = hasTurns(this.#options.canon) && block.thinking !== ""
        const shown: unknown = block.thinking
        if (shown === ANY) return [{ type: "thinking", thinking: ANY, signature }]
        if (block.thinking.trim() === "" && signature === undefined && !joins) return []
        return [{ type: "thinking", thinking: block.thinking.toWellFormed(), signature }]
      }
      case "redactedThinking":
        return [{ type: "redactedThinking", data: block.data.value }]
      case "toolCall": {
        const call = this.#calls.size
        this.#calls.set(block.id, call)
        const { name, arguments: args, rawArguments, custom } = block
        const cache = this.#mark(block.cache)
        const signature = block.signature?.value
        return [
          {
            type: "toolCall",
            call,
            name,
            arguments: wellFormed(args),
            rawArguments,
            custom,
            signature,
            cache,
          },
        ]
      }
      case "native":
        return [this.#file(block.item) ?? { type: "native", api: block.api, item: this.#item(block.item) }]
      case "image":
        if (this.#isHeld(block.source)) return [fileToken(block.source, block)]
        return [
          {
            ...block,
            source: this.#source(block.source),
            signature: block.signature?.value,
            detail: block.detail === "auto" ? undefined : block.detail,
            cache: this.#mark(block.cache),
          },
        ]
      default: {
        const { signature } = block as { signature?: Opaque }
        if (this.#isHeld(block.source)) return [fileToken(block.source, { signature })]
        return [
          {
            ...block,
            source: this.#source(block.source),
            signature: signature?.value,
            citations: (block as { citations?: unknown }).citations || undefined,
            cache: this.#mark(block.cache),
          },
        ]
      }
    }
  }

  #isHeld(source: unknown): boolean {
    return this.#options.canon === "gemini" && isFields(source) && source["fileId"] !== undefined
  }

  /** A file of which an answer does not say what it is. */
  #file({ fileData, thoughtSignature: value, ...rest }: Fields): Token | undefined {
    if (this.#options.canon !== "gemini" || !isFields(fileData) || Object.keys(rest).length > 0) return undefined
    if (fileData["mimeType"] !== undefined) return undefined
    return fileToken({ fileId: fileData["fileUri"] }, { signature: value === undefined ? undefined : { value } })
  }

  #item(item: Fields): Fields {
    if (this.#options.canon !== "responses") return item
    const { id: _id, ...said } = item
    return said
  }

  #source(source: unknown): unknown {
    if (!isFields(source)) return source
    const { url, data, mimeType } = source
    if (url !== undefined) return { url }
    if (this.#options.canon === "messages" && data !== undefined && mimeType === "text/plain") {
      return { text: new TextDecoder().decode(Uint8Array.from(atob(data as string), (char) => char.charCodeAt(0))) }
    }
    return mimeType === "image/jpg" ? { data, mimeType: "image/jpeg" } : source
  }
}

/** A result where what it holds besides its text stands behind that; what a loss speaks of may stand anywhere. */
function textsFirst(said: readonly Token[], injected: boolean): Token[] {
  const open = injected || said.includes(REST)
  const sure = said.filter((token) => token !== REST)
  const isText = (token: Token): boolean => isFields(token) && token["type"] === "text"
  const ordered = [...sure.filter(isText), ...sure.filter((token) => !isText(token))]
  return open ? [REST, ...ordered.flatMap((token): Token[] => [token, REST])] : ordered
}

/** An answer of which a loss says that its blocks were put in the wire's order. */
function inOrder(said: readonly Token[], canon: ContextCanon): Token[] {
  const order = hasTurns(canon) ? ["thinking", "redactedThinking", "text", "toolCall"] : ["", "toolCall"]
  const rank = (token: Token): number => Math.max(0, order.indexOf(String((token as Fields)["type"])))
  const sure = said.filter((token) => token !== REST).toSorted((a, b) => rank(a) - rank(b))
  return sure.length === said.length ? sure : [REST, ...sure.flatMap((token): Token[] => [token, REST])]
}

/** The turn of an answer where it has one text and one thinking. */
function asChatTurn(said: readonly Token[]): readonly Token[] {
  const hidden = said.filter((token) => isFields(token) && token["type"] === "redactedThinking")
  const shown = said.filter((token) => isFields(token) && token["type"] === "thinking")
  const rest = said.filter((token) => !hidden.includes(token) && !shown.includes(token))
  const joined: Token[] = []
  for (const token of [...shown, ...hidden, ...rest]) {
    const last = joined.at(-1)
    if (isFields(token) && isFields(last) && token["type"] === last["type"]) {
      if (token["type"] === "text") {
        last["text"] = `${String(last["text"])}${String(token["text"])}`
        last["cache"] = token["cache"] ?? last["cache"]
        continue
      }
      if (token["type"] === "thinking" && token["signature"] === undefined && last["signature"] === undefined) {
        last["thinking"] = `${String(last["thinking"])}${String(token["thinking"])}`
        continue
      }
    }
    joined.push(isFields(token) ? { ...token } : token)
  }
  return withMore(joined.filter((token) => !isBlankThinking(token)))
}

/** What a loss speaks of may have become a part of the turn's one text. */
function withMore(turn: readonly Token[]): readonly Token[] {
  const texts = turn.filter((token): token is Fields => isFields(token) && token["type"] === "text")
  if (!turn.includes(REST) || texts.length === 0) return turn
  const text = { ...texts.at(-1), text: new TextWith(texts.map((token) => String(token["text"]))) }
  return turn.flatMap((token) => (token === texts[0] ? [text] : texts.includes(token as Fields) ? [] : [token]))
}

function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed()
  if (Array.isArray(value)) return value.map(wellFormed)
  if (!isFields(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, wellFormed(inner)]))
}

function fileToken(source: unknown, { signature }: { signature?: unknown }): Token {
  return { type: "file", source, signature: isFields(signature) ? signature["value"] : undefined }
}

function isBlankThinking(token: Token): boolean {
  if (!isFields(token) || token["type"] !== "thinking") return false
  return String(token["thinking"]).trim() === "" && token["signature"] === undefined
}

function blocksOf(content: unknown): unknown {
  return typeof content === "string" ? [{ type: "text", text: content }] : content
}

function withRole(role: unknown, token: Token): Token {
  return isFields(token) ? { role, ...token } : token
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Maybe)
}

function filled(list: unknown): unknown {
  return Array.isArray(list) && list.length === 0 ? undefined : list
}

function canonTools(tools: Context["tools"], options: CanonOptions): unknown {
  const given = tools as unknown
  if (given instanceof SomeOf) return new SomeOf(given.list.map((tool) => canonTool(tool as Tool, options)))
  if (given === undefined) return undefined
  const list = (given as readonly (Tool | typeof GONE | typeof ANY)[])
    .filter((tool) => tool !== GONE)
    .map((tool) => (tool === ANY ? ANY : canonTool(tool as Tool, options)))
  const noneIsAbsent = hasTurns(options.canon) || options.canon === "responses"
  return list.length === 0 && noneIsAbsent ? undefined : list
}

function canonTool(tool: Tool, { canon, expected, openMarks }: CanonOptions): unknown {
  const cache = openMarks && expected ? ANY : tool.cache
  if (tool.type === "native") return { ...tool, cache }
  const description = tool.description === "" ? undefined : tool.description?.toWellFormed()
  if (tool.type === "custom") return { ...tool, description, cache }
  const { name, parameters, strict } = tool
  const closed = canon === "messages" && strict === true
  const isOpenAi = canon === "chat" || canon === "responses"
  const schema = (): unknown => {
    if (closed) return open(parameters)
    if (!isOpenAi) return parameters
    if (expected) return maybeStrict(parameters)
    return strict === true ? strictForm(parameters) : parameters
  }
  return {
    name,
    description,
    parameters: schema(),
    strict: !expected || strict === true ? strict : strict === false ? new OneOf(false, undefined) : ANY,
    cache,
  }
}

/** A schema without the word that its objects are closed. */
function open(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(open)
  if (!isFields(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, inner]) => name !== "additionalProperties" || inner !== false)
      .map(([name, inner]) => [name, open(inner)]),
  )
}
