import { type Credential, type CredentialSource, type Route, SluiceError } from "@sluice/ai"
import {
  custom,
  CUSTOM_ID,
  isPrivateUrl,
  type Model,
  modelName,
  providerOfUrl,
  resolveModel,
  type ResolveOptions,
} from "@sluice/catalog"
import type { Composition, GivenKey } from "../compose.ts"
import { usageError } from "../failure.ts"
import type { Io } from "../io.ts"
import { chooseModel } from "../settings/choose-model.ts"
import { readConfig } from "../settings/config.ts"
import { findLocalServers, probeWith } from "../settings/local-servers.ts"
import { askHost } from "../models/ask-host.ts"
import { API_LIST, APIS } from "../parse.ts"
import { styleOf } from "../terminal/style.ts"

/** What the command line says about whom to ask. */
export interface TargetOptions {
  model?: string
  baseUrl?: string
  api?: string
  apiKeyEnv?: string
  /** `false` with `--no-env`. */
  env: boolean
}

/** Somebody to ask. */
export interface Target {
  route: Route
  /** In words, why it is this model, where the command line did not name it. */
  why?: string | undefined
}

/**
 * The way to the model that the command line names, or that is found.
 * @throws Failure, CatalogError or SluiceError when there is none
 */
export async function findTarget(io: Io, parts: Composition, options: TargetOptions): Promise<Target> {
  if (options.api !== undefined && !APIS.includes(options.api)) {
    throw usageError(`There is no api "${options.api}".`, `Known are ${API_LIST}.`)
  }
  const key = keyFrom(io, options.apiKeyEnv)
  const { name, why } = await nameOf(io, parts, options, key)
  const resolving: ResolveOptions = { env: parts.env }
  if (options.baseUrl !== undefined) resolving.baseUrl = options.baseUrl
  if (options.api !== undefined) resolving.api = options.api
  // A gateway has a demo model too, and with an address that is the one that is meant.
  if (options.baseUrl !== undefined && name.startsWith("mock/")) resolving.provider = CUSTOM_ID
  const model = await resolveModel(name, resolving)
  return { route: announced(io, await parts.route(model, key), why), why }
}

async function nameOf(
  io: Io,
  parts: Composition,
  options: TargetOptions,
  key: GivenKey | undefined,
): Promise<{ name: string; why?: string }> {
  const { baseUrl } = options
  if (baseUrl !== undefined && options.model === undefined) return firstOnHost(parts, baseUrl, key)
  return chooseModel({
    named: options.model,
    search: options.env,
    env: parts.env,
    config: () => readConfig(io),
    localServers: () => findLocalServers(probeWith(parts)),
  })
}

/** The first model that a host lists; a host that lists none is asked for the one it has. */
async function firstOnHost(
  parts: Composition,
  baseUrl: string,
  key: GivenKey | undefined,
): Promise<{ name: string; why?: string }> {
  if (providerOfUrl(baseUrl)) return { name: "" }
  try {
    const [first] = await askHost(parts, custom, { baseUrl, key, timeoutMs: 3000 })
    if (first) return { name: first.id, why: "first model that the host lists" }
  } catch {
    // What is wrong with the host, the call itself will tell.
  }
  return { name: "" }
}

function keyFrom(io: Io, variable: string | undefined): GivenKey | undefined {
  if (variable === undefined) return undefined
  const value = io.env[variable]
  if (value?.trim()) return { value, origin: variable }
  throw usageError(`--api-key-env names ${variable}, which is not set.`, `Set it, as in ${variable}=… sluice chat …`)
}

/** The same route; when it takes its credential, it says on standard error which model it is and whose key it is. */
function announced(io: Io, route: Route, why: string | undefined): Route {
  const style = styleOf(io.stderr, io.env)
  let said: string | undefined
  function say(credential: Credential): void {
    const line = introduction(route.model, credential, why)
    if (line === said) return
    said = line
    io.stderr.write(`${style.dim(line)}\n`)
    if (route.model.assumed?.length) io.stderr.write(`${style.dim(`assumed: ${route.model.assumed.join("; ")}`)}\n`)
  }
  const credentials: CredentialSource = {
    async acquire(need) {
      try {
        const lease = await route.credentials.acquire(need)
        say(lease.credential)
        return lease
      } catch (error) {
        // The call goes on without a key where the host needs none.
        if (route.model.compat.keyless && SluiceError.is(error) && error.code === "auth_missing")
          say({ kind: "none", id: "none" })
        throw error
      }
    },
  }
  return { ...route, credentials }
}

function introduction(model: Model, credential: Credential, why: string | undefined): string {
  if (model.api === "mock") return [modelName(model), "built in, no key", why].filter(Boolean).join(" · ")
  const key = credential.kind === "none" ? "no key" : `key from ${credential.origin ?? "an unnamed source"}`
  const address = model.provider === CUSTOM_ID || isPrivateUrl(model.baseUrl) ? model.baseUrl : undefined
  return [modelName(model), key, address, why].filter(Boolean).join(" · ")
}
