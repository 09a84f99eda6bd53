import type { SeenRequest } from "../loopback.ts"
import { Refused } from "./check.ts"
import { bearer, pathOf } from "./http.ts"

/** What the Azure paths of an emulator know. */
export interface AzureRules {
  /** Names of deployments and the models behind them. Default: every name is a deployment of the model named so. */
  deployments?: Readonly<Record<string, string>>
  /** A token of Entra ID that is taken as a bearer. Default: none is. */
  entraToken?: string
  /** Versions of the API that exist. Default: `v1`, `preview`, `latest` and every date. */
  apiVersions?: readonly string[]
}

/** Whether a request goes to one of the paths that Azure serves. */
export function isAzure(request: SeenRequest): boolean {
  return pathOf(request).startsWith("/openai/")
}

/**
 * Refuses what Azure's front refuses before a model is asked, in its words: the path, the key, the version of the API.
 *
 * @param paths the paths that are served
 * @throws Refused
 */
export function checkAzureFront(
  request: SeenRequest,
  apiKey: string | null | undefined,
  rules: AzureRules,
  paths: RegExp,
): void {
  if (!paths.test(pathOf(request)) || request.method !== "POST") {
    throw azure(404, "404", "Resource not found")
  }
  if (apiKey !== null) checkKey(request, apiKey, rules)
  const version = new URL(request.path, "http://azure").searchParams.get("api-version")
  if (version === null || version === "") {
    throw azure(
      400,
      "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required for all requests.",
    )
  }
  const known =
    rules.apiVersions?.includes(version) ?? /^(?:v1|preview|latest|\d{4}-\d\d-\d\d(?:-preview)?)$/.test(version)
  if (!known) throw azure(400, "BadRequest", "API version not supported")
}

function checkKey(request: SeenRequest, apiKey: string | undefined, rules: AzureRules): void {
  const token = bearer(request)
  if (token !== undefined && rules.entraToken !== undefined && token === rules.entraToken) return
  const key = request.headers["api-key"]
  if (key && (apiKey === undefined || key === apiKey)) return
  throw azure(
    401,
    "401",
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.",
  )
}

/** The model behind a deployment. @throws Refused */
export function deployed(deployment: string, rules: AzureRules): string {
  if (!rules.deployments) return deployment
  const model = rules.deployments[deployment]
  if (model !== undefined) return model
  throw azure(
    404,
    "DeploymentNotFound",
    "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.",
  )
}

function azure(status: number, code: string, message: string): Refused {
  return new Refused(status, "azure", message, { code })
}
