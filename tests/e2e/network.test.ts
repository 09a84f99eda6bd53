import { readFileSync } from "node:fs"
import { createServer as createHttpServer, type RequestListener } from "node:http"
import { createServer as createHttpsServer } from "node:https"
import { SluiceError } from "@sluice/ai"
import { networkFromEnvironment, undiciTransport, type UndiciTransport } from "@sluice/ai/transport/undici"
import { describe, expect, onTestFinished, test } from "vitest"
import { runCommand } from "../../packages/cli/src/program.ts"
import { testIo } from "../support/command-io.ts"
import { CERTIFICATE, KEY, listen, NAME, proxy } from "../support/network.ts"

interface Upstream {
  port: number
  /** Paths that were asked for. */
  asked: string[]
}

const answer =
  (asked: string[]): RequestListener =>
  (request, response) => {
    asked.push(request.url ?? "")
    request.resume()
    if (request.url?.endsWith("/models")) {
      response.setHeader("content-type", "application/json").end(`{"data":[{"id":"qwen3:8b"}]}`)
      return
    }
    const chunk = { id: "c", choices: [{ index: 0, delta: { content: "From afar." }, finish_reason: "stop" }] }
    response.setHeader("content-type", "text/event-stream")
    response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`)
  }

async function upstream(): Promise<Upstream> {
  const asked: string[] = []
  return { port: await listen(createHttpServer(answer(asked))), asked }
}

async function secureUpstream(): Promise<Upstream> {
  const asked: string[] = []
  const server = createHttpsServer({ cert: readFileSync(CERTIFICATE), key: readFileSync(KEY) }, answer(asked))
  server.on("tlsClientError", () => {})
  return { port: await listen(server), asked }
}

function transportFor(env: Record<string, string>): UndiciTransport {
  const transport = undiciTransport(networkFromEnvironment(env))
  onTestFinished(() => transport.close())
  return transport
}

/** One request as a call makes it. Gives its body. */
async function send(transport: UndiciTransport, url: string): Promise<string> {
  const { signal } = new AbortController()
  const channel = await transport.open(undefined, signal)
  const exchange = await channel.send({ method: "GET", url, headers: {} }, signal)
  const decoder = new TextDecoder()
  let text = ""
  for await (const chunk of exchange.chunks) text += decoder.decode(chunk as Uint8Array)
  return text
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return SluiceError.is(error) ? error.code : error
}

/** Both ways that a transport reaches a host. */
const WAYS: readonly (readonly [string, (transport: UndiciTransport, url: string) => Promise<string>])[] = [
  ["an exchange", send],
  ["fetch", async (transport, url) => (await transport.fetch(url, {})).text()],
]

describe.each(WAYS)("proxies, for %s", (_name, ask) => {
  test("HTTP_PROXY leads to http addresses and HTTPS_PROXY to https ones, through a tunnel", async () => {
    const [plain, secure, forHttp, forHttps] = await Promise.all([upstream(), secureUpstream(), proxy(), proxy()])
    const transport = transportFor({
      HTTP_PROXY: forHttp.url,
      HTTPS_PROXY: forHttps.url,
      SLUICE_CA_CERTS: CERTIFICATE,
    })
    expect(await ask(transport, `http://${NAME}:${plain.port}/a`)).toContain("From afar.")
    expect([plain.asked, forHttp.seen.length, forHttps.seen]).toEqual([["/a"], 1, []])
    expect(forHttp.seen[0]).toContain(`${NAME}:${plain.port}`)
    expect(await ask(transport, `https://${NAME}:${secure.port}/b`)).toContain("From afar.")
    expect([secure.asked, forHttp.seen.length]).toEqual([["/b"], 1])
    expect(forHttps.seen).toEqual([`CONNECT ${NAME}:${secure.port}`])
  })

  test("a host behind a tunnel is shown the client certificate that it asks for", async () => {
    const [cert, key] = [CERTIFICATE, KEY].map((path) => readFileSync(path))
    const server = createHttpsServer({ cert, key, ca: cert, requestCert: true }, answer([]))
    server.on("tlsClientError", () => {})
    const [port, through] = await Promise.all([listen(server), proxy()])
    const env = { HTTPS_PROXY: through.url, SLUICE_CA_CERTS: CERTIFICATE }
    const shows = transportFor({ ...env, SLUICE_CLIENT_CERT: CERTIFICATE, SLUICE_CLIENT_KEY: KEY })
    expect(await ask(shows, `https://${NAME}:${port}/`)).toContain("From afar.")
    await expect(ask(transportFor(env), `https://${NAME}:${port}/`)).rejects.toThrow()
  })

  test("ALL_PROXY and names in small letters count too", async () => {
    const [plain, through] = await Promise.all([upstream(), proxy()])
    for (const name of ["ALL_PROXY", "all_proxy", "http_proxy"])
      expect(await ask(transportFor({ [name]: through.url }), `http://${NAME}:${plain.port}/`)).toContain("afar")
    expect(through.seen).toHaveLength(3)
  })

  test("this machine is reached straight, and what NO_PROXY names", async () => {
    const [plain, through] = await Promise.all([upstream(), proxy()])
    const own = transportFor({ HTTP_PROXY: through.url })
    for (const host of ["127.0.0.1", "localhost"])
      expect(await ask(own, `http://${host}:${plain.port}/`)).toContain("From afar.")
    const named = transportFor({ HTTP_PROXY: through.url, NO_PROXY: `example.com,${NAME}` })
    // Nobody but the proxy knows the name, so a straight way to it ends at once.
    await expect(ask(named, `http://${NAME}:${plain.port}/`)).rejects.toThrow()
    expect(await ask(named, `http://127.0.0.1:${plain.port}/`)).toContain("From afar.")
    expect(through.seen).toEqual([])
    const others = transportFor({ HTTP_PROXY: through.url, NO_PROXY: "example.com" })
    expect(await ask(others, `http://${NAME}:${plain.port}/`)).toContain("From afar.")
    expect(through.seen).toHaveLength(1)
  })
})

