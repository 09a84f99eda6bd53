import type { Api, Usage } from "@sluice/catalog/core"
import type { SluiceErrorData } from "./errors.ts"
import type { CacheMark, Tool } from "./tool.ts"

/** Who made an opaque value. It may only be replayed to the same three. */
export interface Issuer {
  api: Api
  provider: string
  model: string
}

/**
 * Something only its maker can read: a signature, encrypted thinking, an encrypted item.
 * With an issuer it is replayed to that issuer only, without one only to the same api.
 */
export interface Opaque {
  value: string
  issuer?: Issuer
}

/** Bytes in base64, an address the vendor fetches, or a file the vendor holds. Sluice never fetches an address. */
export type MediaSource = { data: string; mimeType: string } | { url: string; mimeType?: string } | { fileId: string }

/** Text, with what the vendor says of its sources. */
export interface TextBlock {
  type: "text"
  text: string
  /** As the vendor gave them, in its own shape. */
  citations?: readonly unknown[]
  /** As the vendor gave them, in its own shape. */
  logprobs?: readonly unknown[]
  /** The vendor's own id of the item the text came in. */
  itemId?: string
  /** What the text is to the turn, in the vendor's word: `commentary` on the work under way, or the `final_answer`. */
  phase?: string
  /** What the model thought on the way to it, in a form that only the vendor reads. */
  signature?: Opaque
  cache?: CacheMark
}

/** What a model thought before it answered, as far as the vendor shows it. */
export interface ThinkingBlock {
  type: "thinking"
  thinking: string
  signature?: Opaque
  /** Name of the chat field the text came in (`reasoning_content`, `reasoning`, `reasoning_text`). */
  field?: string
  itemId?: string
}

/** Thinking that the vendor hides. */
export interface RedactedThinkingBlock {
  type: "redactedThinking"
  data: Opaque
}

/** A call of a tool by the model. It is answered by a `ToolResultMessage` with its id. */
export interface ToolCallBlock {
  type: "toolCall"
  id: string
  name: string
  /** For a grammar tool `{ input: text }`. `{}` when the model's text was no JSON object: see `rawArguments`. */
  arguments: Record<string, unknown>
  /**
   * The model's own text, kept only where it was not a JSON object. A call that carries it must not be run as it is;
   * `validateArguments` of `@sluice/ai/tools` reads it where that can be done.
   */
  rawArguments?: string
  /** The answer ended before the call did: it must not be run. */
  incomplete?: boolean
  /** A call of a grammar tool. */
  custom?: boolean
  signature?: Opaque
  itemId?: string
  cache?: CacheMark
}

/** A picture, shown to the model or made by it. */
export interface ImageBlock {
  type: "image"
  source: MediaSource
  detail?: "auto" | "low" | "high" | "original"
  /** Of a picture that a model made: what that model goes on from when it changes it. */
  signature?: Opaque
  cache?: CacheMark
}

/** A document for the model to read, such as a PDF or a plain text. */
export interface DocumentBlock {
  type: "document"
  source: MediaSource | { text: string }
  title?: string
  context?: string
  /** The vendor is asked to cite from it. */
  citations?: boolean
  cache?: CacheMark
}

/** Sound, said to the model or by it. */
export interface AudioBlock {
  type: "audio"
  source: MediaSource
  transcript?: string
  /** As for a picture. */
  signature?: Opaque
  cache?: CacheMark
}

/** An item that only one wire knows, e.g. a search that the vendor ran: kept whole and replayed to its maker only. */
export interface NativeBlock {
  type: "native"
  /** The wire whose spelling `item` has. */
  api: Api
  issuer?: Issuer
  item: Record<string, unknown>
}

/** A part of an answer, told apart by `type`. */
export type Block =
  | TextBlock
  | ThinkingBlock
  | RedactedThinkingBlock
  | ToolCallBlock
  | ImageBlock
  | DocumentBlock
  | AudioBlock
  | NativeBlock

/** What a user, a developer or a tool may say. */
export type InputBlock = TextBlock | ImageBlock | DocumentBlock | AudioBlock | NativeBlock

/** What the user says. */
export interface UserMessage {
  role: "user"
  content: string | readonly InputBlock[]
  /** Milliseconds since 1970. */
  timestamp?: number
}

/** Instructions of the application inside a conversation; a wire without that role makes the best of it. */
export interface DeveloperMessage {
  role: "developer"
  content: string | readonly InputBlock[]
  timestamp?: number
}

/** What came of a tool call. */
export interface ToolResultMessage {
  role: "toolResult"
  toolCallId: string
  /** Absent where a client's wire does not tell it; it is then looked up by the call's id. */
  toolName?: string
  content: string | readonly InputBlock[]
  isError?: boolean
  cache?: CacheMark
  timestamp?: number
}

/** Why an answer ended. `length`: it met the cap on tokens; `toolUse`: the model waits for results of tools. */
export type StopReason = "stop" | "length" | "toolUse" | "error" | "aborted"

/** More about why an answer ended. */
export interface StopDetails {
  /** `pause_turn`: not finished, send the conversation again; `refusal`: the model declined; or a vendor's own word. */
  type: "pause_turn" | "refusal" | "stop_sequence" | (string & {})
  category?: string
  explanation?: string
  /** The stop sequence that was hit. */
  sequence?: string
}

/** Something a translation could not carry as it was. */
export interface Loss {
  /** Path in our data model or name of the option, e.g. `options.topK` or `messages[2].content[0].cache`. */
  field: string
  /** `injected`: made up, because the target insists on it. `restored`: put back as it was, which loses nothing. */
  kind: "dropped" | "approximated" | "injected" | "restored"
  reason: string
}

/** One try of a call that did not end it. */
export interface AttemptRecord {
  provider: string
  model: string
  error: SluiceErrorData
  /** What was done about it. */
  action: "adapted" | "credential" | "waited" | "rerouted"
  /** What the adaptation changed. */
  change?: string
  waitedMs?: number
}

/** An answer: result of a call, entry of a history and unit of hand-over. A plain value that survives JSON. */
export interface AssistantMessage {
  role: "assistant"
  content: Block[]
  api: Api
  provider: string
  model: string
  /** The vendor's id of the answer. */
  responseId?: string
  /** The model as the vendor names it, where that is not the model that was asked for. */
  servedModel?: string
  /** The host behind an aggregator, as it reports it. */
  upstreamProvider?: string
  usage: Usage
  stopReason: StopReason
  stopDetails?: StopDetails
  /** Present exactly when `stopReason` is `error` or `aborted`. */
  error?: SluiceErrorData
  losses?: readonly Loss[]
  attempts?: readonly AttemptRecord[]
  /** Milliseconds since 1970 at the start of the call. */
  timestamp: number
  /** Milliseconds from the start of the call to its end. */
  duration?: number
  /** Milliseconds from the start of the call to the first content. */
  ttft?: number
}

/** An entry of a conversation, told apart by `role`. */
export type Message = UserMessage | DeveloperMessage | AssistantMessage | ToolResultMessage

/** A conversation as a model is given it. */
export interface Context {
  systemPrompt?: string | readonly (string | TextBlock)[]
  messages: readonly Message[]
  /** Absent and empty differ: an empty list says "no tools" to hosts that need to hear it. */
  tools?: readonly Tool[]
}
