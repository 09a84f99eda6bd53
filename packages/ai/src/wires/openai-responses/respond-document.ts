import type { Usage } from "@sluice/catalog/core"
import type { Mint } from "../../contract/wire-client.ts"
import type { InboundCall } from "../../contract/wire-server.ts"
import { isObject, type Obj } from "./types.ts"

const TIERS: ReadonlySet<unknown> = new Set(["auto", "default", "flex", "scale", "priority"])

/** The `response` object, as the first and the last events of a stream and the whole answer carry it. */
export class ResponseDocument {
  readonly #mint: Mint
  readonly #fields: Obj
  readonly #estimate: number

  constructor(call: InboundCall, mint: Mint) {
    this.#mint = mint
    this.#estimate = call.estimate?.inputTokens ?? 0
    this.#fields = {
      id: mint.id("resp_"),
      object: "response",
      created_at: seconds(mint),
      model: call.model,
      ...echoed(isObject(call.request.body) ? call.request.body : {}),
      store: call.keep === true,
    }
  }

  get id(): string {
    return String(this.#fields["id"])
  }

  /** The response before there is an answer. */
  begun(): Obj {
    return { ...this.#fields, status: "in_progress", ...OPEN, output: [], usage: null }
  }

  /** The response with its answer. */
  ended(fields: { status: string; output: readonly Obj[] } & Obj, usage: Usage): Obj {
    const tier = usage.serviceTier
    return {
      ...this.#fields,
      ...OPEN,
      ...(fields.status === "completed" ? { completed_at: seconds(this.#mint) } : {}),
      ...fields,
      ...(TIERS.has(tier) ? { service_tier: tier } : {}),
      usage: writeUsage(usage, this.#estimate),
    }
  }
}

const OPEN = { completed_at: null, error: null, incomplete_details: null }

function seconds(mint: Mint): number {
  return Math.floor(mint.now() / 1000)
}

/** What a response says of its request. Figures that the client left to the host are null. */
function echoed(body: Obj): Obj {
  const text = isObject(body["text"]) ? body["text"] : {}
  const reasoning = isObject(body["reasoning"]) ? body["reasoning"] : {}
  return {
    access_programs: null,
    background: false,
    instructions: body["instructions"] ?? null,
    max_output_tokens: body["max_output_tokens"] ?? null,
    max_tool_calls: body["max_tool_calls"] ?? null,
    metadata: body["metadata"] ?? {},
    parallel_tool_calls: body["parallel_tool_calls"] ?? true,
    previous_response_id: body["previous_response_id"] ?? null,
    prompt_cache_key: body["prompt_cache_key"] ?? null,
    prompt_cache_retention: body["prompt_cache_retention"] ?? null,
    reasoning: { effort: reasoning["effort"] ?? null, summary: reasoning["summary"] ?? null },
    safety_identifier: body["safety_identifier"] ?? null,
    service_tier: body["service_tier"] ?? "auto",
    temperature: body["temperature"] ?? null,
    text: { ...text, format: text["format"] ?? { type: "text" } },
    tool_choice: body["tool_choice"] ?? "auto",
    tools: Array.isArray(body["tools"]) ? body["tools"].map(echoedTool) : [],
    top_logprobs: body["top_logprobs"] ?? 0,
    top_p: body["top_p"] ?? null,
    truncation: body["truncation"] ?? "disabled",
    ...(typeof body["user"] === "string" ? { user: body["user"] } : {}),
  }
}

/** Clients insist on two fields of a function that they may leave out themselves. */
function echoedTool(tool: unknown): unknown {
  return isObject(tool) && tool["type"] === "function" ? { parameters: null, strict: null, ...tool } : tool
}

/** Our figures in the wire's spelling. Clients insist on each of them: what is unknown is 0, or the estimate. */
function writeUsage(usage: Usage, estimatedInput = 0): Obj {
  const cached = usage.cacheRead ?? 0
  const written = usage.cacheWrite ?? 0
  const input = usage.input === undefined ? Math.max(estimatedInput, cached + written) : usage.input + cached + written
  const output = usage.output ?? 0
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: written },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: input + output,
  }
}
