import { CatalogError } from "./catalog-error.ts"
import { PROVIDER_IDS } from "./providers/index.ts"
import { didYouMean, nearest } from "./suggest.ts"

/** The error for a provider that the catalog does not know. */
export function unknownProvider(id: string, name?: string): CatalogError {
  const suggestions = nearest(id, PROVIDER_IDS)
  const relayed = name?.includes("/") ? ` A model of an aggregator is named with it in front: openrouter/${name}.` : ""
  return new CatalogError(
    "unknown_provider",
    `There is no provider ${JSON.stringify(id)} in the catalog.${didYouMean(suggestions)}`,
    {
      suggestions,
      hint: `Known providers: ${PROVIDER_IDS.join(", ")}. Any other host works with a base URL.${relayed}`,
    },
  )
}
