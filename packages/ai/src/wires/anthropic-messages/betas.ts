import type { Call } from "../../contract/wire-client.ts"
import { betasOfHeaders, listedBetas } from "../anthropic-betas.ts"
import { hasHourMark } from "./cache.ts"
import type { Turn } from "./messages.ts"
import { isObject, type MessagesBody } from "./types.ts"

/**
 * Values of `anthropic-beta`: the host's standing ones, those that fields of the body need, and the caller's.
 * A beta never travels without its field, as far as it is ours to say. `undefined` where there is none to send.
 *
 * @param extra what the caller adds, as a list or comma-separated
 */
export function betasFor(body: MessagesBody, call: Call, extra: unknown): string | undefined {
  const compat = call.model.compat.messages ?? {}
  if (compat.betaHeader === false) return undefined
  const betas = new Set<string>(compat.betas)
  const need = (beta: string, needed: boolean): void => {
    if (needed) betas.add(beta)
  }
  const { thinking, output_config: output, context_management: context } = body
  const thinks = thinking !== undefined && thinking.type !== "disabled"
  need("interleaved-thinking-2025-05-14", thinks && compat.interleavedThinking === true)
  need("effort-2025-11-24", typeof output?.effort === "string")
  need("task-budgets-2026-03-13", output?.["task_budget"] !== undefined)
  need("context-management-2025-06-27", context !== undefined)
  need("compact-2026-01-12", hasEdit(context, "compact_20260112"))
  need(
    "extended-cache-ttl-2025-04-11",
    hasHourMark({ tools: body.tools ?? [], system: body.system ?? [], turns: turns(body) }),
  )
  need(
    "mid-conversation-system-2026-04-07",
    body.messages.some((message) => message.role === "system"),
  )
  need("fast-mode-2026-02-01", body.speed === "fast" || fallbacks(body).some((entry) => entry["speed"] === "fast"))
  need("server-side-fallback-2026-06-01", body["fallbacks"] !== undefined)
  need("mcp-client-2025-11-20", body["mcp_servers"] !== undefined)
  need("files-api-2025-04-14", usesFiles(body))
  for (const beta of [...listedBetas(extra), ...betasOfHeaders(call)]) betas.add(beta)
  return betas.size > 0 ? [...betas].join(",") : undefined
}

function turns(body: MessagesBody): Turn[] {
  return body.messages.map((message) => ({ message }))
}

function hasEdit(context: unknown, type: string): boolean {
  const edits = isObject(context) ? context["edits"] : undefined
  return Array.isArray(edits) && edits.some((edit) => isObject(edit) && edit["type"] === type)
}

function fallbacks(body: MessagesBody): Record<string, unknown>[] {
  return Array.isArray(body["fallbacks"]) ? body["fallbacks"].filter(isObject) : []
}

function usesFiles(body: MessagesBody): boolean {
  const byFile = (block: unknown): boolean => {
    if (!isObject(block)) return false
    const { source, content } = block
    if (isObject(source) && source["type"] === "file") return true
    return block["type"] === "container_upload" || (Array.isArray(content) && content.some(byFile))
  }
  return body.messages.some((message) => message.content.some(byFile))
}
