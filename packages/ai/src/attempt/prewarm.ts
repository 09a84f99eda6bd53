import type { Call } from "../contract/wire-client.ts"
import type { Route } from "../contract/route.ts"
import type { CallOptions } from "../model/options.ts"
import { callFor } from "./call-for.ts"
import { checkHeaders } from "./headers.ts"
import { accountOf, keysOf, type Known } from "./known.ts"
import { quietly } from "./try.ts"

/** What opening a connection ahead of time needs. */
export interface PrewarmInput {
  sessionId: string
  headers?: CallOptions["headers"]
  signal: AbortSignal
  known: Known
  mint: Call["mint"]
}

/**
 * Opens the connection of a session before its first request, where the route has one. Gives whether it has.
 *
 * @throws SluiceError of the credential, or `network` where the connection could not be opened
 */
export async function prewarm(
  route: Route,
  { sessionId, headers, signal, known, mint }: PrewarmInput,
): Promise<boolean> {
  const { model, endpoint, transport, credentials } = route
  if (!endpoint.connect || !transport.warm) return false
  const lease = await credentials.acquire({ provider: model.provider, model: model.id, sessionId, signal })
  try {
    const { credential } = lease
    const keys = keysOf({ model, sessionId, account: accountOf(credential) })
    const call = callFor({
      op: "prewarm",
      model,
      options: { sessionId, ...(headers ? { headers } : {}) },
      context: { messages: [] },
      credential,
      stream: true,
      known: { ...known.get(keys.host), ...(keys.session ? known.get(keys.session) : {}) },
      channel: { kind: "websocket", memory: new Map() },
      mint,
    })
    const socket = endpoint.connect(call, credential)
    if (!socket) return false
    checkHeaders(socket.headers)
    await transport.warm(socket, signal)
    return true
  } finally {
    quietly(() => lease.release({}))
  }
}
