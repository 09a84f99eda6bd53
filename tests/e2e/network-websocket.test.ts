import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer as createHttpServer } from "node:http"
import { createServer as createHttpsServer } from "node:https"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TLSSocket } from "node:tls"
import { SluiceError, type Transport } from "@sluice/ai"
import { networkFromEnvironment, websocketTransport, type WebSocketTransport } from "@sluice/ai/transport/websocket"
import { describe, expect, onTestFinished, test } from "vitest"
import { WebSocketServer } from "ws"
import { proxyFor } from "../../packages/ai/src/transport/network.ts"
import { CERTIFICATE, KEY, listen, NAME, proxy } from "../support/network.ts"

const noHttp: Transport = { open: () => Promise.reject(new Error("no HTTP here")) }
const { signal } = new AbortController()

/** A host of WebSockets that answers each request with one frame. */
async function upstream(secure: boolean): Promise<{ port: number; count(): number }> {
  const server = secure
    ? createHttpsServer({ cert: readFileSync(CERTIFICATE), key: readFileSync(KEY) })
    : createHttpServer()
  server.on("tlsClientError", () => {})
  const accepting = new WebSocketServer({ server })
  let count = 0
  accepting.on("connection", (socket) => {
    count++
    socket.on("message", () => socket.send("From afar."))
  })
  return { port: await listen(server), count: () => count }
}

function transportFor(env: Record<string, string>): WebSocketTransport {
  const transport = websocketTransport({ http: noHttp, ...networkFromEnvironment(env), connectTimeoutMs: 2000 })
  onTestFinished(() => transport.close())
  return transport
}

async function ask(transport: WebSocketTransport, url: string): Promise<unknown> {
  try {
    const channel = await transport.open({ key: url, url, headers: {} }, signal)
    const exchange = await channel.send({ method: "POST", url, headers: {}, body: "{}" }, signal)
    const next = await exchange.chunks[Symbol.asyncIterator]().next()
    exchange.cancel()
    return (next.value as { data: string }).data
  } catch (error) {
    return SluiceError.is(error) ? (error.type ?? error.code) : error
  }
}

