import type { Usage } from "@sluice/catalog/core"
import type { Block, Loss, StopDetails, StopReason } from "../model/message.ts"
import type { ErrorFacts } from "./error-facts.ts"
import type { Facts } from "./frame.ts"

/** A piece of tool arguments: text, or one value at a path for vendors that stream objects. */
export type ArgumentPiece = string | { path: readonly (string | number)[]; value?: unknown; append?: string }

/**
 * Where a decoder puts what it reads; the one place that orders events.
 *
 * `key` is the wire's own name of an item (an index, an id). A verb with a new key opens a block. Verbs for a block
 * that is closed, and everything after the answer ended, are dropped. The order of opening is the order of content.
 */
export interface MessageSink {
  meta(m: { responseId?: string; model?: string; upstreamProvider?: string }): void
  text(key: string, delta: string): void
  thinking(key: string, delta: string, field?: string): void
  /** Goes on with an open text, thinking or call of text by several deltas, none empty; `whole` is all of them in one. */
  more(key: string, deltas: readonly string[], whole: string): void
  /** Opens a call, or adds an id or a name that came late; what is known already stays. */
  toolCall(key: string, call: { id?: string; name?: string; custom?: boolean }): void
  /** Adds to the arguments of an open call. */
  args(key: string, piece: ArgumentPiece): void
  attach(
    key: string,
    extra: {
      signature?: string
      citations?: readonly unknown[]
      logprobs?: readonly unknown[]
      itemId?: string
      phase?: string
    },
  ): void
  /** A block that arrives whole: image, audio, redacted thinking, native item. */
  block(key: string, block: Block): void
  /** Ends a block; a final value wins over the deltas. */
  close(key: string, final?: { text?: string; arguments?: string }): void
  /** Given fields replace, absent ones stay. */
  usage(usage: Partial<Usage>): void
  /** Why the answer ends. It ends with the stream, so that late usage still counts. The last word wins. */
  stop(reason: StopReason, details?: StopDetails): void
  /** The answer ends here as a failure. */
  fail(facts: ErrorFacts): void
  loss(loss: Loss): void
  /** The host is alive. `forward`: the answer has come forward in a way that is not shown yet. */
  alive(forward?: boolean): void
  /** Kept only if the answer ends in `done`. */
  remember(where: "channel" | "session", facts: Facts): void
}
