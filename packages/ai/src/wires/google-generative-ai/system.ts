import type { DeveloperMessage } from "../../model/message.ts"
import { instructionsAtHead } from "./contents.ts"
import { loseMark, type EncodeState } from "./encode-state.ts"
import { learned } from "./facts.ts"
import type { Content, GenerateBody, Part } from "./types.ts"

/**
 * What is said to the model ahead of the conversation: the system prompt, the instructions at the conversation's head,
 * and `shape`, a sentence about the form of the answer.
 */
export function systemParts(shape: string | undefined, state: EncodeState): Part[] {
  const { systemPrompt, messages } = state.call.context
  const given = typeof systemPrompt === "string" ? [systemPrompt] : (systemPrompt ?? [])
  const prompts = given.map((part, index) => {
    if (typeof part === "string") return part
    loseMark(part.cache, `systemPrompt[${index}]`, state)
    return part.text
  })
  const instructions = messages.slice(0, instructionsAtHead(messages)).flatMap(({ content }, index) => {
    const texts = textsOf(content as DeveloperMessage["content"]).filter(isSpoken)
    if (texts.length > 0) state.losses.approximated(`messages[${index}]`, "It joined the system prompt.")
    return texts
  })
  return [...prompts, ...instructions, ...(shape === undefined ? [] : [shape])]
    .filter(isSpoken)
    .map((text) => ({ text }))
}

/** The conversation with what goes ahead of it: in a field of its own, or, for models without, in the user's first turn. */
export function withSystem(
  system: Part[],
  contents: Content[],
  { call, compat, losses }: EncodeState,
): Pick<GenerateBody, "contents" | "systemInstruction"> {
  if (system.length === 0) return { contents }
  const taken = compat.systemInstruction !== false && !learned(call, "noSystemInstruction")
  if (taken) return { contents, systemInstruction: { parts: system } }
  losses.approximated("systemPrompt", "The model takes no system prompt; it stands in the user's first turn.")
  const [first, ...others] = contents
  // Results of tools keep a turn for themselves.
  const joins = first?.role === "user" && first.parts.every((part) => part.functionResponse === undefined)
  if (!first || !joins) return { contents: [{ role: "user", parts: system }, ...contents] }
  return { contents: [{ role: "user", parts: [...system, ...first.parts] }, ...others] }
}

function textsOf(content: DeveloperMessage["content"]): string[] {
  if (typeof content === "string") return [content]
  return content.flatMap((block) => (block.type === "text" ? block.text : []))
}

function isSpoken(text: string): boolean {
  return text.trim() !== ""
}
