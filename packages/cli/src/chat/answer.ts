import {
  type AssistantMessage,
  type AssistantMessageEvent,
  type Context,
  type Route,
  stream,
  type StreamOptions,
} from "@sluice/ai"
import { type Io, write, writeJson } from "../io.ts"
import { resizeImage } from "../resize-image.ts"
import { eventLine } from "../terminal/event-line.ts"
import { Progress } from "../terminal/progress.ts"
import { forTerminal, type Style, styleOf } from "../terminal/style.ts"
import { lossLines, usageLine } from "../terminal/usage-line.ts"

/** What goes to standard output: the answer's text, each event as JSON, or the whole message as JSON. */
export type Shape = "text" | "events" | "json"

/** Asks, shows the answer as it is made, and gives the whole of it. Standard output gets the answer and nothing else. */
export async function showAnswer(
  io: Io,
  route: Route,
  context: Context,
  options: StreamOptions,
  shape: Shape = "text",
): Promise<AssistantMessage> {
  const answer = stream(route, context, options, { resizeImage })
  const printer = new AnswerPrinter(io, shape)
  printer.begin()
  try {
    for await (const batch of answer.batches()) await printer.show(batch)
  } finally {
    printer.end()
  }
  const message = await answer.result()
  if (shape === "json") await writeJson(io.stdout, message)
  return message
}

/** What an answer took and what was lost on the way, on standard error. */
export function showUsage(io: Io, message: AssistantMessage): void {
  const style = styleOf(io.stderr, io.env)
  const lines = lossLines(message.losses)
  if (message.attempts?.length)
    lines.push(`tries before this one: ${message.attempts.map((one) => one.error.code).join(", ")}`)
  if (message.stopReason === "length") lines.push("The answer was cut at its limit of tokens; --max-tokens raises it.")
  if (message.stopDetails?.type === "refusal") lines.push("The model declined to go on.")
  // A call that failed before it reached a host took nothing.
  if (!message.error || message.content.length > 0 || message.usage.provenance !== "absent")
    lines.push(usageLine(message))
  for (const line of lines) io.stderr.write(`${style.dim(line)}\n`)
}

class AnswerPrinter {
  readonly #io: Io
  readonly #shape: Shape
  readonly #style: Style
  readonly #progress: Progress
  readonly #thinks: boolean
  /** The last character that went to standard output. */
  #last = ""
  /** Thinking stands on the terminal's line. */
  #thinking = false

  constructor(io: Io, shape: Shape) {
    this.#io = io
    this.#shape = shape
    this.#style = styleOf(io.stderr, io.env)
    this.#progress = new Progress(io.stderr, this.#style)
    this.#thinks = shape === "text" && io.stderr.isTTY === true
  }

  begin(): void {
    this.#progress.start()
  }

  async show(batch: readonly AssistantMessageEvent[]): Promise<void> {
    if (this.#shape === "json") return
    let out = ""
    for (const event of batch) {
      if (this.#shape === "events") out += eventLine(event)
      else if (event.type === "text_delta") out += event.delta
      else if (event.type === "thinking_delta") this.#think(event.delta)
      else if (event.type === "block_end") this.#note(`[${event.block.type}]`)
      else if (event.type === "toolcall_end") this.#note(`[call of ${event.toolCall.name}]`)
    }
    if (out === "") return
    this.#begun()
    const text = this.#io.stdout.isTTY && this.#shape === "text" ? forTerminal(out) : out
    this.#last = text.at(-1) ?? this.#last
    await write(this.#io.stdout, text)
  }

  /** Ends the last line, also of an answer that was cut short. */
  end(): void {
    this.#begun()
    if (this.#last !== "" && this.#last !== "\n") void write(this.#io.stdout, "\n")
    this.#last = ""
  }

  #think(delta: string): void {
    if (!this.#thinks || delta === "") return
    this.#progress.stop()
    this.#thinking = true
    this.#io.stderr.write(this.#style.dim(forTerminal(delta)))
  }

  #note(text: string): void {
    this.#begun()
    this.#io.stderr.write(`${this.#style.dim(forTerminal(text))}\n`)
  }

  #begun(): void {
    this.#progress.stop()
    if (this.#thinking) this.#io.stderr.write("\n\n")
    this.#thinking = false
  }
}