describe("WebSockets", () => {
  test("OF-252: HTTP_PROXY leads to ws addresses and HTTPS_PROXY to wss ones, each through a tunnel", async () => {
    const [plain, secure, forHttp, forHttps] = await Promise.all([upstream(false), upstream(true), proxy(), proxy()])
    const transport = transportFor({ HTTP_PROXY: forHttp.url, HTTPS_PROXY: forHttps.url, SLUICE_CA_CERTS: CERTIFICATE })
    expect(await ask(transport, `ws://${NAME}:${plain.port}/a`)).toBe("From afar.")
    expect([forHttp.seen, forHttps.seen]).toEqual([[`CONNECT ${NAME}:${plain.port}`], []])
    expect(await ask(transport, `wss://${NAME}:${secure.port}/b`)).toBe("From afar.")
    expect(forHttps.seen).toEqual([`CONNECT ${NAME}:${secure.port}`])
    expect([plain.count(), secure.count()]).toEqual([1, 1])
  })

  test("OF-252: this machine is reached straight, and what NO_PROXY names", async () => {
    const [plain, through] = await Promise.all([upstream(false), proxy()])
    expect(await ask(transportFor({ ALL_PROXY: through.url }), `ws://127.0.0.1:${plain.port}`)).toBe("From afar.")
    const named = transportFor({ ALL_PROXY: through.url, NO_PROXY: NAME })
    expect(await ask(named, `ws://${NAME}:${plain.port}`)).toMatch(/^(?:ENOTFOUND|EAI_AGAIN)$/)
    expect(through.seen).toEqual([])
  })

  test("a certificate that nobody vouches for, or of another name, is refused", async () => {
    const [secure, through] = await Promise.all([upstream(true), proxy()])
    const url = `wss://${NAME}:${secure.port}`
    expect(await ask(transportFor({ HTTPS_PROXY: through.url }), url)).toMatch(/CERT|SIGNED|VERIFY/)
    const straight = transportFor({ SLUICE_CA_CERTS: CERTIFICATE })
    expect(await ask(straight, `wss://127.0.0.1:${secure.port}`)).toBe("ERR_TLS_CERT_ALTNAME_INVALID")
    expect(secure.count()).toBe(0)
  })

  test("a client certificate is shown to the host, as its file has it at the time, through a proxy over TLS", async () => {
    const pem = (name: string): string => readFileSync(CERTIFICATE.replace("certificate", name), "utf8")
    const server = createHttpsServer({
      cert: pem("loopback"),
      key: pem("loopback-key"),
      ca: [pem("client-one"), pem("client-two")],
      requestCert: true,
      rejectUnauthorized: true,
    })
    server.on("tlsClientError", () => {})
    const shown: string[] = []
    const closings: string[] = []
    new WebSocketServer({ server }).on("connection", (socket, request) => {
      shown.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN))
      socket.on("message", () => socket.send("From afar."))
      socket.on("close", (_code, reason) => closings.push(String(reason)))
    })
    const port = await listen(server)
    const tunnels: string[] = []
    const through = createHttpsServer({ cert: pem("loopback"), key: pem("loopback-key") })
    through.on("connect", (request, client) => {
      tunnels.push(String(request.url))
      const onward = connect(port, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connection Established\r\n\r\n")
        onward.pipe(client)
        client.pipe(onward)
      })
      onward.on("error", () => client.destroy())
      client.on("error", () => onward.destroy())
    })
    const folder = mkdtempSync(join(tmpdir(), "sluice-ws-"))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, "client.pem")
    const url = `wss://127.0.0.1:${port}`
    const transport = websocketTransport({
      http: noHttp,
      ca: [pem("loopback")],
      httpsProxy: `https://127.0.0.1:${await listen(through)}`,
      clientCertificate: { cert: file },
    })
    expect(await ask(transport, url)).toBe("config")
    writeFileSync(file, pem("client-one") + pem("client-one-key"))
    expect(await ask(transport, `${url}/one`)).toBe("From afar.")
    writeFileSync(file, pem("client-two") + pem("client-two-key"))
    expect(await ask(transport, `${url}/two`)).toBe("From afar.")
    expect(new Set(shown).size).toBe(2)
    expect(tunnels).toEqual([`127.0.0.1:${port}`, `127.0.0.1:${port}`])
    await transport.close()
    // The host may hear of it a moment later.
    await expect.poll(() => closings).toEqual(["session_disposed", "session_disposed"])
  })

  test("a proxy may want a name and a password, refuse, hang, or not be there", async () => {
    const plain = await upstream(false)
    const through = await proxy()
    const asked: (string | undefined)[] = []
    const strict = createHttpServer()
    strict.on("connect", (request, client) => {
      asked.push(request.headers["proxy-authorization"])
      client.end("HTTP/1.1 407 Say Who\r\ncontent-length: 0\r\n\r\n")
    })
    const hanging = createHttpServer()
    hanging.on("connect", (_request, client) => client.resume())
    const [strictPort, hangingPort] = [await listen(strict), await listen(hanging)]
    const url = `ws://${NAME}:${plain.port}`
    expect(await ask(transportFor({ HTTP_PROXY: `http://us%40er:p%3Aw@127.0.0.1:${strictPort}` }), url)).toBe(
      "PROXY_REFUSED",
    )
    expect(asked).toEqual([`Basic ${Buffer.from("us@er:p:w").toString("base64")}`])
    const impatient = websocketTransport({
      http: noHttp,
      httpProxy: `http://127.0.0.1:${hangingPort}`,
      connectTimeoutMs: 50,
    })
    onTestFinished(() => impatient.close())
    expect(await ask(impatient, url)).toBe("WS_CONNECT_TIMEOUT")
    const gone = through.url.replace(/\d+$/, "1")
    expect(await ask(transportFor({ HTTP_PROXY: gone }), url)).toBe("ECONNREFUSED")
    expect(plain.count()).toBe(0)
  })
})

describe("the way to a host", () => {
  const PROXIES = { httpProxy: "http://plain", httpsProxy: "http://secure" }
  const way = (host: string, noProxy: string, port = 443): string =>
    proxyFor({ secure: true, host, port }, { ...PROXIES, noProxy }) === undefined ? "straight" : "proxy"

  test("follows the kind of the address; one proxy alone serves both", () => {
    const to = { host: "a.com", port: 1 }
    expect(proxyFor({ ...to, secure: false }, PROXIES)).toBe("http://plain")
    expect(proxyFor({ ...to, secure: true }, PROXIES)).toBe("http://secure")
    expect(proxyFor({ ...to, secure: true }, { httpProxy: "http://plain" })).toBe("http://plain")
    expect(proxyFor({ ...to, secure: false }, { httpsProxy: "http://secure" })).toBeUndefined()
  })

  test.each([
    ["a.com", "a.com", "straight"],
    ["A.COM", "a.com", "straight"],
    ["x.a.com", "a.com", "straight"],
    ["xa.com", "a.com", "proxy"],
    ["a.com", ".a.com", "straight"],
    ["x.a.com", "*.a.com", "straight"],
    ["a.com", "*.a.com", "proxy"],
    ["a.com", "b.com, a.com", "straight"],
    ["a.com", "b.com a.com", "straight"],
    ["a.com", "*", "straight"],
    ["a.com", "a.com:443", "straight"],
    ["a.com", "a.com:80", "proxy"],
    ["::1", "::1", "straight"],
    ["::1", "[::1]", "straight"],
    ["::1", "[::1]:443", "straight"],
    ["::1", "[::1]:80", "proxy"],
    ["a.com", "", "proxy"],
    ["a.com", ",", "proxy"],
  ])("%s with NO_PROXY=%s: %s", (host, noProxy, expected) => {
    expect(way(host, noProxy)).toBe(expected)
  })
})
