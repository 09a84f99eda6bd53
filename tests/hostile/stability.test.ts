/** A conversation that grows is sent so that a host finds its beginning again: prompt caches live on it. */
import { codecOf, handoff, type Context, type Message, type Model, SluiceError } from "@sluice/ai"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { growingContexts, hostileContexts } from "../generators/hostile.ts"
import type { AnyBody } from "../support/call.ts"
import { issuerOf } from "./support/properties.ts"
import { send, wayTo, type Way } from "./support/send.ts"
import { HOSTILE_WIRES, modelsOf, type HostileWire } from "./support/targets.ts"

const RUNS = Number(process.env["SLUICE_CASES"] ?? 1500)

/** A turn of the user that only keeps the order of turns. */
const PAD = /^\["user",\{(?:"type":"text",)?"text":"Continue\."\},\{\}\]$/
/** Fields of a body in which the conversation stands. */
const MESSAGES = ["messages", "input", "contents"]

/** Where a prompt may be cached, which moves on with it and is no part of what is cached. */
function withoutMarks(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.filter((one) => !(typeof one === "object" && one !== null && "cachePoint" in one)).map(withoutMarks)
  }
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== "cache_control")
      .map(([name, entry]) => [name, withoutMarks(entry)]),
  )
}

interface Prompt {
  /**
   * The serialised conversation, block by block: what the user says joins the message of the results before it, and a
   * text alone may stand without a list. A turn of ours that keeps the order at the end is no part of it.
   */
  messages: string
  /** What stands before it in the cache. */
  head: string
}

function promptOf(way: Way, context: Context): Prompt | undefined {
  try {
    const body = withoutMarks(send(way, context).body) as AnyBody
    const request: AnyBody = body["request"] ?? body
    const name = MESSAGES.find((field) => field in request) ?? ""
    const { tools, system, systemInstruction, instructions, toolConfig } = request
    return {
      messages: blocksOf(request[name]).join("\n"),
      head: JSON.stringify({ tools, system, systemInstruction, instructions, toolConfig }),
    }
  } catch (error) {
    if (SluiceError.is(error)) return undefined
    throw error
  }
}

function blocksOf(messages: readonly AnyBody[]): string[] {
  const blocks = messages.flatMap((message) => {
    const { role, content, parts, ...rest } = message
    const list: unknown = parts ?? (role === "assistant" || role === "user" ? content : undefined)
    if (typeof list === "string") return [JSON.stringify([role, { type: "text", text: list }, rest])]
    return Array.isArray(list) ? list.map((block) => JSON.stringify([role, block, rest])) : [JSON.stringify(message)]
  })
  return PAD.test(blocks.at(-1) ?? "") ? blocks.slice(0, -1) : blocks
}

/** Where a request is made: behind what the user says, and behind the results of all calls of an answer. */
function turnsOf(messages: readonly Message[]): number[] {
  return messages.flatMap((message, i) => {
    const next = messages[i + 1]?.role
    return message.role === "user" || (message.role === "toolResult" && next !== "toolResult") ? [i + 1] : []
  })
}

async function waysOf(wire: HostileWire): Promise<Way[]> {
  return Promise.all((await modelsOf(wire)).map(wayTo))
}

const named = (ways: readonly Way[]): [string, Way][] => ways.map((way) => [nameOf(way.model), way])
const nameOf = ({ provider, id }: Model): string => `${provider}/${id}`

describe.each(Object.entries(HOSTILE_WIRES))("%s", async (_api, wire) => {
  const ways = await waysOf(wire)
  const each = Math.ceil(RUNS / ways.length)

  test.each(named(ways))("%s: what was sent of a conversation is the beginning of what is sent next", (_name, way) => {
    const conversation = growingContexts({ ...wire, own: issuerOf(way.model) })
    const property = fc.property(conversation, (context) => {
      let before: Prompt | undefined
      for (const end of turnsOf(context.messages)) {
        const now = promptOf(way, { ...context, messages: context.messages.slice(0, end) })
        if (before && now) {
          if (!now.messages.startsWith(before.messages)) expect.fail(`${before.messages}\n${now.messages}`)
          expect(now.head).toBe(before.head)
        }
        before = now
      }
    })
    fc.assert(property, { numRuns: each, includeErrorInReport: true })
  })

  test.each(named(ways))("%s: what was handed over is handed over as it is", (_name, { model, wire: client }) => {
    const conversation = hostileContexts({ ...wire, own: issuerOf(model) })
    const property = fc.property(conversation, (context) => {
      const once = handoff(context, model, client.traits)
      const twice = handoff(once.context, model, client.traits)
      expect(twice.context).toEqual(once.context)
      expect(twice.losses).toEqual([])
    })
    fc.assert(property, { numRuns: each, includeErrorInReport: true })
  })
})

test("every wire is among them", () => {
  expect(new Set(Object.keys(HOSTILE_WIRES).map(codecOf)).size).toBe(6)
})
