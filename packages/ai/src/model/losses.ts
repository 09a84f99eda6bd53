import type { Loss } from "./message.ts"

/** What a translation could not carry, in order; the same change of the same field is named once. */
export class Losses {
  readonly list: Loss[] = []

  dropped(field: string, reason: string): void {
    this.add(field, "dropped", reason)
  }

  approximated(field: string, reason: string): void {
    this.add(field, "approximated", reason)
  }

  injected(field: string, reason: string): void {
    this.add(field, "injected", reason)
  }

  add(field: string, kind: Loss["kind"], reason: string): void {
    if (!this.list.some((known) => known.field === field && known.kind === kind))
      this.list.push({ field, kind, reason })
  }
}
