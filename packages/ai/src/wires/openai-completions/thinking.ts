import type { Effort } from "@sluice/catalog/core"
import { spelledEffort, wantedEffort } from "../openai/efforts.ts"
import { askedEffort } from "../effort.ts"
import { learnedWords } from "../facts.ts"
import { learned, type ChatBody, type Encoding } from "./types.ts"

/** Whether thinking is asked for, asked not to be, or left to the host. */
export type ThinkingState = "on" | "off" | "unsaid"

/** What a body says about thinking. */
export interface Thinking {
  state: ThinkingState
  fields: ChatBody
}

/**
 * The fields that ask for thinking, by the host's format. `toolChoice` is the choice as it will be sent: some hosts
 * cannot think while a tool is forced.
 */
export function thinkingFields(encoding: Encoding, toolChoice: "absent" | "free" | "forced"): Thinking {
  const { call, compat, lose } = encoding
  const { model } = call
  const thinks = model.thinking || model.assumed || compat.efforts || compat.thinkingFormat
  const wish = wantedEffort(encoding, Boolean(thinks))
  const conflict =
    (compat.thinkingOffWithToolChoice === "forced" && toolChoice === "forced") ||
    (compat.thinkingOffWithToolChoice === "any" && toolChoice !== "absent")
  if (conflict) {
    if (wish !== undefined && wish !== "off") {
      lose("options.reasoning", "dropped", "The host cannot think with this tool choice.")
    }
    // This format has no word for it that goes with a forced tool: it is left out.
    if (compat.thinkingFormat === "openrouter") return { state: "off", fields: {} }
    return off(encoding, true)
  }
  if (wish === undefined) {
    if (!compat.thinkingExplicit) return { state: "unsaid", fields: unsaid(encoding) }
    return model.thinking?.mandatory ? on(encoding, lowest(encoding), false) : off(encoding, false)
  }
  if (wish !== "off") return on(encoding, wish, true)
  if (model.thinking?.mandatory) {
    lose("options.reasoning", "approximated", "The model always thinks: its lowest level was asked for.")
    return on(encoding, lowest(encoding), false)
  }
  return off(encoding, true)
}

/** What is said where the host is to think as it does by default. */
function unsaid(encoding: Encoding): ChatBody {
  const { call, compat } = encoding
  if (call.options.showThinking !== false || !call.model.thinking) return {}
  if (compat.thinkingFormat === "openrouter") return { reasoning: { exclude: true } }
  if (call.model.thinking.mandatory) loseShown(encoding)
  return {}
}

function loseShown({ call, compat, lose }: Encoding): void {
  if (call.options.showThinking !== false || compat.showsThinking === false) return
  lose("options.showThinking", "dropped", "The host cannot be told to keep its thinking to itself.")
}

function lowest({ call, compat }: Encoding): Effort {
  return (compat.efforts ?? call.model.thinking?.efforts)?.[0] ?? "low"
}

function on(encoding: Encoding, wanted: Effort, asked: boolean): Thinking {
  const { call, compat, lose } = encoding
  const { options } = call
  const budget = asked ? options.thinkingBudget : undefined
  const format = compat.thinkingFormat ?? "openai"
  const fields: ChatBody = {}
  const level = (): string | undefined => spelled(encoding, wanted, asked)
  const noBudget = (): void => {
    if (budget !== undefined) lose("options.thinkingBudget", "approximated", "The host takes a level, not a budget.")
  }
  const noLevel = (): void => {
    if (asked && options.reasoning !== undefined && budget === undefined) {
      lose("options.reasoning", "approximated", "The host can only switch thinking on or off.")
    }
  }
  switch (format) {
    case "openai": {
      noBudget()
      const effort = level()
      if (effort !== undefined) fields["reasoning_effort"] = effort
      break
    }
    case "openrouter": {
      const effort = budget === undefined ? level() : undefined
      fields["reasoning"] =
        budget !== undefined ? { max_tokens: budget } : effort === undefined ? { enabled: true } : { effort }
      if (options.showThinking === false) (fields["reasoning"] as ChatBody)["exclude"] = true
      break
    }
    case "thinking-type": {
      fields["thinking"] = { type: "enabled" }
      const effort = compat.thinkingTypeEffort ? level() : undefined
      if (effort !== undefined) fields["reasoning_effort"] = effort
      else noLevel()
      noBudget()
      break
    }
    case "enable-thinking":
      fields["enable_thinking"] = true
      if (budget !== undefined) fields["thinking_budget"] = budget
      noLevel()
      break
    case "chat-template":
      fields["chat_template_kwargs"] = { enable_thinking: true }
      noBudget()
      noLevel()
      break
    case "none":
      if (asked) lose("options.reasoning", "dropped", "The host has no field for it.")
      loseShown(encoding)
      return { state: "unsaid", fields: {} }
  }
  if (format !== "openrouter") loseShown(encoding)
  return { state: "on", fields }
}

/** `said`: the caller, or a conflict, wants it off; else it is only the host's own default that is spelled out. */
function off(encoding: Encoding, said: boolean): Thinking {
  const { call, compat, lose } = encoding
  switch (compat.thinkingFormat ?? "openai") {
    case "openrouter":
      return { state: "off", fields: { reasoning: { enabled: false } } }
    case "thinking-type":
      return { state: "off", fields: { thinking: { type: "disabled" } } }
    case "enable-thinking":
      return { state: "off", fields: { enable_thinking: false } }
    case "chat-template":
      return { state: "off", fields: { chat_template_kwargs: { enable_thinking: false } } }
    case "none":
      loseOff(encoding)
      return { state: "off", fields: {} }
    case "openai":
  }
  const refused = takenEfforts(encoding)
  if (compat.effortOff !== undefined && (!refused || refused.includes(compat.effortOff))) {
    return { state: "off", fields: { reasoning_effort: compat.effortOff } }
  }
  if (!said || !call.model.thinking) return { state: "off", fields: {} }
  const effort = spelled(encoding, lowest(encoding), false)
  if (effort === undefined) {
    loseOff(encoding)
    return { state: "off", fields: {} }
  }
  lose("options.reasoning", "approximated", "The host cannot switch thinking off: its lowest level was asked for.")
  return { state: "off", fields: { reasoning_effort: effort } }
}

/** Where nothing can be said to a host whose model may think. */
function loseOff({ call, lose }: Encoding): void {
  if (!call.model.thinking || askedEffort(call.options) !== "off") return
  lose("options.reasoning", "dropped", "The host cannot be told not to think.")
}

/** A level as the host spells it. */
function spelled(encoding: Encoding, wanted: Effort, report: boolean): string | undefined {
  return spelledEffort(encoding, wanted, takenEfforts(encoding), report)
}

/** The efforts that the host named when it refused one; `undefined` where it has refused none. */
function takenEfforts({ call }: Encoding): readonly string[] | undefined {
  return learnedWords(learned(call, "efforts"))
}
