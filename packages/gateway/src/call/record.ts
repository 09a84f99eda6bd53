import { type AssistantMessage, type Loss, type Model, type SluiceError, type Usage } from "@sluice/ai"
import type { RequestEntry } from "../gateway-log.ts"
import { known } from "../known.ts"

/** What is written down about one request. It is written exactly once, when the request is over. */
export class RequestRecord {
  readonly id: string
  keyId: string | undefined
  requestedModel: string | undefined
  stream = false
  relayed = false
  attempts = 1
  losses: Loss[] = []
  readonly #inbound: string
  readonly #at: number
  readonly #now: () => number
  readonly #write: (row: RequestEntry) => void
  #outbound: string | undefined
  #provider: string | undefined
  #model: string | undefined
  #usage: Usage = { provenance: "absent" }
  #firstContent: number | undefined
  #done = false
  #onEnd: (() => void) | undefined

  constructor(id: string, inbound: string, now: () => number, write: (row: RequestEntry) => void) {
    this.id = id
    this.#inbound = inbound
    this.#now = now
    this.#at = now()
    this.#write = write
  }

  /** Is called once, when the request is over. */
  onEnd(run: () => void): void {
    this.#onEnd = run
  }

  /** Where the answer came from. */
  servedBy(model: Pick<Model, "api" | "provider" | "id">): void {
    this.#outbound = model.api
    this.#provider = model.provider
    this.#model = model.id
  }

  /** The first content went out. */
  content(): void {
    this.#firstContent ??= this.#now()
  }

  usage(usage: Usage): void {
    this.#usage = usage
  }

  /** Takes over what a message says about its call. */
  message(message: AssistantMessage): void {
    this.servedBy({ api: message.api, provider: message.provider, id: message.model })
    this.usage(message.usage)
    this.attempts = 1 + (message.attempts?.length ?? 0)
    if (message.losses) this.losses.push(...message.losses)
  }

  end(status: number, error?: Pick<SluiceError, "code">): void {
    if (this.#done) return
    this.#done = true
    this.#onEnd?.()
    const usage = this.#usage
    this.#write({
      id: this.id,
      at: this.#at,
      inbound: this.#inbound,
      stream: this.stream,
      relayed: this.relayed,
      status,
      usageProvenance: usage.provenance,
      durationMs: this.#now() - this.#at,
      attempts: this.attempts,
      losses: this.losses,
      ...known({
        keyId: this.keyId,
        outbound: this.#outbound,
        provider: this.#provider,
        model: this.#model,
        requestedModel: this.requestedModel,
        error: error?.code,
        inputTokens: usage.input,
        outputTokens: usage.output,
        cacheReadTokens: usage.cacheRead,
        cacheWriteTokens: usage.cacheWrite,
        reasoningTokens: usage.reasoningTokens,
        cost: usage.cost?.total,
        ttftMs: this.#firstContent === undefined ? undefined : this.#firstContent - this.#at,
      }),
    })
  }
}
