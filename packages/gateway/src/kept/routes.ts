import type { WireServer } from "@sluice/ai"
import type { Context, Hono } from "hono"
import type { Admitted } from "../inbound/access.ts"
import type { KeptResponses } from "../store/kept-responses.ts"

/** What the routes need. */
export interface KeptRoutesParts {
  servers: readonly WireServer[]
  kept: KeptResponses
  admit(c: Context): Promise<Admitted>
}

/** The answers that clients come back to, at the paths of their wires. A client finds its own alone; there is nothing at any other id. */
export function keptRoutes(app: Hono, { servers, kept, admit }: KeptRoutesParts): void {
  for (const { keeps } of servers) {
    for (const route of keeps?.routes ?? []) {
      app.on(route.method, route.path, async (c) => {
        const { owner } = await admit(c)
        const id = c.req.param("id") ?? ""
        if (route.method === "DELETE") {
          if (await kept.delete(owner, id)) return c.json(route.removed(id) as object)
        } else {
          const found = await kept.get(owner, id)
          if (found) {
            const { document: value, input } = found
            return c.json(route.show({ id, value, input }, new URL(c.req.url).searchParams) as object)
          }
        }
        throw keeps?.missing(id)
      })
    }
  }
}
