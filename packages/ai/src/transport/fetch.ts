import type { HttpRequest } from "../contract/endpoint.ts"
import type { Channel, Exchange, Transport } from "../contract/transport.ts"
import { SluiceError } from "../model/errors.ts"

/** The call signature of `fetch` that is needed. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>

/**
 * A transport over `fetch`, which every runtime has.
 *
 * Redirects are not followed, since a credential belongs to the host it was meant for. On Node the built-in `fetch`
 * gives up after five minutes without a byte; the transport in `transport/undici` does not.
 */
export function fetchTransport(options: { fetch?: FetchLike } = {}): Transport {
  return {
    async open(): Promise<Channel> {
      return {
        kind: "http",
        memory: new Map(),
        send: (request, signal) => send(options.fetch ?? globalThis.fetch, request, signal),
        close: () => {},
      }
    },
  }
}

async function send(fetchLike: FetchLike, request: HttpRequest, signal: AbortSignal): Promise<Exchange> {
  const local = new AbortController()
  const both = AbortSignal.any([signal, local.signal])
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) if (value !== undefined) headers.set(name, value)
  let response: Response
  try {
    const init = { method: request.method, headers, redirect: "manual", signal: both, timeout: false } as RequestInit
    if (request.body !== undefined) init.body = request.body as NonNullable<RequestInit["body"]>
    response = await fetchLike(request.url, init)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw networkError(error)
  }
  return {
    head: { status: response.status, headers: response.headers, channel: "http" },
    chunks: chunksOf(response, signal),
    cancel: (reason) =>
      local.abort(reason ?? new SluiceError({ code: "aborted", message: "The exchange was let go." })),
  }
}

async function* chunksOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (!response.body) return
  const reader = response.body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw networkError(error)
  } finally {
    void reader.cancel().catch(() => {})
  }
}

/** A failed connection as our error; the runtime's own reason is kept as the cause and named where it has a code. */
export function networkError(error: unknown): SluiceError {
  if (SluiceError.is(error)) return error
  const code = codeOf(error)
  const message = code ? `The connection to the host failed (${code}).` : "The connection to the host failed."
  return new SluiceError({ code: "network", message, ...(code ? { type: code } : {}) }, { cause: error })
}

function codeOf(error: unknown): string | undefined {
  let at: unknown = error
  for (let depth = 0; depth < 4 && typeof at === "object" && at !== null; depth++) {
    const { code } = at as { code?: unknown }
    if (typeof code === "string" && /^[A-Z][A-Z0-9_]+$/.test(code)) return code
    at = (at as { cause?: unknown }).cause
  }
  return undefined
}
