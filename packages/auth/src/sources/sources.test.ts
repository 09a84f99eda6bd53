import { inspect } from "node:util"
import { SluiceError, type Credential, type CredentialSource, type Lease } from "@sluice/ai"
import { PROVIDERS } from "@sluice/catalog"
import { describe, expect, test } from "vitest"
import { chainSource, environmentSource, fixedSource, listSource } from "../index.ts"
import { keyCredential } from "../key-credential.ts"

const SECRETS = ["sk-first-account-0001", "sk-second-account-0002", "sk-third-account-0003"] as const

function env(values: Readonly<Record<string, string>>): (name: string) => string | undefined {
  return (name) => values[name]
}

function secretOf(lease: Lease | undefined): string | undefined {
  return lease && "secret" in lease.credential ? lease.credential.secret : undefined
}

async function missing(source: CredentialSource, provider: string): Promise<SluiceError> {
  const error: unknown = await source.acquire({ provider }).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(SluiceError.is(error)).toBe(true)
  return error as SluiceError
}

const QUOTA = new SluiceError({ code: "quota_exhausted", message: "used up", retryAfterMs: 10_000 })
const RATE = new SluiceError({ code: "rate_limited", message: "slow down" })
const REFUSED = new SluiceError({ code: "auth_invalid", message: "refused" })
const SERVER = new SluiceError({ code: "server_error", message: "oops" })

describe("environmentSource", () => {
  test.each(Object.values(PROVIDERS).flatMap((one) => one.keyEnv.map((name) => [one.id, name] as const)))(
    "%s from %s",
    async (provider, name) => {
      const lease = await environmentSource({ env: env({ [name]: ` ${SECRETS[0]}\n` }) }).acquire({ provider })
      expect(lease.credential).toMatchObject({ kind: "key", secret: SECRETS[0], origin: name })
    },
  )

  test("the first variable that is set counts", async () => {
    const values = { MOONSHOT_API_KEY: "  ", KIMI_API_KEY: SECRETS[1] }
    expect(secretOf(await environmentSource({ env: env(values) }).acquire({ provider: "moonshot" }))).toBe(SECRETS[1])
    const both = { ...values, MOONSHOT_API_KEY: SECRETS[0] }
    expect(secretOf(await environmentSource({ env: env(both) }).acquire({ provider: "moonshot" }))).toBe(SECRETS[0])
  })

  test("commas separate accounts, each once; quotes and Bearer are cut", async () => {
    const value = `"${SECRETS[0]}", Bearer ${SECRETS[1]},, ${SECRETS[0]}`
    const source = environmentSource({ env: env({ OPENAI_API_KEY: value }) })
    const first = await source.acquire({ provider: "openai" })
    const second = await first.replace(QUOTA)
    expect([secretOf(first), secretOf(second)]).toEqual([SECRETS[0], SECRETS[1]])
    expect(await second?.replace(QUOTA)).toBeUndefined()
  })

  test("what was learned of an account outlives the call, until the variable changes", async () => {
    const values = { OPENAI_API_KEY: `${SECRETS[0]},${SECRETS[1]}` }
    const source = environmentSource({ env: env(values), now: () => 0 })
    const lease = await source.acquire({ provider: "openai" })
    lease.release({ error: QUOTA })
    expect(secretOf(await source.acquire({ provider: "openai" }))).toBe(SECRETS[1])
    values.OPENAI_API_KEY = SECRETS[2]
    expect(secretOf(await source.acquire({ provider: "openai" }))).toBe(SECRETS[2])
  })

  test("without a key the error names the variables and the page", async () => {
    const error = await missing(environmentSource({ env: env({}) }), "moonshot")
    expect(error).toMatchObject({ code: "auth_missing", provider: "moonshot" })
    expect(error.message).toContain("MOONSHOT_API_KEY and KIMI_API_KEY are not set")
    expect(error.hint).toContain("Set MOONSHOT_API_KEY or KIMI_API_KEY")
    expect(error.hint).toContain("https://platform.moonshot.ai/console/api-keys")
    expect((await missing(environmentSource({ env: env({}) }), "custom")).hint).toBe("Pass a key with the call.")
  })

  test("a key that cannot stand in a header names its variable and not itself", async () => {
    const error = await missing(environmentSource({ env: env({ OPENAI_API_KEY: "sk-se cret\u00e9" }) }), "openai")
    expect(error.code).toBe("config")
    expect(error.message).toContain("OPENAI_API_KEY")
    expect(JSON.stringify(error) + inspect(error)).not.toContain("cret")
  })
})

