/** A request as a validator sees it: what leaves for the host, and what only the host knows. */
export interface Asked {
  body: unknown
  /** Names in lower case. */
  headers?: Readonly<Record<string, string | undefined>>
  /** The model's id on the wire: some vendors have it in the path. */
  model: string
  /** Whose server it is, where several speak the wire: our name of the API. */
  api?: string
  /** Held to what the vendor's older servers refuse and its newest take, besides. Default true. */
  strict?: boolean
  /** The vendor itself and none of the hosts that speak as it does: fields that it does not know are refused. */
  vendor?: boolean
  /** Opaque values that the provider gave out, each with the thinking that it is of. Absent: none is verified. */
  issued?: ReadonlyMap<string, string>
  /** Most tokens of an answer, where the model is known to have another limit than the vendor's largest. */
  maxTokens?: number
}
