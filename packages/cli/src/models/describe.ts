import { type Model, modelName, type Rates, type ThinkingLadder } from "@sluice/catalog"
import type { Style } from "../terminal/style.ts"

/** A model as a row of a table. */
export function row(model: Model): string[] {
  const { prices } = model
  const price = prices ? `${plain(prices.input)} / ${plain(prices.output)}` : "?"
  return [modelName(model), tokens(model.contextWindow), tokens(model.maxTokens), price, model.input.join(", ")]
}

/** Everything about a model, a line for each fact. */
export function describe(model: Model, style: Style): string {
  const { prices } = model
  const facts: [string, string | undefined][] = [
    ["name", model.name],
    ["api", model.api],
    ["address", model.baseUrl],
    ["id on the wire", model.requestModelId],
    ["reads", model.input.join(", ")],
    ["writes", model.output.join(", ")],
    ["context", `${tokens(model.contextWindow)} tokens`],
    ["answer", `${tokens(model.maxTokens)} tokens`],
    ["price", prices ? rates(prices) : "unknown"],
    ["long context", prices?.longContext && `above ${tokens(prices.longContext.above)}: ${rates(prices.longContext)}`],
    [
      "service tiers",
      prices?.tiers &&
        Object.entries(prices.tiers)
          .map(([name, factor]) => `${name} × ${factor}`)
          .join(", "),
    ],
    ["thinking", model.thinking ? ladder(model.thinking) : "no, or unknown"],
    ["headers", model.headers && Object.keys(model.headers).join(", ")],
    ...settings(model.compat).map(([name, value]): [string, string] => [`compat ${name}`, value]),
    ...(model.assumed ?? []).map((line): [string, string] => ["assumed", line]),
  ]
  const width = Math.max(...facts.map(([name, value]) => (value === undefined ? 0 : name.length)))
  const lines = facts
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => `${style.dim(name.padEnd(width))}  ${value}`)
  return `${style.bold(modelName(model))}\n${lines.join("\n")}\n`
}

function rates(prices: Rates): string {
  const parts = [`$${plain(prices.input)} in`, `$${plain(prices.output)} out`]
  if (prices.cacheRead !== undefined) parts.push(`$${plain(prices.cacheRead)} cache read`)
  if (prices.cacheWrite !== undefined) parts.push(`$${plain(prices.cacheWrite)} cache write`)
  return `${parts.join(", ")} per million tokens`
}

function ladder(thinking: ThinkingLadder): string {
  return `${thinking.efforts.join(", ")} (${thinking.mode}${thinking.mandatory ? ", always on" : ""})`
}

/** Nested settings as dotted names with their values. */
function settings(value: object, prefix = ""): [string, string][] {
  return Object.entries(value).flatMap(([name, one]): [string, string][] =>
    typeof one === "object" && one !== null && !Array.isArray(one)
      ? settings(one as object, `${prefix}${name}.`)
      : [[prefix + name, JSON.stringify(one)]],
  )
}

function tokens(value: number | undefined): string {
  return value === undefined ? "?" : value.toLocaleString("en-US")
}

function plain(value: number): string {
  return String(Number(value.toFixed(6)))
}
