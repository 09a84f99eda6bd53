import { copyFileSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import type { ServerResponse } from "node:http"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TLSSocket } from "node:tls"
import { fileURLToPath } from "node:url"
import { SluiceError } from "@sluice/ai"
import {
  networkFromEnvironment,
  undiciTransport,
  type NetworkOptions,
  type UndiciTransport,
} from "@sluice/ai/transport/undici"
import { describe, expect, onTestFinished, test } from "vitest"

const pem = (name: string): string => fileURLToPath(new URL(`../support/tls/${name}.pem`, import.meta.url))
const text = (name: string): string => readFileSync(pem(name), "utf8")

interface Host {
  url: string
  /** Whose certificate each request came with. */
  shown: string[]
  /** Connections that were made. */
  connections: number
  /** Connections that are open. */
  open: number
  /** Responses to `/slow`, which the test ends. */
  slow: ServerResponse[]
}

/** A host that talks only to the two clients it knows. */
async function host(): Promise<Host> {
  const seen: Host = { url: "", shown: [], connections: 0, open: 0, slow: [] }
  const server = createServer(
    {
      cert: text("loopback"),
      key: text("loopback-key"),
      ca: [text("client-one"), text("client-two")],
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => {
      const name = String((request.socket as TLSSocket).getPeerCertificate().subject.CN)
      seen.shown.push(name)
      response.write(name)
      if (request.url === "/slow") seen.slow.push(response)
      else response.end()
    },
  )
  server.on("secureConnection", (socket) => {
    seen.connections++
    seen.open++
    socket.on("close", () => seen.open--)
  })
  server.on("tlsClientError", () => {})
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  seen.url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  return seen
}

function transportOf(options: NetworkOptions): UndiciTransport {
  const transport = undiciTransport({ ca: [text("loopback")], ...options })
  onTestFinished(() => transport.close())
  return transport
}

async function ask(transport: UndiciTransport, url: string): Promise<string> {
  const { signal } = new AbortController()
  const exchange = await (await transport.open(undefined, signal)).send({ method: "GET", url, headers: {} }, signal)
  const decoder = new TextDecoder()
  let body = ""
  for await (const chunk of exchange.chunks) body += decoder.decode(chunk as Uint8Array)
  return body
}

/** A folder with the files of one client; `put` replaces them as a rotation does. */
function files(): { cert: string; key: string; put(cert: string, key?: string): void } {
  const folder = mkdtempSync(join(tmpdir(), "sluice-cert-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [cert, key] = [join(folder, "tls.crt"), join(folder, "tls.key")]
  let puts = 0
  const write = (from: string, to: string): void => {
    copyFileSync(pem(from), to)
    // Two rotations within one tick of a coarse file clock are told apart here as they would be in life.
    utimesSync(to, new Date(), new Date(Date.now() + ++puts * 1000))
  }
  return {
    cert,
    key,
    put(name, keyOf = name) {
      write(name, cert)
      write(`${keyOf}-key`, key)
    },
  }
}

describe("client certificates", () => {
  test("WO-54: a certificate that is rotated on disk is shown from the next request on, and what runs goes on", async () => {
    const seen = await host()
    const { url, shown, slow } = seen
    const disk = files()
    disk.put("client-one")
    const named = networkFromEnvironment({ SLUICE_CLIENT_CERT: disk.cert, SLUICE_CLIENT_KEY: disk.key })
    const transport = transportOf({ ...named, connections: 2 })
    expect(await ask(transport, url)).toBe("client one")
    const running = ask(transport, `${url}/slow`)
    await expect.poll(() => slow.length).toBe(1)
    disk.put("client-two")
    const before = seen.connections
    expect(await ask(transport, url)).toBe("client two")
    expect(await (await transport.fetch(url, {})).text()).toBe("client two")
    slow[0]?.end(", to the end")
    expect(await running).toBe("client one, to the end")
    expect(shown).toEqual(["client one", "client one", "client two", "client two"])
    // Nothing is left of the old certificate's connections.
    const after = seen.connections - before
    await expect.poll(() => seen.open).toBe(after)
  })

  test("WO-54: while the files stay as they are, one connection serves all requests", async () => {
    const seen = await host()
    const disk = files()
    disk.put("client-one")
    const transport = transportOf({ clientCertificate: disk, connections: 1 })
    for (let i = 0; i < 3; i++) expect(await ask(transport, seen.url)).toBe("client one")
    expect([seen.shown.length, seen.connections]).toEqual([3, 1])
  })

  test("WO-54: in the midst of a rotation the old certificate stays in use", async () => {
    const { url } = await host()
    const disk = files()
    disk.put("client-one")
    const transport = transportOf({ clientCertificate: disk })
    disk.put("client-two", "client-one")
    expect(await ask(transport, url)).toBe("client one")
    rmSync(disk.cert)
    expect(await ask(transport, url)).toBe("client one")
    writeFileSync(disk.cert, "half of")
    expect(await ask(transport, url)).toBe("client one")
    disk.put("client-two")
    expect(await ask(transport, url)).toBe("client two")
  })

  test("may be given as text, in one file, or with a locked key", async () => {
    const { url } = await host()
    const both = text("client-two") + text("client-two-key")
    expect(await ask(transportOf({ clientCertificate: { cert: both } }), url)).toBe("client two")
    const locked = networkFromEnvironment({
      SLUICE_CLIENT_CERT: pem("client-one"),
      SLUICE_CLIENT_KEY: pem("client-one-locked-key"),
      SLUICE_CLIENT_KEY_PASSPHRASE: "open-sesame",
    })
    expect(await ask(transportOf({ ...locked, ca: [text("loopback")] }), url)).toBe("client one")
  })

  test("a host that asks for one is not reached without", async () => {
    const { url, shown } = await host()
    await expect(ask(transportOf({}), url)).rejects.toMatchObject({ code: "network" })
    expect(shown).toEqual([])
  })

  test("what cannot be used is a fault of the configuration that names the file, and no secret", () => {
    const failure = (options: NetworkOptions): SluiceError => {
      try {
        undiciTransport(options)
      } catch (error) {
        if (SluiceError.is(error)) return error
      }
      throw new Error("It was taken.")
    }
    const missing = failure({ clientCertificate: { cert: "/nowhere/client.pem" } })
    expect([missing.code, missing.hint !== undefined]).toEqual(["config", true])
    expect(missing.message).toContain("/nowhere/client.pem")
    const foreign = failure({ clientCertificate: { cert: pem("client-one"), key: pem("client-two-key") } })
    expect(foreign.message).toContain("client-two-key.pem")
    const passphrase = "not-the-right-one"
    const locked = { cert: pem("client-one"), key: pem("client-one-locked-key"), passphrase }
    expect(JSON.stringify(failure({ clientCertificate: locked }))).not.toContain(passphrase)
    expect(() => networkFromEnvironment({ SLUICE_CLIENT_KEY: pem("client-one-key") })).toThrow(
      expect.objectContaining({ code: "config", message: expect.stringContaining("SLUICE_CLIENT_CERT") as string }),
    )
  })
})
