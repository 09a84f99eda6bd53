import { codecOf, type Model } from "@sluice/catalog/core"
import type { ReasoningVault, Restoration } from "../contract/vault.ts"
import type { AssistantMessage, Issuer, Loss, Message } from "../model/message.ts"
import { type Digest, keysOf } from "./vault-keys.ts"
import { isOpen, type KeptState, mayLack, stateOf, withState } from "./vault-state.ts"

/** Where a vault keeps things: by key, for as long as it sees fit. */
export interface VaultStore {
  /** Makes a key of bounded length. */
  digest: Digest
  /** What is kept under any of the keys. What is found was used, and lasts on. */
  get(keys: readonly string[]): ReadonlyMap<string, KeptState> | Promise<ReadonlyMap<string, KeptState>>
  /** Keeps a state under all of the keys. What is kept under a key already stays: the same history gives the same bytes. */
  put(keys: readonly string[], state: KeptState): void | Promise<void>
}

/** Answers of a conversation that may lack something, each with its keys as an answer of one model. */
interface Wanted {
  model: Model
  answers: { index: number; keys: readonly string[] }[]
}

/** A vault of one client over a store. */
export function reasoningVault(store: VaultStore): ReasoningVault {
  return {
    find({ messages }, models) {
      const wanted = wantedOf(messages, models, store.digest)
      const keys = [...wanted.values()].flatMap(({ answers }) => answers.flatMap((one) => one.keys))
      if (keys.length === 0) return undefined
      const found = store.get(keys)
      return found instanceof Promise
        ? found.then((states) => restoration(messages, wanted, states))
        : restoration(messages, wanted, found)
    },
    keep({ messages }, answer) {
      const state = stateOf(answer)
      if (!state) return undefined
      const keys = keysOf(answer, messages, messages.length, store.digest)(state.maker)
      return keys.length === 0 ? undefined : store.put(keys, state)
    },
  }
}

/** Models that are one maker. */
function nameOf({ api, provider, id }: Model): string {
  return JSON.stringify([codecOf(api), provider, id])
}

/** The answers that may lack something, for each maker that some of the models are. */
function wantedOf(messages: readonly Message[], models: readonly Model[], digest: Digest): ReadonlyMap<string, Wanted> {
  const wanted = new Map<string, Wanted>()
  for (const model of models) wanted.set(nameOf(model), { model, answers: [] })
  messages.forEach((message, index) => {
    if (message.role !== "assistant" || !mayLack(message)) return
    const keysBy = keysOf(message, messages, index, digest)
    for (const { model, answers } of wanted.values()) {
      const maker: Issuer = { api: model.api, provider: model.provider, model: model.id }
      if (isOfAnother(message, maker)) continue
      const keys = keysBy(maker)
      if (keys.length > 0) answers.push({ index, keys })
    }
  })
  return wanted
}

/** Whether an answer says itself that somebody else made it. */
function isOfAnother({ provider, model }: AssistantMessage, maker: Issuer): boolean {
  return provider !== "" && (provider !== maker.provider || model !== maker.model)
}

/** An answer that is whole again. */
interface Restored {
  index: number
  answer: AssistantMessage
  /** All that was put back is thinking that nobody has signed. */
  unsigned: boolean
}

function restoration(
  messages: readonly Message[],
  wanted: ReadonlyMap<string, Wanted>,
  states: ReadonlyMap<string, KeptState>,
): Restoration | undefined {
  if (states.size === 0) return undefined
  const restored = new Map<string, readonly Restored[]>()
  for (const [name, { answers: lacking }] of wanted) {
    const answers = lacking.flatMap(({ index, keys }): Restored[] => {
      const state = keys.map((key) => states.get(key)).find((one) => one !== undefined)
      const answer = state && withState(messages[index] as AssistantMessage, state)
      return answer ? [{ index, answer, unsigned: isOpen(state) }] : []
    })
    if (answers.length > 0) restored.set(name, answers)
  }
  if (restored.size === 0) return undefined
  return (context, model, { unsignedThinking }) => {
    const found = restored.get(nameOf(model)) ?? []
    const taken = found.filter(
      ({ answer, unsigned }) => !unsigned || (unsignedThinking?.(model, answer.content) ?? true),
    )
    if (taken.length === 0) return { context, losses: [] }
    const answers = new Map(taken.map(({ index, answer }) => [index, answer]))
    const losses = taken.map(({ index }): Loss => ({
      field: `messages[${index}]`,
      kind: "restored",
      reason: REASON,
    }))
    return { context: { ...context, messages: context.messages.map((one, i) => answers.get(i) ?? one) }, losses }
  }
}

const REASON = "What the model thought and signed, which the history had left out, was put back."
