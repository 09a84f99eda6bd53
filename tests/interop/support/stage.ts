import type { SluiceConfig } from "@sluice/ai"
import { autoWires } from "@sluice/ai/auto"
import { createMock, mockModel, type Mock, type MockAnswer } from "@sluice/ai/mock"
import { findProvider } from "@sluice/catalog"
import type { RequestEntry } from "@sluice/gateway"
import {
  anthropicMessagesEmulator,
  openaiChatEmulator,
  type EmulatedAnswer,
  type SeenRequest,
} from "@sluice/testkit/emulators"
import { latest, startGateway, type Hosts, type TestGateway } from "../../support/gateway.ts"
import { askedOfChat, askedOfMessages, askedOfMock, type Asked } from "./asked.ts"
import type { Llama } from "./llama.ts"

/** What the catalog says of the vendor's own host, which the emulator is like. */
const OWN_HOST = findProvider("anthropic")?.apis[0]?.compat?.messages

/** What stands behind the gateway: the first word of a model's name. */
export type Peer = "mock" | "chat" | "messages"

/** The wire that the gateway speaks to each peer, as its log names it. */
export const OUTBOUND: Readonly<Record<Peer, string>> = {
  mock: "mock",
  chat: "openai-completions",
  messages: "anthropic-messages",
}

/** The peers of a wire's tests, for `describe.each`. */
export const PEERS: readonly (readonly [what: string, peer: Peer])[] = [
  ["the scripted model", "mock"],
  ["a Chat Completions host", "chat"],
  ["a Messages host", "messages"],
]

/**
 * A gateway before the scripted model and a host of each wire, all three with the same answers to any model's name.
 * The Chat Completions host takes settings of thinking for the model `thinker` alone, as the vendor's does.
 */
export interface Stage extends AsyncDisposable {
  gateway: TestGateway
  url: string
  key: string
  /** What a peer was asked, oldest first. */
  asked(peer: Peer): Asked[]
  /** The requests of a host as they came. */
  requests(peer: Exclude<Peer, "mock">): readonly SeenRequest[]
  /** The gateway's log, oldest first, as soon as it has so many lines. */
  rows(count: number): Promise<RequestEntry[]>
}

export interface StageOptions extends NonNullable<Parameters<typeof startGateway>[1]> {
  /** A real server that is reached as `llama-chat/scripted` and `llama-messages/scripted`. */
  llama?: Llama
}

export async function stage(answers: readonly EmulatedAnswer[], options: StageOptions = {}): Promise<Stage> {
  const { llama, ...rest } = options
  const mock = createMock({ script: answers.map(mockAnswer), model: mockModel("m") })
  // It shows its thinking and takes it back, which OpenAI's own host does not.
  const chat = await openaiChatEmulator({
    script: answers,
    thinks: (model) => model === "thinker",
    strictFields: false,
  })
  const messages = await anthropicMessagesEmulator({ script: answers })
  const hosts: Hosts = {
    mock: { api: "mock", url: "mock://local" },
    chat: { api: "openai-completions", url: `${chat.url}/v1` },
    messages: {
      api: "anthropic-messages",
      url: messages.url,
      model: {
        thinking: { mode: "budget", efforts: ["low", "medium", "high"] },
        compat: { messages: { ...OWN_HOST, midConversationSystem: true } },
      },
    },
    ...llama?.hosts,
  }
  const gateway = await startGateway(hosts, { ...rest, wires: withScript(mock) })
  return {
    gateway,
    url: gateway.url,
    key: gateway.key,
    asked: (peer) =>
      peer === "mock"
        ? mock.calls.map(askedOfMock)
        : peer === "chat"
          ? chat.requests.map(askedOfChat)
          : messages.requests.map(askedOfMessages),
    requests: (peer) => (peer === "chat" ? chat : messages).requests,
    rows: (count) => rowsOf(gateway, count),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await Promise.all([chat.close(), messages.close()])
    },
  }
}

/** The scripted model under every name of the provider `mock` but `mock/demo`, which stays what it is. */
function withScript(mock: Mock): SluiceConfig["wires"] {
  return {
    mock: async () => {
      const builtIn = await autoWires.mock?.()
      return {
        route: (model) =>
          model.id === "demo" && builtIn && "route" in builtIn ? builtIn.route(model) : { ...mock.route, model },
      }
    },
  }
}

/** What a host's emulator is told to answer, as the scripted model has it. */
function mockAnswer(answer: EmulatedAnswer): MockAnswer {
  const { thinking, text, toolCalls, usage, pace, cut, stall, error, length } = answer
  const cached = usage?.cached ?? 0
  return {
    ...(thinking === undefined ? {} : { thinking }),
    ...(text === undefined ? {} : { text }),
    ...(toolCalls === undefined ? {} : { toolCalls }),
    ...(usage?.prompt === undefined
      ? {}
      : { usage: { input: usage.prompt - cached, cacheRead: cached, output: usage.output ?? 0 } }),
    ...(pace === undefined
      ? {}
      : {
          pace: {
            ...(pace.chars === undefined ? {} : { chunk: pace.chars }),
            ...(pace.ms === undefined ? {} : { ms: pace.ms }),
          },
        }),
    ...(length ? { stopReason: "length" as const } : {}),
    ...(cut ? { cut: true } : {}),
    ...(stall ? { stallAfter: 1, stallMs: stall.ms ?? Infinity } : {}),
    ...(error
      ? {
          status: error.status ?? 500,
          error: error.message === undefined ? {} : { message: error.message },
          ...(error.headers ? { responseHeaders: error.headers } : {}),
        }
      : {}),
  }
}

/** Lines are written when a request is over, which a client may know before the gateway has noted it. */
async function rowsOf(gateway: TestGateway, count: number): Promise<RequestEntry[]> {
  const until = performance.now() + 5000
  for (;;) {
    const rows = await latest(gateway, 100)
    if (rows.length >= count || performance.now() > until) return rows.toReversed()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Waits until something holds. @throws Error when it does not within the time */
export async function eventually(holds: () => boolean, withinMs: number = 2000): Promise<void> {
  const until = performance.now() + withinMs
  while (!holds()) {
    if (performance.now() > until) throw new Error(`It did not come to hold within ${withinMs} ms.`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
