import type { ServerResponse } from "node:http"
import { serveLoopback, type SeenRequest } from "../../loopback.ts"
import { wait } from "../../wait.ts"
import { isFields } from "../check.ts"
import { bearer, pathOf, sendJson } from "../http.ts"
import type { EmulatedError } from "../script.ts"
import { checkGrant, GrantRefused } from "./accounts-check.ts"
import { checkExchange } from "./accounts-exchange.ts"
import type { GoogleAccountsEmulator, GoogleAccountsOptions } from "./accounts-types.ts"
import { GoogleRefused, refusalBody, scriptedError } from "./refused.ts"

const AUDIENCE = "https://oauth2.googleapis.com/token"
const SCOPE = "https://www.googleapis.com/auth/cloud-platform"
const METADATA = "/computeMetadata/v1"
const EXCHANGE = "/v1/token"
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
const IMPERSONATE = /^\/v1\/projects\/-\/serviceAccounts\/([^/:]+):generateAccessToken$/

/**
 * Where Google's tokens come from: `POST /token` (the grants of a login and of a service account, whose signature is
 * checked), `POST /v1/token` (the exchange of another provider's token), `POST /v1/projects/-/serviceAccounts/…:generateAccessToken`, and the metadata of a machine below
 * `/computeMetadata/v1`.
 */
export async function googleAccountsEmulator(options: GoogleAccountsOptions = {}): Promise<GoogleAccountsEmulator> {
  const nowS = options.nowS ?? ((): number => Math.floor(Date.now() / 1000))
  const failures = [...(options.failures ?? [])]
  const issued: { token: string; email: string; expiresAtS: number }[] = []
  const good = new Set<string>()

  const holder = (token: string | undefined): string | undefined => {
    const found = issued.find((one) => one.token === token && good.has(one.token) && one.expiresAtS > nowS())
    return found?.email
  }

  function issue(email: string): { token: string; expiresInS: number } {
    const expiresInS = options.expiresInS ?? 3600
    const token = `ya29.emulated-${issued.length + 1}`
    issued.push({ token, email, expiresAtS: nowS() + expiresInS })
    good.add(token)
    return { token, expiresInS }
  }

  async function grant(request: SeenRequest, response: ServerResponse, signal: AbortSignal): Promise<void> {
    if (options.delayMs) await wait(options.delayMs, signal)
    const failure = failures.shift()
    if (failure) {
      sendFailure(response, failure)
      return
    }
    const form = new URLSearchParams(request.body)
    const exchanges = pathOf(request) === EXCHANGE
    const email = exchanges
      ? checkExchange(form, request.headers["authorization"], options.workloads ?? [])
      : checkGrant(form, {
          people: options.people ?? [],
          robots: options.serviceAccounts ?? [],
          audience: options.audience ?? AUDIENCE,
          nowS: nowS(),
        })
    const { token, expiresInS } = issue(email)
    const more = exchanges ? { issued_token_type: ACCESS_TOKEN } : { scope: SCOPE }
    sendJson(response, 200, { access_token: token, expires_in: expiresInS, ...more, token_type: "Bearer" }, {})
  }

  function impersonate(request: SeenRequest, response: ServerResponse, target: string): void {
    const who = holder(bearer(request))
    if (who === undefined) throw new GoogleRefused(401, "Request had invalid authentication credentials.")
    const body = isFields(request.json) ? request.json : {}
    if (!Array.isArray(body["scope"]) || body["scope"].length === 0) throw new GoogleRefused(400, "Scope is required.")
    if (!options.impersonation?.[who]?.includes(target)) {
      throw new GoogleRefused(
        403,
        "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
      )
    }
    const { token, expiresInS } = issue(target)
    const expireTime = new Date((nowS() + expiresInS) * 1000).toISOString()
    sendJson(response, 200, { accessToken: token, expireTime }, {})
  }

  function metadata(request: SeenRequest, response: ServerResponse, path: string): void {
    const { machine } = options
    const flavor = { "metadata-flavor": "Google", server: "Metadata Server for VM" }
    const text = (status: number, body: string): void => {
      response.writeHead(status, { ...flavor, "content-type": "text/plain" }).end(body)
    }
    if (!machine) response.writeHead(404).end()
    else if (request.headers["metadata-flavor"] !== "Google") text(403, "Missing Metadata-Flavor:Google header.")
    else if (request.headers["x-forwarded-for"] !== undefined) text(403, "X-Forwarded-For is not allowed.")
    else if (path === "/project/project-id" && machine.project !== undefined) text(200, machine.project)
    else if (path === "/instance/service-accounts/default/email") text(200, machine.email ?? "default")
    else if (path === "/instance/service-accounts/default/token") {
      const { token, expiresInS } = issue(machine.email ?? "default")
      sendJson(response, 200, { access_token: token, expires_in: expiresInS, token_type: "Bearer" }, flavor)
    } else text(404, "Not Found")
  }

  const server = await serveLoopback(async (request, response, signal) => {
    const path = pathOf(request)
    try {
      const target = IMPERSONATE.exec(path)?.[1]
      if (path.startsWith(`${METADATA}/`) && request.method === "GET") {
        metadata(request, response, path.slice(METADATA.length))
      } else if ((path === "/token" || path === EXCHANGE) && request.method === "POST")
        await grant(request, response, signal)
      else if (target !== undefined && request.method === "POST") {
        impersonate(request, response, decodeURIComponent(target))
      } else throw new GoogleRefused(404, "Not Found")
    } catch (error) {
      if (error instanceof GrantRefused) {
        sendJson(response, error.status, { error: error.error, error_description: error.message }, {})
      } else if (error instanceof GoogleRefused) sendJson(response, error.status, refusalBody(error), {})
      else throw error
    }
  })
  return Object.assign(server, {
    addresses: { token: `${server.url}/token`, sts: `${server.url}${EXCHANGE}`, iam: server.url, metadata: server.url },
    issued,
    accepts: (token: string) => holder(token) !== undefined,
    revoke: () => good.clear(),
  })
}

/** An error in the token endpoint's own form where it has a word for it, else in that of Google's APIs. */
function sendFailure(response: ServerResponse, error: EmulatedError): void {
  if (error.code) {
    const body = { error: error.code, error_description: error.message ?? "Emulated." }
    sendJson(response, error.status ?? 400, body, error.headers ?? {})
    return
  }
  const refused = scriptedError(error)
  sendJson(response, refused.status, refusalBody(refused), error.headers ?? {})
}