describe("what cannot be reached has the code network", () => {
  test("a host whose certificate nobody vouches for, until SLUICE_CA_CERTS does", async () => {
    const [secure, through] = await Promise.all([secureUpstream(), proxy()])
    const url = `https://${NAME}:${secure.port}/`
    expect(await failure(send(transportFor({ HTTPS_PROXY: through.url }), url))).toBe("network")
    expect(secure.asked).toEqual([])
    const trusting = transportFor({ HTTPS_PROXY: through.url, SLUICE_CA_CERTS: ` ${CERTIFICATE} ,` })
    expect(await send(trusting, url)).toContain("From afar.")
  })

  test("without a proxy too; a certificate is for its own name alone", async () => {
    const secure = await secureUpstream()
    const url = `https://127.0.0.1:${secure.port}/`
    expect(await failure(send(transportFor({}), url))).toBe("network")
    expect(await failure(send(transportFor({ SLUICE_CA_CERTS: CERTIFICATE }), url))).toBe("network")
    expect(secure.asked).toEqual([])
  })

  test("a name that is not known, and a proxy that is not there", async () => {
    expect(await failure(send(transportFor({}), `http://${NAME}:9/`))).toBe("network")
    const gone = await proxy()
    const unused = gone.url.replace(/\d+$/, "1")
    expect(await failure(send(transportFor({ HTTP_PROXY: unused }), `http://${NAME}:9/`))).toBe("network")
  })

  test("a certificate file that is not there is named", () => {
    expect(() => networkFromEnvironment({ SLUICE_CA_CERTS: "/nowhere/ca.pem" })).toThrow(
      expect.objectContaining({ code: "config", message: expect.stringContaining("/nowhere/ca.pem") as string }),
    )
  })
})

describe("the command goes the same way", () => {
  test("to a host that --base-url names, when it lists and when it calls", async () => {
    const [secure, through] = await Promise.all([secureUpstream(), proxy()])
    const env = { HTTPS_PROXY: through.url, SLUICE_CA_CERTS: CERTIFICATE, MY_KEY: "sk-test" }
    const io = testIo({ env })
    const address = `https://${NAME}:${secure.port}/v1`
    const code = await runCommand(io, ["chat", "--base-url", address, "--api-key-env", "MY_KEY", "hi"])
    expect([code, io.out()]).toEqual([0, "From afar.\n"])
    expect(io.err()).toContain("custom/qwen3:8b")
    expect(secure.asked).toEqual(["/v1/models", "/v1/chat/completions"])
    expect(new Set(through.seen)).toEqual(new Set([`CONNECT ${NAME}:${secure.port}`]))
  })

  test("when it looks for servers, which the environment may have put elsewhere", async () => {
    const [plain, through] = await Promise.all([upstream(), proxy()])
    const closed = "http://127.0.0.1:1"
    const env = {
      HTTP_PROXY: through.url,
      OLLAMA_HOST: `${NAME}:${plain.port}`,
      LLAMA_BASE_URL: closed,
      LM_STUDIO_BASE_URL: closed,
      VLLM_BASE_URL: closed,
    }
    const io = testIo({ env })
    expect([await runCommand(io, ["chat", "hi"]), io.out()]).toEqual([0, "From afar.\n"])
    expect(io.err()).toContain("ollama/qwen3:8b · no key · ")
    expect(plain.asked).toEqual(["/v1/models", "/v1/chat/completions"])
    expect(through.seen.length).toBeGreaterThan(0)
  })

  test("when it lists the models of a provider", async () => {
    const [plain, through] = await Promise.all([upstream(), proxy()])
    const env = { HTTP_PROXY: through.url, OLLAMA_HOST: `${NAME}:${plain.port}` }
    const io = testIo({ env })
    expect(await runCommand(io, ["models", "ollama", "--live", "--json"])).toBe(0)
    expect(JSON.parse(io.out())).toMatchObject([{ id: "qwen3:8b", provider: "ollama" }])
    // The list, and what the server tells of its one model.
    expect(through.seen).toHaveLength(2)
  })
})
