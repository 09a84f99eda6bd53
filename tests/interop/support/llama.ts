import { spawn } from "node:child_process"
import { createServer, type AddressInfo } from "node:net"
import { findProvider, resolveModel } from "@sluice/catalog"
import { llamaModel, llamaProgram, whyNoLlama } from "../../../scripts/llama-server.ts"
import type { Hosts } from "../../support/gateway.ts"
import { atExit } from "./at-exit.ts"

/** Why the tests against a real server cannot run, or undefined when they can. It may be absent in any case. */
export const whyNoServer: string | undefined = whyNoLlama()

/** Title of the tests against a real server, with the reason where they are skipped. */
export const llamaTitle: string = `llama-server${whyNoServer === undefined ? "" : ` (skipped: ${whyNoServer})`}`

/**
 * A real llama-server with a scripted model: it thinks briefly and says `Hello from a real server!`; asked about a
 * forecast it calls `get_weather` for Paris, and a tool's result makes it say that it is sunny; the word `forever`
 * makes it talk without end; a schema is met by the least JSON that fits.
 */
export interface Llama extends AsyncDisposable {
  url: string
  /** The server over its wires: `llama-chat/scripted`, `llama-responses/scripted` and `llama-messages/scripted`. */
  hosts: Hosts
}

/**
 * Starts it on a free port and waits until its model is loaded.
 * @param options `key`: the one key that it takes; default any and none.
 */
export async function startLlama({ key }: { key?: string } = {}): Promise<Llama> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const where = ["-m", llamaModel, "--alias", "scripted", "--host", "127.0.0.1", "--port", String(port)]
  const how = ["-c", "131072", "-np", "1", "-t", "2", "--jinja", "--no-ui", "--offline"]
  if (key !== undefined) how.push("--api-key", key)
  const child = spawn(llamaProgram, [...where, ...how], { stdio: ["ignore", "ignore", "pipe"] })
  let said = ""
  child.stderr.on("data", (piece: Buffer) => {
    said = (said + piece.toString()).slice(-4000)
  })
  const kill = (): void => void child.kill("SIGKILL")
  const forget = atExit(kill)
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()))
  const stop = async (): Promise<void> => {
    forget()
    kill()
    await ended
  }
  const until = performance.now() + 30_000
  while (!(await isReady(url))) {
    if (child.exitCode !== null || performance.now() > until) {
      await stop()
      throw new Error(`llama-server did not start:\n${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return { url, hosts: await hostsOf(url), [Symbol.asyncDispose]: stop }
}

/** As the catalog has it, so that its entry for llama.cpp is what is tried. */
async function hostsOf(url: string): Promise<Hosts> {
  const {
    id: _id,
    provider: _provider,
    api: _api,
    baseUrl: _url,
    ...model
  } = await resolveModel("llama.cpp/scripted", {
    env: (name) => (name === "LLAMA_BASE_URL" ? url : undefined),
  })
  const wires = findProvider("llama.cpp")?.apis ?? []
  const path = (api: string): string => new URL(wires.find((wire) => wire.api === api)?.baseUrl ?? url).pathname
  const host = (api: string): Hosts[string] => ({ api, url: `${url}${path(api)}`.replace(/\/$/, ""), model })
  return {
    "llama-chat": host("openai-completions"),
    "llama-responses": host("openai-responses"),
    "llama-messages": host("anthropic-messages"),
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`)
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}
