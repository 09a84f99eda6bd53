import { codecOf, mergeHeaders, SluiceError, type HeaderMap, type Model, type Route, type Sluice } from "@sluice/ai"
import type { Settings } from "../options.ts"

/**
 * Finds the ways to the model that a client names: `provider/model`, an alias, or the model that answers for all
 * other names. A client's own headers go along to targets of the client's own wire only.
 */
export class Router {
  readonly #sluice: Sluice
  readonly #settings: Settings

  constructor(sluice: Sluice, settings: Settings) {
    this.#sluice = sluice
    this.#settings = settings
  }

  /** @throws SluiceError `model_not_found` that says what is known */
  async routes(name: string, from: { api: string; forward: HeaderMap }): Promise<Route[]> {
    const names = this.#names(name)
    const routes = await Promise.all(names.map((one) => this.#sluice.route(one)))
    return routes.map((route) => withForwarded(route, from))
  }

  /** The first model that a name stands for. @throws SluiceError `model_not_found` that says what is known */
  async describe(name: string): Promise<Model> {
    const [first] = await this.routes(name, { api: "", forward: {} })
    return (first as Route).model
  }

  #names(name: string): readonly string[] {
    const { aliases, defaultModel } = this.#settings
    if (Object.hasOwn(aliases, name)) return aliases[name] as readonly string[]
    if (name.includes("/") || defaultModel === undefined) {
      if (name.trim() !== "") return [name]
      throw new SluiceError({
        code: "invalid_request",
        status: 400,
        param: "model",
        message: "`model` must name a model.",
        hint: "GET /v1/models lists the models.",
      })
    }
    return Object.hasOwn(aliases, defaultModel) ? (aliases[defaultModel] as readonly string[]) : [defaultModel]
  }
}

function withForwarded(route: Route, from: { api: string; forward: HeaderMap }): Route {
  if (codecOf(route.model.api) !== from.api || Object.keys(from.forward).length === 0) return route
  const headers = mergeHeaders(from.forward, route.model.headers) as Record<string, string>
  return { ...route, model: { ...route.model, headers } }
}
