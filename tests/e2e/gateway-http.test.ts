import { connect } from "node:net"
import { request as httpRequest, type IncomingHttpHeaders } from "node:http"
import { createSluice } from "@sluice/ai/auto"
import { createGateway, type GatewayOptions, type Logger } from "@sluice/gateway"
import { describe, expect, onTestFinished, test } from "vitest"
import { startGateway, type TestGateway } from "../support/gateway.ts"

interface Line {
  level: keyof Logger
  fields: Record<string, unknown>
  message: string
}

function collecting(): { logger: Logger; lines: Line[] } {
  const lines: Line[] = []
  const put = (level: keyof Logger) => (fields: Record<string, unknown>, message: string) =>
    void lines.push({ level, fields, message })
  return { lines, logger: { info: put("info"), warn: put("warn"), error: put("error") } }
}

async function running(options: Partial<GatewayOptions> = {}): Promise<TestGateway> {
  const gateway = await startGateway({}, options)
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return gateway
}

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** A request with any headers, also those that `fetch` keeps for itself. */
function ask(url: string, method: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers }, (response) => {
      let body = ""
      response.setEncoding("utf8").on("data", (piece: string) => (body += piece))
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    request.on("error", reject)
    request.end()
  })
}

describe("a client that leaves during the upload", () => {
  test("is logged as gone, and not as a failure of the gateway", async () => {
    const { logger, lines } = collecting()
    const at = await running({ logger })
    const { hostname, port } = new URL(at.url)
    const socket = connect(Number(port), hostname)
    await new Promise<void>((resolve) => socket.once("connect", () => resolve()))
    socket.write(
      `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${at.key}\r\ncontent-type: application/json\r\n` +
        `content-length: 1000\r\n\r\n{"model":`,
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    socket.destroy()
    await expect
      .poll(() => at.gateway.log.latest(5))
      .toMatchObject([{ status: 499, error: "aborted", inbound: "anthropic-messages" }])
    expect(lines.filter((line) => line.level !== "info")).toEqual([])
  })

  test("also where there is no socket", async () => {
    const { logger, lines } = collecting()
    const at = await running({ logger })
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(`{"model":`))
        controller.error(new Error("gone"))
      },
    })
    const init = { method: "POST", headers: at.headers, body, duplex: "half" } as RequestInit
    const response = await at.gateway.fetch(new Request("http://gateway/v1/chat/completions", init))
    expect(response.status).toBe(499)
    expect(await at.gateway.log.latest(5)).toMatchObject([{ status: 499, error: "aborted" }])
    expect(lines.filter((line) => line.level !== "info")).toEqual([])
  })
})

test("a failure of a route is logged under the id that the answer carries", async () => {
  const { logger, lines } = collecting()
  const at = await running({ logger, listModels: () => Promise.reject(new Error("the list is broken")) })
  const response = await fetch(`${at.url}/v1/models`, { headers: at.headers })
  const body = await response.text()
  expect([response.status, body.includes("broken")]).toEqual([500, false])
  const id = response.headers.get("x-request-id")
  expect(id).toMatch(/^req_\w{16,}$/)
  expect(lines).toMatchObject([
    { level: "error", fields: { request: id, path: "/v1/models", err: { message: "the list is broken" } } },
  ])
})

describe("methods", () => {
  test.each([
    ["GET", "/v1/chat/completions", {}, "POST", "openai"],
    ["DELETE", "/v1/messages", {}, "POST", "anthropic"],
    ["PUT", "/v1/messages/count_tokens", {}, "POST", "anthropic"],
    ["POST", "/v1/models", {}, "GET, HEAD", "openai"],
    ["POST", "/v1/models/a/b", { "anthropic-version": "2023-06-01" }, "GET, HEAD", "anthropic"],
    ["DELETE", "/healthz", {}, "GET, HEAD", "openai"],
  ])("%s %s is refused with what is allowed, in the caller's shape", async (method, path, headers, allow, dialect) => {
    const at = await running()
    const answer = await ask(at.url + path, method, headers as unknown as Record<string, string>)
    expect([answer.status, answer.headers.allow]).toEqual([405, allow])
    const body = JSON.parse(answer.body) as { type?: string; error: { message: string } }
    expect(body.type).toBe(dialect === "anthropic" ? "error" : undefined)
    expect(body.error.message).toContain(method)
  })

  test("a path that is none stays one, whatever the method", async () => {
    const at = await running()
    for (const method of ["GET", "POST", "OPTIONS"]) expect((await ask(`${at.url}/v1/no`, method)).status).toBe(404)
  })
})

