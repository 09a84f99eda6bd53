import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { findProvider } from "@sluice/catalog"
import { describe, expect, onTestFinished, test } from "vitest"
import { checkResponse, checkResponsesStream } from "../grammar/openai-responses-stream.ts"
import { events, startGateway, type TestGateway } from "../support/gateway.ts"

const FOLDER = join(import.meta.dirname, "../corpus/llama-server")

/** The gateway before a host that answers with a recording of a real llama.cpp server. */
async function before(file: string): Promise<TestGateway> {
  const recorded = readFileSync(join(FOLDER, file))
  const type = file.endsWith(".sse") ? "text/event-stream" : "application/json"
  const host = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(200, { "content-type": type }).end(recorded))
  })
  await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve))
  const url = `http://127.0.0.1:${(host.address() as AddressInfo).port}/v1`
  const compat = findProvider("llama.cpp")?.compat ?? {}
  const gateway = await startGateway({ llama: { api: "openai-responses", url, model: { compat } } })
  onTestFinished(async () => {
    await gateway[Symbol.asyncDispose]()
    host.closeAllConnections()
    host.close()
  })
  return gateway
}

const ASKED = { model: "llama/scripted", input: "hi", store: false }

describe("what a llama.cpp server leaves out of its Responses", () => {
  test.each<[file: string, asked: object, status: string, items: string[]]>([
    ["responses-text.sse", {}, "completed", ["reasoning", "message"]],
    ["responses-tool.sse", {}, "completed", ["function_call"]],
    ["responses-required.sse", {}, "completed", ["reasoning", "message", "function_call"]],
    ["responses-length.sse", { max_output_tokens: 24 }, "incomplete", ["message"]],
    ["responses-length-tool.sse", { max_output_tokens: 6 }, "incomplete", ["function_call"]],
  ])("is in the gateway's stream of %s", async (file, asked, status, items) => {
    const gateway = await before(file)
    const seen = await events(await gateway.post("/v1/responses", { ...ASKED, ...asked, stream: true }))
    const frames = seen.map((event) => ({ event: String(event["type"]), data: JSON.stringify(event) }))
    expect(checkResponsesStream(frames)).toEqual([])
    expect(seen.map((event) => event["sequence_number"])).toEqual(seen.map((_, at) => at))
    expect(seen.at(-1)).toMatchObject({
      type: `response.${status}`,
      response: { status, output: items.map((type) => ({ type, id: expect.any(String) })) },
    })
  })

  test("is in the gateway's document", async () => {
    const gateway = await before("responses-whole.json")
    const document = await (await gateway.post("/v1/responses", ASKED)).json()
    expect(checkResponse(document)).toEqual([])
    expect(document).toMatchObject({ output: [{ type: "reasoning" }, { content: [{ annotations: [] }] }] })
  })
})
