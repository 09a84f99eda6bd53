import type { Loss } from "../model/message.ts"

/** What a translation could not carry, in order; the same change of the same field is named once. */
export class Losses {
  readonly list: Loss[] = []

  dropped(field: string, reason: string): void {
    this.#add({ field, kind: "dropped", reason })
  }

  approximated(field: string, reason: string): void {
    this.#add({ field, kind: "approximated", reason })
  }

  injected(field: string, reason: string): void {
    this.#add({ field, kind: "injected", reason })
  }

  #add(loss: Loss): void {
    if (!this.list.some((known) => known.field === loss.field && known.kind === loss.kind)) this.list.push(loss)
  }
}
