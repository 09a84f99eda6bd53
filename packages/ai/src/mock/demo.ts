import type { Context, Message } from "../model/message.ts"
import type { FunctionTool, Tool } from "../model/tool.ts"
import { exampleOf } from "./example.ts"
import type { MockAnswer, MockCall, MockPace, MockScript } from "./types.ts"
import { countWords, textOf } from "./words.ts"

const GREETING =
  "Hello from the demo model inside Sluice: no network, no key, no cost. " +
  "Swap its name for any provider's model and this same stream keeps working."

const FACTS: readonly string[] = [
  "Sluice keeps one conversation for every provider, so you can change the model between two turns and go on.",
  "A stream that is cut short never looks like a success in Sluice: it ends in an error that says so.",
  "What a provider cannot express is not lost silently: Sluice lists it in the losses of the message.",
]

/** Words that say nothing about which tool is meant. */
const COMMON = new Set(
  (
    "about after again also and any are back been before but can could does don done each for from get give has have " +
    "here how into its just let like list make may more most much must new not now off one only other our out over " +
    "please run set should show some tell than that the their them then there these they this those tool tools use " +
    "used uses using very want was what when where which while who will with would you your"
  ).split(" "),
)

/** Longest part of the user's text, or of a tool's result, that is repeated. */
const ECHO_WORDS = 24

/**
 * The script of `mock/demo`: a model that costs nothing, answers at once and always in the same way.
 *
 * It greets, repeats what was said, names images it was given, calls a tool when the text fits one or a tool is
 * forced, reads the tool's result back, and answers with fitting JSON where JSON is asked for.
 */
export function demoScript(options: { pace?: MockPace } = {}): MockScript {
  const pace = { chunk: "word", ms: 15, ...options.pace } as const
  return (call) => shortened({ ...answerTo(call), pace }, call.options.maxTokens)
}

function answerTo(call: MockCall): MockAnswer {
  const { context, options } = call
  const said = lastUserText(context)
  const last = context.messages.at(-1)
  const results = trailingResults(context)
  const tool = toolFor(call, said, results.length > 0)
  const thinking = (text: string): { thinking?: string } =>
    options.reasoning === "off" || options.showThinking === false ? {} : { thinking: text }
  if (tool) {
    return {
      ...thinking(`The user needs the tool ${tool.name}, so I call it.`),
      toolCalls: [
        tool.type === "custom"
          ? { name: tool.name, arguments: said || "demo", custom: true }
          : { name: tool.name, arguments: exampleOf(tool.parameters) as Record<string, unknown> },
      ],
    }
  }
  if (options.output?.type === "jsonSchema") return { text: JSON.stringify(exampleOf(options.output.schema)) }
  if (options.output?.type === "json") return { text: JSON.stringify({ answer: shortText(said) }) }
  if (last?.role === "toolResult") {
    const parts = results.map((text) => (text === "" ? "nothing" : shortText(text)))
    const text = parts.length === 1 ? `The tool answered: ${parts[0]}` : `The tools answered: ${parts.join("; ")}`
    return { ...thinking("The tool has answered, so I pass that on."), text }
  }
  const turn = context.messages.filter((message) => message.role === "user").length
  const seen = mediaNote(last)
  const echo = said === "" ? "" : ` You said: “${shortText(said)}”`
  const opening = turn <= 1 ? GREETING : (FACTS[(turn - 2) % FACTS.length] as string)
  return {
    ...thinking("A short and friendly answer will do."),
    text: `${seen}${opening}${echo}`,
  }
}

/** Holds an answer to the caller's limit, a word being a token. */
function shortened(answer: MockAnswer, maxTokens: number | undefined): MockAnswer {
  if (maxTokens === undefined || answer.text === undefined) return answer
  const left = maxTokens - countWords(answer.thinking ?? "")
  if (countWords(answer.text) <= left) return answer
  const words = answer.text.match(/^\s+|\S+\s*/g) ?? []
  return { ...answer, text: words.slice(0, Math.max(0, left)).join(""), stopReason: "length" }
}

function lastUserText(context: Context): string {
  const message = context.messages.findLast((entry) => entry.role === "user")
  if (!message) return ""
  if (typeof message.content === "string") return message.content.trim()
  // Clients put notes of their own before what the person wrote.
  const block = message.content.findLast((entry) => entry.type === "text")
  return block?.type === "text" ? block.text.trim() : ""
}

/** The texts of the tool results at the end of the conversation. */
function trailingResults(context: Context): string[] {
  const texts: string[] = []
  for (let n = context.messages.length - 1; n >= 0; n--) {
    const message = context.messages[n] as Message
    if (message.role !== "toolResult") break
    texts.unshift(textOf(message.content).trim())
  }
  return texts
}

function shortText(text: string): string {
  const words = text.split(/\s+/)
  return words.length <= ECHO_WORDS ? text : `${words.slice(0, ECHO_WORDS).join(" ")} …`
}

function mediaNote(message: Message | undefined): string {
  if (message?.role !== "user" || typeof message.content === "string") return ""
  let note = ""
  for (const kind of ["image", "document", "audio"] as const) {
    const count = message.content.filter((block) => block.type === kind).length
    const name = kind === "audio" ? "recording" : kind
    if (count > 0) note += `I see ${count} ${name}${count === 1 ? "" : "s"}. `
  }
  return note
}

type Callable = Exclude<Tool, { type: "native" }>

function toolFor(call: MockCall, said: string, answered: boolean): Callable | undefined {
  const tools = (call.context.tools ?? []).filter((tool): tool is Callable => tool.type !== "native")
  const choice = call.options.toolChoice ?? "auto"
  if (tools.length === 0 || choice === "none") return undefined
  if (typeof choice === "object") return tools.find((tool) => tool.name === choice.name)
  const words = wordsOf(said)
  let best: { tool: Callable; score: number } | undefined
  for (const tool of tools) {
    const score = fit(tool, words, said)
    if (score > (best?.score ?? 0)) best = { tool, score }
  }
  if (choice === "required") return best?.tool ?? tools.find(isFunction) ?? tools[0]
  if (answered) return undefined
  if (best && (best.score >= 2 || /\btools?\b/i.test(said))) return best.tool
  return /\btools?\b/i.test(said) ? (tools.find(isFunction) ?? tools[0]) : undefined
}

function isFunction(tool: Callable): tool is FunctionTool {
  return tool.type !== "custom"
}

/** How well a tool fits a text: a word of its name counts two, a word from the start of its description one. */
function fit(tool: Callable, words: ReadonlySet<string>, said: string): number {
  if (tool.name.length > 2 && said.includes(tool.name)) return 100
  let score = 0
  const names = wordsOf(tool.name.replace(/([a-z0-9])([A-Z])/g, "$1 $2"))
  for (const name of names) if (words.has(name)) score += 2
  if (tool.type === "custom") return score
  for (const word of wordsOf((tool.description ?? "").slice(0, 200))) {
    if (!names.has(word) && words.has(word)) score += 1
  }
  return score
}

function wordsOf(text: string): Set<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? []
  return new Set(words.filter((word) => !COMMON.has(word)))
}
