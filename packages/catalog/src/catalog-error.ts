/** What went wrong in the catalog. */
export type CatalogErrorCode =
  | "unknown_provider"
  | "invalid_model_name"
  | "invalid_base_url"
  | "discovery_failed"
  | "discovery_unsupported"

/** A failure of the catalog. The message says what is at fault; `hint` says what to do. */
export class CatalogError extends Error {
  readonly code: CatalogErrorCode
  readonly hint?: string
  /** Names that were close to the one that was not found. */
  readonly suggestions: readonly string[]
  /** HTTP status, where a host answered with one. */
  readonly status?: number

  constructor(
    code: CatalogErrorCode,
    message: string,
    options: { hint?: string; suggestions?: readonly string[]; status?: number; cause?: unknown } = {},
  ) {
    super(message)
    Object.defineProperty(this, "name", { value: "CatalogError" })
    this.code = code
    this.suggestions = options.suggestions ?? []
    if (options.hint !== undefined) this.hint = options.hint
    if (options.status !== undefined) this.status = options.status
    if (options.cause !== undefined) Object.defineProperty(this, "cause", { value: options.cause, configurable: true })
  }

  /** All public fields, no stack, no cause. */
  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      message: this.message,
      suggestions: this.suggestions,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.status === undefined ? {} : { status: this.status }),
    }
  }
}
