import { attempt } from "../attempt/attempt.ts"
import type { Exchange } from "../contract/transport.ts"
import { Waits } from "../attempt/unless-aborted.ts"
import type { ReadContext, Route, Work } from "../contract/route.ts"
import type { Operation, TokenCount, Call, WireRequest } from "../contract/wire-client.ts"
import { parseBody } from "../errors/error-body.ts"
import { handoff as defaultHandoff } from "../handoff/handoff.ts"
import { SluiceError, type ErrorCode } from "../model/errors.ts"
import { estimateTokens } from "./estimate.ts"
import type { CallOptions, RetryOptions, Timeouts } from "../model/options.ts"
import { systemClock, systemMint } from "../platform.ts"
import { type ContextInput, type OutputFormatInput, plainContext, plainOptions } from "../schema/standard.ts"
import { type Environment, sharedKnown } from "../stream.ts"

/** What counting takes besides the model and the conversation. Options that are part of a prompt, as an output format, count. */
export interface CountOptions extends Omit<CallOptions, "output"> {
  output?: OutputFormatInput
  signal?: AbortSignal
  timeouts?: Timeouts
  retry?: RetryOptions
}

/** Longest answer to a count that is read, in bytes. */
const MAX_ANSWER = 65_536

/** A host that does not know how to count, whatever it was thought to know. */
const CANNOT: ReadonlySet<ErrorCode> = new Set(["unsupported", "model_not_found", "permission_denied"])

const NOT_THERE: ReadonlySet<number> = new Set([404, 405, 501])

/**
 * Tokens that a conversation has for a model: the host's own count where it offers one, else an estimate that is
 * flagged as one. No answer is made.
 *
 * @throws SluiceError of the credential, the network or the host; a host that cannot count is no error
 * @throws SluiceError `config` for a Standard Schema that cannot give JSON Schema
 */
export async function countTokens(
  route: Route,
  given: ContextInput,
  options: CountOptions = {},
  environment: Environment = {},
): Promise<TokenCount> {
  const { model, wire } = route
  const context = plainContext(given)
  const estimated: TokenCount = { inputTokens: estimateTokens(context, model.api), provenance: "estimated" }
  const operation = model.compat.countsTokens ? wire.operations?.countTokens : undefined
  if (!operation) return estimated
  const { signal, timeouts, retry, ...wishes } = options
  const outcome = await attempt(
    [route],
    {
      context,
      options: plainOptions<CallOptions>(wishes),
      stream: false,
      signal,
      timeouts,
      retry,
      observers: {},
      clock: environment.clock ?? systemClock,
      random: environment.random ?? Math.random,
      mint: environment.mint ?? systemMint,
      known: environment.known ?? sharedKnown,
      handoff: environment.handoff ?? defaultHandoff,
    },
    new Counting(operation),
  )
  if (outcome.ok) return outcome.value
  const { code, status = 0 } = outcome.error
  if (CANNOT.has(code) || NOT_THERE.has(status)) return estimated
  throw outcome.error
}

/** The work of a try that asks for a count. */
class Counting implements Work<TokenCount> {
  readonly #operation: Operation<Call, TokenCount>

  constructor(operation: Operation<Call, TokenCount>) {
    this.#operation = operation
  }

  request(call: Call): WireRequest {
    return this.#operation.encode(call)
  }

  async read(exchange: Exchange, _call: Call, _route: Route, { watch, signal }: ReadContext): Promise<TokenCount> {
    const chunks = exchange.chunks[Symbol.asyncIterator]()
    const decoder = new TextDecoder()
    const waits = new Waits(signal)
    let text = ""
    try {
      for (;;) {
        watch.waiting()
        const next = await waits.until(chunks.next())
        watch.paused()
        if (next.done) break
        if (next.value instanceof Uint8Array) text += decoder.decode(next.value, { stream: true })
        if (text.length > MAX_ANSWER) {
          throw new SluiceError({
            code: "stream_malformed",
            message: "The answer to a token count is too long for one.",
          })
        }
      }
    } finally {
      waits.end()
    }
    return this.#operation.decode(parseBody(text))
  }
}
