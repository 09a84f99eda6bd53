/** What may be set for the backend of Codex. Times in milliseconds; where 0 is allowed, it switches a limit off. */
export interface CodexSettings {
  /** Speak over a WebSocket where a call has a `sessionId` and the transport has sockets. Default true. */
  websocket: boolean
  /** From sending to the first event, over a WebSocket. Default 300000. */
  firstEventTimeoutMs: number
  /** Between two events that bring the answer forward, over a WebSocket. Default 300000. */
  idleTimeoutMs: number
  /** How often a WebSocket that failed is opened again for one call, before it goes on over plain HTTP. Default 5, at most 10. */
  retryBudget: number
  /** Wait before the first of these; each further one waits that much longer. Default 500. */
  retryDelayMs: number
  /** Send the lighter form of requests that the backend has, where they hold no images. Default false. */
  responsesLite: boolean
  /** Name in the header `originator`. It must be the one that the login was made with. Default `sluice`. */
  originator: string
  /** Is given what each request goes out with. Secrets, accounts and sessions are replaced. */
  debug?: ((record: CodexDebugRecord) => void) | undefined
}

/** One request, as a person may see it. */
export interface CodexDebugRecord {
  transport: "http" | "websocket"
  url: string
  headers: Readonly<Record<string, string>>
  model: string
  /** Items of the input that go out. */
  items: number
  /** Whether it goes on from the response before it. */
  continued: boolean
}

/** The settings where none are given. */
export const DEFAULT_SETTINGS: CodexSettings = {
  websocket: true,
  firstEventTimeoutMs: 300_000,
  idleTimeoutMs: 300_000,
  retryBudget: 5,
  retryDelayMs: 500,
  responsesLite: false,
  originator: "sluice",
}

/** Whether `SLUICE_CODEX_DEBUG` asks for a record of each request. */
export function wantsDebug(env: Reader): boolean {
  return flag(env("SLUICE_CODEX_DEBUG")) === true
}

type Reader = (name: string) => string | undefined

/**
 * The settings of the environment: `SLUICE_CODEX_WEBSOCKET`, `_WEBSOCKET_FIRST_EVENT_TIMEOUT_MS`,
 * `_WEBSOCKET_IDLE_TIMEOUT_MS`, `_WEBSOCKET_RETRY_BUDGET`, `_WEBSOCKET_RETRY_DELAY_MS`, `_RESPONSES_LITE` and
 * `_ORIGINATOR`, each after `SLUICE_CODEX`. What is no number from 0 on is as if it were not set.
 */
export function codexSettings(env: Reader): Partial<CodexSettings> {
  const settings: Partial<CodexSettings> = {}
  const originator = env("SLUICE_CODEX_ORIGINATOR")?.trim()
  if (originator) settings.originator = originator
  set(settings, "websocket", flag(env("SLUICE_CODEX_WEBSOCKET")))
  set(settings, "responsesLite", flag(env("SLUICE_CODEX_RESPONSES_LITE")))
  set(settings, "firstEventTimeoutMs", count(env("SLUICE_CODEX_WEBSOCKET_FIRST_EVENT_TIMEOUT_MS")))
  set(settings, "idleTimeoutMs", count(env("SLUICE_CODEX_WEBSOCKET_IDLE_TIMEOUT_MS")))
  set(settings, "retryBudget", count(env("SLUICE_CODEX_WEBSOCKET_RETRY_BUDGET")))
  set(settings, "retryDelayMs", count(env("SLUICE_CODEX_WEBSOCKET_RETRY_DELAY_MS")))
  return settings
}

function set<T extends object, K extends keyof T>(target: T, key: K, value: T[K] | undefined): void {
  if (value !== undefined) target[key] = value
}

function flag(text: string | undefined): boolean | undefined {
  const word = text?.trim().toLowerCase()
  if (word === "1" || word === "true" || word === "on" || word === "yes") return true
  return word === "0" || word === "false" || word === "off" || word === "no" ? false : undefined
}

function count(text: string | undefined): number | undefined {
  const number = text?.trim() ? Number(text) : Number.NaN
  return Number.isFinite(number) && number >= 0 ? number : undefined
}
