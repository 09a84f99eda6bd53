import type { HealingFamily } from "@sluice/catalog/core"
import type { ArgumentPiece, MessageSink } from "../../contract/builder.ts"
import type { ErrorFacts } from "../../contract/error-facts.ts"
import type { Facts } from "../../contract/frame.ts"
import type { Usage } from "@sluice/catalog/core"
import type { Block, Loss, StopDetails, StopReason } from "../../model/message.ts"
import type { HealedCall, OfferedTools, Opener } from "./family.ts"
import { type HealingCall, healingOf } from "./families.ts"
import { FAMILIES } from "./registry.ts"
import { TextHealer, type HealerOptions, type HealerOutput } from "./text-healer.ts"

/** How a wire's decoder splits up an answer's text. */
export interface HealedSinkOptions {
  /**
   * The text of an answer is one run, whatever the decoder opens and closes within it, because the wire has no blocks:
   * markup may go on in the next one. Default false: it ends with its block.
   */
  oneText?: boolean
}

/**
 * A sink before a sink, in which markup that leaked into the text becomes what it stands for; the sink itself where
 * nothing is to be read in the answers to this call.
 */
export function healed(call: HealingCall, out: MessageSink, options: HealedSinkOptions = {}): MessageSink {
  const { families, headOnly } = healingOf(call)
  if (families.length === 0) return out
  return new HealedSink({ openers: openersOf(families), tools: offered(call), headOnly }, out, options.oneText === true)
}

/** By the families, of which a program meets few lists. */
const OPENERS = new Map<string, readonly Opener[]>()

function openersOf(families: readonly HealingFamily[]): readonly Opener[] {
  const key = families.join()
  const known = OPENERS.get(key)
  if (known) return known
  const order = Object.keys(FAMILIES) as HealingFamily[]
  const openers = order.flatMap((name) => (families.includes(name) ? FAMILIES[name].openers : []))
  OPENERS.set(key, openers)
  return openers
}

function offered({ context }: HealingCall): OfferedTools {
  const tools = context.tools ?? []
  return new Map(
    tools.flatMap((tool) =>
      tool.type === "native" ? [] : [[tool.name, tool.type === "custom" ? undefined : tool.parameters] as const],
    ),
  )
}

type Attached = Parameters<MessageSink["attach"]>[1]

/** A text of the decoder, and the blocks that were made of it. */
class HealedText implements HealerOutput {
  readonly healer: TextHealer
  readonly #sink: HealedSink
  readonly #out: MessageSink
  #key = ""
  #kind: "none" | "text" | "thinking" = "none"
  #block = ""
  #blocks = 0
  #raw = ""
  #opened = false
  #attached: Attached[] = []

  constructor(options: HealerOptions, sink: HealedSink, out: MessageSink) {
    this.healer = new TextHealer(options, this)
    this.#sink = sink
    this.#out = out
  }

