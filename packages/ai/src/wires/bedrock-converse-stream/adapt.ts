import type { Adaptation, Attempt, Call } from "../../contract/wire-client.ts"
import type { SluiceError } from "../../model/errors.ts"
import { adaptation, type Adaptable, type Change } from "../adaptation.ts"
import { isObject } from "../../model/json.ts"
import { facts, type FactName } from "./facts.ts"
import { encode } from "./request.ts"
import type { Item } from "./types.ts"

/** What a refusal looks like, and what to leave out then. */
interface Rule {
  fact: FactName
  change: string
  /** Where it is remembered: what a host says of a model, or of this conversation. */
  where: "host" | "session"
  refused: RegExp
  /** Whether the request held what was refused. */
  sent(body: Item, text: string): boolean
}

const NOT = String.raw`(?:not (?:supported|permitted|allowed|available)|n.t support|does not support|unsupported|extraneous|extra inputs|unrecogni[sz]ed)`

/** A refusal that names the words, before or behind the refusal itself. */
function refusal(words: string): RegExp {
  return new RegExp(String.raw`(?:${words}).{0,120}${NOT}|${NOT}.{0,120}(?:${words})`, "is")
}

const RULES: readonly Rule[] = [
  {
    fact: "noHourCache",
    change: "cache points for five minutes",
    where: "host",
    refused: refusal(String.raw`\bttl\b`),
    sent: (_body, text) => text.includes('"ttl"'),
  },
  {
    fact: "noCachePoints",
    change: "without cache points",
    where: "host",
    refused: refusal("cache ?point|prompt caching|explicit caching|cachePoint"),
    sent: (_body, text) => text.includes('"cachePoint"'),
  },
  {
    fact: "noForcedTool",
    change: "without a forced tool",
    where: "host",
    refused: refusal(String.raw`tool_?choice|toolConfig\.toolChoice`),
    sent: (body) => forces(body),
  },
  {
    fact: "noStructuredOutput",
    change: "without an output format",
    where: "host",
    refused: refusal("outputConfig|output_config|textFormat|structured output"),
    sent: (body) => body["outputConfig"] !== undefined,
  },
  {
    fact: "noStrictTools",
    change: "without strict tools",
    where: "host",
    refused: refusal(String.raw`\bstrict\b`),
    sent: (_body, text) => text.includes('"strict":true'),
  },
  {
    fact: "noServiceTier",
    change: "without a tier of service",
    where: "host",
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
    where: "host",
    refused: refusal("system (?:messages|prompts?)"),
    sent: (body) => body["system"] !== undefined,
  },
  {
    fact: "noResultStatus",
    change: "without the status of results",
    where: "host",
    refused: refusal(String.raw`toolResult\.status|status field`),
    sent: (_body, text) => text.includes('"status"'),
  },
  {
    fact: "oneSampling",
    change: "without topP beside a temperature",
    where: "host",
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
  isTelling: ({ message }) => RULES.some(({ refused }) => refused.test(message)),
  changes,
}

/** What to leave out of the next try. */
export function adapt(error: SluiceError, call: Call, past: readonly Attempt[]): Adaptation | undefined {
  return adaptation(error, call, past, ADAPTABLE)
}

function* changes({ message }: SluiceError, _call: Call, body: Item): Generator<Change> {
  const text = JSON.stringify(body)
  for (const { fact, change, where, refused, sent } of RULES) {
    if (refused.test(message) && sent(body, text)) yield { words: change, fact, value: true, where }
  }
}

function forces({ toolConfig }: Item): boolean {
  const choice = isObject(toolConfig) ? toolConfig["toolChoice"] : undefined
  return isObject(choice) && choice["auto"] === undefined
}
