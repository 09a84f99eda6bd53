import type { Model, Usage } from "@sluice/catalog/core"
import type { CredentialSource } from "./credential.ts"
import type { SluiceError } from "../model/errors.ts"
import type { Endpoint } from "./endpoint.ts"
import type { ErrorFacts } from "./error-facts.ts"
import type { Facts } from "./frame.ts"
import type { Exchange, Transport } from "./transport.ts"
import type { Call, WireClient, WireRequest } from "./wire-client.ts"
import type { AttemptRecord } from "../model/message.ts"
import type { Watch } from "./watch.ts"

/** One way to reach a model. It carries its parts, so that a bundle holds only what it was given. */
export interface Route {
  model: Model
  wire: WireClient
  endpoint: Endpoint
  credentials: CredentialSource
  transport: Transport
}

/** What is done within a try: `stream()` decodes, a gateway's relay copies. */
export interface Work<T> {
  /** The request is made of bytes that must not be changed: nothing is adapted. */
  readonly fixed?: boolean
  request(call: Call, route: Route): WireRequest
  read(exchange: Exchange, call: Call, route: Route, ctx: ReadContext): Promise<T>
}

/** What a reader is given besides the exchange. */
export interface ReadContext {
  /** Says that something reached the consumer. From then on nothing is tried again, unless the call allows restarts. */
  delivered(what: "content" | "final"): void
  watch: Watch
  /** Aborted by the caller and by the watchdogs. */
  signal: AbortSignal
  /** The error that something thrown while reading stands for. A caller's abort wins. */
  toError(thrown: unknown): SluiceError
  /** The error that a vendor's words stand for, without the secrets of the credential in use. */
  classify(facts: ErrorFacts): SluiceError
  /** What the answer used, and the error that it ended in after all, for the credential's books. */
  used(usage: Usage, error?: SluiceError): void
  /** Keeps what the answer taught. To be called only once the answer is complete. */
  remember(where: "channel" | "session", facts: Facts): void
  /** Content that was shown may be made anew: a failure behind it is thrown, unless a tool call is finished. */
  restarts: boolean
  /** The tries that came before. */
  attempts: readonly AttemptRecord[]
  /** Nothing can be done about an empty answer any more: it is taken as it is. */
  takesEmpty: boolean
}
