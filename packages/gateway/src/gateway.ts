import { getRequestListener } from "@hono/node-server"
import { randomBytes } from "node:crypto"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { IncomingMessage, RequestListener, Server } from "node:http"
import { join } from "node:path"
import { SluiceError } from "@sluice/ai"
import { createSealer, readSealKeys, type Sealer } from "@sluice/auth"
import type { Hono } from "hono"
import { createApp } from "./app.ts"
import { CallHandler, type Door } from "./call/handle.ts"
import type { GatewayKeys } from "./gateway-keys.ts"
import type { GatewayLog } from "./gateway-log.ts"
import { CORS_HEADERS } from "./http/cors.ts"
import { NodeReply, NodeCaller } from "./http/node.ts"
import { SERVERS } from "./inbound/servers.ts"
import { Router } from "./call/router.ts"
import { silentLogger } from "./logger.ts"
import { type GatewayOptions, readSettings, type Settings } from "./options.ts"
import { openDatabase } from "./store/database.ts"
import { removeExpired } from "./store/expired.ts"
import { Sockets } from "./socket/sockets.ts"
import { KeptResponses } from "./store/kept-responses.ts"
import { KeyStore } from "./store/keys.ts"
import { RequestLog } from "./store/request-log.ts"
import { Vault } from "./store/vault.ts"
import { WriteRhythm } from "./store/write-rhythm.ts"

/** A gateway, listening or not. */
export interface Gateway {
  /** Answers one request without a socket. */
  fetch(request: Request): Promise<Response>
  /** Opens the port. @throws SluiceError `config` when it cannot, with what to do */
  listen(): Promise<{ url: string; host: string; port: number }>
  /** Takes no new requests, lets the running ones end within the grace period, and closes everything. */
  close(): Promise<void>
  readonly keys: GatewayKeys
  readonly log: GatewayLog
}

/** Opens the database and puts a gateway together. @throws SluiceError `config` */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const settings = readSettings(options)
  const logger = options.logger ?? silentLogger
  const db = await openDatabase(settings.dataDir)
  await removeExpired(db, logger)
  const rhythm = new WriteRhythm()
  const keys = new KeyStore(db, { rhythm, logger })
  const log = new RequestLog(db, { rhythm, logger })
  const { keepResponsesMs, keepThinkingMs } = settings
  const sealer = keepResponsesMs > 0 || keepThinkingMs > 0 ? sealerOf(settings) : undefined
  const kept =
    sealer && keepResponsesMs > 0 ? new KeptResponses(db, { sealer, lifetimeMs: keepResponsesMs, logger }) : undefined
  const vault =
    sealer && keepThinkingMs > 0 ? new Vault(db, { sealer, rhythm, logger, lifetimeMs: keepThinkingMs }) : undefined
  const running = new Set<AbortController>()
  const router = new Router(options.sluice, settings)
  const { resizeImage } = options
  const handler = new CallHandler({ settings, keys, log, kept, vault, router, logger, running, resizeImage })
  const app = createApp({
    settings,
    keys,
    handler,
    kept,
    logger,
    listModels: options.listModels ?? (async () => []),
    describe: (name) => router.describe(name),
  })
  const sockets = new Sockets({ servers: SERVERS, settings, keys, handler })
  let server: Server | undefined

  async function close(): Promise<void> {
    const open = server
    server = undefined
    if (open) await stop(open, sockets, running, settings.graceMs)
    await rhythm.flush()
    await db.destroy()
  }

  return {
    fetch: async (request) => app.fetch(request),
    async listen() {
      server = createServer(
        { shouldUpgradeCallback: asksForSocket },
        listener(app, handler, settings.anonymous ? {} : CORS_HEADERS),
      )
      server.on("upgrade", (request, socket, head) => void sockets.upgrade(request, socket, head))
      server.requestTimeout = 0
      server.headersTimeout = 60_000
      server.keepAliveTimeout = 65_000
      await bind(server, settings.host, settings.port)
      const { port } = server.address() as AddressInfo
      const shown = settings.host.includes(":") ? `[${settings.host}]` : settings.host
      return { url: `http://${shown}:${port}`, host: settings.host, port }
    },
    close,
    keys,
    log,
  }
}

/** Offers of any other protocol are passed over: the request is answered as it is. */
function asksForSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket"
}

/** Encrypts what is kept, with a key of this folder or of the environment; in memory the key is not kept either. */
function sealerOf({ dataDir }: Settings): Sealer {
  return createSealer(dataDir === ":memory:" ? [randomBytes(32)] : readSealKeys({ file: join(dataDir, "seal.key") }))
}

/** The wires' own paths on the short way, everything else through the routes. */
function listener(app: Hono, handler: CallHandler, always: Readonly<Record<string, string>>): RequestListener {
  const doors = new Map<string, Door>()
  const open: OpenDoor[] = []
  for (const server of SERVERS) {
    for (const { method, path, op } of server.routes) {
      const [, fixed, name, rest] = /^([^:]*):(\w+)\{(.+)\}$/.exec(path) ?? []
      const door = { server, path, op, params: {} }
      if (!path.includes(":")) doors.set(`${method} ${path}`, door)
      else if (name) open.push({ from: `${method} ${fixed}`, name, rest: new RegExp(`^${rest}$`), door })
    }
  }
  const headers = Object.entries(always).flat()
  const rest = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  return (request, response) => {
    const url = request.url ?? ""
    const mark = url.indexOf("?")
    const asked = `${request.method ?? ""} ${mark < 0 ? url : url.slice(0, mark)}`
    const door = doors.get(asked) ?? doorAt(asked, open)
    if (!door) return void rest(request, response)
    void handler.handle(new NodeCaller(request, response), new NodeReply(response, headers), door)
  }
}

/** A path whose end is a parameter. */
interface OpenDoor {
  /** Method and path up to the parameter. */
  from: string
  name: string
  /** What the parameter looks like. */
  rest: RegExp
  door: Door
}

function doorAt(asked: string, open: readonly OpenDoor[]): Door | undefined {
  for (const { from, name, rest, door } of open) {
    if (!asked.startsWith(from)) continue
    const value = decoded(asked.slice(from.length))
    if (value !== undefined && rest.test(value)) return { ...door, params: { [name]: value } }
  }
  return undefined
}

/** What a piece of a path says; `undefined` where it says nothing. */
function decoded(piece: string): string | undefined {
  try {
    return decodeURIComponent(piece)
  } catch {
    return undefined
  }
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const hint = "Choose another with --port, or --port 0 for any free one."
      const message =
        error.code === "EADDRINUSE"
          ? `Port ${port} on ${host} is in use by another program.`
          : error.code === "EACCES"
            ? `Port ${port} on ${host} may not be opened by this user.`
            : `The gateway cannot listen on ${host}:${port} (${error.code ?? error.message}).`
      reject(new SluiceError({ code: "config", message, hint }, { cause: error }))
    }
    server.once("error", failed)
    server.listen(port, host, () => {
      server.off("error", failed)
      resolve()
    })
  })
}

async function stop(server: Server, sockets: Sockets, running: Set<AbortController>, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  sockets.stop()
  const reason = new SluiceError({
    code: "aborted",
    message: "The gateway is stopping.",
    hint: "Ask again when it is back.",
  })
  const timer = setTimeout(() => {
    for (const controller of running) controller.abort(reason)
    setTimeout(() => {
      sockets.terminate()
      server.closeAllConnections()
    }, 200).unref()
  }, graceMs)
  const idle = setInterval(() => server.closeIdleConnections(), 100)
  await closed
  clearTimeout(timer)
  clearInterval(idle)
}
