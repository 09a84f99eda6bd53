import type { Effort, ThinkingLadder } from "./thinking.ts"

/**
 * What a host does differently from the plain wire. Every field is optional, and its absence means the
 * documented default, so that a host about which nothing is known gets plain requests.
 */
export interface Compat {
  chat?: ChatCompat
  messages?: MessagesCompat
  responses?: ResponsesCompat
  google?: GoogleCompat
  codeAssist?: CodeAssistCompat
  converse?: ConverseCompat
  ollama?: OllamaCompat
  /**
   * Limits on waiting, in milliseconds, that the host needs; 0 switches one off. They hold as they are where the call
   * sets none, also where the first event is due sooner than a later one.
   */
  timeouts?: { firstEventMs?: number; idleMs?: number }
  /** The host needs no credential. Default false. */
  keyless?: boolean
  /** The host counts the tokens of a prompt, where its wire has a way to ask for that. Default false. */
  countsTokens?: boolean
  /** Image parts must be replaced by a note although the model's entry lists images. Default false. */
  textOnly?: boolean
  /**
   * How thinking that the model does not take back as such stands in the text of an answer: in `<think>` tags, in a
   * fence that says `thinking`, or as prose. Default `prose`.
   */
  demotedThinking?: "prose" | "tags" | "fence"
  /**
   * Markup that leaks into the text of answers here and is read as what it stands for. Default none, in a model that
   * the catalog describes `thinking` on every host but those of the clouds; vendors' own hosts that read their models'
   * markup themselves have none in any case. What layers name adds up; an empty list takes it all back.
   */
  heal?: readonly HealingFamily[]
  /** Longest edges that images may have, in the order of `from`; the last entry that applies counts. Default: any. */
  imageEdges?: readonly ImageEdge[]
}

/**
 * A kind of markup that models write and hosts fail to read.
 *
 * - `thinking`: thinking in tags, in a fence, in a channel of Gemma's or in the analysis channel of Harmony
 * - `control-tokens`: tokens of a chat template (`<|im_end|>`), which mean nothing in a text and are left out
 * - `planning`: a plan in JSON before the answer, as quick models of Google's print it; their own host lets it through
 * - `kimi`: sections of tool calls as Kimi K2 writes them
 * - `dsml`: DeepSeek's tool calls from V3.2 on
 * - `glm`: tool calls of GLM 4.5 and later, with a tag for each argument
 * - `hermes`: JSON in `<tool_call>` tags, as Hermes and Qwen write it, and the tags that Qwen's coders put in its place
 * - `minimax`: tool calls of MiniMax M2
 * - `harmony`: tool calls and channels of gpt-oss
 */
export type HealingFamily =
  | "thinking"
  | "control-tokens"
  | "planning"
  | "kimi"
  | "dsml"
  | "glm"
  | "hermes"
  | "minimax"
  | "harmony"

/** A limit on the edges of images that holds from some number of images in a request on. */
export interface ImageEdge {
  /** Images in the request. */
  from: number
  /** Pixels of the longer edge. */
  maxEdge: number
}

/**
 * Words of schemas that a host reads where not all of JSON Schema: Moonshot's dialect, or those of a sampler that makes a
 * grammar of a schema and takes no `true`, `false` or `{}` in the place of one.
 */
export type SchemaWords = "moonshot" | "grammar"

/** How a chat host is told to think, or not to. */
export type ChatThinkingFormat =
  | "openai"
  | "openrouter"
  | "thinking-type"
  | "enable-thinking"
  | "chat-template"
  | "none"

