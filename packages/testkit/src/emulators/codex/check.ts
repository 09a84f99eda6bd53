import { isFields, type Fields } from "../check.ts"
import { bad } from "../openai-refusals.ts"
import { checkInput } from "../openai-responses/check-input.ts"
import { checkTools } from "../openai-responses/check-tools.ts"
import type { ItemBook } from "../openai-responses/memory.ts"
import { readToken } from "./token.ts"
import type { CodexOptions } from "./types.ts"

/** A refusal with the body that the backend gives it. */
export class CodexRefused extends Error {
  readonly status: number
  readonly body: unknown

  constructor(status: number, body: unknown) {
    super(JSON.stringify(body))
    this.status = status
    this.body = body
  }
}

function detail(status: number, text: string): CodexRefused {
  return new CodexRefused(status, { detail: text })
}

const SSE_BETA = "responses=experimental"
const WEBSOCKET_BETA = "responses_websockets=2026-02-06"

/** Headers that all name the session. */
const SESSION_HEADERS = ["conversation_id", "session_id", "x-client-request-id", "session-id", "thread-id"]

/** Refuses headers as the backend does. @throws CodexRefused */
export function checkHeaders(
  headers: Readonly<Record<string, string>>,
  transport: "sse" | "websocket" | "models",
  options: CodexOptions,
): void {
  checkToken(headers, options)
  for (const name of ["originator", "user-agent"]) {
    if (!headers[name]) throw detail(403, `Missing header: ${name}`)
  }
  if (options.originator !== undefined && headers["originator"] !== options.originator) {
    throw unauthorized("token_invalidated", "The token was issued to another application.")
  }
  if (transport === "models") return
  const beta = headers["openai-beta"]
  const wanted = transport === "sse" ? SSE_BETA : WEBSOCKET_BETA
  if (beta !== wanted && !(transport === "sse" && beta === undefined && options.lenient)) {
    throw detail(400, `Invalid OpenAI-Beta: expected ${wanted}`)
  }
  const sessions = new Set(SESSION_HEADERS.flatMap((name) => headers[name] ?? []))
  if (sessions.size > 1) throw detail(400, "Session headers do not agree")
  if ("x-api-key" in headers) throw detail(400, "Unexpected header: x-api-key")
  if (transport === "websocket") {
    if ("content-type" in headers) throw detail(400, "Unexpected header: content-type")
    if (headers["accept"]?.includes("event-stream")) throw detail(400, "Unexpected header: accept")
  }
}

function checkToken(headers: Readonly<Record<string, string>>, options: CodexOptions): void {
  const token = /^Bearer (.+)$/.exec(headers["authorization"] ?? "")?.[1]
  if (token === undefined) throw detail(401, "Unauthorized")
  const good = typeof options.token === "function" ? options.token() : options.token
  if (good !== undefined && token !== good) {
    throw unauthorized(
      "token_invalidated",
      "Your authentication token has been invalidated. Please try signing in again.",
    )
  }
  const read = readToken(token)
  if (!read)
    throw unauthorized("invalid_token", "Could not parse your authentication token. Please try signing in again.")
  if (read.expiresAt !== undefined && read.expiresAt * 1000 < Date.now()) {
    throw unauthorized("token_expired", "Provided authentication token is expired. Please try signing in again.")
  }
  const account = headers["chatgpt-account-id"]
  if (account !== read.accountId) throw detail(401, "The account does not belong to the token")
}

function unauthorized(code: string, message: string): CodexRefused {
  return new CodexRefused(401, { error: { message, type: null, code, param: null }, status: 401 })
}

const FIELDS = new Set(
  (
    "model instructions input tools tool_choice parallel_tool_calls reasoning store stream stream_options include " +
    "service_tier prompt_cache_key text client_metadata"
  ).split(" "),
)

const WEBSOCKET_FIELDS = new Set(["type", "generate", "previous_response_id"])

/** A body that passed. */
export interface CheckedBody {
  body: Fields
  input: Fields[]
}

/** Refuses a body as the backend does. `previous` is the conversation that it continues. @throws CodexRefused, Refused */
export function checkBody(
  body: unknown,
  transport: "sse" | "websocket",
  options: CodexOptions,
  book: ItemBook,
  previous: readonly Fields[],
): CheckedBody {
  if (!isFields(body)) throw detail(400, "Invalid JSON body")
  for (const name of Object.keys(body)) {
    if (FIELDS.has(name) || (transport === "websocket" && WEBSOCKET_FIELDS.has(name))) continue
    throw detail(400, `Unsupported parameter: ${name}`)
  }
  if (typeof body["model"] !== "string") throw detail(400, "Model is required")
  if (body["stream"] !== true) throw detail(400, "Stream must be set to true")
  if (body["store"] !== false) throw detail(400, "Store must be set to false")
  if (body["service_tier"] === "auto") throw detail(400, "Unsupported service_tier: auto")
  const { input, instructions } = body
  if (!Array.isArray(input)) throw detail(400, "Input must be a list")
  if (typeof instructions !== "string" || instructions === "") {
    const told = [...previous, ...(input as unknown[])].some((item) => isFields(item) && item["role"] === "developer")
    if (!told) throw detail(400, "Instructions are required")
  }
  const metadata = body["client_metadata"]
  if (metadata !== undefined) {
    const fits = isFields(metadata) && Object.values(metadata).every((value) => typeof value === "string")
    if (!fits) throw detail(400, "client_metadata must be a map of strings")
  }
  input.forEach((item: unknown, n) => checkIds(item, n, options))
  checkTools({ ...body, tools: body["tools"] ?? lightTools([...previous, ...(input as unknown[])]) })
  checkReasoning(body["reasoning"])
  const passed = checkInput(input, {
    previous,
    book,
    strictFields: !options.lenient,
    verifyReasoning: options.verifyReasoning ?? true,
    harmony: true,
    mayBeEmpty: body["generate"] === false,
  })
  return { body, input: passed }
}

/** The tools of a request in the lighter form, which stand in its input. */
function lightTools(items: readonly unknown[]): unknown {
  const item = items.findLast((one) => isFields(one) && one["type"] === "additional_tools")
  return isFields(item) ? item["tools"] : undefined
}

function checkIds(item: unknown, n: number, options: CodexOptions): void {
  if (!isFields(item)) return
  if (item["type"] === "item_reference") throw detail(400, "Unsupported input item: item_reference")
  if (item["id"] != null && !options.lenient) {
    throw bad(
      "id-stored",
      `Item with id '${String(item["id"])}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`,
      `input[${n}].id`,
    )
  }
}

function checkReasoning(reasoning: unknown): void {
  if (reasoning === undefined) return
  if (!isFields(reasoning))
    throw bad("wrong-type", "Invalid type for 'reasoning': expected an object.", "reasoning", "invalid_type")
  const { effort, summary } = reasoning
  const efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]
  if (effort !== undefined && !efforts.includes(String(effort))) {
    throw bad("known-value", `Invalid value: '${String(effort)}'.`, "reasoning.effort", "invalid_value")
  }
  if (summary !== undefined && !["auto", "concise", "detailed"].includes(String(summary))) {
    throw bad("known-value", `Invalid value: '${String(summary)}'.`, "reasoning.summary", "invalid_value")
  }
}
