import type { Obj } from "../../model/json.ts"

export { isObject, type Obj } from "../../model/json.ts"

/**
 * The parts of Google's `generateContent` that this wire reads or writes.
 *
 * Requests may spell a field in camelCase or in snake_case; we write the former. Answers are in camelCase.
 * @see https://ai.google.dev/api/generate-content
 * @see https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference
 */

/** Name of this wire. */
export const API = "google-generative-ai"

/** Where models are, below a base URL that has the version in it. */
export const MODELS_PATH = "/models"

/** What is asked of a model; it stands behind the model's name and a colon. */
export const METHOD = {
  generate: "generateContent",
  stream: "streamGenerateContent",
  count: "countTokens",
} as const

/** Asks for the answer as SSE; without it a stream is one JSON array that grows. */
export const AS_SSE = "?alt=sse"

/** Stands in for a signature that nobody has: the host then does not ask where the thinking went. */
export const NO_SIGNATURE = "skip_thought_signature_validator"

/** Bytes within a part. */
export interface InlineData extends Obj {
  mimeType: string
  /** In base64. */
  data: string
}

/** Bytes that the host fetches or holds. */
export interface FileData extends Obj {
  mimeType?: string
  fileUri: string
}

/** A value of the arguments at a place, in a stream of arguments. Exactly one of the values is set. */
export interface PartialArg extends Obj {
  /** As in `$.list[0].name`. */
  jsonPath: string
  stringValue?: string
  numberValue?: number
  boolValue?: boolean
  nullValue?: unknown
  /** More of this text follows. */
  willContinue?: boolean
}

/** A call of a function: whole, or in pieces where its arguments are streamed. */
export interface FunctionCall extends Obj {
  name?: string
  args?: Obj
  id?: string
  partialArgs?: PartialArg[]
  /** More of this call follows in parts without a name. */
  willContinue?: boolean
}

/** The result of a call. What stands in `response` is the caller's own to shape. */
export interface FunctionResponse extends Obj {
  name: string
  response: Obj
  /** Media of the result. */
  parts?: Part[]
  id?: string
}

/**
 * One piece of a turn: one of its fields says what it is. Parts with fields that are not named here, such as
 * `executableCode` and `codeExecutionResult`, travel as they are.
 */
export interface Part extends Obj {
  text?: string
  /** The text is thinking. */
  thought?: boolean
  /** What the model needs to see again to go on from what it thought. */
  thoughtSignature?: string
  inlineData?: InlineData
  fileData?: FileData
  functionCall?: FunctionCall
  functionResponse?: FunctionResponse
}

/** One turn of a conversation. Instructions for the system have no role. */
export interface Content {
  role?: "user" | "model"
  parts: Part[]
}

/** A function that may be called. Its parameters are in one of the two forms. */
export interface FunctionDeclaration extends Obj {
  name: string
  description?: string
  /** In the host's own subset of OpenAPI schemas. */
  parameters?: Obj
  /** In JSON Schema. */
  parametersJsonSchema?: Obj
}

/** A set of functions, or one tool that the host runs (`googleSearch`, `codeExecution`, …). */
export interface WireTool extends Obj {
  functionDeclarations?: FunctionDeclaration[]
}

/** `ANY`: some function must be called; `VALIDATED`: one may be, and then by its schema; `NONE`: none may be. */
export type CallingMode = "AUTO" | "ANY" | "NONE" | "VALIDATED"

/** How tools may be called. */
export interface ToolConfig extends Obj {
  functionCallingConfig?: { mode?: CallingMode; allowedFunctionNames?: string[]; streamFunctionCallArguments?: boolean }
}

/** How much is thought, and whether the answer shows it. Models take a budget or a level, by their generation. */
export interface ThinkingConfig extends Obj {
  includeThoughts?: boolean
  /** Tokens; 0 is off, -1 leaves it to the model. */
  thinkingBudget?: number
  thinkingLevel?: string
}

/** What an answer is to be like. A schema goes with the media type of JSON and stands in one of its two fields. */
export interface GenerationConfig extends Obj {
  temperature?: number
  topP?: number
  topK?: number
  candidateCount?: number
  maxOutputTokens?: number
  stopSequences?: string[]
  presencePenalty?: number
  frequencyPenalty?: number
  seed?: number
  responseLogprobs?: boolean
  logprobs?: number
  responseMimeType?: string
  responseSchema?: Obj
  responseJsonSchema?: Obj
  responseModalities?: string[]
  thinkingConfig?: ThinkingConfig
}

/** The body of a request, in the order in which its fields are written. The model stands in the path. */
export interface GenerateBody extends Obj {
  contents: Content[]
  systemInstruction?: { parts: Part[] }
  tools?: WireTool[]
  toolConfig?: ToolConfig
  safetySettings?: Obj[]
  cachedContent?: string
  generationConfig?: GenerationConfig
  serviceTier?: string
  labels?: Obj
}

/** One of the answers to a request, or the next piece of it. */
export interface Candidate extends Obj {
  content?: { role?: string; parts?: Part[] }
  finishReason?: string
  finishMessage?: string
  groundingMetadata?: Obj
  urlContextMetadata?: Obj
  citationMetadata?: Obj
  logprobsResult?: Obj
  index?: number
}

/** Counts of tokens. A later report takes the place of an earlier one. */
export interface UsageMetadata extends Obj {
  promptTokenCount?: number
  /** Part of the prompt. */
  cachedContentTokenCount?: number
  candidatesTokenCount?: number
  /** Beside the candidates' tokens. */
  thoughtsTokenCount?: number
  /** Beside the prompt's tokens. */
  toolUsePromptTokenCount?: number
  totalTokenCount?: number
}

/** One piece of an answer, or a whole one. */
export interface GenerateResponse extends Obj {
  candidates?: Candidate[]
  promptFeedback?: { blockReason?: string; blockReasonMessage?: string; safetyRatings?: Obj[] }
  usageMetadata?: UsageMetadata
  modelVersion?: string
  responseId?: string
}

/** What stands in a candidate beside its parts, and is kept as an item of its own. */
const BESIDE_PARTS: ReadonlySet<string> = new Set([
  "groundingMetadata",
  "urlContextMetadata",
  "citationMetadata",
  "logprobsResult",
])

/** Whether an item is what the host said beside its parts, and is no part itself. */
export function isBesideParts(item: Obj): boolean {
  const names = Object.keys(item)
  return names.length > 0 && names.every((name) => BESIDE_PARTS.has(name))
}