/** Differences between hosts that speak OpenAI's Chat Completions. */
export interface ChatCompat {
  /** `max_completion_tokens` (default), or `max_tokens`, or `none` where the host refuses both. */
  maxTokensField?: "max_completion_tokens" | "max_tokens" | "none"
  /** Send the cap only when the caller set one. Default false: the model's own cap, where it is known. */
  maxTokensOnlyIfSet?: boolean
  /** Most that is asked for unless the caller asks for more. Default 64000. */
  maxTokensCeiling?: number
  /** `store: false` is sent. Default false. */
  store?: boolean
  /** The host reads the `developer` role for its reasoning models. Default false: `system`. */
  developerRole?: boolean
  /** Several leading system messages are kept apart. Default false: joined by a blank line. */
  multipleSystem?: boolean
  /** `stream_options.include_usage` is accepted. Default true. */
  streamUsage?: boolean
  /** Sampling parameters are accepted. Default true. */
  sampling?: boolean
  /** `top_k`, `min_p` and `repetition_penalty`, which OpenAI does not have, are accepted. Default false. */
  extendedSampling?: boolean
  /** `tool_choice` values the host takes. Default `all`; `strings`: no named function; `none`: never sent. */
  toolChoice?: "all" | "strings" | "none"
  /** A forced choice is answered by an error and goes out as `auto`. Default false. */
  refusesForcedTool?: boolean
  /** `parallel_tool_calls` is accepted. Default true. */
  parallelToolCalls?: boolean
  /** `strict` on tools: `per-tool`, `all-or-none`, or `none` (default). */
  strictTools?: "per-tool" | "all-or-none" | "none"
  /** Strict schemas may limit values (`pattern`, ranges, counts of items). Default false: descriptions tell of it. */
  strictValidators?: boolean
  /** Words that schemas have to be in. Default: JSON Schema as it is. */
  schemas?: SchemaWords
  /** Grammar tools (`type: "custom"`) are accepted. Default false: a function with one text argument stands in. */
  customTools?: boolean
  /** `tools: []` is sent when no tool is offered but the history holds calls. Default false: the field is left out. */
  emptyTools?: boolean
  /** Tool results carry the tool's `name`. Default false. */
  toolResultName?: boolean
  /** Alphabet and length of tool-call ids. Default: as they are, at most 64 of `[A-Za-z0-9_-]`. */
  toolCallIds?: "plain" | "max-40" | "nine-alphanumerics"
  /** Text put between a tool result and a following user message. Default none. */
  assistantAfterTool?: string
  /** Text where a turn has only tool calls, for hosts that refuse empty content. Default `""`. */
  emptyToolCallContent?: string
  /** How thinking is asked for. Default `openai`. */
  thinkingFormat?: ChatThinkingFormat
  /** Answers show the thinking behind them, if there is any. Default true. */
  showsThinking?: boolean
  /** Thinking is switched on or off explicitly even when the caller says nothing. Default false. */
  thinkingExplicit?: boolean
  /** In the `thinking-type` format the level travels beside the switch, as `reasoning_effort`. Default false. */
  thinkingTypeEffort?: boolean
  /** Spelling of a level on this host. */
  effortMap?: Readonly<Partial<Record<Effort, string>>>
  /** What is sent for "off" in the `openai` format. Default: nothing. */
  effortOff?: string
  /** Levels that the host takes; others are moved to the nearest. Default: the model's ladder. */
  efforts?: readonly Effort[]
  /** Thinking cannot go with a forced tool (`forced`) or any tool choice (`any`). Default `never`. */
  thinkingOffWithToolChoice?: "never" | "forced" | "any"
  /** Thinking of earlier turns is sent back: `never`, on turns with tool calls (default), or on `all` turns. */
  replayThinking?: "never" | "tool-calls" | "all"
  /** Field that carries replayed thinking. Default: the field it came in, else `reasoning_content`. */
  thinkingField?: "reasoning_content" | "reasoning" | "reasoning_text"
  /** What stands in the field when a turn has no thinking; absent: the field is left out. */
  thinkingPlaceholder?: string
  /** Thinking goes back as text in the content. Default false. */
  thinkingAsText?: boolean
  /** Reasoning deltas repeat all that came before. Default false. */
  cumulativeThinking?: boolean
  /** An empty answer that ends in `length` means the prompt filled the window. Default false. */
  emptyLengthIsOverflow?: boolean
  /** Cache marks on text parts in Anthropic's form. Default false. */
  cacheControl?: boolean
  /** Longest time that a cache mark may ask for. Default `5m`. */
  cacheTtl?: "5m" | "1h"
  /** `prompt_cache_key` is accepted. Default false. */
  promptCacheKey?: boolean
  /** Header that carries the cache key. */
  cacheKeyHeader?: string
  /** Service tiers that the host takes. Default none. */
  serviceTiers?: readonly string[]
  /** Document parts (`file`) are accepted. Default false. */
  documents?: boolean
  /** `response_format`: `json_schema` (default), `json_object` only, or `none`. */
  structuredOutput?: "json_schema" | "json_object" | "none"
  /** At most this many stop sequences. Default 4. */
  maxStop?: number
  /** Fields added to every body. */
  extraBody?: Readonly<Record<string, unknown>>
}

