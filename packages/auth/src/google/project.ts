import { setTimeout as wait } from "node:timers/promises"
import { type Credential, type CredentialNeed, type CredentialSource, type Lease, USER_AGENT } from "@sluice/ai"
import { codeAssistSettings } from "@sluice/ai/endpoints/code-assist"
import { SharedWork } from "../keeping/shared-work.ts"
import { hideSecrets } from "../key-credential.ts"
import { findProject, type ProjectRules } from "./project-discovery.ts"
import { type GoogleOptions, surroundings } from "./surroundings.ts"

/** Longest time that finding a project may take: all its questions and waits together. */
const BOUND_MS = 300_000

/** Code Assist as the programs of the Gemini CLI have it. */
export const GEMINI_CLI_PROJECT: ProjectRules = {
  baseUrl: "https://cloudcode-pa.googleapis.com",
  ideType: "IDE_UNSPECIFIED",
  ownProject: true,
  wait: { by: "operation", times: 24, everyMs: 5000 },
}

/** Code Assist as Antigravity has it. */
export const ANTIGRAVITY_PROJECT: ProjectRules = {
  ...GEMINI_CLI_PROJECT,
  ideType: "ANTIGRAVITY",
  ownProject: false,
  wait: { by: "again", times: 4, everyMs: 2000 },
}

/** A credential that a host can be asked with. */
type Held = Extract<Credential, { secret: string }>

/** What finding projects works with; everything has a default. */
export interface ProjectOptions extends GoogleOptions {
  /** Default: Code Assist as the Gemini CLI has it. */
  rules?: Partial<ProjectRules>
  /** The account's own project. Default: `GOOGLE_CLOUD_PROJECT`, else `GOOGLE_CLOUD_PROJECT_ID`. */
  project?: string
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

/**
 * Credentials with the project that their calls belong to. A credential that names its project stays as it is; for
 * any other it is asked for once an account, which may enrol that account. Callers that need it at once share one
 * search, which ends when all of them have left.
 *
 * @throws SluiceError on `acquire`: what the source throws, and what stands at `findProject`
 */
export function codeAssistProjectSource(source: CredentialSource, options: ProjectOptions = {}): CredentialSource {
  const around = surroundings(options)
  const rules = { ...GEMINI_CLI_PROJECT, ...options.rules }
  const sleep = options.sleep ?? ((ms, signal) => wait(ms, undefined, { signal }))
  const found = new Map<string, string>()
  const searches = new Map<string, { credential: Held; work: SharedWork<string> }>()

  function searchFor(credential: Held): SharedWork<string> {
    const known = searches.get(credential.id)
    if (known) {
      // One that has to be begun anew is begun with the token of now.
      known.credential = credential
      return known.work
    }
    const search: { credential: Held; work: SharedWork<string> } = {
      credential,
      work: new SharedWork((signal) => find(search.credential, signal), { boundMs: BOUND_MS, abandon: true }),
    }
    searches.set(credential.id, search)
    return search.work
  }

  async function find(credential: Held, signal: AbortSignal): Promise<string> {
    const project = await findProject(rules, {
      fetch: around.fetch,
      sleep,
      token: credential.secret,
      project: options.project ?? codeAssistSettings(around.env).project,
      email: credential.accountId,
      userAgent: USER_AGENT,
      signal,
    })
    found.set(credential.id, project)
    return project
  }

  async function projectOf(credential: Credential, signal: AbortSignal | undefined): Promise<string | undefined> {
    if (credential.projectId !== undefined || !("secret" in credential)) return credential.projectId
    return found.get(credential.id) ?? (await searchFor(credential).join(signal))
  }

  async function withProject(lease: Lease, signal: AbortSignal | undefined): Promise<Lease> {
    let projectId: string | undefined
    try {
      projectId = await projectOf(lease.credential, signal)
    } catch (error) {
      lease.release({})
      throw error
    }
    if (projectId === undefined || projectId === lease.credential.projectId) return lease
    const credential = hideSecrets({ ...lease.credential, projectId })
    return {
      credential,
      observe: (head) => lease.observe(head),
      release: (outcome) => lease.release(outcome),
      replace: async (error, until) => {
        const next = await lease.replace(error, until)
        return next && (await withProject(next, until))
      },
    }
  }

  async function acquire(need: CredentialNeed): Promise<Lease> {
    return await withProject(await source.acquire(need), need.signal)
  }

  return { acquire }
}
