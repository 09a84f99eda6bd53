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
