import { createHmac } from "node:crypto"

/** Texts that stand for a signature where there is none, as the vendor documents them. */
const PLACEHOLDERS = new Set(["skip_thought_signature_validator", "context_engineering_is_the_way_to_go"])

/** The signatures that one emulator gave out, each with its model. */
export class Signatures {
  readonly #issued = new Map<string, string>()
  readonly #verify: boolean
  #next = 0

  /** @param issued signatures that were given out before, each with its model */
  constructor(verify: boolean, issued: ReadonlyMap<string, string> = new Map()) {
    this.#verify = verify
    for (const [signature, model] of issued) this.#issued.set(signature, model)
  }

  /** Signatures by what they stand for. */
  get issued(): ReadonlyMap<string, string> {
    return this.#issued
  }

  /** A new one. */
  make(model: string): string {
    const signature = createHmac("sha256", "emulated")
      .update(`${model} ${this.#next++}`)
      .digest("base64")
    this.#issued.set(signature, model)
    return signature
  }

  isPlaceholder(text: string): boolean {
    return PLACEHOLDERS.has(text)
  }

  /** Whether a signature may stand in a request to a model. */
  accepts(signature: string, model: string): boolean {
    if (!this.#verify || PLACEHOLDERS.has(signature)) return true
    return this.#issued.get(signature) === model
  }

  /** Whether the calls of a model have to bring one. */
  required(model: string): boolean {
    return /(?:^|\/)gemini-(?:[3-9]|\d{2,})/.test(model)
  }
}
