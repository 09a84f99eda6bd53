import type { HeaderMap } from "../../contract/frame.ts"
import type { HeadersView } from "../../contract/header-list.ts"
import type { InboundCall, InboundRequest } from "../../contract/wire-server.ts"
import type { Context } from "../../model/message.ts"
import { acceptText } from "./accept-input.ts"
import { acceptMessages } from "./accept-messages.ts"
import { acceptOptions, acceptStream } from "./accept-options.ts"
import { acceptTools } from "./accept-tools.ts"
import { Losses } from "../../model/losses.ts"
import { isAbsent, optionalNumber, readItem, readList, readText, refuse } from "./accept-readers.ts"
import { COUNT_TOKENS_PATH, isObject, type Obj } from "./types.ts"

/**
 * A client's request in our data model. Fields, tools and blocks that are not known do not stop it; a known one in a
 * wrong shape does.
 *
 * @throws SluiceError `invalid_request` with `param`, the path of the field at fault
 */
export function accept(request: InboundRequest): InboundCall {
  const counts = request.route === COUNT_TOKENS_PATH
  const body = readItem(request.body, "body")
  const losses = new Losses()
  const model = readText(body["model"], "model")
  if (model === "") refuse("model", "must name a model.")
  if (!counts && optionalNumber(body["max_tokens"], "max_tokens") === undefined) refuse("max_tokens", "is required.")
  const messages = acceptMessages(body["messages"], losses)
  const system = acceptSystem(body["system"])
  const tools = acceptTools(body["tools"], losses)
  const context: Context = {
    ...(system === undefined ? {} : { systemPrompt: system }),
    messages,
    ...(tools ? { tools } : {}),
  }
  const options = acceptOptions(body, losses)
  const affinity = affinityOf(request, body)
  const previous = previousOf(body["thread"], losses)
  return {
    op: counts ? "countTokens" : "generate",
    route: request.route,
    model,
    context,
    options,
    stream: !counts && acceptStream(body),
    framing: "sse",
    losses: losses.list,
    forward: forwarded(request.headers),
    request,
    ...(previous === undefined ? {} : { previous }),
    ...(affinity === undefined ? {} : { affinity }),
  }
}

/** The answer that a thread goes on from. */
function previousOf(value: unknown, losses: Losses): string | undefined {
  if (isAbsent(value)) return undefined
  const thread = readItem(value, "thread")
  if (thread["type"] === "continue") return readText(thread["previous_message_id"], "thread.previous_message_id")
  losses.dropped("thread", "Threads are not kept.")
  return undefined
}

function acceptSystem(value: unknown): Context["systemPrompt"] | undefined {
  if (isAbsent(value)) return undefined
  if (typeof value === "string") return value
  return readList(value, "system").map((entry, index) => {
    const path = `system[${index}]`
    const block = readItem(entry, path)
    if (block["type"] !== "text") refuse(`${path}.type`, "must be text.")
    return acceptText(block, path)
  })
}

/** Betas of the client, but for those that come with a way to log in: the credential upstream is another one. */
function forwarded(headers: HeadersView): HeaderMap {
  const betas = (headers.get("anthropic-beta") ?? "")
    .split(",")
    .map((beta) => beta.trim())
    .filter((beta) => beta !== "" && !beta.startsWith("oauth-"))
  return betas.length > 0 ? { "anthropic-beta": [...new Set(betas)].join(",") } : {}
}

/** What tells one conversation of a client from another: its session header, or the session in the user's id. */
function affinityOf({ headers }: InboundRequest, body: Obj): string | undefined {
  const named = headers.get("x-claude-code-session-id") ?? headers.get("x-session-affinity")
  if (named) return named
  const user = isObject(body["metadata"]) ? body["metadata"]["user_id"] : undefined
  return typeof user === "string" ? sessionOf(user) : undefined
}

function sessionOf(user: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(user)
    if (isObject(parsed) && typeof parsed["session_id"] === "string" && parsed["session_id"] !== "") {
      return parsed["session_id"]
    }
  } catch {
    // Not the JSON form: the older one is looked for.
  }
  return /_session_([\w-]+)$/.exec(user)?.[1]
}
