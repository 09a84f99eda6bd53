import type { MessagesCompat } from "@sluice/catalog/core"
import type { Call } from "../../contract/wire-client.ts"
import type { Losses } from "../../model/losses.ts"
import type { Marks } from "./types.ts"

/** What the parts of the encoder of a conversation share. */
export interface EncodeState {
  call: Call
  compat: MessagesCompat
  losses: Losses
  /** Takes the caller's cache marks. */
  marks: Marks
}
