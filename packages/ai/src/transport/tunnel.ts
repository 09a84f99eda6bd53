import { request as httpRequest } from "node:http"
import { request as httpsRequest } from "node:https"
import { connect as connectTcp, isIP, type Socket } from "node:net"
import type { Duplex } from "node:stream"
import { connect as connectTls, rootCertificates } from "node:tls"
import { SluiceError } from "../model/errors.ts"
import { type ClientTls, loadClient, type NetworkOptions, proxyFor } from "./network.ts"

/** Where a connection leads. */
export interface Destination {
  secure: boolean
  /** Name or address, without brackets. */
  host: string
  port: number
}

type TrustOptions = ClientTls & { ca?: string[] }

/** The destination of a `ws:` or `wss:` address. */
export function destinationOf(url: URL): Destination {
  const secure = url.protocol === "wss:" || url.protocol === "https:"
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port)
  return { secure, host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port }
}

/**
 * Connects to a destination: straight, or through a tunnel that the proxy for it opens (`CONNECT`, RFC 9110, section
 * 9.3.6). Certificates are checked against the known authorities and those of the options, and a host or proxy that
 * asks for the client's gets it.
 *
 * @returns for a straight way a socket that is still connecting
 * @throws SluiceError `network` when the proxy refuses, `config` for a client certificate that cannot be used, or what the socket failed with
 */
export async function connectTo(to: Destination, options: NetworkOptions, signal: AbortSignal): Promise<Socket> {
  const proxy = proxyFor(to, options)
  const { ca, clientCertificate } = options
  const tls: TrustOptions = {
    ...(ca ? { ca: [...rootCertificates, ...ca] } : {}),
    // Read anew for each connection, so that one that was renewed is used from then on.
    ...(clientCertificate ? loadClient(clientCertificate) : {}),
  }
  const through = proxy === undefined ? undefined : await tunnel(new URL(proxy), to, tls, signal)
  const socket = to.secure
    ? connectTls({
        // The name is what the certificate is held against, whether it is connected to or not.
        host: to.host,
        ...(through ? { socket: through } : { port: to.port }),
        ...(isIP(to.host) ? {} : { servername: to.host }),
        ALPNProtocols: ["http/1.1"],
        ...tls,
      })
    : (through ?? connectTcp({ host: to.host, port: to.port }))
  // A failure before anybody listens must not end the process; whoever gets the socket hears of it by its closing.
  socket.on("error", () => {})
  socket.setNoDelay(true)
  return socket
}

function tunnel(proxy: URL, { host, port }: Destination, tls: { ca?: string[] }, signal: AbortSignal): Promise<Socket> {
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
  const headers: Record<string, string> = { host: authority }
  if (proxy.username !== "" || proxy.password !== "") {
    const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
    headers["proxy-authorization"] = `Basic ${Buffer.from(pair).toString("base64")}`
  }
  return new Promise((resolve, reject) => {
    const secure = proxy.protocol === "https:"
    const name = proxy.hostname.replace(/^\[(.*)\]$/, "$1")
    const request = (secure ? httpsRequest : httpRequest)({
      host: name,
      port: proxy.port === "" ? (secure ? 443 : 80) : proxy.port,
      method: "CONNECT",
      path: authority,
      headers,
      agent: false,
      signal,
      // Else the name of the destination would be taken, from the Host header.
      ...(secure ? { ...tls, servername: isIP(name) ? "" : name } : {}),
    })
    request.once("connect", ({ statusCode }, socket: Duplex, head) => {
      if (statusCode === 200) {
        if (head.length > 0) socket.unshift(head)
        resolve(socket as Socket)
        return
      }
      socket.destroy()
      reject(refused(statusCode))
    })
    request.once("response", (response) => {
      response.destroy()
      reject(refused(response.statusCode))
    })
    request.once("error", reject)
    request.end()
  })
}

function refused(status: number | undefined): SluiceError {
  return new SluiceError({
    code: "network",
    type: "PROXY_REFUSED",
    message: `The proxy refused to connect to the host (status ${status ?? "unknown"}).`,
    hint: "Check HTTPS_PROXY and the name and password in it, or name the host in NO_PROXY.",
  })
}
