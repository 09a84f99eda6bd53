import type { Api, Model } from "@sluice/catalog/core"
import type { Delivered, SluiceError } from "../model/errors.ts"
import type { Block, Context, Loss } from "../model/message.ts"
import type { CallOptions } from "../model/options.ts"
import type { Json } from "../model/tool.ts"
import type { MessageSink } from "./builder.ts"
import type { Credential } from "./credential.ts"
import type { ErrorFacts } from "./error-facts.ts"
import type {
  Answer,
  ChannelKind,
  Effect,
  Facts,
  Frame,
  FrameReader,
  FrameRun,
  Framing,
  HeaderMap,
  ResponseHead,
} from "./frame.ts"

/** Makes ids and tells the time, so that wires need neither randomness nor a clock. */
export interface Mint {
  /** A new id: the prefix and at least 16 random characters of `[A-Za-z0-9]`. */
  id(prefix: string): string
  /** Milliseconds since 1970. */
  now(): number
}

/** All that `encode` may look at. Frozen; holds no secret. */
export interface Call {
  op: "generate" | "prewarm"
  model: Model
  options: CallOptions
  /** Already handed over to this target. */
  context: Context
  /** What the hand-over had to change. */
  handedOver?: readonly Loss[]
  /** OAuth, key and cloud spell some requests differently. */
  auth: { kind: Credential["kind"]; accountId?: string; projectId?: string }
  /** Whether the answer is asked for as a stream. */
  stream: boolean
  /** What was learned about this host and this session. */
  known: Facts
  channel: { kind: ChannelKind; memory: Facts }
  mint: Mint
}

/** A request as the wire spells it, before an endpoint dresses it. */
export interface WireRequest {
  /** Default `POST`. */
  method?: "GET" | "POST"
  /** Appended to the base URL, with a leading slash. */
  path: string
  headers: HeaderMap
  body: Json | Uint8Array
  losses: readonly Loss[]
}

/** What a wire can carry, for the hand-over and for what is put back before it. */
export interface Traits {
  /** Tool-call ids that the wire takes. */
  toolCallId: { pattern: RegExp; maxLength: number }
  /** Names of tools that the wire takes; lengths in characters. Others are spelled anew, and back in its calls. */
  toolName: { pattern: RegExp; maxLength: number }
  /** `inAnswer`: what a model made goes back to it as a part of its answer. */
  media: { image: boolean; document: boolean; audio: boolean; inAnswer: boolean }
  /**
   * Whether a model's host takes thinking back that nobody has signed, in an answer of these blocks. What it does not
   * take is not put back: it would be left out again, and named as a loss of what the client never sent. Absent: it does.
   */
  unsignedThinking?(model: Model, content: readonly Block[]): boolean
}

/** A wire, client side. Pure: no I/O, clock, randomness or timer beyond what is passed in. */
export interface WireClient {
  api: Api
  framing: Framing
  traits: Traits
  /** @throws SluiceError `unsupported` or `invalid_request` for what the wire cannot say */
  encode(call: Call): WireRequest
  decoder(call: Call, head: ResponseHead, out: MessageSink): Decoder
  /** The vendor's error shape as facts. `body` is JSON where it was JSON, else text. */
  readError(head: ResponseHead, body: unknown): ErrorFacts
  /** "Again, but without …". Pure. */
  adapt?(error: SluiceError, call: Call, past: readonly Attempt[]): Adaptation | undefined
  operations?: {
    countTokens?: Operation<Call, TokenCount>
    models?: Operation<void, ListedModel[]>
  }
}

/** One request with one JSON answer. */
export interface Operation<In, Out> {
  encode(input: In): WireRequest
  decode(body: unknown): Out
}

/** How many tokens a prompt has, and who says so. */
export interface TokenCount {
  inputTokens: number
  provenance: "reported" | "estimated"
}

/** A model as a host lists it; what the host does not say is absent. */
export interface ListedModel {
  id: string
  name?: string
  ownedBy?: string
  contextWindow?: number
  maxTokens?: number
}

/** Reads one answer. */
export interface Decoder {
  push(frame: Frame): readonly Effect[] | void
  /** The form that the next frames may have in common, as a `FrameReader` has it. */
  readonly form?: FrameReader["form"]
  /** Reads a run at once. False, with nothing read, where that will not do: then its frames are pushed one by one. */
  run?(run: FrameRun): boolean
  /** One JSON document where a stream was asked for, or none was. */
  whole(body: unknown): void
  answered?(id: string, answer: Answer): readonly Effect[]
  heartbeat?: { everyMs: number; frame: Frame }
  /** The input ended cleanly. Says so if that is too early. */
  end(): void
}

/** A try that failed. */
export interface Attempt {
  error: SluiceError
  delivered: Delivered
  channel: ChannelKind
  change?: string
}

/** What to change before the same request is tried again. */
export interface Adaptation {
  /** In words, for the record. */
  change: string
  learn?: { where: "host" | "session"; facts: Facts }
  /**
   * `http`: no more sockets for this call to this route. `reopen`: over a new socket; that is so after any failure,
   * because a failed exchange closes its own.
   */
  channel?: "http" | "reopen"
  waitMs?: number
}
