import type { CallOptions, InputBlock, SluiceErrorData, StreamOptions } from "@sluice/ai"
import { type Composition, compose } from "../compose.ts"
import { EXIT, reportCallError, usageError } from "../failure.ts"
import { type Io, readAll } from "../io.ts"
import { type Shape, showAnswer, showUsage } from "./answer.ts"
import { loadAttachments } from "./attachments.ts"
import { Conversation } from "./conversation.ts"
import { findTarget, type TargetOptions } from "./target.ts"

/** What `sluice chat` was told. */
export interface ChatOptions extends TargetOptions {
  system?: string
  thinking?: NonNullable<CallOptions["reasoning"]>
  image?: readonly string[]
  file?: readonly string[]
  maxTokens?: number
  temperature?: number
  strict?: boolean
  json?: boolean
  events?: boolean
}

/** Asks one question, or holds a conversation where a person sits at the terminal. Gives the exit code. */
export async function chat(io: Io, words: readonly string[], options: ChatOptions): Promise<number> {
  const shape: Shape = options.json ? "json" : options.events ? "events" : "text"
  const attachments = await loadAttachments(io.cwd, options.image, options.file)
  const talks = words.length === 0 && io.stdin.isTTY === true
  if (talks && shape !== "text")
    throw usageError(`--${shape} needs a question.`, "Give it as an argument or through a pipe.")
  const parts = compose(io, { env: options.env })
  try {
    if (talks) return await converse(io, parts, options, attachments)
    return await askOnce(io, parts, options, await question(io, words, attachments), shape)
  } finally {
    await parts.close()
  }
}

/** The words of the command line, then what came through the pipe, behind what was attached. */
async function question(io: Io, words: readonly string[], attachments: readonly InputBlock[]): Promise<InputBlock[]> {
  const piped = io.stdin.isTTY ? "" : (await readAll(io.stdin)).toString("utf8").replace(/\r?\n$/, "")
  const text = [words.join(" "), piped].filter((part) => part.trim() !== "").join("\n\n")
  if (text === "" && attachments.length === 0) {
    throw usageError(
      "There is no question.",
      'Give it as an argument, as in sluice chat "Why is the sky blue?", or through a pipe.',
    )
  }
  return text === "" ? [...attachments] : [...attachments, { type: "text", text }]
}

async function askOnce(
  io: Io,
  parts: Composition,
  options: ChatOptions,
  content: readonly InputBlock[],
  shape: Shape,
): Promise<number> {
  const stopping = new AbortController()
  const off = io.onSignal("SIGINT", () => {
    if (stopping.signal.aborted) io.exit(EXIT.interrupted)
    stopping.abort()
  })
  try {
    const { route } = await findTarget(io, parts, options)
    const messages = [{ role: "user" as const, content }]
    const context = options.system === undefined ? { messages } : { systemPrompt: options.system, messages }
    const message = await showAnswer(io, route, context, { ...callOptions(options), signal: stopping.signal }, shape)
    if (message.stopReason === "aborted" && stopping.signal.aborted) return EXIT.interrupted
    showUsage(io, message)
    if (!message.error) return EXIT.done
    reportCallError(io, withHint(message.error, options))
    return EXIT.failed
  } finally {
    off()
  }
}

async function converse(
  io: Io,
  parts: Composition,
  options: ChatOptions,
  attachments: readonly InputBlock[],
): Promise<number> {
  const conversation = new Conversation(io, {
    target: await findTarget(io, parts, options),
    systemPrompt: options.system,
    options: callOptions(options),
    attachments,
    find: (name) => findTarget(io, parts, { ...options, model: name }),
  })
  await conversation.run()
  return EXIT.done
}

/** A host that is named by its address alone was given no key, which its refusal cannot know. */
function withHint(error: SluiceErrorData, options: ChatOptions): SluiceErrorData {
  if (error.status !== 401 || options.baseUrl === undefined || options.apiKeyEnv !== undefined) return error
  return { ...error, hint: "--api-key-env NAME says which environment variable holds the key for this host." }
}

function callOptions(options: ChatOptions): StreamOptions {
  return {
    ...(options.thinking === undefined ? {} : { reasoning: options.thinking }),
    ...(options.maxTokens === undefined ? {} : { maxTokens: options.maxTokens }),
    ...(options.temperature === undefined ? {} : { temperature: options.temperature }),
    ...(options.strict ? { strict: true } : {}),
  }
}
