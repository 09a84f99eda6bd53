import type { Selectable } from "kysely"

/** A gateway key. The key itself is nowhere: only its hash. */
export interface ApiKeyTable {
  id: string
  name: string
  /** SHA-256 of the key in hexadecimal digits. */
  hash: string
  /** The first characters, so that a person can tell keys apart. */
  hint: string
  /** Milliseconds since 1970, as all times here. */
  created_at: number
  last_used_at: number | null
  disabled_at: number | null
}

/** One request. Nothing of what was said is in it. */
export interface RequestTable {
  id: string
  at: number
  key_id: string | null
  inbound: string
  outbound: string | null
  requested_model: string | null
  provider: string | null
  model: string | null
  stream: number
  relayed: number
  status: number
  error: string | null
  input_tokens: number | null
  output_tokens: number | null
  cache_read_tokens: number | null
  cache_write_tokens: number | null
  reasoning_tokens: number | null
  usage_provenance: string
  /** US dollars. */
  cost: number | null
  ttft_ms: number | null
  duration_ms: number
  attempts: number
  /** JSON list of losses. */
  losses: string | null
}

/** An answer that was kept for its client. What was said is encrypted. */
export interface ResponseTable {
  id: string
  /** Id of the key that asked; empty without keys. */
  owner: string
  /** Id of the answer that this one goes on from. */
  previous: string | null
  created_at: number
  expires_at: number
  sealed: Uint8Array
}

/** What an answer held for its model alone. It is encrypted. */
export interface VaultStateTable {
  id: string
  /** Id of the key that asked; empty without keys. */
  owner: string
  expires_at: number
  /** Bytes of what is sealed. */
  length: number
  sealed: Uint8Array
}

/** A name under which a state is found: a digest of its owner and of the answer as it reads. */
export interface VaultKeyTable {
  key: string
  state: string
}

/** The tables of the gateway's database. */
export interface Schema {
  api_keys: ApiKeyTable
  requests: RequestTable
  responses: ResponseTable
  vault_states: VaultStateTable
  vault_keys: VaultKeyTable
}

/** A key of a client, as it is read. */
export type ApiKeyRow = Selectable<ApiKeyTable>
/** A request in the log, as it is read. */
export type RequestRow = Selectable<RequestTable>
