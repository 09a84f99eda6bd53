import type { ModelRule } from "../provider.ts"
import type { ThinkingLadder } from "../thinking.ts"

/** Thinking that is either on or off. */
const TOGGLE: ThinkingLadder = { mode: "effort", efforts: ["high"] }
/** Thinking that is always on, without a level. */
const ALWAYS: ThinkingLadder = { mode: "effort", efforts: ["high"], mandatory: true }

/** DeepSeek: V3.1 to V3.2 think on request, R1 always, V4 at levels. */
export const DEEPSEEK_RULES: readonly ModelRule[] = [
  { match: /(?:^|\/)deepseek-/i, set: { input: ["text"], compat: { heal: ["dsml"] } } },
  { match: /(?:^|\/)deepseek-(?:chat-)?v3[-.p](?:1|2)/i, set: { thinking: TOGGLE } },
  {
    match: /(?:^|\/)deepseek-(?:r1|reasoner)/i,
    set: { thinking: ALWAYS, compat: { chat: { thinkingFormat: "none" } } },
  },
  {
    match: /(?:^|\/)deepseek-v4/i,
    set: {
      thinking: { mode: "effort", efforts: ["high", "max"] },
      compat: { chat: { replayThinking: "all", thinkingPlaceholder: "" } },
    },
  },
  {
    match: /(?:^|\/)deepseek-v4(?:[.p]\d)?-flash/i,
    set: { thinking: { mode: "effort", efforts: ["low", "high", "max"] } },
  },
]

/** Tool calls as Hermes writes them, and Qwen after it. */
const HERMES_MARKUP: ModelRule = {
  match: /(?:^|\/)(?:qwen|qwq|(?:nous-?)?hermes)/i,
  set: { compat: { heal: ["hermes"] } },
}

/** Qwen 3 and later: on and off, but for the coder and instruct kinds, which do not think, and QwQ, which always does. */
export const QWEN_RULES: readonly ModelRule[] = [
  HERMES_MARKUP,
  { match: /(?:^|\/)qwen-?3(?!\d)/i, set: { thinking: TOGGLE } },
  { match: /(?:^|\/)qwen-?(?:2|3).*(?:coder|instruct|embedding|rerank)/i, set: { thinking: false } },
  { match: /(?:^|\/)(?:qwen-?3.*thinking|qwq)/i, set: { thinking: ALWAYS } },
]

/** GLM from 4.5 on: on and off; 5.2 has two levels, 5.3 three and no off. */
export const GLM_RULES: readonly ModelRule[] = [
  { match: /(?:^|\/)(?:zai-)?glm-?(?:4[.p][5-9]|[5-9])(?!\d)/i, set: { compat: { heal: ["glm"] } } },
  { match: /(?:^|\/)(?:zai-)?glm-?(?:4[.p][5-9]|[5-9])(?!\d)/i, set: { input: ["text"], thinking: TOGGLE } },
  { match: /(?:^|\/)(?:zai-)?glm-?(?:4[.p][5-9]|[5-9])v/i, set: { input: ["text", "image"], thinking: TOGGLE } },
  { match: /(?:^|\/)(?:zai-)?glm-?5[.p-]2(?!\d)/i, set: { thinking: { mode: "effort", efforts: ["high", "max"] } } },
  {
    match: /(?:^|\/)(?:zai-)?glm-?5[.p-](?:[3-9]|[1-9]\d)(?!\d)/i,
    set: { thinking: { mode: "effort", efforts: ["low", "high", "max"], mandatory: true } },
  },
]

/** Tool calls as Kimi writes them. */
export const KIMI_MARKUP: ModelRule = { match: /(?:^|\/)kimi-k\d/i, set: { compat: { heal: ["kimi"] } } }

/** MiniMax: what its models write. */
export const MINIMAX_RULES: readonly ModelRule[] = [
  { match: /(?:^|\/)minimax-m\d/i, set: { compat: { heal: ["minimax"] } } },
]

/** Kimi: K2 does not think, its later versions do on request, the thinking and the 2.7 kinds always, K3 at levels. */
export const KIMI_RULES: readonly ModelRule[] = [
  KIMI_MARKUP,
  {
    match: /(?:^|\/)kimi-k\d/i,
    set: {
      thinking: false,
      compat: {
        chat: {
          thinkingOffWithToolChoice: "forced",
          replayThinking: "tool-calls",
          thinkingPlaceholder: ".",
          emptyToolCallContent: ".",
        },
      },
    },
  },
  { match: /(?:^|\/)kimi-k2(?![.p]?\d)/i, set: { input: ["text"] } },
  {
    match: /(?:^|\/)kimi-k2[.p]\d/i,
    set: { input: ["text", "image"], thinking: TOGGLE, contextWindow: 262_144 },
  },
  { match: /(?:^|\/)kimi-k2(?:-thinking|[.p]7)/i, set: { thinking: ALWAYS } },
  {
    match: /(?:^|\/)kimi-k3/i,
    set: {
      thinking: { mode: "effort", efforts: ["low", "high", "max"] },
      compat: { chat: { thinkingOffWithToolChoice: "never" } },
    },
  },
]
