import { createSluice } from "@sluice/ai/auto"
import { keySource, type Model, type SluiceConfig } from "@sluice/ai"
import { undiciTransport } from "@sluice/ai/transport/undici"
import { websocketTransport } from "@sluice/ai/transport/websocket"
import { createGateway, type Gateway, type GatewayOptions, type RequestEntry } from "@sluice/gateway"

/** A gateway on loopback before hosts that are named by a first word: `chat/…`, `messages/…`. */
export interface TestGateway extends AsyncDisposable {
  gateway: Gateway
  url: string
  /** A key of the gateway. */
  key: string
  /** Headers with the key. */
  headers: Record<string, string>
  post(
    path: string,
    body: unknown,
    more?: { headers?: Record<string, string>; signal?: AbortSignal },
  ): Promise<Response>
}

/** Hosts behind the gateway, by the first word of a model's name. */
export type Hosts = Readonly<Record<string, { api: Model["api"]; url: string; model?: Partial<Model> }>>

export async function startGateway(
  hosts: Hosts,
  options: Partial<GatewayOptions> & Partial<Pick<SluiceConfig, "credentials" | "wires">> = {},
): Promise<TestGateway> {
  const { credentials = keySource("host-key"), wires, ...rest } = options
  const http = undiciTransport()
  const transport = websocketTransport({ http })
  const known = createSluice({ env: () => undefined })
  const sluice = createSluice({
    credentials,
    transport,
    ...(wires ? { wires } : {}),
    resolve: async (name) => {
      const slash = name.indexOf("/")
      const first = name.slice(0, slash)
      const host = Object.hasOwn(hosts, first) ? hosts[first] : undefined
      if (!host) return (await known.route(name)).model
      return {
        id: name.slice(slash + 1),
        provider: name.slice(0, slash),
        api: host.api,
        baseUrl: host.url,
        input: ["text", "image"],
        output: ["text"],
        compat: {},
        prices: { input: 1, output: 2 },
        ...host.model,
      }
    },
  })
  const gateway = await createGateway({ dataDir: ":memory:", port: 0, sluice, graceMs: 300, ...rest })
  const { url } = await gateway.listen()
  const { secret: key } = await gateway.keys.create("test")
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" }
  return {
    gateway,
    url,
    key,
    headers,
    post: (path, body, more = {}) =>
      fetch(url + path, {
        method: "POST",
        headers: { ...headers, ...more.headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
        ...(more.signal ? { signal: more.signal } : {}),
      }),
    async [Symbol.asyncDispose]() {
      await gateway.close()
      await transport.close()
      await http.close()
    },
  }
}

/** The latest entries of the log, the newest first. What was not reached is `undefined` in them, for tests to ask for. */
export async function latest({ gateway }: TestGateway, count: number): Promise<RequestEntry[]> {
  const entries = await gateway.log.latest(count)
  return entries.map((entry) => ({ outbound: undefined, error: undefined, ...entry }) as RequestEntry)
}

/** The data of all events of a response. */
export async function events(response: Response): Promise<Record<string, unknown>[]> {
  const text = await response.text()
  return text
    .split("\n")
    .filter((line) => line.startsWith("data: ") && line !== "data: [DONE]")
    .map((line) => JSON.parse(line.slice(6)) as Record<string, unknown>)
}
