import {
  Known,
  SluiceError,
  systemClock,
  systemMint,
  estimateTokens,
  type InboundOp,
  type InboundRequest,
  type WireServer,
} from "@sluice/ai"
import { authorise } from "../inbound/access.ts"
import { parseJson, readBody } from "../inbound/body.ts"
import type { Settings } from "../options.ts"
import type { KeyStore } from "../store/keys.ts"
import type { RequestLog } from "../store/request-log.ts"
import type { Logger } from "../logger.ts"
import { type CallContext, errorResponse } from "./context.ts"
import { countTokens } from "./count-tokens.ts"
import { RequestRecord } from "./record.ts"
import { mayRelay, relayed } from "./relay.ts"
import type { Router } from "./router.ts"
import { translate } from "./translate.ts"

/** What all calls of a gateway share. */
export interface HandlerParts {
  settings: Settings
  keys: KeyStore
  log: RequestLog
  router: Router
  logger: Logger
  /** Requests that are being answered; each is told to stop when the gateway gives up waiting for it. */
  running: Set<AbortController>
}

/** Answers the requests of one wire's routes. */
export class CallHandler {
  readonly #parts: HandlerParts
  readonly #known = new Known()

  constructor(parts: HandlerParts) {
    this.#parts = parts
  }

  /** Never throws: what goes wrong is told in the client's own shape. */
  async handle(
    request: Request,
    server: WireServer,
    route: string,
    op: InboundOp,
    params: Record<string, string>,
  ): Promise<Response> {
    const { settings, keys, log, logger } = this.#parts
    const record = new RequestRecord(systemMint.id("req_"), server.api, Date.now, (row) => {
      log.add(row)
      logger.info(
        {
          request: row.id,
          wire: row.inbound,
          model: row.model ?? row.requested_model,
          status: row.status,
          error: row.error,
          ms: row.duration_ms,
        },
        "request",
      )
    })
    try {
      const key = await authorise(request, keys, settings.anonymous)
      record.keyId = key?.id
      const raw = await readBody(request, settings.maxBodyBytes)
      const body = parseJson(raw)
      const inbound: InboundRequest = {
        route,
        params,
        query: new URL(request.url).searchParams,
        headers: request.headers,
        body,
        raw,
      }
      return await this.#answer(request, server, op, inbound, record)
    } catch (thrown) {
      const error = SluiceError.is(thrown) ? thrown : unexpected(thrown)
      if (!SluiceError.is(thrown)) logger.error({ request: record.id, err: thrown }, "unexpected failure")
      return errorResponse({ record, server }, error)
    }
  }

  async #answer(
    request: Request,
    server: WireServer,
    op: InboundOp,
    inbound: InboundRequest,
    record: RequestRecord,
  ): Promise<Response> {
    const { settings, router, running } = this.#parts
    const call = server.accept(inbound)
    record.requestedModel = call.model
    record.stream = call.stream
    record.losses.push(...call.losses)
    const routes = await router.routes(call.model, { api: server.api, forward: call.forward })
    const controller = new AbortController()
    const leave = (): void =>
      controller.abort(new SluiceError({ code: "aborted", message: "The client closed the request." }))
    running.add(controller)
    if (request.signal.aborted) leave()
    request.signal.addEventListener("abort", leave, { once: true })
    const ctx: CallContext = {
      server,
      call,
      routes,
      signal: controller.signal,
      leave,
      record,
      settings,
      clock: systemClock,
      mint: systemMint,
      known: this.#known,
    }
    record.onEnd(() => {
      running.delete(controller)
      request.signal.removeEventListener("abort", leave)
    })
    if (op === "countTokens") return countTokens(ctx)
    if (mayRelay(ctx)) return relayed(ctx)
    call.estimate = { inputTokens: estimateTokens(call.context), provenance: "estimated" }
    return translate(ctx)
  }
}

function unexpected(thrown: unknown): SluiceError {
  return new SluiceError(
    {
      code: "server_error",
      status: 500,
      message: "The gateway failed in a way that it should not.",
      hint: "Its log has the reason under this request's id.",
    },
    { cause: thrown },
  )
}
