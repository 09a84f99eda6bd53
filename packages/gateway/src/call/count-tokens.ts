import { countTokens, estimateTokens, SluiceError, type TokenCount } from "@sluice/ai"
import { answerHeaders, type CallContext, sendError, sendJson } from "./context.ts"
import { told } from "./told.ts"

/** How long a host may take to count: the client waits with what it wants to ask. */
const PATIENCE_MS = 10_000

/**
 * Tokens of a prompt: as its model's host counts them where it does, else estimated. The answer says when it is an
 * estimate: a field beside the number, which clients that do not know it leave alone, and a header.
 */
export async function counted(ctx: CallContext): Promise<void> {
  let count: TokenCount
  try {
    count = await countOf(ctx)
  } catch (thrown) {
    if (!SluiceError.is(thrown)) throw thrown
    return sendError(ctx, told(thrown))
  }
  const { inputTokens, provenance } = count
  ctx.record.usage({ input: inputTokens, provenance })
  ctx.record.end(200)
  const estimated = provenance === "estimated"
  const headers = {
    ...answerHeaders(ctx, ctx.routes[0]?.model),
    ...(estimated ? { "x-sluice-estimate": "true" } : {}),
  }
  const body = ctx.server.counted?.(count) ?? { input_tokens: inputTokens }
  sendJson(ctx.reply, 200, headers, estimated ? { ...body, estimated } : body)
}

/** @throws SluiceError what the client has to put right; a host that fails otherwise is stood in for */
async function countOf({ call, clock, known, mint, routes, signal }: CallContext): Promise<TokenCount> {
  const [route] = routes
  const estimate = (): TokenCount => ({
    inputTokens: estimateTokens(call.context, route?.model.api),
    provenance: "estimated",
  })
  if (!route) return estimate()
  const options = {
    ...call.options,
    signal,
    timeouts: { firstEventMs: PATIENCE_MS, idleMs: PATIENCE_MS },
    retry: { maxTotalDelayMs: PATIENCE_MS },
  }
  try {
    return await countTokens(route, call.context, options, { clock, known, mint })
  } catch (error) {
    if (SluiceError.is(error) && (error.code === "invalid_request" || error.code === "aborted")) throw error
    return estimate()
  }
}
