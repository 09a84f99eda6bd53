import { SluiceError } from "@sluice/ai"
import {
  ANTIGRAVITY_PROJECT,
  codeAssistProjectSource,
  googleLoginSource,
  type ProjectOptions,
} from "@sluice/auth/google"
import { type CodeAssistOptions, codeAssistEmulator } from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"

const NEED = { provider: "google-gemini-cli" }
const INFO = "type.googleapis.com/google.rpc.ErrorInfo"

/** Code Assist with one account, and a source of credentials with its project. Waits are over at once, and counted. */
async function assist(options: CodeAssistOptions = {}, more: ProjectOptions & { env?: never } = {}) {
  const host = await codeAssistEmulator({ accessToken: "ya29.good", ...options })
  onTestFinished(() => host.close())
  const waits: number[] = []
  const login = googleLoginSource({ accessToken: "ya29.good", email: "me@example.com", origin: "VAR" })
  const source = codeAssistProjectSource(login, {
    env: () => undefined,
    sleep: async (ms, signal) => {
      signal.throwIfAborted()
      waits.push(ms)
    },
    ...more,
    rules: { baseUrl: host.url, ...more.rules },
  })
  return { host, source, waits }
}

async function failure(work: Promise<unknown>): Promise<SluiceError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!SluiceError.is(error)) throw new Error(`no error of ours: ${String(error)}`)
  return error
}

