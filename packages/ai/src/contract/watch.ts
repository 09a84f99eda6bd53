/** The watchdogs of one try, as its reader sees them. Time runs only while the reader waits for the host. */
export interface Watch {
  /** The reader begins to wait for the host. */
  waiting(): void
  /** The host has answered the wait; what follows is ours or the consumer's time. */
  paused(): void
  /** The answer came forward: the first-event limit gives way to the idle limit, which starts anew. */
  progress(): void
  /** The host is alive without coming forward. Extends the idle limit a bounded number of times. */
  alive(): void
}
