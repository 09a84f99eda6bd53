/** A key of the gateway as it may be shown. All times are milliseconds since 1970. */
export interface ApiKey {
  id: string
  name: string
  /** The first characters, so that a person can tell keys apart. */
  hint: string
  createdAt: number
  /** Up to a second or so behind while the gateway runs. Absent: never. */
  lastUsedAt?: number
  /** Absent: it works. */
  disabledAt?: number
}

/** The gateway's own keys. */
export interface GatewayKeys {
  /** Makes a key. `secret` is given here and never again: what is kept is its hash. */
  create(name: string): Promise<{ secret: string; key: ApiKey }>
  /** All keys, the oldest first. */
  list(): Promise<ApiKey[]>
  /** Makes a key useless. Gives whether there is a key of this id. */
  disable(id: string): Promise<boolean>
}
