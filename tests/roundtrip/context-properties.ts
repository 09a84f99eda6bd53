import * as fc from "fast-check"
import { handoff, SluiceError, type CallOptions, type Context, type Loss, type Model } from "@sluice/ai"
import { expect, test } from "vitest"
import { contexts } from "../generators/contexts.ts"
import { callOptions } from "../generators/options.ts"
import { canonContext } from "./canonical.ts"
import { fits, shown } from "./match.ts"
import { canonOptions, projectOptions } from "./options.ts"
import { projectContext, projectHandoff } from "./project.ts"
import { issuerOf, overTheWire, type WireUnderTest } from "./wire-under-test.ts"

interface Norm {
  handed: Context
  handedLosses: readonly Loss[]
  context: Context
  losses: readonly Loss[]
  accepted: readonly Loss[]
}

/** Whether the caller placed a cache mark: else the wire would place its own. */
function isMarked(context: Context, canon: WireUnderTest["canon"]): boolean {
  return JSON.stringify(canonContext(context, { canon })).includes('"cache":"')
}

/** A conversation after it was handed over, sent, and read by a server of the same wire; nothing for one refused. */
function norm(wire: WireUnderTest, model: Model, given: Context): Norm | undefined {
  const { context: handed, losses: handedLosses } = handoff(given, model, wire.client.traits)
  const options: CallOptions = isMarked(handed, wire.canon) ? {} : { cacheRetention: "none" }
  try {
    const { call, losses } = overTheWire(wire, model, handed, options)
    return { handed, handedLosses, context: call.context, losses, accepted: call.losses }
  } catch (error) {
    // A conversation in which nothing is said.
    const field = wire.canon === "responses" ? "input" : "messages"
    if (SluiceError.is(error) && error.param === field) return undefined
    throw error
  }
}

function same(expected: unknown, got: unknown, more: Record<string, unknown>): void {
  if (fits(expected, got)) return
  expect.fail(`another conversation\nexpected ${shown(expected)}\ngot ${shown(got)}\n${shown(more)}`)
}

/** Registers the properties of the conversations of a wire. */
export function contextProperties(wire: WireUnderTest, model: Model, numRuns: number): void {
  const arbitrary = contexts({ ...wire.contexts, own: issuerOf(model) })
  const check = (property: (context: Context) => void): void => {
    fc.assert(fc.property(arbitrary, property), { numRuns, includeErrorInReport: true })
  }

  test("a hand-over changes what it reports", () => {
    check((given) => {
      const { context: handed, losses } = handoff(given, model, wire.client.traits)
      same(projectHandoff(given, losses), canonContext(handed, { canon: "none" }), { losses })
    })
  })

  test("a conversation that was sent and read is the same, but for what was reported", () => {
    check((given) => {
      const once = norm(wire, model, given)
      if (!once) return
      const { handed, context, losses, accepted } = once
      expect(accepted, "what a wire writes, its server reads").toEqual([])
      same(projectContext(handed, losses, wire.canon), canonContext(context, { canon: wire.canon }), { losses })
    })
  })

  test("a conversation that went over the wire once goes over it unchanged", () => {
    check((given) => {
      const once = norm(wire, model, given)
      const twice = once && norm(wire, model, once.context)
      const { canon } = wire
      if (!once || !twice) return
      if (shown(canonContext(twice.context, { canon })) === shown(canonContext(once.context, { canon }))) return
      expect.fail(`once ${shown(once.context)}\ntwice ${shown(twice.context)}`)
    })
  })
}

const TOOLS: NonNullable<Context["tools"]> = [
  { name: "get_weather", parameters: { type: "object", properties: {} } },
  { name: "f", parameters: { type: "object", properties: {} } },
]

/** Registers the properties of the settings of a wire's calls. */
export function optionProperties(wire: WireUnderTest, model: Model, numRuns: number): void {
  const given = fc.record({ options: callOptions, hasTools: fc.boolean() })
  const start = (hasTools: boolean): Context => ({
    messages: [{ role: "user", content: "hi" }],
    ...(hasTools ? { tools: TOOLS } : {}),
  })
  const send = (options: CallOptions, context: Context): ReturnType<typeof overTheWire> | undefined => {
    try {
      return overTheWire(wire, model, context, options)
    } catch (error) {
      // A limit that leaves no room for an answer is refused.
      if (SluiceError.is(error) && error.param === "maxTokens") return undefined
      throw error
    }
  }

  test("settings that were sent and read are the same, but for what was reported", () => {
    const property = fc.property(given, ({ options, hasTools }) => {
      const once = send(options, start(hasTools))
      if (!once) return
      expect(once.call.losses, "what a wire writes, its server reads").toEqual([])
      const expected = projectOptions(options, once.losses, model, wire.canon, hasTools)
      same(expected, canonOptions(once.call.options, wire.canon), { options, hasTools, losses: once.losses })
    })
    fc.assert(property, { numRuns, includeErrorInReport: true })
  })

  test("settings that went over the wire once go over it unchanged", () => {
    const property = fc.property(given, ({ options, hasTools }) => {
      const once = send(options, start(hasTools))
      const twice = once && send(once.call.options, once.call.context)
      if (!once || !twice) return
      const [a, b] = [once, twice].map(({ call }) => sorted(canonOptions(call.options, wire.canon)))
      if (shown(a) !== shown(b)) expect.fail(`once ${shown(a)}\ntwice ${shown(b)}\n${shown({ options, hasTools })}`)
    })
    fc.assert(property, { numRuns, includeErrorInReport: true })
  })
}

function sorted(fields: Record<string, unknown>): unknown {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)))
}
