import { rootCertificates } from "node:tls"
import { Agent, type Dispatcher, EnvHttpProxyAgent } from "undici"
import { type ClientTls, loadClient, type ClientCertificate, type NetworkOptions, stampOf } from "./network.ts"

/** Gives the dispatcher for each request. */
export interface Dispatchers {
  /** The one to use now. Not to be kept: it may be replaced before the next request. */
  current(): Dispatcher
  /** Lets go of all connections. */
  close(): Promise<void>
}

/**
 * The dispatcher for these options. Where a client certificate comes from files, they are looked at before each
 * request: once they have changed, connections with the new one are opened, and the old ones end with their requests.
 * Files that are missing or do not fit together, as in the midst of a change, leave the old one in use.
 * @throws SluiceError `config` when the client certificate cannot be used in the first place
 */
export function dispatchersFor(options: NetworkOptions): Dispatchers {
  const { clientCertificate } = options
  if (!clientCertificate) return fixedDispatcher(dispatcherFor(options))
  const stamp = stampOf(clientCertificate)
  let used = stamp
  let dispatcher = dispatcherFor(options, loadClient(clientCertificate))
  if (stamp === "") return fixedDispatcher(dispatcher)
  const old = new Set<Dispatcher>()

  function renew(now: string): void {
    let client: ClientTls
    try {
      client = loadClient(clientCertificate as ClientCertificate)
    } catch {
      return
    }
    used = now
    const last = dispatcher
    old.add(last)
    void last
      .close()
      .catch(() => {})
      .finally(() => old.delete(last))
    dispatcher = dispatcherFor(options, client)
  }

  return {
    current() {
      const now = stampOf(clientCertificate)
      if (now !== undefined && now !== used) renew(now)
      return dispatcher
    },
    close: async () => void (await Promise.all([...old, dispatcher].map(letGo))),
  }
}

/** One dispatcher for all requests. */
export function fixedDispatcher(dispatcher: Dispatcher): Dispatchers {
  return { current: () => dispatcher, close: () => letGo(dispatcher) }
}

function letGo(dispatcher: Dispatcher): Promise<void> {
  return dispatcher instanceof Agent ? dispatcher.destroy() : dispatcher.close()
}

function dispatcherFor(options: NetworkOptions, client: ClientTls = {}): Dispatcher {
  const tls = { ...client, ...(options.ca ? { ca: [...rootCertificates, ...options.ca] } : {}) }
  const common = {
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 30_000,
    ...(options.connections ? { connections: options.connections } : {}),
  }
  if (!options.httpProxy && !options.httpsProxy) return new Agent({ ...common, connect: { ...tls, timeout: 30_000 } })
  return new EnvHttpProxyAgent({
    ...common,
    httpProxy: options.httpProxy ?? "",
    httpsProxy: options.httpsProxy ?? options.httpProxy ?? "",
    noProxy: options.noProxy ?? "",
    connect: { ...tls, timeout: 30_000 },
    requestTls: tls,
    proxyTls: tls,
  })
}
