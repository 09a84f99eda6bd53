import type { ReasoningVault } from "../contract/vault.ts"
import { hash } from "../model/hash.ts"
import { reasoningVault } from "./vault.ts"
import type { KeptState } from "./vault-state.ts"

/** Bounds of a vault in memory. */
export interface MemoryVaultOptions {
  /** Answers that are kept at most; the least recently used goes first. Default 10000. */
  maxEntries?: number
  /** Characters of all that is kept, as JSON. Default 64 Mi. An answer that takes more than a sixteenth of it is not kept. */
  maxLength?: number
  /** Milliseconds from the last use to the end. Default one day. */
  lifetimeMs?: number
  /** Milliseconds since 1970. Default: the system's clock. */
  now?: () => number
}

/** A reasoning vault in memory, for one or several clients that share its bounds. By itself it is of one client. */
export interface MemoryVault extends ReasoningVault {
  /** The vault of one client; what another one's answers held is not there. */
  of(client: string): ReasoningVault
  /** How much is kept. */
  readonly size: { entries: number; length: number }
}

/** An answer that is kept. */
interface Entry {
  keys: string[]
  state: KeptState
  length: number
  until: number
}

/** Part of the whole that one answer may take. */
const SHARE = 16

/**
 * Makes a vault that lives as long as the program.
 *
 * @example
 * const sluice = createSluice({ environment: { vault: memoryVault() } })
 */
export function memoryVault(options: MemoryVaultOptions = {}): MemoryVault {
  const entries = new Entries(options)
  const of = (client: string): ReasoningVault => {
    const own = (key: string): string => JSON.stringify([client, key])
    return reasoningVault({
      digest: (text) => `${hash(text)}-${text.length}`,
      get: (keys) =>
        new Map(
          keys.flatMap((key) => {
            const state = entries.get(own(key))
            return state ? [[key, state] as const] : []
          }),
        ),
      put: (keys, state) => entries.put(keys.map(own), state),
    })
  }
  return {
    ...of(""),
    of,
    get size() {
      return entries.size
    },
  }
}

/** Entries in the order of their last use, which is that of their ends too. */
class Entries {
  readonly #limits: Required<MemoryVaultOptions>
  readonly #entries = new Set<Entry>()
  readonly #byKey = new Map<string, Entry>()
  #length = 0

  constructor({
    maxEntries = 10_000,
    maxLength = 64 * 1024 * 1024,
    lifetimeMs = 24 * 60 * 60 * 1000,
    now = Date.now,
  }: MemoryVaultOptions) {
    this.#limits = { maxEntries, maxLength, lifetimeMs, now }
  }

  get size(): { entries: number; length: number } {
    return { entries: this.#entries.size, length: this.#length }
  }

  get(key: string): KeptState | undefined {
    this.#sweep()
    const entry = this.#byKey.get(key)
    if (entry) this.#used(entry)
    return entry?.state
  }

  put(keys: readonly string[], state: KeptState): void {
    this.#sweep()
    const { maxEntries, maxLength } = this.#limits
    const length = JSON.stringify(state).length
    if (length > maxLength / SHARE) return
    const [first] = keys
    const known = first === undefined ? undefined : this.#byKey.get(first)
    if (known) return this.#used(known)
    const free = keys.filter((key) => !this.#byKey.has(key))
    const entry = { keys: free, state, length, until: 0 }
    for (const key of free) this.#byKey.set(key, entry)
    this.#length += length
    this.#used(entry)
    for (const oldest of this.#entries) {
      if (this.#entries.size <= maxEntries && this.#length <= maxLength) break
      this.#remove(oldest)
    }
  }

  #used(entry: Entry): void {
    this.#entries.delete(entry)
    this.#entries.add(entry)
    entry.until = this.#limits.now() + this.#limits.lifetimeMs
  }

  #sweep(): void {
    const now = this.#limits.now()
    for (const entry of this.#entries) {
      if (entry.until > now) break
      this.#remove(entry)
    }
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry)
    this.#length -= entry.length
    for (const key of entry.keys) this.#byKey.delete(key)
  }
}
