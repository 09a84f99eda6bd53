import { type ListingRoute, type Model, SluiceError, type WireServer } from "@sluice/ai"
import type { Context, Hono } from "hono"
import { FetchReply, fetchCaller } from "../http/fetch.ts"
import type { ListedName } from "../options.ts"
import type { Admitted } from "./access.ts"
import { readBody } from "./body.ts"

/** What the routes need. */
export interface ListingRoutesParts {
  servers: readonly WireServer[]
  /** The wire that a request's client speaks. */
  speaking(c: Context): WireServer
  admit(c: Context): Promise<Admitted>
  listModels(): Promise<readonly ListedName[]>
  /** @throws SluiceError `model_not_found` */
  describe(name: string): Promise<Model>
}

/** Most bytes of a request that names a model. */
const MAX_BODY_BYTES = 65_536

/** The routes by which clients look round before they ask, each answered in the spelling of the client's wire. */
export function listingRoutes(app: Hono, { servers, speaking, ...parts }: ListingRoutesParts): void {
  for (const spellings of sharedRoutes(servers).values()) {
    const [[first, { method, path }]] = spellings
    app.on(method, path, async (c) => {
      const server = speaking(c)
      const own = spellings.find(([one]) => one === server)
      return c.json((await answer(c, own?.[1] ?? spellings[0][1], own ? server : first, parts)) as object)
    })
  }
}

type Spelling = readonly [server: WireServer, route: ListingRoute]

/** The spellings of each route, in the order of the wires. */
function sharedRoutes(servers: readonly WireServer[]): Map<string, [Spelling, ...Spelling[]]> {
  const found = new Map<string, [Spelling, ...Spelling[]]>()
  for (const server of servers) {
    for (const route of server.listing?.routes ?? []) {
      const name = `${route.method} ${route.path}`
      const known = found.get(name)
      if (known) known.push([server, route])
      else found.set(name, [[server, route]])
    }
  }
  return found
}

async function answer(
  c: Context,
  route: ListingRoute,
  server: WireServer,
  { admit, listModels, describe }: Pick<ListingRoutesParts, "admit" | "listModels" | "describe">,
): Promise<unknown> {
  if (route.op === "fixed" && route.open) return route.answer
  await admit(c)
  switch (route.op) {
    case "fixed":
      return route.answer
    case "list":
      return route.list(await listModels())
    case "entry": {
      const id = c.req.param("model") ?? ""
      const model = (await listModels()).find((one) => one.id === id)
      if (!model) throw notListed(id, server)
      return route.entry(model)
    }
    case "show": {
      const { body } = await readBody(fetchCaller(c.req.raw, new FetchReply()), MAX_BODY_BYTES)
      return route.show(await describe(route.named(body as Record<string, unknown>)))
    }
  }
}

function notListed(id: string, { listing }: WireServer): SluiceError {
  const list = listing?.routes.find(({ op }) => op === "list")
  return new SluiceError({
    code: "model_not_found",
    status: 404,
    message: `The model "${id}" is not listed here.`,
    hint: `GET ${list?.path ?? "/"} lists the models.`,
  })
}
