import { SluiceError } from "@sluice/ai"
import type { Context, Hono } from "hono"
import type { ApiKey } from "../gateway-keys.ts"
import type { KeptResponse, KeptResponses } from "../store/kept-responses.ts"
import { itemPage } from "./input-items.ts"

/** What the routes need. */
export interface KeptRoutesParts {
  kept: KeptResponses
  admit(c: Context): Promise<ApiKey | undefined>
}

/**
 * The answers that clients come back to: `GET` and `DELETE /v1/responses/{id}` and the items that were sent for one.
 * A client finds its own alone; there is nothing at any other id.
 *
 * @see https://platform.openai.com/docs/api-reference/responses
 */
export function keptRoutes(app: Hono, { kept, admit }: KeptRoutesParts): void {
  async function found(c: Context): Promise<KeptResponse> {
    const owner = (await admit(c))?.id ?? ""
    const id = c.req.param("id") ?? ""
    const response = await kept.get(owner, id)
    if (!response) throw notFound(id)
    return response
  }

  app.get("/v1/responses/:id", async (c) => {
    const response = await found(c)
    if (c.req.query("stream") === "true") {
      throw new SluiceError({
        code: "unsupported",
        status: 400,
        param: "stream",
        message: "An answer that is over is not streamed again.",
        hint: "Ask for it without `stream`.",
      })
    }
    return c.json(response.document as object)
  })

  app.get("/v1/responses/:id/input_items", async (c) => {
    const { input } = await found(c)
    return c.json(itemPage(input, new URL(c.req.url).searchParams))
  })

  app.delete("/v1/responses/:id", async (c) => {
    const owner = (await admit(c))?.id ?? ""
    const id = c.req.param("id")
    if (!(await kept.delete(owner, id))) throw notFound(id)
    return c.json({ id, object: "response", deleted: true })
  })
}

function notFound(id: string): SluiceError {
  return new SluiceError({
    code: "invalid_request",
    status: 404,
    param: "response_id",
    message: `There is no response ${JSON.stringify(id.slice(0, 100))} here.`,
    hint: "It may have expired or been deleted, belong to another key, or have been made with `store: false`.",
  })
}
