import type { AssistantMessage, Loss, Model, SluiceError, Usage } from "@sluice/ai"
import type { RequestRow } from "../store/schema.ts"

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
  readonly #write: (row: RequestRow) => void
  #outbound: string | undefined
  #provider: string | undefined
  #model: string | undefined
  #usage: Usage = { provenance: "absent" }
  #firstContent: number | undefined
  #done = false
  #onEnd: (() => void) | undefined

  constructor(id: string, inbound: string, now: () => number, write: (row: RequestRow) => void) {
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
      key_id: this.keyId ?? null,
      inbound: this.#inbound,
      outbound: this.#outbound ?? null,
      requested_model: this.requestedModel ?? null,
      provider: this.#provider ?? null,
      model: this.#model ?? null,
      stream: this.stream ? 1 : 0,
      relayed: this.relayed ? 1 : 0,
      status,
      error: error?.code ?? null,
      input_tokens: usage.input ?? null,
      output_tokens: usage.output ?? null,
      cache_read_tokens: usage.cacheRead ?? null,
      cache_write_tokens: usage.cacheWrite ?? null,
      reasoning_tokens: usage.reasoningTokens ?? null,
      usage_provenance: usage.provenance,
      cost: usage.cost?.total ?? null,
      ttft_ms: this.#firstContent === undefined ? null : this.#firstContent - this.#at,
      duration_ms: this.#now() - this.#at,
      attempts: this.attempts,
      losses: this.losses.length === 0 ? null : JSON.stringify(this.losses),
    })
  }
}
