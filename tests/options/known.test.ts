import { execFile } from "node:child_process"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, onTestFinished, test } from "vitest"

const PROGRAM = fileURLToPath(new URL("known-program.ts", import.meta.url))

interface Outcome {
  known: Record<string, unknown>
  stopReason: string
  attempts: { change?: string }[]
  losses: { field: string }[]
}

/** A host that refuses strict tools. Gives its address and the bodies that it was sent. */
async function host(): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk) => (body += String(chunk)))
    request.on("end", () => {
      bodies.push(body)
      const strict = body.includes('"strict":true')
      response.writeHead(strict ? 400 : 200, { "content-type": "application/json" })
      response.end(
        JSON.stringify(
          strict
            ? {
                error: { message: "Unknown parameter: 'tools[0].function.strict'.", param: "tools[0].function.strict" },
              }
            : {
                id: "c",
                choices: [{ index: 0, message: { role: "assistant", content: "Hi." }, finish_reason: "stop" }],
              },
        ),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, bodies }
}

async function run(...args: string[]): Promise<Outcome> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=sluice-source", PROGRAM, ...args])
  return JSON.parse(stdout) as Outcome
}

test("what one program learned and saved, the next one does right from the start", async () => {
  const { url, bodies } = await host()
  const first = await run(url)
  expect(first).toMatchObject({ stopReason: "stop", attempts: [{ change: "without strict tools" }] })
  expect(bodies).toHaveLength(2)
  const second = await run(url, JSON.stringify(first.known))
  expect(second).toMatchObject({ stopReason: "stop", attempts: [], losses: [{ field: "tools[0].strict" }] })
  expect(bodies).toHaveLength(3)
  // One that knows nothing asks as the first did.
  expect((await run(url)).attempts).toHaveLength(1)
})
