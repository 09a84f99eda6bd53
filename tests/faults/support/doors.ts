import { startGateway, type Hosts, type TestGateway } from "../../support/gateway.ts"
import { DOOR_WIRES, type DoorWireCase } from "./wires.ts"

/** A way into the gateway, as its clients see it. A new inbound wire is one more row of `DOORS`. */
export interface Door {
  name: string
  path: string
  /** The wire of the hosts to which bytes may pass as they are. */
  host: DoorWireCase["host"]
  body(model: string, more?: object): Record<string, unknown>
  /** The event after which a client takes its answer for complete. */
  isFinal(event: ClientEvent): boolean
  /** An event that gives the reason why the answer ends. */
  isReason(event: ClientEvent): boolean
  isError(event: ClientEvent): boolean
  textOf(event: ClientEvent): string
  /** The message of an error body in the client's shape; `undefined` for any other body. */
  messageOf(body: unknown): string | undefined
}

/** An event as it stands on the line. */
export interface ClientEvent {
  event?: string
  data: string
  /** `undefined` for `[DONE]`. */
  json: Record<string, never> | undefined
}

type Loose = { [name: string]: Loose } & Loose[] & string
const dig = (event: ClientEvent): Loose => (event.json ?? {}) as unknown as Loose

export const DOORS: readonly Door[] = [
  {
    name: "Chat Completions",
    path: "/v1/chat/completions",
    host: "chat",
    body: (model, more = {}) => ({ model, messages: [{ role: "user", content: "hi" }], ...more }),
    isFinal: (event) => event.data === "[DONE]",
    isReason: (event) => typeof dig(event)["choices"]?.[0]?.["finish_reason"] === "string",
    isError: (event) => typeof dig(event)["error"]?.["message"] === "string",
    textOf: (event) => dig(event)["choices"]?.[0]?.["delta"]?.["content"] ?? "",
    messageOf: (body) => (body as { error?: { message?: string } } | undefined)?.error?.message,
  },
  {
    name: "Messages",
    path: "/v1/messages",
    host: "messages",
    body: (model, more = {}) => ({ model, max_tokens: 1000, messages: [{ role: "user", content: "hi" }], ...more }),
    isFinal: (event) => event.event === "message_stop",
    isReason: (event) => typeof dig(event)["delta"]?.["stop_reason"] === "string",
    isError: (event) => event.event === "error" && typeof dig(event)["error"]?.["message"] === "string",
    textOf: (event) => dig(event)["delta"]?.["text"] ?? "",
    messageOf: (body) => {
      const { type, error } = (body ?? {}) as { type?: string; error?: { type?: string; message?: string } }
      return type === "error" && typeof error?.type === "string" ? error.message : undefined
    },
  },
]

/** Reads a stream as a strict client does. @throws Error for a line, an event or JSON that no client could read */
export function strictEvents(text: string): ClientEvent[] {
  if (text === "") return []
  if (!text.endsWith("\n\n")) throw new Error(`The stream ends within an event: …${JSON.stringify(text.slice(-120))}`)
  return text.split("\n\n").flatMap((block): ClientEvent[] => {
    const lines = block.split("\n").filter((line) => line !== "" && !line.startsWith(":"))
    if (lines.length === 0) return []
    let event: string | undefined
    const data: string[] = []
    for (const line of lines) {
      if (line.startsWith("event: ")) event = line.slice(7)
      else if (line.startsWith("data: ")) data.push(line.slice(6))
      else throw new Error(`A line that is no field: ${JSON.stringify(line)}`)
    }
    const joined = data.join("\n")
    const json = joined === "[DONE]" ? undefined : (JSON.parse(joined) as Record<string, never>)
    return [{ ...(event === undefined ? {} : { event }), data: joined, json }]
  })
}

/** A gateway before one host of each wire. */
export function gatewayTo(
  urls: Readonly<Record<DoorWireCase["host"], string>>,
  options: Parameters<typeof startGateway>[1] = {},
): Promise<TestGateway> {
  const hosts: Record<string, Hosts[string]> = {}
  for (const at of DOOR_WIRES) {
    hosts[at.host] = { api: at.wire.api, url: urls[at.host] + at.base, model: { compat: at.compat } }
  }
  return startGateway(hosts, options)
}

export const PAIRS: readonly (readonly [door: string, host: string, door_: Door, at: DoorWireCase])[] = DOORS.flatMap(
  (door) => DOOR_WIRES.map((at) => [door.name, at.name, door, at] as const),
)
