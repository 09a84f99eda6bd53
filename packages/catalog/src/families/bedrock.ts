import type { ConverseCompat } from "../compat.ts"
import type { ModelRule } from "../provider.ts"
import { CLAUDE_RULES } from "./claude.ts"

/** Models that take neither a forced tool nor the status of a result. */
const PLAIN: ConverseCompat = { toolChoice: "auto", resultStatus: false }

/**
 * What the families of models behind Bedrock take.
 * @see https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html
 * @see https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
 */
export const BEDROCK_RULES: readonly ModelRule[] = [
  ...CLAUDE_RULES,
  {
    match: /(?:^|[/.])claude-/i,
    set: {
      compat: {
        converse: { thinkingFormat: "anthropic", replayThinking: "signed", topK: "top_k", cachesTools: true },
        // What the vendor's own host takes and Bedrock's form of its API does not.
        messages: {
          serviceTiers: ["default", "priority", "flex", "reserved"],
          tierHeader: "x-amzn-bedrock-service-tier",
          verifiesSignatures: true,
          contextManagement: false,
          eagerToolInput: false,
          strictTools: false,
          structuredOutput: false,
          mediaUrls: false,
        },
      },
    },
  },
  {
    match: /claude-(?:3[-.]7|3[-.]5-haiku|(?:opus|sonnet|haiku|fable|mythos)-\d)/i,
    set: { compat: { converse: { cachePoints: 4 } } },
  },
  {
    match: /claude-(?:opus|sonnet)-4-(?:\d{8}|1(?!\d))/i,
    set: { compat: { converse: { interleavedThinking: true } } },
  },
  {
    match: /claude-(?:opus-4[-.]1(?!\d)|(?:opus|sonnet|haiku)-4[-.][56](?!\d))/i,
    set: { compat: { converse: { oneSampling: true } } },
  },
  {
    match: /claude-(?:opus|sonnet|haiku)-4[-.]5(?!\d)/i,
    set: { compat: { converse: { interleavedThinking: true } } },
  },
  {
    match: /claude-(?:opus|sonnet|haiku|fable|mythos)-(?:4[-.][5-9](?!\d)|[5-9])/i,
    set: { compat: { converse: { cacheTtl: "1h", structuredOutput: true }, messages: { cacheTtl: "1h" } } },
  },
  {
    match: /(?:^|\.)nova-/i,
    set: {
      input: ["text", "image", "document"],
      thinking: false,
      compat: { converse: { topK: "nova", cachePoints: 4, cachesTools: false } },
    },
  },
  {
    match: /(?:^|\.)nova-2-/i,
    set: {
      thinking: { mode: "effort", efforts: ["low", "medium", "high"] },
      compat: { converse: { thinkingFormat: "nova", replayThinking: "always" } },
    },
  },
  { match: /(?:^|\.)(?:llama|titan)/i, set: { input: ["text"], thinking: false, compat: { converse: PLAIN } } },
  {
    match: /(?:^|\.)mistral/i,
    set: { input: ["text"], thinking: false, compat: { converse: { ...PLAIN, toolChoice: "any" } } },
  },
  {
    match: /gpt-oss/i,
    set: {
      input: ["text"],
      thinking: { mode: "effort", efforts: ["low", "medium", "high"], mandatory: true },
      compat: { demotedThinking: "tags", converse: { ...PLAIN, thinkingFormat: "effort" } },
    },
  },
  {
    match: /(?:^|\.)deepseek/i,
    set: {
      input: ["text"],
      thinking: { mode: "effort", efforts: ["high"], mandatory: true },
      compat: { converse: { ...PLAIN, thinkingFormat: "none", replayThinking: "never" } },
    },
  },
]
