import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"
import { custom, PROVIDERS } from "@sluice/catalog"
import { expect, onTestFinished, test } from "vitest"
import { testIo } from "../../../../tests/support/command-io.ts"
import { compose, type Composition } from "../compose.ts"
import { askHost } from "./ask-host.ts"

interface Asked {
  url: string | undefined
  headers: IncomingHttpHeaders
}

/** A host that lists one model. */
async function host(): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = []
  const server = createServer(({ url, headers }, response) => {
    asked.push({ url, headers })
    response.setHeader("content-type", "application/json").end(`{"data":[{"id":"gpt-5.5"}]}`)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

function parts(env: Record<string, string>): Composition {
  const made = compose(testIo({ env }))
  onTestFinished(() => made.close())
  return made
}

test("the list is asked for at the address, with the key and the headers of a call", async () => {
  const { url, asked } = await host()
  const env = {
    OPENAI_BASE_URL: `${url}/openai/v1`,
    OPENAI_API_KEY: "sk-a,sk-b",
    ANTHROPIC_BASE_URL: `${url}/anthropic/v1`,
    ANTHROPIC_API_KEY: "sk-c",
    ANTHROPIC_CUSTOM_HEADERS: "x-team: blue",
  }
  expect(await askHost(parts(env), PROVIDERS.openai)).toMatchObject([{ id: "gpt-5.5" }])
  await askHost(parts(env), PROVIDERS.anthropic)
  expect(asked).toMatchObject([
    { url: "/openai/v1/models", headers: { authorization: "Bearer sk-a" } },
    {
      url: "/anthropic/v1/models?limit=1000",
      // Another host in the vendor's place gets the key as it gets it in a call.
      headers: { authorization: "Bearer sk-c", "anthropic-version": "2023-06-01", "x-team": "blue" },
    },
  ])
})

test("the vendor's own host gets its key in its own header", async () => {
  const made = parts({ ANTHROPIC_API_KEY: "sk-c" })
  const seen: Headers[] = []
  const answering = ((_url: string, init: RequestInit) => {
    seen.push(new Headers(init.headers))
    return Promise.resolve(Response.json({ data: [] }))
  }) as typeof fetch
  await askHost({ ...made, connectedFetch: () => Promise.resolve(answering) }, PROVIDERS.anthropic)
  expect([seen[0]?.get("x-api-key"), seen[0]?.get("authorization")]).toEqual(["sk-c", null])
})

test("a given key is used in place of the environment's; without one a list that needs none is asked for all the same", async () => {
  const { url, asked } = await host()
  await askHost(parts({}), custom, { baseUrl: `${url}/v1`, key: { value: " sk-d ", origin: "X" } })
  await askHost(parts({}), custom, { baseUrl: `${url}/v1` })
  expect(asked.map((one) => one.headers.authorization)).toEqual(["Bearer sk-d", undefined])
  await expect(askHost(parts({}), PROVIDERS.anthropic)).rejects.toMatchObject({ code: "auth_missing" })
})
