import { SluiceError } from "@sluice/ai"
import { type Answer, ask } from "../http.ts"
import { factsOf, isRecord, refusal, textIn } from "./failures.ts"

/** How an account's project is found; the services differ in this much. */
export interface ProjectRules {
  /** Host of the service, without a path. */
  baseUrl: string
  /** What the service is told about the program: a value of its own list. */
  ideType: "IDE_UNSPECIFIED" | "ANTIGRAVITY"
  /** A project of the account's own may take the place of one that the service gives. */
  ownProject: boolean
  /** How enrolling is waited for: by asking for the operation, or by asking to enrol again. */
  wait: { by: "operation" | "again"; times: number; everyMs: number }
}

/** What finding a project works with. */
export interface Finding {
  fetch: typeof fetch
  sleep(ms: number, signal: AbortSignal): Promise<void>
  token: string
  /** The account's own project, where one is named. */
  project?: string | undefined
  email?: string | undefined
  userAgent: string
  signal: AbortSignal
}

/** Longest time that one question may take. */
const QUESTION_MS = 30_000
const FREE = "free-tier"
const NO_TIER = "legacy-tier"
/** Said of accounts whose network is fenced off: they have a plan all the same. */
const FENCED = "SECURITY_POLICY_VIOLATED"
const WHAT = "Code Assist"

/**
 * The project that an account's calls to Code Assist belong to. An account without a plan is enrolled in the one that
 * the service offers as the default.
 *
 * Source: the vendor's own open client (github.com/google-gemini/gemini-cli).
 *
 * @throws SluiceError `config` when a project of the account's own is needed and none is named, and what the service
 * refuses
 */
export async function findProject(rules: ProjectRules, finding: Finding): Promise<string> {
  const own = rules.ownProject ? finding.project : undefined
  const loaded = await load(rules, finding, own)
  const given = projectIn(loaded["cloudaicompanionProject"])
  if (isRecord(loaded["currentTier"])) {
    const project = given ?? own
    if (project !== undefined) return project
    if (rules.ownProject) throw projectNeeded()
  } else if (!rules.ownProject && given !== undefined) return given
  const tier = defaultTier(loaded["allowedTiers"])
  if (rules.ownProject && tier !== FREE && own === undefined) throw projectNeeded()
  return await enrol(rules, finding, tier, own)
}

async function load(rules: ProjectRules, finding: Finding, own: string | undefined): Promise<Record<string, unknown>> {
  const body = { ...(own === undefined ? {} : { cloudaicompanionProject: own }), metadata: metadata(rules, own) }
  const answer = await question(rules, finding, "loadCodeAssist", body)
  if (answer.status < 300) return isRecord(answer.body) ? answer.body : {}
  if (factsOf(answer).type === FENCED) return { currentTier: { id: "standard-tier" } }
  throw refused(answer, finding)
}

async function enrol(rules: ProjectRules, finding: Finding, tierId: string, own: string | undefined): Promise<string> {
  // The free plan brings its own project, and an account's own one is refused with it.
  const named = tierId === FREE ? undefined : own
  const body = {
    tierId,
    metadata: metadata(rules, named),
    ...(named === undefined ? {} : { cloudaicompanionProject: named }),
  }
  const begin = (): Promise<Answer> => question(rules, finding, "onboardUser", body)
  const { by, times, everyMs } = rules.wait
  let answer = await begin()
  for (let n = 0; ; n++) {
    if (answer.status >= 300) throw refused(answer, finding)
    const operation = isRecord(answer.body) ? answer.body : {}
    // An operation that failed is told with a status of success.
    if (isRecord(operation["error"])) throw refused({ ...answer, status: 400 }, finding)
    const response = isRecord(operation["response"]) ? operation["response"] : {}
    const project = projectIn(response["cloudaicompanionProject"]) ?? named
    if (operation["done"] === true) {
      if (project !== undefined) return project
      if (by === "operation") throw projectNeeded()
    }
    if (n >= times) break
    await finding.sleep(everyMs, finding.signal)
    const name = textIn(operation, "name")
    answer = by === "operation" && name !== undefined ? await look(rules, finding, name) : await begin()
  }
  throw new SluiceError({
    code: "timeout",
    message: `${WHAT} did not finish enrolling the account.`,
    hint: "Try again in a few minutes.",
  })
}

function question(rules: ProjectRules, finding: Finding, method: string, body: unknown): Promise<Answer> {
  return exchange(rules, finding, `:${method}`, { method: "POST", body: JSON.stringify(body) })
}

function look(rules: ProjectRules, finding: Finding, operation: string): Promise<Answer> {
  const path = operation.split("/").map(encodeURIComponent).join("/")
  return exchange(rules, finding, `/${path}`, { method: "GET" })
}

function exchange(
  { baseUrl }: ProjectRules,
  { fetch, token, userAgent, signal }: Finding,
  path: string,
  init: RequestInit,
): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${token}`,
    "user-agent": userAgent,
    ...(init.body === undefined ? {} : { "content-type": "application/json" }),
  }
  return ask(fetch, {
    what: WHAT,
    url: `${baseUrl.replace(/\/+$/, "")}/v1internal${path}`,
    init: { ...init, headers, signal },
    timeoutMs: QUESTION_MS,
  })
}

function metadata(rules: ProjectRules, own: string | undefined): Record<string, string> {
  return {
    ideType: rules.ideType,
    platform: "PLATFORM_UNSPECIFIED",
    pluginType: "GEMINI",
    ...(own === undefined ? {} : { duetProject: own }),
  }
}

/** A project's id, as a text or within an object. */
function projectIn(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value
  return isRecord(value) ? textIn(value, "id") : undefined
}

function defaultTier(offered: unknown): string {
  const tiers = Array.isArray(offered) ? offered.filter(isRecord) : []
  const tier = tiers.find((one) => one["isDefault"] === true)
  return (tier && textIn(tier, "id")) ?? NO_TIER
}

/** A refusal; where the account has to be verified first, with the page to do it on. */
function refused(answer: Answer, { email }: Finding): SluiceError {
  const facts = factsOf(answer)
  const error = refusal(WHAT, facts)
  if (error.code !== "account_policy" || facts.help === undefined) return error
  const whose = email === undefined ? "" : ` (${email})`
  return error.with({ hint: `Verify the account${whose} at ${facts.help}` })
}

function projectNeeded(): SluiceError {
  return new SluiceError({
    code: "config",
    message: "The account's plan needs a project of Google's cloud, and it is not known which.",
    hint: "Set GOOGLE_CLOUD_PROJECT; see https://goo.gle/gemini-cli-auth-docs#workspace-gca",
  })
}
