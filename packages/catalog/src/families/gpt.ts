import type { ModelRule } from "../provider.ts"
import type { Effort, ThinkingLadder } from "../thinking.ts"

function ladder(efforts: readonly Effort[], mandatory = true): ThinkingLadder {
  return mandatory ? { mode: "effort", efforts, mandatory } : { mode: "effort", efforts }
}

const LOW_TO_HIGH: readonly Effort[] = ["low", "medium", "high"]
const NO_SAMPLING = {
  chat: { sampling: false },
  responses: { sampling: false, escapesHarmony: true },
} as const
/** From 5.1 on the models take `none`. */
const CAN_BE_OFF = {
  chat: { sampling: false, effortOff: "none" },
  responses: { sampling: false, escapesHarmony: true, effortOff: "none" },
} as const

/**
 * OpenAI's models on any relay. The o series and everything from GPT-5 on take a level and refuse sampling parameters;
 * what came before takes sampling parameters and no level.
 * Source: the vendor's pages of its models and its guide to reasoning.
 */
export const GPT_RULES: readonly ModelRule[] = [
  {
    match: /(?:^|\/)(?:chatgpt-4o|gpt-4)/i,
    set: { thinking: false },
  },
  {
    match: /(?:^|\/)(?:chatgpt-4o|gpt-4(?:o|\.1|\.5|-turbo))(?!.*(?:audio|realtime|transcribe))/i,
    set: { input: ["text", "image", "document"] },
  },
  { match: /(?:^|\/)gpt-3\.5/i, set: { input: ["text"], thinking: false } },
  {
    match: /(?:^|\/)o[1-9]\d*(?=$|[-:])/i,
    set: { input: ["text", "image", "document"], thinking: ladder(LOW_TO_HIGH), compat: NO_SAMPLING },
  },
  { match: /(?:^|\/)o3-mini/i, set: { input: ["text"] } },
  { match: /(?:^|\/)o1-(?:mini|preview)/i, set: { input: ["text"], thinking: false, compat: NO_SAMPLING } },
  {
    match: /(?:^|\/)gpt-(?:[5-9]|[1-9]\d)(?!\d)/i,
    set: {
      input: ["text", "image", "document"],
      thinking: ladder(["minimal", "low", "medium", "high"]),
      compat: NO_SAMPLING,
    },
  },
  {
    match: /(?:^|\/)gpt-5\.1(?!\d)(?!.*-(?:codex|pro|chat))/i,
    set: { thinking: ladder(LOW_TO_HIGH, false), compat: CAN_BE_OFF },
  },
  {
    match: /(?:^|\/)gpt-5\.[2-5](?!\d)(?!.*-(?:codex|pro|chat))/i,
    set: { thinking: ladder(["low", "medium", "high", "xhigh"], false), compat: CAN_BE_OFF },
  },
  {
    match: /(?:^|\/)gpt-5\.(?:[6-9]|[1-9]\d)(?!\d)(?!.*-(?:codex|pro|chat))/i,
    set: { thinking: ladder(["low", "medium", "high", "xhigh", "max"], false), compat: CAN_BE_OFF },
  },
  {
    match: /(?:^|\/)gpt-(?:[6-9]|[1-9]\d)(?!\d)/i,
    set: { thinking: ladder(["low", "medium", "high", "xhigh", "max"]) },
  },
  // The variants below cannot be switched off.
  { match: /(?:^|\/)gpt-5(?:\.\d+)?-codex/i, set: { thinking: ladder(LOW_TO_HIGH) } },
  {
    match: /(?:^|\/)gpt-5\.(?:1-codex-max|[2-9]-codex)/i,
    set: { thinking: ladder(["low", "medium", "high", "xhigh"]) },
  },
  { match: /(?:^|\/)gpt-5\.1-codex-mini/i, set: { thinking: ladder(["medium", "high"]) } },
  { match: /(?:^|\/)gpt-5-pro/i, set: { thinking: ladder(["high"]) } },
  { match: /(?:^|\/)gpt-5\.\d+-pro/i, set: { thinking: ladder(["medium", "high", "xhigh"]) } },
  { match: /(?:^|\/)gpt-5(?:\.\d+)?-chat/i, set: { thinking: false } },
]

/** OpenAI's open models, which think at three levels and cannot be kept from it. */
export const GPT_OSS_RULES: readonly ModelRule[] = [
  {
    match: /(?:^|[/:])gpt-oss/i,
    set: {
      input: ["text"],
      thinking: ladder(LOW_TO_HIGH),
      contextWindow: 131_072,
      compat: { demotedThinking: "tags", heal: ["harmony"], responses: { escapesHarmony: true } },
    },
  },
]