describe("the project behind Code Assist", () => {
  test("is that of the account's plan, asked once under our own name", async () => {
    const { host, source } = await assist()
    for (let n = 0; n < 3; n++) {
      expect((await source.acquire(NEED)).credential).toMatchObject({
        projectId: "emulated-project",
        secret: "ya29.good",
      })
    }
    expect(host.methods).toEqual(["loadCodeAssist"])
    expect(host.requests[0]?.headers["user-agent"]).toMatch(/^sluice\//)
    expect(host.requests[0]?.json).toEqual({
      metadata: { ideType: "IDE_UNSPECIFIED", platform: "PLATFORM_UNSPECIFIED", pluginType: "GEMINI" },
    })
  })

  test("whose enrolling fails is told in the service's words, whichever status it has", async () => {
    const failed = { name: "operations/1", done: true, error: { code: 9, message: "Not in this country." } }
    const through: typeof fetch = async (input, init) =>
      String(input).endsWith(":onboardUser") ? Response.json(failed) : await fetch(input, init)
    const { source } = await assist({ account: {} }, { fetch: through })
    expect(await failure(source.acquire(NEED))).toMatchObject({
      message: expect.stringMatching(/answered: Not in this country\./),
    })
  })

  test("that a credential names is not asked for", async () => {
    const { host } = await assist()
    const login = googleLoginSource({ accessToken: "ya29.good", projectId: "mine", origin: "VAR" })
    const source = codeAssistProjectSource(login, { env: () => undefined, rules: { baseUrl: host.url } })
    expect((await source.acquire(NEED)).credential.projectId).toBe("mine")
    expect(host.methods).toEqual([])
  })

  test("is the account's own where its plan has none, and is asked for where none is named", async () => {
    const account = { tier: "standard-tier" }
    const named = await assist({ account }, { project: "paid" })
    expect((await named.source.acquire(NEED)).credential.projectId).toBe("paid")
    expect(named.host.requests[0]?.json).toMatchObject({
      cloudaicompanionProject: "paid",
      metadata: { duetProject: "paid" },
    })
    const nameless = await assist({ account })
    expect(await failure(nameless.source.acquire(NEED))).toMatchObject({
      code: "config",
      hint: expect.stringMatching(/GOOGLE_CLOUD_PROJECT/),
    })
  })

  test("an account without a plan is enrolled in the free one, without a project of its own", async () => {
    const { host, source, waits } = await assist({ account: { polls: 3 } }, { project: "ignored" })
    expect((await source.acquire(NEED)).credential.projectId).toBe("emulated-project")
    expect(host.methods).toEqual(["loadCodeAssist", "onboardUser", "operation", "operation", "operation"])
    expect(waits).toEqual([5000, 5000, 5000])
  })

  test("enrolling in a plan that is paid for needs a project", async () => {
    const account = { offered: [{ id: "legacy" }, { id: "standard-tier", isDefault: true }] }
    const { host, source } = await assist({ account }, { project: "paid" })
    expect((await source.acquire(NEED)).credential.projectId).toBe("paid")
    expect(host.requests[1]?.json).toMatchObject({ tierId: "standard-tier", cloudaicompanionProject: "paid" })
    const nameless = await assist({ account })
    expect(await failure(nameless.source.acquire(NEED))).toMatchObject({ code: "config" })
    expect(nameless.host.methods).toEqual(["loadCodeAssist"])
  })

  test("an account behind a fence counts as one with a plan", async () => {
    const details = [{ "@type": INFO, reason: "SECURITY_POLICY_VIOLATED" }]
    const { source } = await assist({ loadError: { status: 403, details } }, { project: "fenced" })
    expect((await source.acquire(NEED)).credential.projectId).toBe("fenced")
  })

  test("Antigravity is told so, enrols by asking again, and takes no project of the account's own", async () => {
    const account = { polls: 2, enrolledProject: "given" }
    const { baseUrl: _google, ...rules } = ANTIGRAVITY_PROJECT
    const { host, source, waits } = await assist({ account, bareProject: true }, { project: "ignored", rules })
    expect((await source.acquire(NEED)).credential.projectId).toBe("given")
    expect(host.methods).toEqual(["loadCodeAssist", "onboardUser", "onboardUser", "onboardUser"])
    expect(waits).toEqual([2000, 2000])
    expect(host.requests[0]?.json).toEqual({
      metadata: { ideType: "ANTIGRAVITY", platform: "PLATFORM_UNSPECIFIED", pluginType: "GEMINI" },
    })
  })

  test("WO-161: enrolling that never ends is given up after so many questions", async () => {
    const { host, source, waits } = await assist({ account: { polls: 1000 } })
    expect(await failure(source.acquire(NEED))).toMatchObject({ code: "timeout" })
    expect(host.methods.filter((name) => name === "operation")).toHaveLength(24)
    expect(waits).toHaveLength(24)
  })

  test("WO-161: it ends when everyone who waited for it has left, and not before", async () => {
    const waiting: AbortSignal[] = []
    const sleep = (_ms: number, signal: AbortSignal): Promise<void> =>
      new Promise((_resolve, reject) => {
        waiting.push(signal)
        signal.addEventListener("abort", () => reject(signal.reason as Error))
      })
    const { source, host } = await assist({ account: { polls: 1000 } }, { sleep })
    const [one, two] = [new AbortController(), new AbortController()]
    const first = source.acquire({ ...NEED, signal: one.signal })
    const second = source.acquire({ ...NEED, signal: two.signal })
    first.catch(() => {})
    second.catch(() => {})
    while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    one.abort(new Error("one left"))
    await expect(first).rejects.toThrow("one left")
    expect(waiting[0]?.aborted).toBe(false)
    two.abort(new Error("two left"))
    await expect(second).rejects.toThrow("two left")
    expect(waiting[0]?.aborted).toBe(true)
    expect(host.methods).toEqual(["loadCodeAssist", "onboardUser"])
  })

  test("WO-149: an account that must be verified is told the page, and which account it is", async () => {
    const details = [
      { "@type": INFO, reason: "VALIDATION_REQUIRED", metadata: { validation_url: "https://verify.example/1" } },
    ]
    const { source } = await assist({ loadError: { status: 403, message: "Verify your account.", details } })
    expect(await failure(source.acquire(NEED))).toMatchObject({
      code: "account_policy",
      hint: "Verify the account (me@example.com) at https://verify.example/1",
    })
  })

  test("a refusal is read as one of the models': its reason decides, and the moment to come back is kept", async () => {
    const details = [
      { "@type": INFO, reason: "QUOTA_EXHAUSTED" },
      { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "90s" },
    ]
    const { source } = await assist({ loadError: { status: 429, message: "Used up.", details } })
    expect(await failure(source.acquire(NEED))).toMatchObject({
      code: "quota_exhausted",
      message: "Code Assist answered: Used up.",
      retryAfterMs: 90_000,
    })
  })

  test("a refusal is not kept: the next call asks again", async () => {
    let good = false
    const { source } = await assist({ accessToken: () => good })
    expect(await failure(source.acquire(NEED))).toMatchObject({ code: "auth_expired", status: 401 })
    good = true
    expect((await source.acquire(NEED)).credential.projectId).toBe("emulated-project")
  })
})
