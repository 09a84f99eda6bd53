import { expect } from "vitest"
import {
  fetchTransport,
  isTerminal,
  keySource,
  Known,
  stream,
  type AssistantMessage,
  type AssistantMessageEvent,
  type Context,
  type CredentialSource,
  type Environment,
  type Model,
  type Route,
  type StreamOptions,
  type Transport,
} from "@sluice/ai"
import { undiciTransport } from "@sluice/ai/transport/undici"
import { modelAt, type WireCase } from "./wires.ts"

/** The transports, each with what lets go of its connections. */
export const TRANSPORTS: readonly [name: string, make: () => { transport: Transport; close(): Promise<void> }][] = [
  ["fetch", () => ({ transport: fetchTransport(), close: async () => {} })],
  [
    "undici",
    () => {
      const transport = undiciTransport()
      return { transport, close: () => transport.close() }
    },
  ],
]

export const PROMPT: Context = {
  messages: [{ role: "user", content: "hi" }],
  tools: [
    { name: "look", description: "", parameters: { type: "object" } },
    { name: "note", description: "", parameters: { type: "object" } },
  ],
}

export function routeTo(
  at: WireCase,
  url: string,
  transport: Transport,
  more: { credentials?: CredentialSource; model?: Partial<Model> } = {},
): Route {
  return {
    model: modelAt(at, url, more.model),
    wire: at.wire,
    endpoint: at.endpoint,
    credentials: more.credentials ?? keySource("k"),
    transport,
  }
}

/** What a consumer saw of a call. */
export interface Seen {
  events: AssistantMessageEvent[]
  message: AssistantMessage
}

/** Makes a call and reads it to the end; `each` is run for every event. */
export async function read(
  routes: Route | readonly Route[],
  options: StreamOptions = {},
  environment: Environment = {},
  each: (event: AssistantMessageEvent, n: number) => unknown = () => {},
): Promise<Seen> {
  const events: AssistantMessageEvent[] = []
  const answer = stream(routes, PROMPT, options, { known: new Known(), ...environment })
  for await (const event of answer) {
    events.push(event)
    await each(event, events.length)
  }
  return { events, message: await answer.result() }
}

/** All deltas of a kind, joined. */
export function deltasOf(events: readonly AssistantMessageEvent[], type: "text" | "thinking"): string {
  return events.map((event) => (event.type === `${type}_delta` ? (event as { delta: string }).delta : "")).join("")
}

/** Arguments by call, as the deltas had them. */
export function argumentsOf(events: readonly AssistantMessageEvent[]): string[] {
  const byBlock = new Map<number, string>()
  for (const event of events) {
    if (event.type === "toolcall_start") byBlock.set(event.contentIndex, "")
    if (event.type === "toolcall_delta") {
      byBlock.set(event.contentIndex, (byBlock.get(event.contentIndex) ?? "") + event.delta)
    }
  }
  return [...byBlock.values()]
}

/**
 * Holds events against the protocol: one start before all else, one terminal event after all else, every block begun
 * once, grown only while open and ended once, and the deltas equal to what the message holds.
 */
export function expectProtocol({ events, message }: Seen): void {
  expect(events.filter((event) => event.type === "start").length).toBeLessThanOrEqual(1)
  expect(events.filter(isTerminal)).toHaveLength(1)
  const last = events.at(-1) as AssistantMessageEvent
  expect(isTerminal(last)).toBe(true)
  expect(last.type === "done" ? last.message : (last as { error: AssistantMessage }).error).toBe(message)
  expect(message.error === undefined).toBe(last.type === "done")
  const state = new Map<number, "open" | "ended">()
  const grown = new Map<number, string>()
  for (const [n, event] of events.entries()) {
    if (event.type === "start") expect(n).toBe(0)
    if (!("contentIndex" in event)) continue
    const { contentIndex: at } = event
    if (event.type === "block_end") {
      expect(state.get(at)).toBeUndefined()
      state.set(at, "ended")
    } else if (event.type.endsWith("_start")) {
      expect(state.get(at)).toBeUndefined()
      state.set(at, "open")
      grown.set(at, "")
    } else {
      expect(state.get(at)).toBe("open")
      if ("delta" in event) grown.set(at, (grown.get(at) ?? "") + event.delta)
      else state.set(at, "ended")
    }
  }
  expect(state.size).toBe(message.content.length)
  expect([...state.values()].every((one) => one === "ended")).toBe(true)
  message.content.forEach((block, at) => {
    if (block.type === "text") expect(grown.get(at)).toBe(block.text)
    if (block.type === "thinking") expect(grown.get(at)).toBe(block.thinking)
  })
}
