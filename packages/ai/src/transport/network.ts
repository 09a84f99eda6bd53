import { readFileSync, statSync } from "node:fs"
import { createSecureContext, rootCertificates } from "node:tls"
import { Agent, type Dispatcher, EnvHttpProxyAgent } from "undici"
import { SluiceError } from "../model/errors.ts"

/** How the network is reached. */
export interface NetworkOptions {
  /** Proxy for `http:` addresses. */
  httpProxy?: string
  /** Proxy for `https:` addresses. */
  httpsProxy?: string
  /** Hosts that are reached directly, as in `NO_PROXY`. */
  noProxy?: string
  /** Certificates in PEM that are trusted besides the known authorities. */
  ca?: readonly string[]
  /** Shown to every host and proxy that asks for a certificate. */
  clientCertificate?: ClientCertificate
  /** Connections to one host; default no limit. */
  connections?: number
}

/** Who this program is to a host that asks for a certificate (mutual TLS). Each text is a PEM or the path of one. */
export interface ClientCertificate {
  cert: string
  /** Default: it stands beside the certificate in `cert`. */
  key?: string
  /** Opens the key. */
  passphrase?: string
}

/** Addresses that no proxy leads to. */
const THIS_MACHINE = "localhost,127.0.0.1,::1"

/**
 * The options that a process's environment asks for: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` in
 * either case; `SLUICE_CA_CERTS`, the paths of PEM files separated by commas; and `SLUICE_CLIENT_CERT`,
 * `SLUICE_CLIENT_KEY` and `SLUICE_CLIENT_KEY_PASSPHRASE`. (`NODE_EXTRA_CA_CERTS` is read by Node itself.)
 * @throws SluiceError `config` when a file of trusted certificates cannot be read, or a client's key has no certificate
 */
export function networkFromEnvironment(env: Readonly<Record<string, string | undefined>>): NetworkOptions {
  const read = (name: string): string | undefined => env[name.toLowerCase()] || env[name] || undefined
  const all = read("ALL_PROXY")
  const options: NetworkOptions = {}
  const http = read("HTTP_PROXY") ?? all
  const https = read("HTTPS_PROXY") ?? all
  const none = [read("NO_PROXY"), THIS_MACHINE].filter(Boolean).join(",")
  if (http) options.httpProxy = http
  if (https) options.httpsProxy = https
  if (http || https) options.noProxy = none
  const files = env["SLUICE_CA_CERTS"]
    ?.split(",")
    .map((path) => path.trim())
    .filter((path) => path !== "")
  if (files?.length) options.ca = files.map(readCertificate)
  const client = clientFromEnvironment(env)
  if (client) options.clientCertificate = client
  return options
}

function clientFromEnvironment(env: Readonly<Record<string, string | undefined>>): ClientCertificate | undefined {
  const cert = env["SLUICE_CLIENT_CERT"]
  const key = env["SLUICE_CLIENT_KEY"]
  const passphrase = env["SLUICE_CLIENT_KEY_PASSPHRASE"]
  if (cert) return { cert, ...(key ? { key } : {}), ...(passphrase ? { passphrase } : {}) }
  if (!key) return undefined
  throw new SluiceError({
    code: "config",
    message: "SLUICE_CLIENT_KEY is set, but SLUICE_CLIENT_CERT is not.",
    hint: "Name the certificate that belongs to the key in SLUICE_CLIENT_CERT.",
  })
}

function readCertificate(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    throw new SluiceError(
      {
        code: "config",
        message: `The certificate file ${path} in SLUICE_CA_CERTS cannot be read.`,
        hint: "Check the path and its permissions.",
      },
      { cause: error },
    )
  }
}

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

type ClientTls = { cert?: string; key?: string; passphrase?: string }

const isPem = (text: string): boolean => text.includes("-----BEGIN ")

function filesOf({ cert, key }: ClientCertificate): string[] {
  return [cert, key].filter((text): text is string => text !== undefined && !isPem(text))
}

/** What tells one state of the files from another: empty without files, `undefined` while one is missing. */
function stampOf(certificate: ClientCertificate): string | undefined {
  try {
    return filesOf(certificate)
      .map((path) => {
        const { mtimeMs, size, ino } = statSync(path)
        return `${mtimeMs} ${size} ${ino}`
      })
      .join()
  } catch {
    return undefined
  }
}

function loadClient({ cert, key = cert, passphrase }: ClientCertificate): ClientTls {
  const read = (text: string): string => (isPem(text) ? text : readFileSync(text, "utf8"))
  try {
    const client = { cert: read(cert), key: read(key), ...(passphrase === undefined ? {} : { passphrase }) }
    createSecureContext(client)
    return client
  } catch (error) {
    const files = filesOf({ cert, key })
    const where = files.length === 0 ? "" : ` (${[...new Set(files)].join(", ")})`
    throw new SluiceError(
      {
        code: "config",
        message: `The client certificate${where} cannot be used: ${(error as Error).message}`,
        hint: "Certificate and key have to be readable, in PEM, and made for each other; a locked key needs its passphrase.",
      },
      { cause: error },
    )
  }
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
