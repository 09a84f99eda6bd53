import type { Compat } from "./compat.ts"
import type { Api, Modality } from "./model.ts"
import type { Prices } from "./prices.ts"
import type { ThinkingLadder } from "./thinking.ts"

/** Who stands behind a provider: who makes its models, who passes them on, this machine or network, or a cloud account. */
export type ProviderKind = "vendor" | "aggregator" | "local" | "cloud"

/**
 * What a person does to get a credential: makes a key, nothing, or goes through a login. Other words are accepted, so
 * that a login engine can bring its own.
 */
export type LoginKind = "key" | "none" | (string & {})

/** One API that a provider serves. */
export interface ProviderApi {
  api: Api
  /** Where the wire's paths are appended, without a trailing slash. */
  baseUrl: string
  /** The vendor's own host, which reads what its models write itself: answers of it are never healed. */
  firstParty?: true
  /** What holds at this very address and not on another host that is put in its place. */
  compat?: Compat
}

/** An environment variable that moves a provider to another address. */
export interface BaseUrlVariable {
  name: string
  /**
   * `url` (default): a base URL as it is. `host`: a host with or without scheme, port and path, as a server's own
   * listen address is often written; what is missing comes from the provider's own base URL. `resource`: the name that
   * stands in the provider's own base URL for `{resource}`.
   */
  form?: "url" | "host" | "resource"
}

/** How a key is tried out. Any 2xx means that it is good; 401 and 403 mean that it is not. */
export type KeyCheck =
  /** `GET` of a path, relative to the base URL, or of a whole URL. */
  | { by: "get"; path: string }
  /** A call of one token. */
  | { by: "generate"; model: string }

/** How a host spells the list of its models. */
export type ListingShape = "openai" | "openrouter" | "anthropic" | "google"

/** Where a provider lists its models. */
export interface ModelListing {
  /** Relative to the base URL, with a leading slash. */
  path: string
  shape: ListingShape
  /** Whether the list is given without a credential. */
  auth: "required" | "optional"
  /** Ids to keep, for hosts that also list what cannot be talked to. */
  keep?: RegExp
  /** Ids to leave out. */
  drop?: RegExp
  /** Path, from the root of the host, that tells more of one model: `POST {"model": id}`. */
  details?: string
  /** Headers that the list is asked for with. */
  headers?: Readonly<Record<string, string>>
}

/** What a table or a rule says about a model. What is absent is not said. */
export interface ModelTraits {
  name?: string
  /** Another API than the provider's first. */
  api?: Api
  input?: readonly Modality[]
  output?: readonly Modality[]
  /** Tokens of prompt and answer together. */
  contextWindow?: number
  /** Tokens of one answer. */
  maxTokens?: number
  prices?: Prices
  /** `false`: known not to think, or to have nothing to ask it with. */
  thinking?: ThinkingLadder | false
  compat?: Compat
}

/** What the catalog knows about one model. */
export interface ModelData extends ModelTraits {
  /** Id on the wire where it differs. */
  requestModelId?: string
}

/** Known models of one provider, by id. */
export type ModelTable = Readonly<Record<string, ModelData>>

/** A family of models: what is set for each id that matches. */
export interface ModelRule {
  /** Tested against the model's id; ids of aggregators hold slashes. */
  match: RegExp
  set: ModelTraits
}

/** How public ids become ids on the wire: a prefix for those without a slash, and another sign for the dot of a version. */
export interface RequestIds {
  prefix: string
  dot?: string
}

/** Everything that is known about one provider. One file each; all tables and lists derive from these. */
export interface Provider {
  /** As it stands before the slash in `provider/model`. */
  id: string
  /** Name for people. */
  name: string
  kind: ProviderKind
  /** The first is the default. */
  apis: readonly [ProviderApi, ...ProviderApi[]]
  /** Environment variables that hold a key; the first that is set counts. */
  keyEnv: readonly string[]
  /** Environment variables that hold another address; the first that is set counts. */
  baseUrlEnv: readonly BaseUrlVariable[]
  /**
   * Environment variable with further headers, `Name: value` one a line or separated by commas. They are for a proxy:
   * the provider's own address never gets them.
   */
  headersEnv?: string
  /** Environment variable that says what ids stand for on the wire: `model=deployment`, separated by commas. */
  deploymentsEnv?: string
  /** Parameters behind the path of every request, from variables of the environment. */
  query?: readonly { name: string; env: string; default: string }[]
  /** Where a person makes a key. */
  keyPage?: string
  /** The provider's documentation of its API. */
  docs: string
  login: LoginKind
  /** Where a program finds a credential that is no key in a variable: with the tools of a cloud, or in a login. */
  credentials?: "aws" | "google-cloud" | "google-code-assist" | "google-antigravity"
  /** Whether the terms allow programs other than the provider's own to use the credential. */
  thirdParty: "allowed" | "restricted" | "forbidden"
  /** What the terms say, where that needs a sentence. */
  thirdPartyNote?: string
  keyCheck?: KeyCheck
  listing?: ModelListing
  /** Holds for every model and address. */
  compat?: Compat
  /** Ids that name this provider's models even without the provider before them. */
  ownIds?: RegExp
  requestIds?: RequestIds
  /** What is asked for when only the provider is named. */
  defaultModel: string
  /** Read from the top: every row that matches counts, and a later one wins. */
  rules: readonly ModelRule[]
  /** The known models, loaded when first asked for. Absent for hosts whose models nobody can know. */
  models?: () => Promise<ModelTable>
}