describe("pages in a browser", () => {
  const preflight = {
    origin: "https://app.example",
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization, x-stainless-lang, bad name",
  }

  test.each(["/v1/chat/completions", "/v1/messages", "/v1/models", "/v1/models/a/b"])(
    "may ask what they may send to %s where keys are required",
    async (path) => {
      const at = await running()
      const { status, headers, body } = await ask(at.url + path, "OPTIONS", preflight)
      expect([status, body]).toEqual([204, ""])
      expect(headers["access-control-allow-origin"]).toBe("*")
      expect(headers["access-control-allow-methods"]).toBe(path.startsWith("/v1/models") ? "GET, HEAD" : "POST")
      const allowed = headers["access-control-allow-headers"]?.split(", ")
      expect(allowed).toEqual(
        expect.arrayContaining([
          "authorization",
          "content-type",
          "x-api-key",
          "anthropic-version",
          "anthropic-beta",
          "x-stainless-lang",
        ]),
      )
      expect(allowed).not.toContain("bad name")
    },
  )

  test("may read every answer there: answers, refusals, streams, and what is not found", async () => {
    const at = await running({ listModels: () => Promise.reject(new Error("broken")) })
    const demo = { model: "mock/demo", messages: [{ role: "user", content: "hi" }] }
    const answers = [
      await at.post("/v1/chat/completions", demo),
      await at.post("/v1/chat/completions", { ...demo, stream: true }),
      await at.post("/v1/messages", {}),
      await fetch(`${at.url}/v1/messages`, { method: "POST", body: "{}" }),
      await fetch(`${at.url}/v1/models`, { headers: at.headers }),
      await fetch(`${at.url}/v1/nothing`),
      await fetch(`${at.url}/v1/messages`),
      await fetch(`${at.url}/healthz`),
      await at.gateway.fetch(new Request("http://gateway/v1/messages", { method: "POST", body: "{}" })),
    ]
    expect(answers.map((one) => one.status)).toEqual([200, 200, 400, 401, 500, 404, 405, 200, 401])
    for (const answer of answers) {
      expect(answer.headers.get("access-control-allow-origin")).toBe("*")
      expect(answer.headers.get("access-control-expose-headers")).toBe("*")
      await answer.body?.cancel()
    }
  })

  test("get nothing where no key is asked for", async () => {
    const at = await running({ anonymous: true })
    const answers = [
      await ask(`${at.url}/v1/messages`, "OPTIONS", preflight),
      await ask(`${at.url}/v1/models`, "OPTIONS", preflight),
      await ask(`${at.url}/healthz`, "GET"),
      await ask(`${at.url}/v1/models`, "GET"),
      await ask(`${at.url}/v1/models`, "GET", { origin: "https://app.example" }),
      await ask(`${at.url}/v1/chat/completions`, "POST", { origin: "https://app.example" }),
    ]
    expect(answers.map((one) => one.status)).toEqual([405, 405, 200, 200, 403, 403])
    const names = answers.flatMap((one) => Object.keys(one.headers))
    expect(names.filter((name) => name.startsWith("access-control-"))).toEqual([])
  })
})

test("a key's last use is known while the gateway runs", async () => {
  const gateway = await createGateway({ dataDir: ":memory:", sluice: createSluice() })
  onTestFinished(() => gateway.close())
  const { secret } = await gateway.keys.create("one")
  await gateway.fetch(new Request("http://gateway/v1/models", { headers: { "x-api-key": secret } }))
  expect((await gateway.keys.list())[0]?.lastUsedAt).toBeGreaterThan(1e12)
})
