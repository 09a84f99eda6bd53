import type { Loss } from "../model/message.ts"

/** What had to be changed, in order; the same change of the same field is named once. */
export class LossList {
  readonly list: Loss[] = []

  add(field: string, kind: Loss["kind"], reason: string): void {
    if (this.list.some((loss) => loss.field === field && loss.kind === kind)) return
    this.list.push({ field, kind, reason })
  }
}
