import { type CallOptions, codecOf, type Loss } from "@sluice/ai"
import { describe, expect, test } from "vitest"
import { type Asked, type Target, targets } from "./ask.ts"

/** A setting with a value that is found again in a request that has it. */
interface Setting {
  /** The option, or a field of one: losses of it begin with this. */
  name: string
  options: CallOptions
  /** What stands in a request that has the value as it is. Absent: the request differs from one without it. */
  mark?: string | RegExp
}

const SCHEMA = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
}

function setting(name: keyof CallOptions, value: unknown, mark?: Setting["mark"]): Setting {
  return { name, options: { [name]: value }, ...(mark === undefined ? {} : { mark }) }
}

function format(field: string, value: unknown, mark: Setting["mark"]): Setting {
  return {
    name: `output.${field}`,
    options: { output: { type: "jsonSchema", schema: SCHEMA, [field]: value } },
    ...(mark === undefined ? {} : { mark }),
  }
}

const SETTINGS: readonly Setting[] = [
  setting("temperature", 0.37, "0.37"),
  setting("temperature", 1.73, "1.73"),
  setting("topP", 0.41, "0.41"),
  setting("topK", 4711, "4711"),
  setting("minP", 0.13, "0.13"),
  setting("presencePenalty", 0.53, "0.53"),
  setting("frequencyPenalty", 0.59, "0.59"),
  setting("repetitionPenalty", 1.17, "1.17"),
  setting("seed", 4242, "4242"),
  setting("stop", ["ONE"], "ONE"),
  setting("stop", ["ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX"], "SIX"),
  setting("stop", [" ", "ONE"], '" "'),
  setting("maxTokens", 5123, "5123"),
  setting("maxTokens", 10_000_001, "10000001"),
  setting("maxTokens", 3, /:3\b/),
  setting("reasoning", "minimal"),
  setting("reasoning", "low"),
  setting("reasoning", "medium"),
  setting("reasoning", "high"),
  setting("reasoning", "xhigh"),
  setting("reasoning", "max"),
  setting("reasoning", "off"),
  setting("thinkingBudget", 0),
  setting("thinkingBudget", 517, "517"),
  setting("thinkingBudget", 3123, "3123"),
  setting("thinkingBudget", 1_000_003, "1000003"),
  setting("showThinking", false),
  setting("toolChoice", "required"),
  setting("toolChoice", "none"),
  setting("toolChoice", { name: "weather" }),
  setting("parallelToolCalls", false),
  setting("output", { type: "json" }),
  setting("output", { type: "jsonSchema", schema: SCHEMA }),
  format("name", "some_name", "some_name"),
  format("description", "some words", "some words"),
  // A host that holds an answer to a schema does so strictly.
  format("strict", false, /"strict":false/),
  setting("verbosity", "low"),
  setting("logprobs", true),
  setting("logprobs", 3, /"[a-z_]*logprobs":3/i),
  setting("cacheRetention", "long", /"ttl":"1h"|"24h"/),
  setting("promptCacheKey", "prefix-1", "prefix-1"),
  setting("serviceTier", "flex"),
  setting("serviceTier", "scale"),
  setting("serviceTier", "priority"),
  setting("serviceTier", "made-up", "made-up"),
  setting("user", "user-17", "user-17"),
  setting("metadata", { team: "blue" }, "blue"),
  setting("headers", { "x-own": "value-9" }, "value-9"),
]

/** Settings that ask for nothing beyond what every host does. */
const NOTHING: readonly CallOptions[] = [
  {},
  { logprobs: false },
  { parallelToolCalls: true },
  { output: { type: "text" } },
  { stop: [] },
  { metadata: {} },
  { headers: {} },
  { wire: {} },
  { toolChoice: "auto" },
  { serviceTier: "auto" },
  { candidates: 1 },
  { cacheRetention: "short" },
  { cacheRetention: "none" },
  { showThinking: true },
  { chain: false },
  // These are about accounts and connections, and change nothing of what is said.
  { chain: true, sessionId: "s" },
  { sessionId: "s" },
  { strict: true },
]

const isLoss = ({ kind }: Loss): boolean => kind !== "injected"

/** Losses that tell the caller of an option: a level and a budget are two words for one wish. */
function reported({ losses }: Asked, name: string): boolean {
  const fields = [`options.${name}`]
  if (name.startsWith("output.")) fields.push("options.output")
  if (name === "thinkingBudget") fields.push("options.reasoning")
  return losses.some((loss) => isLoss(loss) && fields.some((field) => `${loss.field}.`.startsWith(`${field}.`)))
}

