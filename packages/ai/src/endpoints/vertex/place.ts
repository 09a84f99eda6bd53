import type { Credential } from "../../contract/credential.ts"
import type { Call } from "../../contract/wire-client.ts"
import { SluiceError } from "../../model/errors.ts"

/** Where in Google Cloud a program's models are. */
export interface VertexSettings {
  project?: string
  /** A region, `us`, `eu` or `global` (default). */
  location?: string
  /** The location is one that the machine has for everything: where a model is not served there, it may be left. */
  ambient?: boolean
}

/** The project's variables, and those of the location, by the order in which they count. */
const PROJECT = ["GOOGLE_CLOUD_PROJECT", "GCP_PROJECT", "GCLOUD_PROJECT"] as const
const LOCATION = ["GOOGLE_VERTEX_LOCATION", "GOOGLE_CLOUD_LOCATION", "VERTEX_LOCATION"] as const

const GLOBAL_HOST = "aiplatform.googleapis.com"
const MULTI_REGIONS: ReadonlySet<string> = new Set(["us", "eu"])
/** Projects may stand below a domain. */
const NAMES = {
  project: /^[a-z0-9](?:[a-z0-9:._-]*[a-z0-9])?$/i,
  location: /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i,
} as const

/** Said of a model that is served from no region, once a host has said so. */
export const GLOBAL_FACT = "google-vertex.global"

/** The place that the environment sets. */
export function vertexSettings(env: (name: string) => string | undefined): VertexSettings {
  const first = (names: readonly string[]): string | undefined => {
    for (const name of names) {
      const value = env(name)?.trim()
      if (value) return value
    }
    return undefined
  }
  const project = first(PROJECT)
  const location = first(LOCATION)
  return {
    ...(project === undefined ? {} : { project }),
    ...(location === undefined ? {} : { location, ambient: true }),
  }
}

/** The host of a location. @throws SluiceError `config` for what is none */
function hostOf(location: string): string {
  const place = location.toLowerCase()
  checkName(place, "location", "GOOGLE_VERTEX_LOCATION")
  if (place === "global") return GLOBAL_HOST
  return MULTI_REGIONS.has(place) ? `aiplatform.${place}.rep.googleapis.com` : `${place}-${GLOBAL_HOST}`
}

/** A location that may be left for the global one. */
export function mayLeave(settings: VertexSettings, call: Call): boolean {
  const { location = "global", ambient } = settings
  return ambient === true && location.toLowerCase() !== "global" && call.known[GLOBAL_FACT] !== true
}

/**
 * The address of a publisher's models. A key belongs to its project, and is enough for the vendor's own models; for all
 * others, and with a token, the address says which project it is.
 *
 * The vendor's own address gets the host of the location. Another host, as of a proxy, stays; an address that has a
 * project or a publisher in it is taken as it is.
 *
 * @throws SluiceError `config` where the project is not known
 */
export function publisherUrl(
  settings: VertexSettings,
  publisher: string,
  call: Call,
  credential: Credential,
  options: { version?: string; bare?: boolean } = {},
): string {
  const location = placeOf(settings, call, credential)
  const base = (credential.baseUrl ?? call.model.baseUrl).replace(/\/+$/, "")
  if (base.includes("/publishers/")) return base.replace(/\/publishers\/[^/]+/, `/publishers/${publisher}`)
  if (base.includes("/projects/")) return `${base}/publishers/${publisher}`
  const root = rooted(base, location, options.version)
  const project = credential.projectId ?? settings.project
  const keyed = credential.kind === "key" && (publisher === "google" || project === undefined)
  if (options.bare || keyed) return `${root}/publishers/${publisher}`
  if (project === undefined) {
    throw new SluiceError({
      code: "config",
      message: "It is not known which project of Google Cloud the model is called in.",
      hint: "Set GOOGLE_CLOUD_PROJECT, or give the project with the credential.",
    })
  }
  checkName(project, "project", "GOOGLE_CLOUD_PROJECT")
  return `${root}/projects/${project}/locations/${location}/publishers/${publisher}`
}

/** The location of the call: the credential's own before that of the settings. */
function placeOf(settings: VertexSettings, { known }: Call, { location }: Credential): string {
  return known[GLOBAL_FACT] === true ? "global" : (location ?? settings.location ?? "global").toLowerCase()
}

function rooted(base: string, location: string, version: string | undefined): string {
  const url = new URL(base)
  const own = url.host === GLOBAL_HOST
  const path = url.pathname.replace(/\/+$/, "") || "/v1"
  return `${own ? `https://${hostOf(location)}` : url.origin}${version === undefined ? path : path.replace(/\/v\d\w*$/, `/${version}`)}`
}

function checkName(name: string, what: keyof typeof NAMES, variable: string): void {
  if (NAMES[what].test(name)) return
  throw new SluiceError({
    code: "config",
    message: `The ${what} of Google Cloud is not a name.`,
    hint: `Give the ${what}'s id alone in ${variable}, such as ${what === "project" ? "my-project" : "europe-west1"}.`,
  })
}