/** Differences between hosts that speak Anthropic's Messages. */
export interface MessagesCompat {
  /** How a key is sent. Default `bearer`; the vendor's own host takes `x-api-key`. */
  keyHeader?: "bearer" | "x-api-key"
  /** Service tiers that the host has in the place of the vendor's own. Default: the vendor's. */
  serviceTiers?: readonly string[]
  /** Header that carries such a tier. Default: the field `service_tier`. */
  tierHeader?: string
  /** The vendor's own host, or one that checks signatures as it does. Default false. */
  verifiesSignatures?: boolean
  /** Thinking without a signature may be replayed. Default: where signatures are not verified. */
  unsignedThinking?: boolean
  /** Temperature, `top_p` and `top_k` are accepted. Default true. */
  sampling?: boolean
  /** A forced tool choice is refused and goes out as `auto`. Default false. */
  refusesForcedTool?: boolean
  /** How thinking is asked for where this surface takes it otherwise than the model's ladder says. Default: as that. */
  thinkingMode?: ThinkingLadder["mode"]
  /** Models think unless they are told not to, also while a tool call is forced, which is refused then. Default false. */
  thinksUnasked?: boolean
  /** Adaptive models only: `thinking: {type: "disabled"}` is refused. Default: follows the ladder's mode. */
  refusesDisabledThinking?: boolean
  /** `output_config.effort` and its beta are accepted. Default true. */
  effort?: boolean
  /** `context_management` and its beta are accepted. Default false. */
  contextManagement?: boolean
  /** A system role between messages is accepted. Default false: a user turn. */
  midConversationSystem?: boolean
  /** Tool arguments stream as they are made (`eager_input_streaming`). Default false. */
  eagerToolInput?: boolean
  /** `strict` on tools is accepted. Default false. */
  strictTools?: boolean
  /** Words that schemas have to be in besides those of the API. Default: none. */
  schemas?: Extract<SchemaWords, "grammar">
  /** `output_config.format` (JSON schema) is accepted. Default false: a forced tool stands in. */
  structuredOutput?: boolean
  /** Longest time that a cache mark may ask for. Default `5m`. */
  cacheTtl?: "5m" | "1h"
  /** Images and documents by URL are accepted. Default false. */
  mediaUrls?: boolean
  /** Tool results repeat their id under `id`. Default false. */
  toolResultId?: boolean
  /** Betas that travel in the header. Default true; false leaves them out. */
  betaHeader?: boolean
  /** Interleaved thinking is asked for by beta. Default false. */
  interleavedThinking?: boolean
  /** Names of betas that every request carries. */
  betas?: readonly string[]
  /** Fields added to every body. */
  extraBody?: Readonly<Record<string, unknown>>
}

