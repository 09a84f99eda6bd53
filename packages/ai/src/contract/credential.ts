import type { Usage } from "@sluice/catalog/core"
import type { SluiceError } from "../model/errors.ts"
import type { HeaderMap, ResponseHead } from "./frame.ts"

/** Whose credential it is. */
export interface Account {
  /** Stable within its source; safe to log. */
  id: string
  accountId?: string
  projectId?: string
  /** Where its requests go, for hosts with places of their own, e.g. `us-central1`. */
  location?: string
  baseUrl?: string
  headers?: HeaderMap
  /** Milliseconds since 1970. */
  expiresAt?: number
  /** Where it came from, for people: `OPENAI_API_KEY`, `option apiKey`. */
  origin?: string
}

/** An account with its secret, told apart by `kind`; `none` is for hosts that ask for none. */
export type Credential = Account &
  (
    | { kind: "key" | "oauth"; secret: string }
    | {
        kind: "aws"
        accessKeyId: string
        secretAccessKey: string
        sessionToken?: string
        /** The region that its configuration names for calls that name none. */
        region?: string
      }
    | { kind: "none" }
  )

/** What a call needs a credential for. */
export interface CredentialNeed {
  provider: string
  model?: string
  sessionId?: string
  signal?: AbortSignal
}

/** Gives credentials out. Sources may wrap sources (token exchange, rotation). */
export interface CredentialSource {
  /** @throws SluiceError `auth_missing` when there is none */
  acquire(need: CredentialNeed): Promise<Lease>
}

/** A credential in use. */
export interface Lease {
  credential: Credential
  /** Sees the head of every response, for quota headers. Never awaited. */
  observe(head: ResponseHead): void
  /** A refreshed credential, then a sibling, never one that was tried. Ends this lease. */
  replace(error: SluiceError, signal?: AbortSignal): Promise<Lease | undefined>
  /** Called exactly once, in `finally`, unless `replace` gave another lease. */
  release(outcome: { error?: SluiceError; usage?: Usage }): void
}
