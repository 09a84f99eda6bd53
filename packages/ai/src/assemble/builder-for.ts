import type { Model } from "@sluice/catalog/core"
import { classify } from "../errors/classify.ts"
import type { ErrorFacts } from "../contract/error-facts.ts"
import type { Mint } from "../contract/wire-client.ts"
import type { SluiceError } from "../model/errors.ts"
import { MessageBuilder } from "./message-builder.ts"

/** What the builder of an answer is given from outside. */
export interface BuilderParts {
  /** Ids, and the time. */
  mint: Mint
  /** Milliseconds since 1970 at the start of the call. Default: now. */
  started?: number
  /** Default: the classifier alone. */
  toError?: (facts: ErrorFacts) => SluiceError
  /** Tools' own names by those that the host was told, where they differ. */
  toolNames?: ReadonlyMap<string, string> | undefined
}

/** The builder for an answer of a model; without one, for a failure before any model was found. */
export function builderFor(
  model: Model | undefined,
  { mint, started, toError, toolNames }: BuilderParts,
): MessageBuilder {
  const where = model ? { provider: model.provider, model: model.id } : {}
  return new MessageBuilder({
    api: model?.api ?? "",
    provider: model?.provider ?? "",
    model: model?.id ?? "",
    prices: model?.prices,
    timestamp: started ?? mint.now(),
    now: () => mint.now(),
    mintId: (prefix) => mint.id(prefix),
    toError: toError ?? ((facts) => classify(facts, where)),
    toolNames,
  })
}
