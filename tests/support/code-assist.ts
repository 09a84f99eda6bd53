import {
  type AssistantMessage,
  type Clock,
  type Context,
  Known,
  type Sluice,
  type StreamOptions,
  systemClock,
} from "@sluice/ai"
import { createSluice } from "@sluice/ai/auto"
import { codeAssistProjectSource, googleLoginSource, readGoogleLogin } from "@sluice/auth/google"
import { type CodeAssistEmulator, codeAssistEmulator, type CodeAssistOptions } from "@sluice/testkit/emulators"
import { PROVIDERS, resolveModel } from "@sluice/catalog"
import { onTestFinished } from "vitest"

/** How a test's program is set up. */
export interface CodeAssistSetup {
  provider?: "google-gemini-cli" | "google-antigravity"
  model?: string
  /** One for each host of the service. Default: one that greets. */
  hosts?: readonly CodeAssistOptions[]
  login?: string
  /** How many times as fast the program's clock runs. Default: waits of a retry are over at once. */
  speed?: number
  env?: Record<string, string>
}

export interface CodeAssistTest {
  hosts: readonly CodeAssistEmulator[]
  sluice: Sluice
  known: Known
  /** Waits of the program, in milliseconds, in order. Waits are over at once. */
  waits: number[]
  ask(context: Context | string, options?: StreamOptions): Promise<AssistantMessage>
}

/** Waits of a retry are over at once; those of watchdogs, which go by the clock, take their time. */
function hurried(waits: number[]): Clock {
  return {
    now: systemClock.now,
    setTimeout(run, ms) {
      // How long the body of an error is read, and what may come behind an answer's end, is no wait of these.
      const hurry = ms < 300_000 && ms !== 10_000 && ms !== 1600
      if (hurry) waits.push(ms)
      return systemClock.setTimeout(run, hurry ? 0 : ms)
    },
    clearTimeout: systemClock.clearTimeout,
  }
}

/** A clock that runs so many times as fast. */
function fast(speed: number, waits: number[]): Clock {
  const start = systemClock.now()
  return {
    now: () => start + (systemClock.now() - start) * speed,
    setTimeout(run, ms) {
      if (ms < 300_000 && ms !== 1600) waits.push(ms)
      return systemClock.setTimeout(run, ms / speed)
    },
    clearTimeout: systemClock.clearTimeout,
  }
}

export async function codeAssist(setup: CodeAssistSetup = {}): Promise<CodeAssistTest> {
  const { provider = "google-gemini-cli", model = PROVIDERS[provider].defaultModel } = setup
  const hosts = await Promise.all((setup.hosts ?? [{}]).map((options) => codeAssistEmulator(options)))
  onTestFinished(async () => {
    await Promise.all(hosts.map((host) => host.close()))
  })
  const known = new Known()
  const waits: number[] = []
  const env = (name: string): string | undefined => setup.env?.[name]
  const login = readGoogleLogin(setup.login ?? '{"token": "ya29.login", "email": "me@example.com"}', "VAR")
  const [first, ...others] = hosts.map(({ url }) => url) as [string, ...string[]]
  const source = codeAssistProjectSource(googleLoginSource(login, { env }), { env, rules: { baseUrl: first } })
  const sluice = createSluice({
    env,
    credentials: source,
    environment: { known, clock: setup.speed === undefined ? hurried(waits) : fast(setup.speed, waits) },
    resolve: async (name) => {
      const found = await resolveModel(name, { env })
      const { fallbackUrls, ...rest } = found.compat.codeAssist ?? {}
      const urls = fallbackUrls === undefined ? {} : { fallbackUrls: others }
      return { ...found, baseUrl: first, compat: { ...found.compat, codeAssist: { ...rest, ...urls } } }
    },
  })
  return {
    hosts,
    sluice,
    known,
    waits,
    ask: (context, options) =>
      sluice.complete(
        `${provider}/${model}`,
        typeof context === "string" ? { messages: [{ role: "user", content: context }] } : context,
        options,
      ),
  }
}
