import type { AskedBy, WireServer } from "@sluice/ai"
import { anthropicMessagesServer } from "@sluice/ai/wires/anthropic-messages/server"
import { googleGenerativeAiServer } from "@sluice/ai/wires/google-generative-ai/server"
import { ollamaChatServer } from "@sluice/ai/wires/ollama-chat/server"
import { openaiCompletionsServer } from "@sluice/ai/wires/openai-completions/server"
import { openaiResponsesServer } from "@sluice/ai/wires/openai-responses/server"

/**
 * The wires that clients may speak. A client that nobody knows counts as one of the first; of several that know one,
 * the last has it.
 */
export const SERVERS: readonly [WireServer, ...WireServer[]] = [
  openaiCompletionsServer,
  openaiResponsesServer,
  anthropicMessagesServer,
  googleGenerativeAiServer,
  ollamaChatServer,
]

/** The headers in which clients send a key besides `authorization`. */
export const KEY_HEADERS: readonly string[] = SERVERS.flatMap(({ listing }) => listing?.keyHeaders ?? [])

/** The parameters of a query in which clients send a key. */
export const KEY_PARAMETERS: readonly string[] = SERVERS.flatMap(({ listing }) => listing?.keyParameter ?? [])

/** Further headers that clients send. */
export const CLIENT_HEADERS: readonly string[] = SERVERS.flatMap(({ listing }) => listing?.headers ?? [])

/** The wire of a client on a path that several wires share, or none has. */
export function serverFor(by: AskedBy): WireServer {
  return SERVERS.findLast(({ listing }) => listing?.knows?.(by)) ?? SERVERS[0]
}
