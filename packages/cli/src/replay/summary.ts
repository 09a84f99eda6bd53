import type { AssistantMessage, Block } from "@sluice/ai"
import type { Io } from "../io.ts"
import { forTerminal, styleOf, type Style } from "../terminal/style.ts"
import { lossLines, usageLine } from "../terminal/usage-line.ts"

/** A message for a person: its blocks, then how it ended and what it took. */
export function summary(message: AssistantMessage, io: Pick<Io, "stdout" | "env">): string {
  const style = styleOf(io.stdout, io.env)
  const show = io.stdout.isTTY ? forTerminal : (text: string): string => text
  const lines = message.content.map((block) => blockText(block, style, show))
  const ids = [message.servedModel, message.upstreamProvider && `by ${message.upstreamProvider}`, message.responseId]
  const facts: [string, string | undefined][] = [
    ["answer", ids.filter(Boolean).join(" · ")],
    [
      "stop",
      [message.stopReason, message.stopDetails?.type, message.stopDetails?.category].filter(Boolean).join(" · "),
    ],
    ["usage", usageLine(message)],
    ["error", errorText(message)],
    ["hint", message.error?.hint],
    ...lossLines(message.losses).map((line): [string, string] => ["loss", line]),
  ]
  for (const [name, value] of facts) if (value) lines.push(`${style.dim(`${name}:`)} ${show(value)}`)
  return `${lines.join("\n")}\n`
}

function errorText({ error }: AssistantMessage): string | undefined {
  if (!error) return undefined
  return `${error.code}${error.status === undefined ? "" : ` ${error.status}`}: ${error.message}`
}

function blockText(block: Block, style: Style, show: (text: string) => string): string {
  switch (block.type) {
    case "text":
      return show(block.text)
    case "thinking":
      return style.dim(`[thinking] ${show(block.thinking)}`)
    case "toolCall": {
      const note = block.incomplete ? " (incomplete)" : ""
      return style.cyan(
        `[call] ${show(`${block.name}(${block.rawArguments ?? JSON.stringify(block.arguments)})`)}${note}`,
      )
    }
    case "native":
      return style.cyan(`[${block.api}] ${show(JSON.stringify(block.item))}`)
    default:
      return style.dim(`[${block.type}]`)
  }
}
