import {
  type AssistantMessage,
  type InputBlock,
  type Message,
  type UserMessage,
  type StreamOptions,
  systemMint,
} from "@sluice/ai"
import { modelName } from "@sluice/catalog"
import { report, reportCallError } from "../failure.ts"
import type { Io } from "../io.ts"
import { styleOf, type Style } from "../terminal/style.ts"
import { showAnswer, showUsage } from "./answer.ts"
import { PromptReader } from "./prompt-reader.ts"
import type { Target } from "./target.ts"

/** What a conversation begins with. */
export interface ConversationStart {
  target: Target
  systemPrompt?: string | undefined
  options: StreamOptions
  /** Images and files that go with the first question. */
  attachments: readonly InputBlock[]
  /** The way to another model. */
  find(name: string): Promise<Target>
}

const HELP = `/model NAME  go on with another model
/clear       forget the conversation
/exit        leave, as Ctrl-D does
Ctrl-C stops an answer; at the empty prompt, twice, it leaves.
`

/** A conversation on a terminal, until the person leaves. */
export class Conversation {
  readonly #io: Io
  readonly #start: ConversationStart
  readonly #style: Style
  readonly #reader: PromptReader
  readonly #session: string = systemMint.id("chat_")
  #messages: Message[] = []
  #attachments: readonly InputBlock[]
  #target: Target

  constructor(io: Io, start: ConversationStart) {
    this.#io = io
    this.#start = start
    this.#style = styleOf(io.stderr, io.env)
    this.#reader = new PromptReader(io, this.#style)
    this.#attachments = start.attachments
    this.#target = start.target
  }

  async run(): Promise<void> {
    const name = modelName(this.#target.route.model)
    this.#say(`${name} · /help for commands, Ctrl-D to leave`)
    for (;;) {
      const line = await this.#reader.read()
      if (line === undefined) return
      const text = line.trim()
      if (text === "") continue
      if (!/^\/\w+(\s|$)/.test(text)) await this.#ask(line)
      else if (!(await this.#command(text))) return
    }
  }

  /** Gives `false` when the person leaves. */
  async #command(text: string): Promise<boolean> {
    const [command, ...words] = text.split(/\s+/)
    switch (command) {
      case "/exit":
      case "/quit":
        return false
      case "/clear":
        this.#messages = []
        this.#say("The conversation is forgotten.")
        return true
      case "/model":
        await this.#change(words.join(" "))
        return true
      case "/help":
        this.#io.stderr.write(HELP)
        return true
      default:
        this.#say(`There is no command ${command}; /help lists them.`)
        return true
    }
  }

  async #change(name: string): Promise<void> {
    if (name === "") {
      this.#say(`The model is ${modelName(this.#target.route.model)}. /model NAME changes it.`)
      return
    }
    try {
      this.#target = await this.#start.find(name)
      this.#say(`The model is now ${modelName(this.#target.route.model)}.`)
    } catch (error) {
      report(this.#io, error)
    }
  }

  async #ask(text: string): Promise<void> {
    const { systemPrompt, options } = this.#start
    const content: UserMessage["content"] =
      this.#attachments.length === 0 ? text : [...this.#attachments, { type: "text", text }]
    const messages: Message[] = [...this.#messages, { role: "user", content }]
    const stopping = new AbortController()
    const off = this.#io.onSignal("SIGINT", () => stopping.abort())
    let message: AssistantMessage
    try {
      message = await showAnswer(
        this.#io,
        this.#target.route,
        systemPrompt === undefined ? { messages } : { systemPrompt, messages },
        { sessionId: this.#session, ...options, signal: stopping.signal },
      )
    } finally {
      off()
    }
    if (message.stopReason === "aborted") {
      this.#say("(stopped)")
      this.#reader.stopped()
    } else {
      showUsage(this.#io, message)
      if (message.error) reportCallError(this.#io, message.error)
    }
    // A question that got no answer at all leaves no trace: it can simply be asked again.
    if (message.content.length === 0) return
    this.#attachments = []
    this.#messages = [...messages, message]
  }

  #say(text: string): void {
    this.#io.stderr.write(`${this.#style.dim(text)}\n`)
  }
}
