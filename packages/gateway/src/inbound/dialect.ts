import type { HeadersView, WireServer } from "@sluice/ai"
import { anthropicMessagesServer } from "@sluice/ai/wires/anthropic-messages/server"
import { googleGenerativeAiServer } from "@sluice/ai/wires/google-generative-ai/server"
import { ollamaChatServer } from "@sluice/ai/wires/ollama-chat/server"
import { openaiCompletionsServer } from "@sluice/ai/wires/openai-completions/server"
import { openaiResponsesServer } from "@sluice/ai/wires/openai-responses/server"

/** The wires that clients may speak. */
export const SERVERS: readonly WireServer[] = [
  openaiCompletionsServer,
  openaiResponsesServer,
  anthropicMessagesServer,
  googleGenerativeAiServer,
  ollamaChatServer,
]

/** Whose spelling a client expects on paths that several share. */
export type Dialect = "openai" | "anthropic" | "google" | "ollama"

/** Tells clients apart by the headers that their libraries send, and by paths and a parameter that only they ask with. */
export function dialectOf(headers: HeadersView, url: URL): Dialect {
  if (url.pathname.startsWith("/api/") || /^ollama\b/i.test(headers.get("user-agent") ?? "")) return "ollama"
  if (headers.has("x-goog-api-key") || headers.has("x-goog-api-client")) return "google"
  if (url.searchParams.has("key") || url.pathname.startsWith("/v1beta/")) return "google"
  return headers.has("anthropic-version") ? "anthropic" : "openai"
}

const SPEAKERS: Readonly<Record<Dialect, WireServer>> = {
  openai: openaiCompletionsServer,
  anthropic: anthropicMessagesServer,
  google: googleGenerativeAiServer,
  ollama: ollamaChatServer,
}

/** The wire in whose shape a client is told about an error on a path that no wire owns. */
export function serverOf(dialect: Dialect): WireServer {
  return SPEAKERS[dialect]
}
