import {
  type AssistantMessage,
  type Clock,
  type Context,
  Known,
  type Message,
  type StreamOptions,
  systemClock,
  type Sluice,
} from "@sluice/ai"
import { createSluice } from "@sluice/ai/auto"
import { type CodexSettings, codexEndpoint } from "@sluice/ai/endpoints/codex"
import { undiciTransport } from "@sluice/ai/transport/undici"
import { type WebSocketOptions, type WebSocketTransport, websocketTransport } from "@sluice/ai/transport/websocket"
import { openaiResponses } from "@sluice/ai/wires/openai-responses"
import { type CodexEmulator, codexEmulator, type CodexOptions, emulatedCodexToken } from "@sluice/testkit/emulators"
import { onTestFinished } from "vitest"

/** How a test's program is set up. */
export interface CodexSetup extends CodexOptions {
  settings?: Partial<CodexSettings>
  sockets?: Partial<WebSocketOptions>
  accessToken?: string
  model?: string
}

/** The backend of Codex, and a program that speaks with it. */
export interface CodexTest {
  host: CodexEmulator
  sluice: Sluice
  transport: WebSocketTransport
  known: Known
  model: string
  /** Waits of the program, in milliseconds, in order. Waits are over at once. */
  waits: number[]
  ask(context: Context | readonly Message[], options?: StreamOptions): Promise<AssistantMessage>
}

/** Waits of a retry are over at once; those of watchdogs, which are longer, take their time. */
function hurried(waits: number[]): Clock {
  return {
    now: systemClock.now,
    setTimeout(run, ms) {
      const wait = ms <= 10_000 && ms >= 100
      if (wait) waits.push(ms)
      return systemClock.setTimeout(run, wait ? 0 : ms)
    },
    clearTimeout: systemClock.clearTimeout,
  }
}

export async function codex(setup: CodexSetup = {}): Promise<CodexTest> {
  const { settings, sockets, accessToken = emulatedCodexToken(), model = "openai-codex/gpt-5.5", ...options } = setup
  const host = await codexEmulator(options)
  const http = undiciTransport()
  const transport = websocketTransport({ http, ...sockets })
  onTestFinished(async () => {
    await transport.close()
    await http.close()
    await host.close()
  })
  const known = new Known()
  const waits: number[] = []
  const env: Record<string, string> = {
    OPENAI_CODEX_OAUTH_TOKEN: accessToken,
    OPENAI_CODEX_BASE_URL: host.baseUrl,
  }
  const sluice = createSluice({
    env: (name) => env[name],
    transport,
    environment: { known, clock: hurried(waits) },
    wires: { "openai-codex-responses": async () => ({ wire: openaiResponses, endpoint: codexEndpoint(settings) }) },
  })
  return {
    host,
    sluice,
    transport,
    known,
    model,
    waits,
    ask: (context, given = {}) =>
      sluice.complete(model, "messages" in context ? context : conversation(context), { sessionId: "s1", ...given }),
  }
}

/** A conversation with the system prompt that all tests have. */
export function conversation(messages: readonly Message[]): Context {
  return { systemPrompt: "Be brief.", messages }
}

export const HELLO: Message = { role: "user", content: "hi" }
