import type { ResponsesCompat } from "@sluice/catalog/core"
import type { Body, Encoding } from "./encoding.ts"

/** The field `service_tier`. `auto`, and `default` at a host that has no tiers, are what a request without it gets. */
export function tierField({ call, compat, lose }: Encoding<Pick<ResponsesCompat, "serviceTiers">>): Body {
  const { serviceTier: tier } = call.options
  if (tier === undefined) return {}
  if (compat.serviceTiers?.includes(tier)) return { service_tier: tier }
  const usual = tier === "auto" || (tier === "default" && !compat.serviceTiers?.length)
  if (!usual) lose("options.serviceTier", "dropped", `The host does not offer the tier ${tier}.`)
  return {}
}
