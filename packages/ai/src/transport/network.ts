import { readFileSync, statSync } from "node:fs"
import { createSecureContext } from "node:tls"
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

/** A client certificate as TLS takes it. */
export type ClientTls = { cert?: string; key?: string; passphrase?: string }

const isPem = (text: string): boolean => text.includes("-----BEGIN ")

function filesOf({ cert, key }: ClientCertificate): string[] {
  return [cert, key].filter((text): text is string => text !== undefined && !isPem(text))
}

/** What tells one state of the files from another: empty without files, `undefined` while one is missing. */
export function stampOf(certificate: ClientCertificate): string | undefined {
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

/** The certificate as its files have it now. @throws SluiceError `config` when it cannot be used */
export function loadClient({ cert, key = cert, passphrase }: ClientCertificate): ClientTls {
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

/**
 * The proxy for a destination, if one leads to it. Entries of `noProxy` are names with or without a port: `*` is any
 * host, `example.com` and `.example.com` stand for the name and all below it, `*.example.com` for those below alone.
 */
export function proxyFor(
  to: { secure: boolean; host: string; port: number },
  options: NetworkOptions,
): string | undefined {
  const proxy = to.secure ? (options.httpsProxy ?? options.httpProxy) : options.httpProxy
  if (!proxy) return undefined
  const host = to.host.toLowerCase()
  for (const entry of (options.noProxy ?? "").toLowerCase().split(/[\s,]+/)) {
    // An address of IPv6 has a port only behind brackets.
    const [, pattern, port] = /^\[(.+)\](?::(\d+))?$/.exec(entry) ?? /^([^:]+)(?::(\d+))?$/.exec(entry) ?? ["", entry]
    if (!pattern || (port !== undefined && Number(port) !== to.port)) continue
    if (pattern === "*") return undefined
    const bare = pattern.replace(/^\*?\./, "")
    if (host.endsWith(`.${bare}`) || (host === bare && !pattern.startsWith("*"))) return undefined
  }
  return proxy
}
