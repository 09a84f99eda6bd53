import {
  type AssistantMessage,
  type AssistantMessageEvent,
  type Clock,
  type Context,
  type CredentialSource,
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
  /** What stands behind the host's address in place of `/backend-api`. */
  path?: string
  /** In place of the access token. */
  credentials?: CredentialSource
}

/** The backend of Codex, and a program that speaks with it. */
export interface CodexTest extends AsyncDisposable {
  host: CodexEmulator
  sluice: Sluice
  transport: WebSocketTransport
  known: Known
  model: string
  /** Waits of the program, in milliseconds, in order. Waits are over at once. */
  waits: number[]
  /** Timers of the program that are neither over nor cleared. */
  pending: ReadonlySet<unknown>
  ask(context: Context | readonly Message[], options?: StreamOptions): Promise<AssistantMessage>
  /** As `ask`, with the events. `each` is run for every one. */
  read(
    context: Context | readonly Message[],
    options?: StreamOptions,
    each?: (event: AssistantMessageEvent, n: number) => unknown,
  ): Promise<{ events: AssistantMessageEvent[]; message: AssistantMessage }>
}

/** Waits of a retry are over at once; those of watchdogs, which are shorter or longer, take their time. */
function hurried(waits: number[], pending: Set<unknown>): Clock {
  return {
    now: systemClock.now,
    setTimeout(run, ms) {
      const wait = ms <= 10_000 && ms >= 100
      if (wait) waits.push(ms)
      const timer = systemClock.setTimeout(
        () => {
          pending.delete(timer)
          run()
        },
        wait ? 0 : ms,
      )
      pending.add(timer)
      return timer
    },
    clearTimeout(timer) {
      pending.delete(timer)
      systemClock.clearTimeout(timer)
    },
  }
}

export async function codex(setup: CodexSetup = {}): Promise<CodexTest> {
  const { settings, sockets, accessToken = emulatedCodexToken(), model = "openai-codex/gpt-5.5", ...more } = setup
  const { path, credentials, ...options } = more
  const host = await codexEmulator(options)
  const http = undiciTransport()
  const transport = websocketTransport({ http, ...sockets })
  const close = async (): Promise<void> => {
    await transport.close()
    await http.close()
    await host.close()
  }
  onTestFinished(close)
  const known = new Known()
  const waits: number[] = []
  const pending = new Set<unknown>()
  const env: Record<string, string> = {
    OPENAI_CODEX_OAUTH_TOKEN: accessToken,
    OPENAI_CODEX_BASE_URL: path === undefined ? host.baseUrl : `${host.url}${path}`,
  }
  const sluice = createSluice({
    env: (name) => env[name],
    transport,
    ...(credentials ? { credentials } : {}),
    environment: { known, clock: hurried(waits, pending) },
    wires: { "openai-codex-responses": async () => ({ wire: openaiResponses, endpoint: codexEndpoint(settings) }) },
  })
  const contextOf = (given: Context | readonly Message[]): Context =>
    "messages" in given ? given : conversation(given)
  return {
    host,
    sluice,
    transport,
    known,
    model,
    waits,
    pending,
    [Symbol.asyncDispose]: close,
    ask: (context, given = {}) => sluice.complete(model, contextOf(context), { sessionId: "s1", ...given }),
    async read(context, given = {}, each = () => {}) {
      const events: AssistantMessageEvent[] = []
      const answer = sluice.stream(model, contextOf(context), { sessionId: "s1", ...given })
      for await (const event of answer) {
        events.push(event)
        await each(event, events.length)
      }
      return { events, message: await answer.result() }
    },
  }
}

/** A conversation with the system prompt that all tests have. */
export function conversation(messages: readonly Message[]): Context {
  return { systemPrompt: "Be brief.", messages }
}

export const HELLO: Message = { role: "user", content: "hi" }
export const MORE: Message = { role: "user", content: "more" }

/** The results of all calls of an answer. */
export function resultsOf({ content }: AssistantMessage): Message[] {
  return content.flatMap((block) =>
    block.type === "toolCall"
      ? [{ role: "toolResult" as const, toolCallId: block.id, toolName: block.name, content: "done" }]
      : [],
  )
}

/** The text of an answer. */
export function said({ content }: AssistantMessage): string {
  return content.map((block) => (block.type === "text" ? block.text : "")).join("")
}
