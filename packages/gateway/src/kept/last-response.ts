import type { Message } from "@sluice/ai"

/**
 * The conversation that ends with the newest answer on one connection. It is remembered as long as the connection
 * lasts, whether the client has answers kept or not, so that the next request needs to bring only what is new.
 */
export class LastResponse {
  #id: string | undefined
  #messages: readonly Message[] = []

  remember(id: string, messages: readonly Message[]): void {
    this.#id = id
    this.#messages = messages
  }

  /** The messages up to an answer and with it, if it is the newest one. */
  conversation(id: string): readonly Message[] | undefined {
    return id === this.#id ? this.#messages : undefined
  }
}
