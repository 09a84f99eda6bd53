import type { ConverseCompat } from "@sluice/catalog/core"
import type { Call } from "../../contract/wire-client.ts"
import type { CacheMark } from "../../model/tool.ts"
import type { DocumentNames } from "./document-names.ts"
import type { Losses } from "../../model/losses.ts"
import type { WireBlock } from "./types.ts"

/** The blocks behind which a caller wants the prompt cached. */
export type Marks = Map<WireBlock, CacheMark>

/** What the parts of the encoder of a conversation share. */
export interface EncodeState {
  call: Call
  compat: ConverseCompat
  losses: Losses
  marks: Marks
  names: DocumentNames
}