describe("listSource", () => {
  const credentials: readonly Credential[] = SECRETS.map((secret) => keyCredential(secret, "TEST_KEYS"))
  const need = { provider: "openai" }

  test("replace never gives one that was tried in this call", async () => {
    const source = listSource(credentials, { now: () => 0 })
    const given: (string | undefined)[] = []
    let lease: Lease | undefined = await source.acquire(need)
    while (lease) {
      given.push(secretOf(lease))
      lease = await lease.replace(SERVER)
    }
    expect(given).toEqual([...SECRETS])
  })

  test("after a limit a credential rests for as long as the host says", async () => {
    let time = 1_000_000
    const source = listSource(credentials, { now: () => time })
    const first = await source.acquire(need)
    await first.replace(QUOTA)
    expect(secretOf(await source.acquire(need))).toBe(SECRETS[1])
    time += 9999
    expect(secretOf(await source.acquire(need))).toBe(SECRETS[1])
    time += 1
    expect(secretOf(await source.acquire(need))).toBe(SECRETS[0])
  })

  test("where the host says nothing, it rests until the quota is renewed, or a minute", async () => {
    let time = 1_000_000
    const source = listSource(credentials.slice(0, 2), { now: () => time })
    const first = await source.acquire(need)
    const renewed = new SluiceError({ code: "quota_exhausted", message: "", quota: { resetAt: time + 5000 } })
    const second = await first.replace(renewed)
    second?.release({ error: RATE })
    time += 5000
    expect(secretOf(await source.acquire(need))).toBe(SECRETS[0])
    const lease = await source.acquire(need)
    expect(await lease.replace(renewed.with({ quota: { resetAt: time + 1e9 } }))).toBeUndefined()
    time += 55_000
    expect(secretOf(await source.acquire(need))).toBe(SECRETS[1])
  })

  test("a sibling that rests is not given as a replacement", async () => {
    const source = listSource(credentials.slice(0, 2), { now: () => 0 })
    const other = await (await source.acquire(need)).replace(SERVER)
    expect(secretOf(other)).toBe(SECRETS[1])
    other?.release({ error: QUOTA })
    expect(await (await source.acquire(need)).replace(SERVER)).toBeUndefined()
  })

  test("where all rest, the one whose rest ends first is given out", async () => {
    const source = listSource(credentials, { now: () => 0 })
    for (const ms of [30_000, 10_000, 20_000]) {
      const lease = await source.acquire(need)
      lease.release({ error: QUOTA.with({ retryAfterMs: ms }) })
    }
    expect(secretOf(await source.acquire(need))).toBe(SECRETS[1])
  })

  test("a refused key rests for a while and is not given up", async () => {
    let time = 0
    const source = listSource(credentials, { now: () => time, refusedMs: 1000 })
    ;(await source.acquire(need)).release({ error: REFUSED })
    expect(secretOf(await source.acquire(need))).toBe(SECRETS[1])
    time = 1000
    expect(secretOf(await source.acquire(need))).toBe(SECRETS[0])
  })

  test("a failure that is not the account's does not make it rest", async () => {
    const source = listSource(credentials, { now: () => 0 })
    ;(await source.acquire(need)).release({ error: SERVER })
    expect(secretOf(await source.acquire(need))).toBe(SECRETS[0])
  })

  test("success ends a rest, but not one that began while the call ran", async () => {
    let time = 1
    const source = listSource(credentials.slice(0, 2), { now: () => time })
    const long = await source.acquire(need)
    time = 2
    ;(await source.acquire(need)).release({ error: QUOTA })
    long.release({})
    const second = await source.acquire(need)
    expect(secretOf(second)).toBe(SECRETS[1])
    second.release({ error: QUOTA.with({ retryAfterMs: 60_000 }) })
    time = 3
    const forced = await source.acquire(need)
    expect(secretOf(forced)).toBe(SECRETS[0])
    forced.release({})
    ;(await source.acquire(need)).release({})
    expect(secretOf(await source.acquire(need))).toBe(SECRETS[0])
  })

  test("nothing is given to a call that was aborted", async () => {
    const lease = await listSource(credentials).acquire(need)
    expect(await lease.replace(QUOTA, AbortSignal.abort())).toBeUndefined()
  })

  test("an empty list has nothing", async () => {
    expect((await missing(listSource([]), "openai")).code).toBe("auth_missing")
  })
})

