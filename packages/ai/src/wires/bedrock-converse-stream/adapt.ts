import type { Adaptation, Attempt, Call } from "../../contract/wire-client.ts"
import type { SluiceError } from "../../model/errors.ts"
import { adaptation, type Adaptable, changesBy, type RefusalRule } from "../adaptation.ts"
import { isObject } from "../../model/json.ts"
import { facts, type FactName } from "./facts.ts"
import { encode } from "./request.ts"
import type { Obj } from "./types.ts"

const NOT = String.raw`(?:not (?:supported|permitted|allowed|available)|n.t support|does not support|unsupported|extraneous|extra inputs|unrecogni[sz]ed)`

/** A refusal that names the words, before or behind the refusal itself. */
function refusal(words: string): RegExp {
  return new RegExp(String.raw`(?:${words}).{0,120}${NOT}|${NOT}.{0,120}(?:${words})`, "is")
}

const RULES: readonly RefusalRule<FactName>[] = [
  {
    fact: "noHourCache",
    change: "cache points for five minutes",
    refused: refusal(String.raw`\bttl\b`),
    sent: (_body, text) => text.includes('"ttl"'),
  },
  {
    fact: "noCachePoints",
    change: "without cache points",
    refused: refusal("cache ?point|prompt caching|explicit caching|cachePoint"),
    sent: (_body, text) => text.includes('"cachePoint"'),
  },
  {
    fact: "noForcedTool",
    change: "without a forced tool",
    refused: refusal(String.raw`tool_?choice|toolConfig\.toolChoice`),
    sent: (body) => forces(body),
  },
  {
    fact: "noStructuredOutput",
    change: "without an output format",
    refused: refusal("outputConfig|output_config|textFormat|structured output"),
    sent: (body) => body["outputConfig"] !== undefined,
  },
  {
    fact: "noStrictTools",
    change: "without strict tools",
    refused: refusal(String.raw`\bstrict\b`),
    sent: (_body, text) => text.includes('"strict":true'),
  },
  {
    fact: "noServiceTier",
    change: "without a tier of service",
    refused: refusal("service ?tier"),
    sent: (body) => body["serviceTier"] !== undefined,
  },
  {
    // These tools cannot be held to together; others may.
    fact: "noStrictTools",
    change: "without strict tools",
    where: "session",
    refused: /compiled grammar is too large|too complex to compile|schema is too complex|grammar compilation/i,
    sent: (_body, text) => text.includes('"strict":true'),
  },
  {
    fact: "noSystem",
    change: "the system prompt before the user's words",
    refused: refusal("system (?:messages|prompts?)"),
    sent: (body) => body["system"] !== undefined,
  },
  {
    fact: "noResultStatus",
    change: "without the status of results",
    refused: refusal(String.raw`toolResult\.status|status field`),
    sent: (_body, text) => text.includes('"status"'),
  },
  {
    fact: "oneSampling",
    change: "without topP beside a temperature",
    refused: /temperature.{0,40}top_?p.{0,60}(?:cannot both|both be|only one)|cannot both be specified/is,
    sent: (body) => {
      const config = isObject(body["inferenceConfig"]) ? body["inferenceConfig"] : {}
      return config["temperature"] !== undefined && config["topP"] !== undefined
    },
  },
  {
    fact: "noThinkingReplay",
    change: "without thinking of earlier turns",
    where: "session",
    refused:
      /invalid.{0,20}signature|signature.{0,60}(?:invalid|required|not (?:supported|permitted))|reasoning(?:Content| content).{0,120}(?:not supported|n.t support|not allowed|not permitted|invalid)|(?:n.t|not) support.{0,60}reasoning(?:Content| content)/is,
    sent: (_body, text) => text.includes('"reasoningContent"'),
  },
]

const ADAPTABLE: Adaptable = {
  encode,
  facts,
  statuses: new Set([400]),
  ...changesBy(RULES),
}

/** What to leave out of the next try. */
export function adapt(error: SluiceError, call: Call, past: readonly Attempt[]): Adaptation | undefined {
  return adaptation(error, call, past, ADAPTABLE)
}

function forces({ toolConfig }: Obj): boolean {
  const choice = isObject(toolConfig) ? toolConfig["toolChoice"] : undefined
  return isObject(choice) && choice["auto"] === undefined
}