/** Whether a setting asks for nothing that this model would not do, next to what else is asked for. */
function isIdle({ name, options }: Setting, { model }: Target, tools: boolean, beside: CallOptions = {}): boolean {
  const { thinking } = model
  const asked = { ...beside, ...options }
  const forced = asked.toolChoice !== undefined && asked.toolChoice !== "auto" && asked.toolChoice !== "none"
  const byTool = !tools && asked.output?.type === "jsonSchema"
  const off = asked.reasoning === "off" || asked.thinkingBudget === 0
  switch (name) {
    case "parallelToolCalls":
      return !tools || beside.toolChoice === "none"
    case "toolChoice":
      return !tools && options.toolChoice === "none"
    case "reasoning":
    case "thinkingBudget":
      // What a model that must think is asked for by itself, and a number of tokens counts more than a level.
      if (name === "reasoning" && !off && beside.thinkingBudget !== undefined) return true
      if (off && (forced || byTool || beside.reasoning === "off" || beside.thinkingBudget === 0)) return true
      if (!off) return thinking?.mandatory === true && options.reasoning === thinking.efforts[0]
      // Claude on Bedrock thinks where it is asked to.
      return (
        !thinking ||
        // What the host is told where nothing was asked for.
        model.compat.chat?.thinkingExplicit === true ||
        (model.compat.converse?.thinkingFormat === "anthropic" && codecOf(model.api) === "bedrock-converse-stream")
      )
    case "showThinking":
      // Nobody thinks, or what was thought is not shown, or not shown unless that is asked for.
      if (!thinking || off || forced || byTool) return true
      if (asked.reasoning === undefined && asked.thinkingBudget === undefined && !thinking.mandatory) return true
      if (codecOf(model.api) === "openai-responses") return model.compat.responses?.thinkingSummary !== undefined
      if (model.compat.chat?.showsThinking === false) return true
      return asked.reasoning === undefined && thinking.display === true
    case "output.strict":
      return false
    default:
      return false
  }
}

function marked({ mark }: Setting, { request }: Asked): boolean {
  return typeof mark === "string" ? request.includes(mark) : mark === undefined || mark.test(request)
}

const all = await targets(({ api, provider, thinking, maxTokens, compat, id }) => [
  api,
  provider,
  thinking,
  maxTokens,
  compat,
  thinking === undefined && id,
])
const kinds = await targets(({ api, thinking, compat }) => [
  api,
  thinking?.mode,
  thinking?.mandatory,
  thinking?.display,
  compat.codeAssist,
])

describe("every option", () => {
  test("reaches the host or is on record as lost, for every model of the catalog", () => {
    const silent: string[] = []
    for (const target of all) {
      for (const tools of [false, true]) {
        const plain = target.ask({}, tools)
        expect(plain.refused, target.name).toBeUndefined()
        for (const one of SETTINGS) {
          const asked = target.ask(one.options, tools)
          expect(asked.refused, `${target.name} ${JSON.stringify(one.options)}`).toBeUndefined()
          const said = asked.request !== plain.request && marked(one, asked)
          if (!said && !reported(asked, one.name) && !isIdle(one, target, tools)) {
            silent.push(`${target.name} ${tools ? "with tools " : ""}${JSON.stringify(one.options)}`)
          }
        }
      }
    }
    expect(all.length).toBeGreaterThan(100)
    expect(silent).toEqual([])
  })

  test("does so next to every other", () => {
    const silent: string[] = []
    for (const target of kinds) {
      for (const tools of [false, true]) {
        for (const other of SETTINGS) {
          const before = target.ask(other.options, tools)
          for (const one of SETTINGS) {
            if (one.name.split(".")[0] === other.name.split(".")[0]) continue
            const both = target.ask({ ...other.options, ...one.options }, tools)
            // Too little room for an answer beside its thinking is told as that.
            if (both.refused?.includes("maxTokens")) continue
            const said = both.refused === undefined && both.request !== before.request && marked(one, both)
            if (said || reported(both, one.name) || isIdle(one, target, tools, other.options)) continue
            silent.push(
              `${target.name} ${tools ? "with tools " : ""}${JSON.stringify(one.options)} next to ${JSON.stringify(other.options)} ${both.refused ?? ""}`,
            )
          }
        }
      }
    }
    expect(kinds.length).toBeGreaterThan(30)
    expect(silent).toEqual([])
  })

  test("is not said to be lost where it asks for nothing", () => {
    const wrong: string[] = []
    for (const target of all) {
      for (const tools of [false, true]) {
        const plain = target.ask({}, tools)
        for (const options of NOTHING) {
          const lost = target
            .ask(options, tools)
            .losses.filter((loss) => isLoss(loss) && !plain.losses.some(({ field }) => field === loss.field))
          if (lost.length > 0) wrong.push(`${target.name} ${JSON.stringify(options)} ${lost[0]?.field}`)
        }
        const own = plain.losses.filter((loss) => isLoss(loss) && loss.field.startsWith("options."))
        if (own.length > 0) wrong.push(`${target.name} ${own[0]?.field}`)
      }
    }
    expect(wrong).toEqual([])
  })
})