describe("fixedSource, chainSource", () => {
  test("a given key", async () => {
    const lease = await fixedSource(` ${SECRETS[0]} `).acquire({ provider: "openai" })
    expect(lease.credential).toMatchObject({ kind: "key", secret: SECRETS[0], origin: "option apiKey" })
    expect(() => fixedSource("")).toThrow(/option apiKey/)
    expect(() => fixedSource("a b", "MY_KEY")).toThrow(/MY_KEY/)
  })

  test("several given keys are read like those of a variable", async () => {
    const lease = await fixedSource(`"${SECRETS[0]}",Bearer ${SECRETS[1]}`).acquire({ provider: "openai" })
    expect([secretOf(lease), secretOf(await lease.replace(QUOTA))]).toEqual([SECRETS[0], SECRETS[1]])
  })

  test("the first source that has one, and its own replacements only", async () => {
    const none = environmentSource({ env: env({}) })
    const both = chainSource(none, fixedSource(SECRETS[0]), fixedSource(SECRETS[1]))
    const lease = await both.acquire({ provider: "openai" })
    expect(secretOf(lease)).toBe(SECRETS[0])
    expect(await lease.replace(QUOTA)).toBeUndefined()
    expect((await missing(chainSource(none, none), "openai")).hint).toContain("OPENAI_API_KEY")
    expect((await missing(chainSource(), "openai")).code).toBe("auth_missing")
  })

  test("another failure than a missing key ends the chain", async () => {
    const bad = environmentSource({ env: env({ OPENAI_API_KEY: "a b" }) })
    expect((await missing(chainSource(bad, fixedSource(SECRETS[0])), "openai")).code).toBe("config")
  })
})

describe("secrets", () => {
  test("show neither in JSON nor in a log, but travel with the credential", async () => {
    const source = environmentSource({ env: env({ OPENAI_API_KEY: SECRETS.join(",") }) })
    const lease = await source.acquire({ provider: "openai" })
    for (const shown of [
      JSON.stringify(lease),
      JSON.stringify(lease.credential),
      JSON.stringify({ deep: [lease.credential] }),
      inspect(lease, { depth: 9, showHidden: false }),
      inspect(source, { depth: 9 }),
      JSON.stringify(source),
    ]) {
      for (const secret of SECRETS) expect(shown).not.toContain(secret)
    }
    expect(JSON.parse(JSON.stringify(lease.credential))).toEqual({
      kind: "key",
      id: lease.credential.id,
      origin: "OPENAI_API_KEY",
    })
    expect({ ...lease.credential }).toMatchObject({ secret: SECRETS[0] })
  })

  test("the id is stable, differs by key, and is no part of it", () => {
    const [first, again, second] = [SECRETS[0], SECRETS[0], SECRETS[1]].map((key) => keyCredential(key, "X").id)
    expect(first).toMatch(/^[0-9a-f]{8}$/)
    expect(again).toBe(first)
    expect(second).not.toBe(first)
    expect(SECRETS[0]).not.toContain(first)
  })
})
