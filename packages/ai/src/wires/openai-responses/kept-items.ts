import { Losses } from "../../model/losses.ts"
import type { Loss, Message } from "../../model/message.ts"
import { RunningSum, type Mark } from "./running-sum.ts"
import { text, type Body, type Encoding } from "./types.ts"

/** The items of a conversation up to a message, each with the sum up to it. */
export class InputItems {
  /** What goes before these items: it belongs to others as well, and is not added to from here. */
  readonly base: InputItems | undefined
  readonly items: Body[]
  readonly marks: Mark[] = []
  readonly #losses: Losses = new Losses()
  /** Ids of calls of grammar tools. */
  readonly custom: Set<string>
  /** Messages that are encoded. */
  consumed: number
  /** Those messages, where they are kept. */
  readonly messages: Message[] | undefined
  readonly #sum: RunningSum | undefined

  constructor(before: readonly Body[], from?: InputItems, messages?: Message[]) {
    this.base = from
    this.items = [...before]
    this.custom = from ? new Set(from.custom) : new Set()
    this.consumed = from?.consumed ?? 0
    this.messages = messages
    this.#sum = messages || from ? new RunningSum(from?.marks.at(-1)) : undefined
    if (this.#sum) for (const item of before) this.#mark(item)
  }

  /** How many items there are, with those before. */
  get length(): number {
    return (this.base?.items.length ?? 0) + this.items.length
  }

  /** The items from a place on. */
  from(place: number): Body[] {
    const before = this.base?.items ?? []
    return place >= before.length ? this.items.slice(place - before.length) : [...before.slice(place), ...this.items]
  }

  /** The sum over all. */
  get mark(): Mark | undefined {
    return this.marks.at(-1) ?? this.base?.marks.at(-1)
  }

  /** The place behind the items that a sum stands for; `undefined` where these begin otherwise. */
  behind(sum: Mark): number | undefined {
    const own = placeBehind(this.marks, sum)
    if (own !== undefined) return (this.base?.items.length ?? 0) + own
    return this.base && placeBehind(this.base.marks, sum)
  }

  get losses(): Loss[] {
    return this.#losses.list
  }

  readonly lose: Encoding["lose"] = (field, kind, reason) => this.#losses.add(field, kind, reason)

  add(messages: readonly Message[], items: readonly Body[]): void {
    this.consumed += messages.length
    this.messages?.push(...messages)
    for (const item of items) {
      this.items.push(item)
      this.#mark(item)
    }
  }

  /** Items that go on from these without changing them. */
  fork(): InputItems {
    return new InputItems([], this)
  }

  #mark(item: Body): void {
    if (!this.#sum) return
    this.#sum.add(item)
    this.marks.push(this.#sum.mark)
  }
}

function placeBehind(marks: readonly Mark[], { pieces, sum }: Mark): number | undefined {
  let low = 0
  let high = marks.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((marks[middle] as Mark).pieces < pieces) low = middle + 1
    else high = middle
  }
  // The first of equals: what follows without a piece of its own is thinking of a later answer.
  const first = marks[low]
  return first?.pieces === pieces && first.sum === sum ? low + 1 : undefined
}

interface Kept {
  /** What the items depend on besides the messages. */
  settings: readonly unknown[]
  items: InputItems
}

/** By the last message of what is kept, so that it goes when its conversation does. */
const conversations = new WeakMap<Message, Kept>()

/**
 * What was encoded of a conversation in earlier turns, told by the identity of its messages; empty at its first. It is
 * taken, since it is added to: `keepItems` gives it back.
 */
export function takeItems(encoding: Encoding, before: readonly Body[]): InputItems {
  const { messages } = encoding.call.context
  const settings = settingsOf(encoding, before)
  for (let i = messages.length - 1; i >= 0; i--) {
    const kept = conversations.get(messages[i] as Message)
    if (kept?.items.messages?.length !== i + 1) continue
    if (!settings.every((one, at) => one === kept.settings[at]) || !begins(kept.items, messages)) break
    conversations.delete(messages[i] as Message)
    return kept.items
  }
  return new InputItems(before, undefined, [])
}

/** Keeps what was encoded for the next turn. */
export function keepItems(encoding: Encoding, before: readonly Body[], items: InputItems): void {
  const last = items.messages?.at(-1)
  if (last) conversations.set(last, { settings: settingsOf(encoding, before), items })
}

function begins({ messages }: InputItems, all: readonly Message[]): boolean {
  if (!messages || messages.length > all.length) return false
  for (let i = 0; i < messages.length; i++) if (messages[i] !== all[i]) return false
  return true
}

function settingsOf({ call, compat }: Encoding, before: readonly Body[]): unknown[] {
  const learned = Object.entries(call.known).filter(
    ([name]) => name.startsWith("responses.") && !/\.(?:chain|header:|statistics)/.test(name),
  )
  const prompts = before.map(({ content }) => text((content as Body[])[0]?.["text"]))
  return [call.model, compat, call.options.cacheRetention, JSON.stringify(learned), prompts.length, ...prompts]
}
