import { SluiceError, VERSION } from "@sluice/ai"
import { Hono } from "hono"
import type { CallHandler } from "./call/handle.ts"
import { FetchReply, fetchCaller } from "./http/fetch.ts"
import { authorise } from "./inbound/access.ts"
import { dialectOf, serverOf, SERVERS } from "./inbound/dialect.ts"
import { modelEntry, modelList } from "./inbound/models.ts"
import type { GatewayOptions, Settings } from "./options.ts"
import type { KeyStore } from "./store/keys.ts"

/** What the routes need. */
export interface AppParts {
  settings: Settings
  keys: KeyStore
  handler: CallHandler
  listModels: NonNullable<GatewayOptions["listModels"]>
}

/** The gateway's routes, as a function from request to response. */
export function createApp(parts: AppParts): Hono {
  const app = new Hono()
  app.get("/", (c) => c.json({ name: "sluice", version: VERSION }))
  app.get("/api/hello", (c) => c.json({ ok: true }))
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

  app.get("/v1/models", async (c) => {
    await authorise(c.req.raw.headers, parts.keys, parts.settings.anonymous)
    return c.json(modelList(await parts.listModels(), dialectOf(c.req.raw.headers)) as object)
  })
  app.get("/v1/models/:id{.+}", async (c) => {
    await authorise(c.req.raw.headers, parts.keys, parts.settings.anonymous)
    const id = c.req.param("id")
    const model = (await parts.listModels()).find((one) => one.id === id)
    if (!model) {
      throw new SluiceError({
        code: "model_not_found",
        status: 404,
        message: `The model "${id}" is not listed here.`,
        hint: "GET /v1/models lists the models.",
      })
    }
    return c.json(modelEntry(model, dialectOf(c.req.raw.headers)) as object)
  })

  app.notFound((c) =>
    failure(
      c.req.raw,
      new SluiceError({
        code: "invalid_request",
        status: 404,
        message: `There is nothing at ${c.req.method} ${c.req.path}.`,
        hint: `The gateway answers ${SERVERS.flatMap((server) => server.routes.map((route) => `${route.method} ${route.path}`)).join(", ")} and GET /v1/models.`,
      }),
    ),
  )
  app.onError((thrown, c) =>
    failure(
      c.req.raw,
      SluiceError.is(thrown)
        ? thrown
        : new SluiceError({
            code: "server_error",
            status: 500,
            message: "The gateway failed in a way that it should not.",
          }),
    ),
  )
  return app
}

function failure(request: Request, error: SluiceError): Response {
  const { status, headers, body } = serverOf(dialectOf(request.headers)).failure(error)
  const sent = new Headers({ "content-type": "application/json" })
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) sent.set(name, value)
  return new Response(JSON.stringify(body), { status, headers: sent })
}
