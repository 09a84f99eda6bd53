import {
  codecOf,
  Known,
  SluiceError,
  systemClock,
  systemMint,
  estimateTokens,
  refuseLosses,
  type Context,
  type InboundCall,
  type InboundOp,
  type InboundRequest,
  type Message,
  type ResizeImage,
  type WireServer,
} from "@sluice/ai"
import { authorise } from "../inbound/access.ts"
import type { Caller } from "../http/caller.ts"
import { clientLeft } from "../http/left.ts"
import type { Reply } from "../http/reply.ts"
import { streamText } from "../http/stream-text.ts"
import { readBody } from "../inbound/body.ts"
import { KEY_PARAMETERS } from "../inbound/servers.ts"
import { keeping, notKept, pastOf } from "../kept/conversation.ts"
import type { Settings } from "../options.ts"
import { requestId } from "../request-id.ts"
import type { KeptResponses } from "../store/kept-responses.ts"
import type { KeyStore } from "../store/keys.ts"
import type { RequestLog } from "../store/request-log.ts"
import type { Vault } from "../store/vault.ts"
import type { Logger } from "../logger.ts"
import { type CallContext, sendError } from "./context.ts"
import { counted } from "./count-tokens.ts"
import { RequestRecord } from "./record.ts"
import { wantsStrict } from "./losses.ts"
import { Makers } from "./makers.ts"
import { mayRelay, relayed } from "./relay.ts"
import { prewarmed } from "./prewarm.ts"
import type { Router } from "./router.ts"
import { told } from "./told.ts"
import { translate } from "./translate.ts"
import { unexpected } from "./unexpected.ts"

/** What all calls of a gateway share. */
export interface HandlerParts {
  settings: Settings
  keys: KeyStore
  log: RequestLog
  /** Absent when no answers are kept. */
  kept: KeptResponses | undefined
  /** Absent when nothing of what models thought is kept. */
  vault: Vault | undefined
  router: Router
  logger: Logger
  /** Requests that are being answered; each is told to stop when the gateway gives up waiting for it. */
  running: Set<AbortController>
  resizeImage?: ResizeImage | undefined
}

/** Where a request came in. */
export interface Door {
  server: WireServer
  /** The route's path as it was declared. */
  path: string
  op: InboundOp
  params: Record<string, string>
}

/** Answers the requests of the wires' routes. */
export class CallHandler {
  readonly #parts: HandlerParts
  readonly #known = new Known()
  readonly #makers = new Makers()

  constructor(parts: HandlerParts) {
    this.#parts = parts
  }

  /** Never throws: what goes wrong is told in the client's own shape. */
  async handle(caller: Caller, reply: Reply, door: Door): Promise<void> {
    const { settings, keys, log, logger } = this.#parts
    const { server } = door
    reply.patience = settings.maxStallMs
    const record = new RequestRecord(requestId(), server.api, Date.now, (entry) => {
      log.add(entry)
      logger.info(
        {
          request: entry.id,
          wire: entry.inbound,
          model: entry.model ?? entry.requestedModel,
          status: entry.status,
          error: entry.error,
          ms: entry.durationMs,
        },
        "request",
      )
    })
    try {
      const { headers, query } = caller
      const { key, owner } = await authorise({ headers, query }, keys, settings.anonymous)
      record.keyId = key?.id
      for (const name of KEY_PARAMETERS) query.delete(name)
      const { body, raw } = caller.read ?? (await readBody(caller, settings.maxBodyBytes))
      await this.#answer(
        caller,
        reply,
        door,
        { route: door.path, params: door.params, query, headers, body, raw },
        record,
        owner,
      )
    } catch (thrown) {
      const error = SluiceError.is(thrown) ? thrown : unexpected(thrown)
      if (!SluiceError.is(thrown)) logger.error({ request: record.id, err: thrown }, "unexpected failure")
      sendError({ record, server, reply }, told(error))
      reply.end()
    }
  }

  async #answer(
    caller: Caller,
    reply: Reply,
    door: Door,
    inbound: InboundRequest,
    record: RequestRecord,
    whose: string,
  ): Promise<void> {
    const { settings, router, running, kept, vault, logger, resizeImage } = this.#parts
    const { server } = door
    const accepted = ofOwner(server.accept(inbound), whose)
    const opaque = server.relay?.opaque
    if (opaque) accepted.context = this.#makers.attributed(whose, accepted.context, opaque)
    reply.text = streamText(accepted.framing)
    if (!kept) accepted.keep = false
    const owner = { kept, owner: whose, last: caller.last, field: server.previous }
    const past = server.keeps ? await pastOf(accepted, owner) : []
    const { context } = accepted
    const call = past.length === 0 ? accepted : { ...accepted, context: joined(past, context) }
    if (wantsStrict(inbound.headers)) call.options = { ...call.options, strict: true }
    record.requestedModel = call.model
    record.stream = call.stream
    record.losses.push(...call.losses)
    const routes = await router.routes(call.model, { api: server.api, forward: call.forward })
    const controller = new AbortController()
    const leave = (): void => controller.abort(clientLeft())
    running.add(controller)
    const stay = caller.onLeave(leave)
    record.onEnd(() => {
      running.delete(controller)
      stay()
    })
    const ctx: CallContext = {
      server,
      call,
      routes,
      signal: controller.signal,
      leave,
      record,
      reply,
      settings,
      clock: systemClock,
      mint: systemMint,
      known: this.#known,
      keep: server.keeps && call.op !== "countTokens" ? keeping(accepted, past, owner, logger) : undefined,
      vault: vault?.of(whose),
      noteMaker: opaque && {
        text: (text, maker) => this.#makers.note(whose, text, opaque, maker),
        answer: (message) => {
          // A client of another wire gets what is sealed with its maker.
          if (codecOf(message.api) === server.api) this.#makers.noteAnswer(whose, message, opaque)
        },
      },
      resizeImage,
    }
    if (mayRelay(ctx)) return relayed(ctx)
    if (call.onlyPassed) throw notHere(call.onlyPassed)
    if (call.previous !== undefined && !server.keeps) throw notKept(server.previous, call.previous)
    if (call.options.strict) refuseLosses(call.losses)
    if (call.op === "countTokens") return counted(ctx)
    if (call.op === "prewarm") return prewarmed(ctx)
    call.estimate = { inputTokens: estimateTokens(call.context, routes[0]?.model.api), provenance: "estimated" }
    return translate(ctx)
  }
}

/** What a host keeps can be gone on from there alone, and the call cannot be passed to it as it is. */
function notHere({ field, value }: NonNullable<InboundCall["onlyPassed"]>): SluiceError {
  return new SluiceError({
    code: "state_lost",
    status: 404,
    param: field,
    message: `${field}: what ${value.slice(0, 100)} stands for is not kept here, and no host of this model can be asked for it.`,
    hint: "Send what it stands for in its place.",
    retryable: false,
  })
}

/** What one client calls its conversation by is no name for that of another. */
function ofOwner(call: InboundCall, owner: string): InboundCall {
  const { affinity, options } = call
  const named = (name: string): string => (owner === "" ? name : `${owner}-${name}`)
  if (affinity === undefined && options.sessionId === undefined) return call
  return {
    ...call,
    ...(affinity === undefined ? {} : { affinity: named(affinity) }),
    ...(options.sessionId === undefined ? {} : { options: { ...options, sessionId: named(options.sessionId) } }),
  }
}

function joined(past: readonly Message[], context: Context): Context {
  return { ...context, messages: [...past, ...context.messages] }
}
