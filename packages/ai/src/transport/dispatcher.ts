import { rootCertificates } from "node:tls"
import { Agent, type Dispatcher, EnvHttpProxyAgent } from "undici"
import type { NetworkOptions } from "./network.ts"

/** The dispatcher for these options. */
export function dispatcherFor(options: NetworkOptions): Dispatcher {
  const tls = options.ca ? { ca: [...rootCertificates, ...options.ca] } : {}
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
