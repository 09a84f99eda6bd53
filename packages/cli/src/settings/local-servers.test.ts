import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"
import { PROVIDERS } from "@sluice/catalog"
import { expect, onTestFinished, test } from "vitest"
import { testIo } from "../../../../tests/support/command-io.ts"
import { compose } from "../compose.ts"
import { findLocalServers, localProviders, type Probe, probeWith } from "./local-servers.ts"

test("servers that answer come in the catalog's order, whoever answers first", async () => {
  const probe: Probe = async ({ id }) => {
    if (id === "ollama") await new Promise((resolve) => setTimeout(resolve, 20))
    if (id === "vllm") throw new Error("refused")
    return id === "lm-studio" ? [] : [`${id}-model`]
  }
  expect(await findLocalServers(probe)).toEqual([
    { provider: "ollama", models: ["ollama-model"] },
    { provider: "llama.cpp", models: ["llama.cpp-model"] },
  ])
})

test("every provider of this machine that lists its models is asked, all at once", async () => {
  const count = Object.values(PROVIDERS).filter((one) => one.kind === "local" && one.listing).length
  let asked = 0
  const all = Promise.withResolvers<void>()
  const probe: Probe = async () => {
    if (++asked === count) all.resolve()
    await all.promise
    return []
  }
  expect(await findLocalServers(probe)).toEqual([])
  expect(localProviders().map((one) => one.id)).not.toContain("mock")
})

test("the environment moves a server and gives its key, as for a call; an address that is none stops nobody", async () => {
  const seen: [string | undefined, IncomingHttpHeaders][] = []
  const server = createServer((request, response) => {
    seen.push([request.url, request.headers])
    response.setHeader("content-type", "application/json").end(`{"data":[{"id":"m"}]}`)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void server.close())
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const closed = "http://127.0.0.1:1"
  const env = {
    LLAMA_BASE_URL: `http://${host}/llama/v1`,
    LLAMA_API_KEY: `"secret",other`,
    OLLAMA_HOST: host,
    LM_STUDIO_BASE_URL: "nonsense",
    VLLM_BASE_URL: closed,
  }
  const parts = compose(testIo({ env }))
  onTestFinished(() => parts.close())
  const found = await findLocalServers(probeWith(parts))
  expect(found).toEqual([
    { provider: "ollama", models: ["m"] },
    { provider: "llama.cpp", models: ["m"] },
  ])
  const byPath = Object.fromEntries(seen.map(([url, headers]) => [url, headers.authorization]))
  expect(byPath).toEqual({ "/v1/models": undefined, "/llama/v1/models": "Bearer secret" })
})
