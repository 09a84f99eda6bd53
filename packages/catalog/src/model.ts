import type { Compat } from "./compat.ts"
import type { Prices } from "./prices.ts"
import type { ThinkingLadder } from "./thinking.ts"

/**
 * A wire as a caller names it: a codec, or a codec with an endpoint of its own.
 * Any other string is accepted, so that a program can bring a wire of its own.
 */
export type Api =
  | "openai-completions"
  | "openai-responses"
  | "azure-openai-completions"
  | "azure-openai-responses"
  | "openai-codex-responses"
  | "anthropic-messages"
  | "google-generative-ai"
  | "google-vertex"
  | "google-vertex-anthropic"
  | "google-gemini-cli"
  | "bedrock-converse-stream"
  | "bedrock-anthropic-messages"
  | "ollama-chat"
  | "cursor-agent"
  | "sluice-native"
  | "mock"
  | (string & {})

/** Apis that are another one's codec with an endpoint of its own. */
const CODECS: Readonly<Record<string, Api>> = {
  "azure-openai-completions": "openai-completions",
  "azure-openai-responses": "openai-responses",
  "openai-codex-responses": "openai-responses",
  "google-vertex": "google-generative-ai",
  "google-vertex-anthropic": "anthropic-messages",
  "google-gemini-cli": "google-generative-ai",
  "bedrock-anthropic-messages": "anthropic-messages",
}

/** The codec of an api: what two apis share whose conversations are spelled alike. */
export function codecOf(api: Api): Api {
  return (Object.hasOwn(CODECS, api) ? CODECS[api] : undefined) ?? api
}

/** What a model can read or write. */
export type Modality = "text" | "image" | "document" | "audio"

/** One model as a program calls it: everything that a request depends on, resolved once. */
export interface Model {
  /** Id within the provider, e.g. `gpt-5.5` or `openai/gpt-oss-120b`. */
  id: string
  provider: string
  api: Api
  /** Name for people; the id where it is absent. */
  name?: string
  /** Where the wire's paths are appended, without a trailing slash. */
  baseUrl: string
  /** Id on the wire where it differs from `id`. */
  requestModelId?: string
  input: readonly Modality[]
  output: readonly Modality[]
  /** Tokens of prompt and answer together; absent is unknown. */
  contextWindow?: number
  /** Tokens of one answer; absent is unknown. */
  maxTokens?: number
  /** Absent is unknown: cost is then not computed. */
  prices?: Prices
  /** Absent: the model does not think, or nothing is known about it. */
  thinking?: ThinkingLadder
  /** What the host does differently from the plain wire. */
  compat: Compat
  /** Parameters behind the path of every request to the host. */
  query?: Readonly<Record<string, string>>
  /** Headers that every request to the host carries. Never a credential. */
  headers?: Readonly<Record<string, string>>
  /** What was assumed because the catalog does not know the model; absent for a known one. */
  assumed?: readonly string[]
}

/** `provider/id`, the form in which a person names a model. */
export function modelName(model: Pick<Model, "provider" | "id">): string {
  return `${model.provider}/${model.id}`
}