  push(key: string, piece: string): void {
    if (key !== this.#key) this.#enter(key)
    if (piece === "") {
      this.#opened = true
      return
    }
    this.#raw += piece
    this.healer.push(piece)
  }

  attach(extra: Attached): void {
    if (this.#kind === "text") this.#out.attach(this.#block, extra)
    else this.#attached.push(extra)
  }

  /** Ends the decoder's block. `more`: its text may go on in another one. */
  close(final: { text?: string } | undefined, more: boolean): void {
    const whole = final?.text
    // What the host says last holds more than came in pieces.
    if (whole !== undefined && whole.length > this.#raw.length && whole.startsWith(this.#raw)) {
      this.push(this.#key, whole.slice(this.#raw.length))
    }
    // What repeats the host's own thinking is taken out to its end, wherever the decoder takes turns between the two.
    if (more) this.healer.flush(this.#sink.thinks)
    else this.healer.end()
    if (this.#opened && this.#blocks === 0) {
      this.#open("text")
      this.#out.text(this.#block, "")
    }
    this.#leave()
  }

  text(delta: string): void {
    if (delta.trim() !== "") this.#sink.showPlans()
    this.#open("text")
    this.#out.text(this.#block, delta)
  }

  thinking(delta: string): void {
    if (this.#sink.thinks) return
    this.#open("thinking")
    this.#out.thinking(this.#block, delta)
  }

  thinkingEnd(): void {
    if (this.#kind === "thinking") this.#leave()
  }

  call(call: HealedCall): void {
    this.#sink.calls.push(call)
  }

  plan(thought: string): void {
    this.#sink.plans.push(thought)
  }

  cut(): void {
    this.#sink.cut = true
  }

  #enter(key: string): void {
    this.#leave()
    this.#key = key
    this.#blocks = 0
    this.#raw = ""
    this.#opened = false
    this.#attached = []
  }

  /** The block that goes on, or a new one of the kind: the first under the decoder's key. */
  #open(kind: "text" | "thinking"): void {
    if (this.#kind === kind) return
    this.#leave()
    this.#kind = kind
    this.#block = this.#blocks++ === 0 ? this.#key : `${this.#key}~${this.#blocks}`
    if (kind === "thinking" || this.#attached.length === 0) return
    this.#out.text(this.#block, "")
    for (const extra of this.#attached.splice(0)) this.#out.attach(this.#block, extra)
  }

  #leave(): void {
    if (this.#kind !== "none") this.#out.close(this.#block)
    this.#kind = "none"
  }
}

/**
 * Calls that were read in the text are kept until the answer stops: where the host made one itself, that one counts
 * and those in the text are left out. An answer that fails has none of them.
 */
class HealedSink implements MessageSink {
  readonly calls: HealedCall[] = []
  /** Plans that wait for the answer that they are of: with nothing behind them the model said nothing. */
  readonly plans: string[] = []
  cut = false
  /** The host has told thinking in a field of its own: the same in the text is not said again. */
  thinks = false
  readonly #options: HealerOptions
  readonly #out: MessageSink
  readonly #oneText: boolean
  readonly #texts = new Map<string, HealedText>()
  #one: HealedText | undefined
  /** The host's own thinking that came last. */
  #thinking: string | undefined
  /** Calls of the host that have a name, and what came for those that have none yet. */
  readonly #named = new Set<string>()
  readonly #unnamed = new Map<string, (() => void)[]>()
  #made = 0

  constructor(options: HealerOptions, out: MessageSink, oneText: boolean) {
    this.#options = options
    this.#out = out
    this.#oneText = oneText
  }

  text(key: string, delta: string): void {
    this.#textOf(key).push(key, delta)
    // What is read without being shown brings the answer forward all the same.
    if (delta !== "") this.#out.alive(true)
  }

  thinking(key: string, delta: string, field?: string): void {
    if (/\S/.test(delta)) this.thinks = true
    this.#thinking = key
    this.#out.thinking(key, delta, field)
  }

  more(key: string, deltas: readonly string[], whole: string): void {
    if (!this.#texts.has(key)) {
      if (key === this.#thinking && /\S/.test(whole)) this.thinks = true
      return this.#later(key, () => this.#out.more(key, deltas, whole))
    }
    for (const delta of deltas) this.text(key, delta)
  }

  /** The plans as the thinking that they are: the answer has begun. */
  showPlans(): void {
    const thought = this.plans.splice(0).filter(Boolean).join("\n\n")
    if (thought === "" || this.thinks) return
    const key = `plan:${this.#made++}`
    this.#out.thinking(key, thought)
    this.#out.close(key)
  }

  toolCall(key: string, call: { id?: string; name?: string; custom?: boolean }): void {
    this.showPlans()
    if (call.name && !this.#named.has(key)) {
      this.#named.add(key)
      const waiting = this.#unnamed.get(key) ?? []
      this.#unnamed.delete(key)
      for (const replay of waiting) replay()
    } else if (!this.#named.has(key) && !this.#unnamed.has(key)) this.#unnamed.set(key, [])
    this.#later(key, () => this.#out.toolCall(key, call))
  }

  args(key: string, piece: ArgumentPiece): void {
    this.#later(key, () => this.#out.args(key, piece))
  }

  attach(key: string, extra: Attached): void {
    const text = this.#texts.get(key)
    if (text) text.attach(extra)
    else this.#later(key, () => this.#out.attach(key, extra))
  }

  block(key: string, block: Block): void {
    this.showPlans()
    this.#out.block(key, block)
  }

  close(key: string, final?: { text?: string; arguments?: string }): void {
    const text = this.#texts.get(key)
    if (!text) return this.#later(key, () => this.#out.close(key, final))
    text.close(final, this.#oneText)
    this.#texts.delete(key)
  }

  usage(usage: Partial<Usage>): void {
    this.#out.usage(usage)
  }

  meta(m: Parameters<MessageSink["meta"]>[0]): void {
    this.#out.meta(m)
  }

  stop(reason: StopReason, details?: StopDetails): void {
    this.#end()
    if (this.plans.length > 0) {
      return this.#out.fail({
        is: "empty_response",
        inStream: true,
        message: "The model planned, and answered nothing.",
      })
    }
    this.#out.stop(reason, details)
  }

  fail(facts: ErrorFacts): void {
    for (const text of this.#texts.values()) text.healer.flush(true)
    this.#out.fail(facts)
  }

  loss(loss: Loss): void {
    this.#out.loss(loss)
  }

  alive(forward?: boolean): void {
    this.#out.alive(forward)
  }

  remember(where: "channel" | "session", facts: Facts): void {
    this.#out.remember(where, facts)
  }

  #textOf(key: string): HealedText {
    let text = this.#texts.get(key)
    if (text) return text
    text = this.#one ?? new HealedText(this.#options, this, this.#out)
    if (this.#oneText) this.#one = text
    this.#texts.set(key, text)
    return text
  }

  /** Does it now, or when the call of the key has a name. */
  #later(key: string, what: () => void): void {
    const waiting = this.#unnamed.get(key)
    if (waiting) waiting.push(what)
    else what()
  }

  /** The answer stops: all that is going to be read has been. */
  #end(): void {
    for (const text of this.#one ? [this.#one] : this.#texts.values()) text.healer.end()
    const calls = this.#named.size > 0 ? [] : this.calls.splice(0)
    for (const call of calls) this.#call(call)
    // A call without a name can be the one that was read in the text; alone, it is what the host said.
    if (this.#made === 0) for (const waiting of this.#unnamed.values()) for (const replay of waiting) replay()
    this.#unnamed.clear()
    if (this.cut && this.#named.size === 0) {
      this.loss({
        field: "content.toolCall",
        kind: "dropped",
        reason: "The answer ended within a call that the model wrote into its text.",
      })
    }
  }

  #call({ name, arguments: args }: HealedCall): void {
    this.showPlans()
    const key = `healed:${this.#made++}`
    this.#out.toolCall(key, { name })
    this.#out.args(key, typeof args === "string" ? args : JSON.stringify(args))
    this.#out.close(key)
  }
}
