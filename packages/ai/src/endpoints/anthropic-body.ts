import type { HeaderMap } from "../contract/frame.ts"
import type { Json } from "../model/tool.ts"

/** A body of Anthropic's Messages. */
export type AnthropicBody = { [field: string]: Json | undefined }

/** Headers of Anthropic's Messages that other clouds take in the body, and refuse as headers. */
export const MOVED_HEADERS: readonly string[] = ["anthropic-beta", "anthropic-version"]

/**
 * The body with the version and the betas in it, as other clouds want them. Betas that it has already stay, before
 * those of the header.
 */
export function withVersionAndBetas(body: AnthropicBody, headers: HeaderMap, version: string): AnthropicBody {
  const { anthropic_beta: own, ...rest } = body
  const named = (headers["anthropic-beta"] ?? "").split(",").map((beta) => beta.trim())
  const betas = [...new Set([...(Array.isArray(own) ? own : []), ...named.filter((beta) => beta !== "")])]
  return { anthropic_version: version, ...(betas.length > 0 ? { anthropic_beta: betas } : {}), ...rest }
}

/** The headers of a request less those that are in its body now. */
export function withoutMoved(headers: HeaderMap): HeaderMap {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !MOVED_HEADERS.includes(name)))
}
