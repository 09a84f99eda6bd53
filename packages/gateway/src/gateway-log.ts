import type { Loss, Usage } from "@sluice/ai"

/** What the log keeps of one request. Nothing of what was said is in it. What is absent is unknown or was not reached. */
export interface RequestEntry {
  /** As the client was told in `x-request-id`. */
  id: string
  /** When the request came, in milliseconds since 1970. */
  at: number
  /** Id of the gateway's key that it came with. */
  keyId?: string
  /** The API that the client spoke. */
  inbound: string
  /** The API that the provider was spoken to in. */
  outbound?: string
  /** As the client named it. */
  requestedModel?: string
  provider?: string
  /** Id of the model that answered, or that was asked last. */
  model?: string
  /** Whether the answer was asked for as a stream. */
  stream: boolean
  /** Whether the bytes of both sides passed untranslated. */
  relayed: boolean
  /** HTTP status of the answer; 499: the client had left. */
  status: number
  /** Code of the error that the answer ended in. */
  error?: string
  inputTokens?: number
  outputTokens?: number
  cacheReadTokens?: number
  cacheWriteTokens?: number
  reasoningTokens?: number
  /** How the tokens are known. */
  usageProvenance: Usage["provenance"]
  /** US dollars. */
  cost?: number
  /** Milliseconds to the first content. */
  ttftMs?: number
  /** Milliseconds to the end of the answer. */
  durationMs: number
  /** Tries, over all accounts and models. */
  attempts: number
  /** What could not be carried over to the other side as it was. */
  losses: readonly Loss[]
}

/** The gateway's log of requests. */
export interface GatewayLog {
  /** The latest `count` requests that are over, the newest first. */
  latest(count: number): Promise<RequestEntry[]>
}
