/** Limits of a transport over WebSockets. Times in milliseconds; 0 switches one off. */
export interface WebSocketLimits {
  /** Longest wait for a handshake. Default 10 000. */
  connectTimeoutMs: number
  /** How often the peer is asked for a sign of life. Default 10 000. */
  pingIntervalMs: number
  /** How long a ping may stay unanswered. Default 60 000. */
  pongTimeoutMs: number
  /** Frames that may wait for the reader of one socket. Default 4096. */
  queueCapacity: number
  /** A socket that was silent for longer is replaced before its next use. Default 30 000. */
  maxIdleReuseMs: number
  /** How long a socket that nobody uses is kept alive. Default 300 000. */
  maxIdleMs: number
  /** Sockets at one time; the one that was idle for longest makes room. Default 256. */
  maxSockets: number
  /** Largest message of a host. Default 64 MiB. */
  maxFrameBytes: number
}

/** The limits where none are set. */
export const DEFAULT_LIMITS: Readonly<WebSocketLimits> = {
  connectTimeoutMs: 10_000,
  pingIntervalMs: 10_000,
  pongTimeoutMs: 60_000,
  queueCapacity: 4096,
  maxIdleReuseMs: 30_000,
  maxIdleMs: 300_000,
  maxSockets: 256,
  maxFrameBytes: 64 * 1024 * 1024,
}

/** What names of variables begin with. The second holds for all hosts as well: it is older than the first. */
const PREFIXES = ["SLUICE_WEBSOCKET_", "SLUICE_CODEX_WEBSOCKET_"] as const

/** Limits that the environment can set, by the rest of the variable's name, with the least that they may be. */
const VARIABLES = [
  ["CONNECT_TIMEOUT_MS", "connectTimeoutMs", 0],
  ["PING_INTERVAL_MS", "pingIntervalMs", 0],
  ["PONG_TIMEOUT_MS", "pongTimeoutMs", 0],
  ["MESSAGE_QUEUE_CAPACITY", "queueCapacity", 1],
  ["MAX_IDLE_REUSE_MS", "maxIdleReuseMs", 0],
] as const satisfies readonly (readonly [string, keyof WebSocketLimits, number])[]

/**
 * The limits of the environment: `SLUICE_WEBSOCKET_CONNECT_TIMEOUT_MS`, `_PING_INTERVAL_MS`, `_PONG_TIMEOUT_MS`,
 * `_MESSAGE_QUEUE_CAPACITY` and `_MAX_IDLE_REUSE_MS`, each after `SLUICE_WEBSOCKET` or, where that is not set, after
 * `SLUICE_CODEX_WEBSOCKET`. What is no number from the least on is as if it were not set.
 */
export function socketLimitsFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Partial<WebSocketLimits> {
  const limits: Partial<WebSocketLimits> = {}
  for (const [name, limit, least] of VARIABLES) {
    for (const prefix of PREFIXES) {
      const text = env[prefix + name]?.trim()
      const number = text ? Number(text) : Number.NaN
      if (Number.isFinite(number) && number >= least) limits[limit] ??= number
    }
  }
  return limits
}
