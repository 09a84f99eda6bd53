import type { HealingFamily } from "@sluice/catalog/core"
import { controlTokens } from "./control-tokens.ts"
import { dsml } from "./dsml.ts"
import type { Family } from "./family.ts"
import { glm } from "./glm.ts"
import { harmony } from "./harmony.ts"
import { hermes } from "./hermes.ts"
import { kimi } from "./kimi.ts"
import { minimax } from "./minimax.ts"
import { planning } from "./planning.ts"
import { thinking } from "./thinking.ts"

/** Every family, in the order in which they are asked: tokens in general come last. */
export const FAMILIES: Readonly<Record<HealingFamily, Family>> = {
  thinking,
  kimi,
  dsml,
  glm,
  hermes,
  minimax,
  harmony,
  planning,
  "control-tokens": controlTokens,
}
