import type { GoogleCompat } from "@sluice/catalog/core"
import type { Call } from "../../contract/wire-client.ts"
import { learned } from "./facts.ts"
import type { Losses } from "../../model/losses.ts"

/** What the parts of the encoder share. */
export interface EncodeState {
  call: Call
  compat: GoogleCompat
  losses: Losses
}

/** Reports a cache mark that is lost: the vendor caches by itself. */
export function loseMark(mark: unknown, field: string, { losses }: EncodeState): void {
  if (mark) losses.dropped(`${field}.cache`, "The API has no cache marks.")
}

/** Whether calls and results carry ids at this host. */
export function sendsIds({ call, compat }: EncodeState): boolean {
  return compat.callIds === true && !learned(call, "noCallIds")
}