/** Differences between hosts that speak OpenAI's Responses. */
export interface ResponsesCompat {
  /** The host reads the `developer` role. Default false: `instructions` carry the system prompt. */
  developerRole?: boolean
  /** `include: ["reasoning.encrypted_content"]` is accepted for models that think. Default true. */
  encryptedThinking?: boolean
  /** `reasoning.summary` is accepted. Default true; `asked`: it is sent where the caller wants to see the thinking. */
  thinkingSummary?: boolean | "asked"
  /** A summary repeats those of the items before it: what was shown is not shown again. Default false. */
  cumulativeSummaries?: boolean
  /** Thinking of earlier turns goes back: never, or where the vendor sealed it (default). */
  replayThinking?: "never" | "sealed"
  /** Thinking without an encrypted form goes back as `reasoning_text`. Default false: it stays out. */
  replayThinkingText?: boolean
  /** Ids of items go back beside the thinking that they follow from. Default true. */
  itemIds?: boolean
  /** No item may carry an id, not even one that needs it elsewhere. Default false. */
  bareItems?: boolean
  /**
   * The first text of the system prompt is wanted in `instructions`, the others as developer messages; both
   * instructions and a user's message are insisted on. Default false.
   */
  instructions?: boolean
  /** Sampling parameters are accepted. Default true. */
  sampling?: boolean
  /** `max_output_tokens` is accepted. Default true. */
  outputCap?: boolean
  /** Smallest cap that the host takes; a smaller one is raised to it. Default none. */
  leastOutputCap?: number
  /** Words that the model's own format reserves (`<|start|>`) are refused in texts, and go out escaped. Default false. */
  escapesHarmony?: boolean
  /** `top_logprobs`, and log probabilities among what is included, are accepted. Default true. */
  logprobs?: boolean
  /** `user` is accepted. Default true. */
  user?: boolean
  /** Field for the caller's metadata. Default `metadata`. */
  metadataField?: string
  /** Levels that the host takes; others are moved to the nearest. Default: the model's ladder. */
  efforts?: readonly Effort[]
  /** Spelling of a level on this host. */
  effortMap?: Readonly<Partial<Record<Effort, string>>>
  /** What is sent as the effort for "off". Default: the lowest level. */
  effortOff?: string
  /**
   * `strict` on tools: `per-tool`, where what is not strict is said not to be; `asked`, where only what its author
   * calls strict is; or `none` (default).
   */
  strictTools?: "per-tool" | "asked" | "none"
  /** Strict schemas may limit values (`pattern`, ranges, counts of items). Default false: descriptions tell of it. */
  strictValidators?: boolean
  /** Words that schemas have to be in. Default: JSON Schema as it is. */
  schemas?: SchemaWords
  /** Grammar tools (`type: "custom"`) are accepted. Default false: a function with one text argument stands in. */
  customTools?: boolean
  /** `tool_choice` values the host takes. Default `all`; `strings`: no named tool; `none`: never sent. */
  toolChoice?: "all" | "strings" | "none"
  /** A forced choice is answered by an error and goes out as `auto`. Default false. */
  refusesForcedTool?: boolean
  /** Events lack fields that clients insist on, so that they are never passed on as they are. Default false. */
  sloppyEvents?: boolean
  /** An end at the cap is told as a whole answer: one that has all tokens of the cap was cut. Default false. */
  silentCap?: boolean
  /** A format of the output, `text.format`, is followed. Default true; where it is not read, it is left out. */
  structuredOutput?: boolean
  /** `detail: "original"` of images is accepted. Default false: `auto`. */
  originalDetail?: boolean
  /** Images and documents are taken within a tool's result. Default false: a user's message follows. */
  mediaInToolResult?: boolean
  /** Documents (`input_file`) are accepted. Default false. */
  documents?: boolean
  /** `stream_options.include_obfuscation` is accepted, and switched off. Default false. */
  obfuscation?: boolean
  /** `prompt_cache_key` is accepted. Default false. */
  promptCacheKey?: boolean
  /** `prompt_cache_retention` is accepted. Default false. */
  promptCacheRetention?: boolean
  /** Headers that carry the session's id. Default none. */
  sessionHeaders?: readonly string[]
  /** Field of the body that carries the session's id. Default none. */
  sessionField?: string
  /** A cache mark for the whole prompt, in Anthropic's form, is accepted at the top of the body. Default false. */
  cacheControl?: boolean
  /** Service tiers that the host takes. Default none. */
  serviceTiers?: readonly string[]
  /**
   * A request may go on from the response before it (`previous_response_id`): as long as a connection lasts, or where
   * the response is stored. Default never.
   */
  chain?: "connection" | "stored"
  /** WebSockets are served where the endpoint has them. Default true. */
  websocket?: boolean
  /** The lighter form of requests is wanted where the endpoint has one. Default false. */
  lite?: boolean
  /** Headers of a response that the next request repeats: within a user's turn, or for the whole session. */
  keptHeaders?: Readonly<Record<string, "turn" | "session">>
  /** Fields added to every body. */
  extraBody?: Readonly<Record<string, unknown>>
}

/** Differences between hosts that speak Google's `generateContent`. */
export interface GoogleCompat {
  /** Calls and their results carry ids. Default false: they belong together by their order. */
  callIds?: boolean
  /** A call without a signature is refused: a fixed word stands in for one. Default false. */
  needsSignatures?: boolean
  /** Images and other media are taken within a tool's result. Default false: a turn of the user follows. */
  mediaInToolResult?: boolean
  /** Schemas go out as JSON Schema (default), in the fields for the host's own form, or there without unions and null. */
  schemas?: "json" | "openapi" | "flat"
  /** Arguments of calls stream as they are made. Default false. */
  streamArguments?: boolean
  /** `responseMimeType` and its schema are followed. Default true; where not, the shape is asked for in words. */
  structuredOutput?: boolean
  /** The same in a request with tools. Default true. */
  outputWithTools?: boolean
  /** `systemInstruction` is accepted. Default true: elsewhere it stands as the user's. */
  systemInstruction?: boolean
  /** Sampling parameters are accepted. Default true. */
  sampling?: boolean
  /** At most this many stop sequences. Default 5. */
  maxStop?: number
  /** Service tiers that the host takes. Default none. */
  serviceTiers?: readonly string[]
  /** Header that carries the tier. Default: the field `serviceTier`. */
  tierHeader?: string
  /** Names and values are stored with the call, as `labels`. Default false. */
  labels?: boolean
  /** A count of tokens takes the whole request within `generateContentRequest`. Default false: its fields as they are. */
  countsRequests?: boolean
  /** Fields added to every body. */
  extraBody?: Readonly<Record<string, unknown>>
}

