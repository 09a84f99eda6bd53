import { estimateTokens, type TokenCount } from "@sluice/ai"
import { answerHeaders, type CallContext, sendJson } from "./context.ts"

/**
 * Tokens of a prompt, estimated. The answer says that it is an estimate: a field beside the number, which clients
 * that do not know it leave alone, and a header.
 */
export function countTokens(ctx: CallContext): void {
  const count: TokenCount = { inputTokens: estimateTokens(ctx.call.context), provenance: "estimated" }
  ctx.record.usage({ input: count.inputTokens, provenance: "estimated" })
  ctx.record.end(200)
  const headers = { ...answerHeaders(ctx, ctx.routes[0]?.model), "x-sluice-estimate": "true" }
  const body = ctx.server.counted?.(count) ?? { input_tokens: count.inputTokens }
  sendJson(ctx.reply, 200, headers, { ...body, estimated: true })
}
