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

  test("a path that is none is answered with those that there are", async () => {
    const shown = async (options: Partial<GatewayOptions>): Promise<string> => {
      const at = await running(options)
      return (JSON.parse((await ask(`${at.url}/v1/no`, "GET")).body) as { error: { message: string } }).error.message
    }
    const all = await shown({})
    const own = ["POST /v1/chat/completions", "POST /v1/messages", "GET /v1/responses as a WebSocket", "GET /v1/models"]
    const kept = ["GET /v1/responses/{id},", "GET /v1/responses/{id}/input_items", "DELETE /v1/responses/{id}"]
    const listed = [
      "GET /v1/models,",
      "GET /v1/models/{model}",
      "GET /v1beta/models,",
      "GET /api/tags",
      "POST /api/show",
    ]
    for (const route of [...own, ...kept, ...listed]) expect(all).toContain(route)
    expect(all.split("GET /v1/models,")).toHaveLength(2)
    const fewer = await shown({ keepResponsesMs: 0 })
    for (const route of own) expect(fewer).toContain(route)
    expect(fewer).not.toContain("{id}")
  })

  test("a path of a wire is refused in its shape, whoever asks", async () => {
    const at = await running()
    const headers = { ...at.headers, "anthropic-version": "2023-06-01" }
    for (const [method, path, status] of [
      ["GET", "/v1/responses/resp_none", 404],
      ["DELETE", "/v1/responses/resp_none", 404],
      ["GET", "/v1/responses/resp_none/input_items", 404],
      ["PUT", "/v1/responses/resp_none", 405],
      ["GET", "/v1/responses", 426],
    ] as const) {
      const answer = await ask(at.url + path, method, headers)
      expect([answer.status, Object.keys(JSON.parse(answer.body) as object)]).toEqual([status, ["error"]])
    }
  })
})

describe("a refusal says what to do", () => {
  const messageOf = async (response: Response): Promise<string> =>
    ((await response.json()) as { error: { message: string } }).error.message

  test.each([
    ["nothing in it", "", "Send one JSON object"],
    ["no object", "[]", "Send one JSON object"],
    ["no JSON", "{", "Send one JSON object"],
    ["too much within each other", `{"a":${"[".repeat(1001)}${"]".repeat(1001)}}`, "less deeply"],
    [
      "a model that there is not",
      '{"model":"nobody/m","messages":[{"role":"user","content":"hi"}],"max_tokens":9}',
      "Known providers: ",
    ],
    [
      "no model's name",
      '{"model":" ","messages":[{"role":"user","content":"hi"}],"max_tokens":9}',
      "GET /v1/models lists",
    ],
  ])("to a body with %s", async (_name, body, hint) => {
    const at = await running()
    for (const path of ["/v1/chat/completions", "/v1/messages"]) {
      const response = await at.post(path, body)
      expect(response.status).toBeGreaterThanOrEqual(400)
      expect(await messageOf(response)).toContain(hint)
    }
  })

  test("to a caller without the right key, or from elsewhere", async () => {
    const at = await running()
    const url = `${at.url}/v1/models`
    expect(await messageOf(await fetch(url))).toContain("Send the gateway's key as")
    expect(await messageOf(await fetch(url, { headers: { "x-api-key": "wrong" } }))).toContain("sluice gateway key")
    const open = await running({ anonymous: true })
    const { body } = await ask(`${open.url}/v1/models`, "GET", { origin: "https://app.example" })
    expect(body).toContain("with keys")
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