/** Differences between the services behind Code Assist, and between their models. */
export interface CodeAssistCompat {
  /** Hosts to turn to when the model's own is busy, in turn. Default none. */
  fallbackUrls?: readonly string[]
  /** Requests say that they are an agent's, and carry an id and a number for their session. Default false. */
  agentRequests?: boolean
  /** Role of the system prompt. Default none. */
  systemRole?: "user"
  /** Tokens of an answer: always asked for, and the most that a caller gets. Default: as the caller has it. */
  maxOutputTokens?: number
  /** A cap on the answer must be higher than the tokens to think with. Default false. */
  thinksWithinCap?: boolean
  /** How tools may be called where the caller says nothing, or always. Default: it is not said. */
  toolMode?: { mode: "VALIDATED"; when: "unsaid" | "always" }
  /** A forced choice of a tool is not followed, and is said in words as well. Default false. */
  forcedInWords?: boolean
  /** Ids on the wire by the level of thinking, and for none of these. Default: the model's own. */
  effortIds?: Readonly<Partial<Record<Effort | "off" | "default", string>>>
  /** Headers of a request that asks for thinking. */
  thinkingHeaders?: Readonly<Record<string, string>>
}
/** How a model behind Bedrock's Converse is told to think: whose fields stand in `additionalModelRequestFields`. */
export type ConverseThinkingFormat = "anthropic" | "nova" | "effort" | "none"

/** Differences between the models behind Bedrock's Converse. */
export interface ConverseCompat {
  /**
   * `anthropic`: `thinking` and `output_config`; `nova`: `reasoningConfig`; `effort`: `reasoning_effort`; `none`
   * (default): nothing.
   */
  thinkingFormat?: ConverseThinkingFormat
  /** Thinking beside the use of tools is asked for by beta. Default false. */
  interleavedThinking?: boolean
  /**
   * Thinking of earlier turns goes back: where the vendor signed it (`signed`, else as text), always (default), or
   * never.
   */
  replayThinking?: "signed" | "always" | "never"
  /**
   * Cache points that we place ourselves, at most, where the caller placed none. Default 0. Those of the caller are
   * sent in any case, up to this number, or four where it is 0.
   */
  cachePoints?: number
  /** Longest time that a cache point may ask for. Default `5m`. */
  cacheTtl?: "5m" | "1h"
  /** Cache points may stand behind tools. Default false. */
  cachesTools?: boolean
  /** Sampling parameters are accepted. Default true. */
  sampling?: boolean
  /** Temperature and `topP` are not accepted together. Default false. */
  oneSampling?: boolean
  /** How `topK` is spelled among the model's own fields: Claude's `top_k` or Nova's. Default: not at all. */
  topK?: "top_k" | "nova"
  /** `toolChoice` values the model takes. Default `all`; `any`: no named tool; `auto`: nothing forced. */
  toolChoice?: "all" | "any" | "auto"
  /** A forced choice is answered by an error and goes out as `auto`. Default false. */
  refusesForcedTool?: boolean
  /** `status` of a tool's result is accepted. Default true. */
  resultStatus?: boolean
  /** `strict` on tools is accepted. Default false. */
  strictTools?: boolean
  /** `outputConfig` with a JSON schema is accepted. Default false: a forced tool stands in. */
  structuredOutput?: boolean
  /** A system prompt is accepted. Default true: else it stands before what the user says first. */
  system?: boolean
  /** Service tiers that the model takes. Default: every one that Bedrock has. */
  serviceTiers?: readonly string[]
  /** Fields added to `additionalModelRequestFields`. */
  extraFields?: Readonly<Record<string, unknown>>
  /** Fields added to every body. */
  extraBody?: Readonly<Record<string, unknown>>
}

/** Differences between hosts that speak Ollama's own API. */
export interface OllamaCompat {
  /** A cap on the answer, `num_predict`, is accepted. Default true. */
  outputCap?: boolean
  /** Most that a cap may ask for, whatever the model's entry says. Default: the model's own. */
  maxTokensCeiling?: number
  /** Tokens of the window that is asked for (`num_ctx`). Default: the host's own choice, which cuts long prompts. */
  contextWindow?: number
  /** How long the model stays loaded (`keep_alive`), as a duration (`30m`) or in seconds. Default: the host's own. */
  keepAlive?: string | number
  /** Spelling of a level on this host. Default: `minimal` is `low`, `xhigh` is `high`. */
  effortMap?: Readonly<Partial<Record<Effort, string>>>
  /** Levels that the host takes; others are moved to the nearest. Default: the model's ladder. */
  efforts?: readonly Effort[]
  /** Thinking of earlier turns is sent back: `never`, or on `all` turns (default). */
  replayThinking?: "never" | "all"
  /** Fields added to every body. */
  extraBody?: Readonly<Record<string, unknown>>
}
