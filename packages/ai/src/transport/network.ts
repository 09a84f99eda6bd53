import { readFileSync } from "node:fs"
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
  /** Connections to one host; default no limit. */
  connections?: number
}

/** Addresses that no proxy leads to. */
const THIS_MACHINE = "localhost,127.0.0.1,::1"

/**
 * The options that a process's environment asks for: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` in
 * either case, and `SLUICE_CA_CERTS`, the paths of PEM files separated by commas. (`NODE_EXTRA_CA_CERTS` is read by
 * Node itself.)
 * @throws SluiceError `config` when a certificate file cannot be read
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
  return options
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
