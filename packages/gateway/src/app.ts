import { type Model, SluiceError, VERSION, type WireServer } from "@sluice/ai"
import { type Context, Hono } from "hono"
import { routePath } from "hono/route"
import type { CallHandler } from "./call/handle.ts"
import { told } from "./call/told.ts"
import { unexpected } from "./call/unexpected.ts"
import type { Admitted } from "./inbound/access.ts"
import { CORS_HEADERS, preflightHeaders } from "./http/cors.ts"
import { FetchReply, fetchCaller } from "./http/fetch.ts"
import { authorise } from "./inbound/access.ts"
import { listingRoutes } from "./inbound/listing.ts"
import { serverFor, SERVERS } from "./inbound/servers.ts"
import { keptRoutes } from "./kept/routes.ts"
import type { Logger } from "./logger.ts"
import type { GatewayOptions, Settings } from "./options.ts"
import { requestId } from "./request-id.ts"
import type { KeptResponses } from "./store/kept-responses.ts"
import type { KeyStore } from "./store/keys.ts"

/** What the routes need. */
export interface AppParts {
  settings: Settings
  keys: KeyStore
  handler: CallHandler
  kept: KeptResponses | undefined
  listModels: NonNullable<GatewayOptions["listModels"]>
  /** The model that a name stands for. @throws SluiceError `model_not_found` */
  describe(name: string): Promise<Model>
  logger: Logger
}

/** The gateway's routes, as a function from request to response. */
export function createApp(parts: AppParts): Hono {
  const app = new Hono()
  const { settings, keys, logger } = parts
  const admit = (c: Context): Promise<Admitted> =>
    authorise({ headers: c.req.raw.headers, query: new URL(c.req.url).searchParams }, keys, settings.anonymous)

  if (!settings.anonymous) {
    app.use(async (c, next) => {
      await next()
      for (const [name, value] of Object.entries(CORS_HEADERS)) c.res.headers.set(name, value)
    })
  }

  app.get("/", (c) => {
    const greeting = speaking(c).listing?.greeting
    return greeting === undefined ? c.json({ name: "sluice", version: VERSION }) : c.text(greeting)
  })
  app.get("/healthz", (c) => c.json({ ok: true, version: VERSION }))

  for (const server of SERVERS) {
    for (const { method, path, op } of server.routes) {
      app.on(method, path, (c) => {
        const reply = new FetchReply()
        const caller = fetchCaller(c.req.raw, reply)
        void parts.handler.handle(caller, reply, { server, path, op, params: c.req.param() as Record<string, string> })
        return reply.response
      })
    }
  }

  for (const server of SERVERS) {
    const { socket } = server
    if (socket) app.get(socket.path, () => failure(server, needsUpgrade(socket.path), { upgrade: "websocket" }))
  }
  listingRoutes(app, { servers: SERVERS, speaking, admit, listModels: parts.listModels, describe: parts.describe })
  if (parts.kept) keptRoutes(app, { servers: SERVERS, kept: parts.kept, admit })

  // What reaches these came with a method that none of the routes above takes.
  for (const { path, methods, owner } of pathsOf(app)) {
    app.all(path, (c) => {
      if (c.req.method === "OPTIONS" && !settings.anonymous) {
        return new Response(null, { status: 204, headers: preflightHeaders(c.req.raw.headers, methods) })
      }
      return failure(owner ?? speaking(c), wrongMethod(c, methods), { allow: methods.join(", ") })
    })
  }

  app.notFound((c) =>
    failure(
      speaking(c),
      new SluiceError({
        code: "invalid_request",
        status: 404,
        message: `There is nothing at ${c.req.method} ${c.req.path}.`,
        hint: `The gateway answers ${answered(parts.kept !== undefined).join(", ")}.`,
      }),
    ),
  )
  app.onError((thrown, c) => {
    const speaker = ownerOf(routePath(c)) ?? speaking(c)
    if (SluiceError.is(thrown)) return failure(speaker, thrown)
    const request = requestId()
    logger.error({ request, method: c.req.method, path: c.req.path, err: thrown }, "unexpected failure")
    return failure(speaker, unexpected(thrown).with({ requestId: request }))
  })
  return app
}

/** What the wires' own paths are for, as a reader of a refusal sees them. */
function answered(keeps: boolean): string[] {
  const each = SERVERS.flatMap((server) => [
    ...server.routes.map(({ method, path }) => `${method} ${path.replace(/:call\{.*$/, "{model}:{method}")}`),
    ...(server.socket ? [`GET ${server.socket.path} as a WebSocket`] : []),
    ...(keeps
      ? (server.keeps?.routes ?? []).map(({ method, path }) => `${method} ${path.replace(":id", "{id}")}`)
      : []),
    ...(server.listing?.routes ?? []).map(({ method, path }) => `${method} ${path.replace(/:model\{.*$/, "{model}")}`),
  ])
  return [...new Set(each)]
}

/** The wire that a path belongs to, as it was declared. */
function ownerOf(path: string): WireServer | undefined {
  return SERVERS.find(({ routes, keeps }) => [...routes, ...(keeps?.routes ?? [])].some((route) => route.path === path))
}

/** The wire in whose shape a request on a path that no wire owns is told of an error. */
function speaking(c: Context): WireServer {
  const { pathname: path, searchParams: query } = new URL(c.req.url)
  return serverFor({ headers: c.req.raw.headers, path, query })
}

/** A path as it was declared, with the methods that are answered there, as they stand in `allow`. */
interface DeclaredPath {
  path: string
  methods: string[]
  /** The wire that it belongs to, where it belongs to one alone. */
  owner: WireServer | undefined
}

/** The paths of all routes. What differs in the names of parameters only is one path. */
function pathsOf(app: Hono): Iterable<DeclaredPath> {
  const found = new Map<string, DeclaredPath>()
  for (const { path, method } of app.routes) {
    if (method === "ALL") continue
    const key = path.replace(/:\w+/g, ":")
    const owner = ownerOf(path)
    const known = found.get(key) ?? { path, methods: [], owner }
    if (known.owner !== owner) known.owner = undefined
    known.methods.push(...(method === "GET" ? ["GET", "HEAD"] : [method]))
    found.set(key, known)
  }
  return found.values()
}

function wrongMethod(c: Context, methods: readonly string[]): SluiceError {
  return new SluiceError({
    code: "invalid_request",
    status: 405,
    message: `${c.req.path} does not take ${c.req.method}.`,
    hint: `It takes ${methods.join(" and ")}.`,
  })
}

function needsUpgrade(path: string): SluiceError {
  return new SluiceError({
    code: "invalid_request",
    status: 426,
    message: `GET ${path} opens a WebSocket, and this request does not ask for one.`,
    hint: `Send \`connection: upgrade\` and \`upgrade: websocket\`, or POST ${path} for an answer over HTTP.`,
  })
}

/** An error as a response that carries the id it is logged under. */
function failure(server: WireServer, error: SluiceError, more: Readonly<Record<string, string>> = {}): Response {
  const id = error.requestId ?? requestId()
  const { status, headers, body } = server.failure(told(error).with({ requestId: id }))
  const sent = new Headers({ "content-type": "application/json", "x-request-id": id, "request-id": id, ...more })
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) sent.set(name, value)
  return new Response(JSON.stringify(body), { status, headers: sent })
}
