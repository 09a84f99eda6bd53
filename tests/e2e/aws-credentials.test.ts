import { createHash } from "node:crypto"
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { inspect } from "node:util"
import { SluiceError, type Credential, type Lease } from "@sluice/ai"
import { awsCredentialsEmulator, type AwsCredentialsOptions } from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"
import { chainSource, environmentSource } from "@sluice/auth"
import { awsSource, type AwsOptions } from "@sluice/auth/aws"

const NEED = { provider: "amazon-bedrock" }
const KEYS = { accessKeyId: "AKIASOURCE", secretAccessKey: "source-secret" }
const ROLE = "arn:aws:iam::1:role/r"
const REFUSED = new SluiceError({ code: "auth_invalid", message: "", status: 403 })

interface World extends AwsOptions {
  variables?: Record<string, string>
  files?: Record<string, string>
}

/** A source in a world of its own: no variable, file, program or service of this machine. */
function source({ variables = {}, files = {}, ...rest }: World = {}) {
  const env: Record<string, string> = { AWS_EC2_METADATA_DISABLED: "true", ...variables }
  const options: AwsOptions = {
    env: (name) => env[name],
    home: "/home/me",
    readFile: async (path) => files[path],
    listFolder: async (path) =>
      Object.keys(files).flatMap((file) => (file.startsWith(`${path}/`) ? [file.slice(path.length + 1)] : [])),
    ...rest,
  }
  return { source: awsSource(options), env }
}

type Aws = Extract<Credential, { kind: "aws" }>

async function keysOf(world: World): Promise<Aws> {
  return (await source(world).source.acquire(NEED)).credential as Aws
}

async function errorOf(world: World): Promise<SluiceError> {
  const thrown: unknown = await source(world)
    .source.acquire(NEED)
    .then(
      () => undefined,
      (error: unknown) => error,
    )
  expect(SluiceError.is(thrown)).toBe(true)
  return thrown as SluiceError
}

/** The services that give keys out, and the variables that lead to them. */
async function services(options: AwsCredentialsOptions = {}) {
  const host = await awsCredentialsEmulator(options)
  onTestFinished(() => host.close())
  const { url } = host
  return { host, variables: { AWS_ENDPOINT_URL_STS: url, AWS_ENDPOINT_URL_SSO: url, AWS_ENDPOINT_URL_SSO_OIDC: url } }
}

const RENEWAL = { clientId: "client", clientSecret: "client-secret", refreshToken: "refresh" }
const RENEWABLE = { startUrl: "https://c", region: "eu-west-1", accessToken: "login", ...RENEWAL }
const CONFIG = "/home/me/.aws/config"
const CREDENTIALS = "/home/me/.aws/credentials"
const SOURCE_PROFILE = `[base]\naws_access_key_id = ${KEYS.accessKeyId}\naws_secret_access_key = ${KEYS.secretAccessKey}\n`

describe("where keys are found", () => {
  test("in the environment, with their session and region", async () => {
    const variables = {
      AWS_ACCESS_KEY_ID: "AKIAENV",
      AWS_SECRET_ACCESS_KEY: "s",
      AWS_SESSION_TOKEN: "t",
      AWS_REGION: "eu-west-3",
    }
    expect(await keysOf({ variables })).toMatchObject({
      kind: "aws",
      accessKeyId: "AKIAENV",
      secretAccessKey: "s",
      sessionToken: "t",
      region: "eu-west-3",
      origin: "AWS_ACCESS_KEY_ID",
    })
  })

  test("in a profile; the file for credentials wins, and the region comes from the other one", async () => {
    const files = {
      [CONFIG]: "[profile dev]\nregion = eu-central-1\naws_access_key_id = OLD\naws_secret_access_key = old # note\n",
      [CREDENTIALS]: "[dev]\naws_access_key_id=NEW\naws_secret_access_key=new\n",
    }
    expect(await keysOf({ files, variables: { AWS_PROFILE: "dev" } })).toMatchObject({
      accessKeyId: "NEW",
      secretAccessKey: "new",
      region: "eu-central-1",
      origin: "profile dev",
    })
  })

  test("a profile that is named comes before the environment", async () => {
    const variables = { AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: "s" }
    const files = { [CREDENTIALS]: SOURCE_PROFILE }
    expect(await keysOf({ variables, files, profile: "base" })).toMatchObject({ accessKeyId: KEYS.accessKeyId })
    expect(await keysOf({ variables, files })).toMatchObject({ accessKeyId: "AKIAENV" })
  })

  test("WO-169: in a role of a profile, asked for with a signature by the keys of its source", async () => {
    const { host, variables } = await services({ keys: [KEYS] })
    const files = {
      [CONFIG]: `[profile r]\nrole_arn=${ROLE}\nsource_profile=base\nexternal_id=x\nduration_seconds=900\nregion=eu-west-1\n[profile top]\nrole_arn=${ROLE}2\nsource_profile=r\n`,
      [CREDENTIALS]: SOURCE_PROFILE,
    }
    expect(await keysOf({ files, variables: { ...variables, AWS_PROFILE: "r" } })).toMatchObject({
      accessKeyId: "ASIAEMULATED1",
      sessionToken: "session-token-1",
    })
    expect(host.requests[0]?.headers["authorization"]).toContain("/eu-west-1/sts/aws4_request")
    expect(Object.fromEntries(new URLSearchParams(host.requests[0]?.body))).toMatchObject({
      RoleArn: ROLE,
      ExternalId: "x",
      DurationSeconds: "900",
    })
    // A role that is taken on with a role: the second request is signed by what the first one gave.
    expect((await keysOf({ files, variables: { ...variables, AWS_PROFILE: "top" } })).accessKeyId).toBe("ASIAEMULATED3")
  })

  test("WO-169: profiles that lead to each other are named, and end", async () => {
    const files = {
      [CONFIG]: `[profile a]\nrole_arn=${ROLE}\nsource_profile=b\n[profile b]\nrole_arn=${ROLE}\nsource_profile=a\n`,
    }
    const error = await errorOf({ files, variables: { AWS_PROFILE: "a" } })
    expect(error).toMatchObject({ code: "config", retryable: false })
    expect(error.message).toContain("a → b → a")
  })

  test("a profile that is the source of its own role has keys for that", async () => {
    const { variables } = await services({ keys: [KEYS] })
    const files = { [CONFIG]: `[profile base]\nrole_arn=${ROLE}\nsource_profile=base\n`, [CREDENTIALS]: SOURCE_PROFILE }
    expect((await keysOf({ files, variables: { ...variables, AWS_PROFILE: "base" } })).accessKeyId).toBe(
      "ASIAEMULATED1",
    )
  })

  test("in a web identity, of the environment and of a profile", async () => {
    const { host, variables } = await services({ webTokens: ["jwt"] })
    const files = { "/token": "jwt\n", [CONFIG]: `[profile w]\nrole_arn=${ROLE}\nweb_identity_token_file=/token\n` }
    const named = { AWS_WEB_IDENTITY_TOKEN_FILE: "/token", AWS_ROLE_ARN: ROLE, AWS_ROLE_SESSION_NAME: "me" }
    expect((await keysOf({ files, variables: { ...variables, ...named } })).accessKeyId).toBe("ASIAEMULATED1")
    expect(host.requests[0]?.body).toContain("RoleSessionName=me")
    expect(host.requests[0]?.headers["authorization"]).toBeUndefined()
    expect((await keysOf({ files, variables: { ...variables, AWS_PROFILE: "w" } })).accessKeyId).toBe("ASIAEMULATED2")
  })

  const SSO = "sso_account_id=1\nsso_role_name=r\n"
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString()

  test.each([
    [
      "a session",
      `[profile s]\n${SSO}sso_session=corp\n[sso-session corp]\nsso_start_url=https://c\nsso_region=eu-west-1\n`,
      "corp",
    ],
    ["a start page", `[profile s]\n${SSO}sso_start_url=https://c\nsso_region=eu-west-1\n`, "https://c"],
    ["a file of any name", `[profile s]\n${SSO}sso_start_url=https://c\nsso_region=eu-west-1\n`, "other"],
  ])("in a login in the browser, by %s", async (_name, config, key) => {
    const { variables } = await services({ ssoToken: "login" })
    const file = `/home/me/.aws/sso/cache/${createHash("sha1").update(key).digest("hex")}.json`
    const files = {
      [CONFIG]: config,
      [file]: JSON.stringify({ accessToken: "login", startUrl: "https://c", expiresAt }),
    }
    expect((await keysOf({ files, variables: { ...variables, AWS_PROFILE: "s" } })).accessKeyId).toBe("ASIAEMULATED1")
  })

  test("a login that is over, refused or not there says how to log in again", async () => {
    const { variables } = await services({ ssoToken: "login" })
    const config = `[profile s]\n${SSO}sso_start_url=https://c\nsso_region=eu-west-1\n`
    const file = `/home/me/.aws/sso/cache/${createHash("sha1").update("https://c").digest("hex")}.json`
    for (const token of [
      undefined,
      { accessToken: "login", expiresAt: "2020-01-01T00:00:00Z" },
      { accessToken: "x", expiresAt },
    ]) {
      const files = { [CONFIG]: config, ...(token ? { [file]: JSON.stringify(token) } : {}) }
      const error = await errorOf({ files, variables: { ...variables, AWS_PROFILE: "s" } })
      expect(error).toMatchObject({ code: "auth_expired", hint: "Run `aws sso login --profile s`." })
    }
  })

  test("several files of one start page: the login that lasts longest counts", async () => {
    const { variables } = await services({ ssoToken: "login" })
    const entry = (token: object): string => JSON.stringify({ startUrl: "https://c", ...token })
    const files = {
      [CONFIG]: `[profile s]\n${SSO}sso_start_url=https://c\nsso_region=eu-west-1\n`,
      "/home/me/.aws/sso/cache/a.json": entry({ accessToken: "over", expiresAt: "2020-01-01T00:00:00UTC" }),
      "/home/me/.aws/sso/cache/b.json": entry({ accessToken: "login", expiresAt }),
      "/home/me/.aws/sso/cache/c.json": entry({ accessToken: "over", expiresAt: "2021-01-01T00:00:00Z" }),
    }
    expect((await keysOf({ files, variables: { ...variables, AWS_PROFILE: "s" } })).accessKeyId).toBe("ASIAEMULATED1")
  })

  test("China's services have a domain of their own", async () => {
    const asked: string[] = []
    const listening: typeof fetch = async (url) => {
      asked.push(String(url).split("?")[0] as string)
      return Response.json({ accessToken: "new", expiresIn: 3600 })
    }
    const file = `/home/me/.aws/sso/cache/${createHash("sha1").update("https://c").digest("hex")}.json`
    const files = {
      [CONFIG]: `[default]\n${SSO}sso_start_url=https://c\nsso_region=cn-north-1\n`,
      [file]: JSON.stringify({ ...RENEWABLE, expiresAt: "2020-01-01T00:00:00Z" }),
    }
    await errorOf({ files, fetch: listening, writeFile: async () => {} })
    expect(asked).toEqual([
      "https://oidc.cn-north-1.amazonaws.com.cn/token",
      "https://portal.sso.cn-north-1.amazonaws.com.cn/federation/credentials",
    ])
  })

  test("WO-168: in what a profile's program prints, with its end", async () => {
    const asked: unknown[] = []
    const expires = new Date(Date.now() + 3_600_000).toISOString()
    const run = async (program: string, args: readonly string[]): Promise<string> => {
      asked.push([program, ...args])
      return JSON.stringify({
        Version: 1,
        AccessKeyId: "A",
        SecretAccessKey: "s",
        SessionToken: "t",
        Expiration: expires,
      })
    }
    const files = { [CONFIG]: '[default]\ncredential_process = /opt/my\\ tool --name "two words" \'a"b\'\n' }
    expect(await keysOf({ files, run })).toMatchObject({
      accessKeyId: "A",
      sessionToken: "t",
      expiresAt: Date.parse(expires),
    })
    expect(asked).toEqual([["/opt/my tool", "--name", "two words", 'a"b']])
  })

  test.each([
    ["no JSON", "hello", "auth_invalid"],
    ["another version", '{"Version":2,"AccessKeyId":"A","SecretAccessKey":"s"}', "auth_invalid"],
    [
      "keys that are over",
      '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"2020-01-01T00:00:00Z"}',
      "auth_expired",
    ],
  ])("WO-168: a program that prints %s is named", async (_name, output, code) => {
    const files = { [CONFIG]: "[default]\ncredential_process = tool\n" }
    const error = await errorOf({ files, run: async () => output })
    expect(error).toMatchObject({ code, message: expect.stringContaining("profile default") })
  })

  test("in a real program, without a shell", async () => {
    const print = `process.stdout.write(JSON.stringify({Version:1,AccessKeyId:process.argv[1],SecretAccessKey:"s"}))`
    const files = { [CONFIG]: `[default]\ncredential_process = "${process.execPath}" -e '${print}' '$HOME;x'\n` }
    expect((await keysOf({ files })).accessKeyId).toBe("$HOME;x")
    const failing = { [CONFIG]: `[default]\n  credential_process = "${process.execPath}" -e 'process.exit(3)'\n` }
    expect((await errorOf({ files: failing })).message).toContain("ended with 3")
  })

  test("in a program of Windows, whose paths have backslashes", async () => {
    const asked: unknown[] = []
    const run = async (program: string, args: readonly string[]): Promise<string> => {
      asked.push([program, ...args])
      return '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s"}'
    }
    const files = {
      [CONFIG]: String.raw`[default]
credential_process = "C:\Program Files\keys.exe" --folder C:\temp`,
    }
    expect((await keysOf({ files, run, platform: "win32" })).accessKeyId).toBe("A")
    expect(asked).toEqual([[String.raw`C:\Program Files\keys.exe`, "--folder", String.raw`C:\temp`]])
  })

  test("in the container, whose token may stand in a file", async () => {
    const { host } = await services({ containerToken: "secret" })
    const variables = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${host.url}/keys`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/t",
    }
    expect(await keysOf({ variables, files: { "/t": "secret\n" } })).toMatchObject({
      accessKeyId: "ASIAEMULATED1",
      origin: "container",
    })
    expect(await errorOf({ variables, files: {} })).toMatchObject({ code: "auth_invalid", status: 401 })
    const elsewhere = { AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://example.com/keys" }
    expect(await errorOf({ variables: elsewhere })).toMatchObject({ code: "config" })
  })

  test("in the machine's metadata service, version 2", async () => {
    const { host } = await services()
    const variables = { AWS_EC2_METADATA_DISABLED: "false", AWS_EC2_METADATA_SERVICE_ENDPOINT: `${host.url}/` }
    expect(await keysOf({ variables })).toMatchObject({
      accessKeyId: "ASIAEMULATED1",
      origin: "machine's role machine-role",
    })
    expect(host.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "PUT /latest/api/token",
      "GET /latest/meta-data/iam/security-credentials/",
      "GET /latest/meta-data/iam/security-credentials/machine-role",
    ])
  })

  test("nowhere: the error says what was looked for, and what to do", async () => {
    const { host } = await services({ machineRole: null })
    const variables = {
      AWS_EC2_METADATA_DISABLED: "",
      AWS_EC2_METADATA_SERVICE_ENDPOINT: host.url,
      AWS_PROFILE: "nope",
    }
    const error = await errorOf({ variables })
    expect(error).toMatchObject({
      code: "auth_missing",
      provider: "amazon-bedrock",
      retryable: false,
      scope: "credential",
    })
    for (const part of [
      "AWS_ACCESS_KEY_ID",
      "AWS_WEB_IDENTITY_TOKEN_FILE",
      `profile nope in ${CONFIG}`,
      "CONTAINER",
      "no role",
    ]) {
      expect(error.message).toContain(part)
    }
    expect(error.hint).toContain("AWS_BEARER_TOKEN_BEDROCK")
  })

  test("in front of a proxy that signs itself there are none, and none are looked for", async () => {
    const run = (): Promise<string> => Promise.reject(new Error("not to be run"))
    const files = { [CONFIG]: "[default]\nregion = eu-west-1\ncredential_process = tool\n" }
    const lease = await source({ files, run, variables: { AWS_BEDROCK_SKIP_AUTH: "1" } }).source.acquire(NEED)
    expect(lease.credential).toEqual({
      kind: "none",
      id: "none",
      origin: "AWS_BEDROCK_SKIP_AUTH",
      location: "eu-west-1",
    })
    for (const off of ["0", "false", " "]) {
      await expect(keysOf({ files, run, variables: { AWS_BEDROCK_SKIP_AUTH: off } })).rejects.toThrow("not to be run")
    }
  })

  test.each([
    ["half a pair in the environment", { variables: { AWS_ACCESS_KEY_ID: "A" } }, "config", "AWS_SECRET_ACCESS_KEY"],
    [
      "half a pair in a profile",
      { files: { [CREDENTIALS]: "[default]\naws_access_key_id=A\n" } },
      "config",
      "only one of",
    ],
    [
      "a second factor",
      { files: { [CONFIG]: `[default]\nrole_arn=${ROLE}\nmfa_serial=m\n` } },
      "config",
      "second factor",
    ],
    [
      "a quote without its end",
      { files: { [CONFIG]: '[default]\ncredential_process = tool "x\n' }, run: async () => "{}" },
      "config",
      "within a quote",
    ],
    ["a role without a source", { files: { [CONFIG]: `[default]\nrole_arn=${ROLE}\n` } }, "config", "source_profile"],
    [
      "a source that is not there",
      { files: { [CONFIG]: `[default]\nrole_arn=${ROLE}\nsource_profile=x\n` } },
      "config",
      "profile x",
    ],
  ])("WO-183: %s is an error of the credential, and no passing fault", async (_name, world, code, words) => {
    const error = await errorOf(world)
    expect(error).toMatchObject({ code, retryable: false, scope: "credential" })
    expect(error.message).toContain(words)
  })

  test("WO-183: a service that refuses is one too", async () => {
    const { variables } = await services({ keys: [KEYS], refuse: { code: "AccessDenied", message: "not allowed" } })
    const files = { [CONFIG]: `[default]\nrole_arn=${ROLE}\nsource_profile=base\n`, [CREDENTIALS]: SOURCE_PROFILE }
    expect(await errorOf({ files, variables })).toMatchObject({
      code: "permission_denied",
      retryable: false,
      message: expect.stringContaining("not allowed"),
    })
  })

  test.each(["Throttling", "IDPCommunicationError"])("a service that is busy (%s) is a passing fault", async (code) => {
    const { variables } = await services({ keys: [KEYS], refuse: { code, message: "later", status: 400 } })
    const files = { [CONFIG]: `[default]\nrole_arn=${ROLE}\nsource_profile=base\n`, [CREDENTIALS]: SOURCE_PROFILE }
    expect(await errorOf({ files, variables })).toMatchObject({ code: "rate_limited", retryable: true })
  })

  test("a service that nobody answers for is a passing fault, and no secret is in its words", async () => {
    const files = { [CONFIG]: `[default]\nrole_arn=${ROLE}\nsource_profile=base\n`, [CREDENTIALS]: SOURCE_PROFILE }
    const error = await errorOf({ files, variables: { AWS_ENDPOINT_URL_STS: "http://127.0.0.1:1" } })
    expect(error).toMatchObject({ code: "network", retryable: true, scope: "host", provider: "amazon-bedrock" })
    expect(error.message).toContain("AWS's token service at 127.0.0.1:1 could not be reached")
    expect(error.hint).toBeDefined()
    expect(JSON.stringify(error) + inspect(error)).not.toContain(KEYS.secretAccessKey)
  })
})

describe("a login in the browser that ends", () => {
  const START = Date.parse("2026-01-01T00:00:00Z")
  const FILE = `/home/me/.aws/sso/cache/${createHash("sha1").update("corp").digest("hex")}.json`
  const PROFILE =
    "[default]\nsso_account_id=1\nsso_role_name=r\nsso_session=corp\n" +
    "[sso-session corp]\nsso_start_url=https://c\nsso_region=eu-west-1\n"

  /** A login with `leftMs` to go, services that renew it, and a clock. */
  async function ending(leftMs: number, more: AwsCredentialsOptions & { login?: object } = {}) {
    const state = { time: START }
    const now = (): number => state.time
    const { host, variables } = await services({ ssoToken: "login", ssoRenewal: RENEWAL, now, ...more })
    const login = {
      ...RENEWABLE,
      expiresAt: new Date(START + leftMs).toISOString(),
      registrationExpiresAt: "2026-03-01T00:00:00Z",
      ...more.login,
    }
    const files: Record<string, string> = { [CONFIG]: PROFILE, [FILE]: JSON.stringify(login) }
    const written: string[] = []
    const writeFile = async (path: string, text: string): Promise<void> => {
      written.push(path)
      files[path] = text
    }
    const renewals = (): number => host.requests.filter(({ path }) => path === "/token").length
    return { host, state, files, written, renewals, world: { files, variables, now, writeFile } }
  }

  test("is renewed by whichever call comes first, and written back for others", async () => {
    const { host, files, written, renewals, world } = await ending(-1000)
    const { source: one } = source(world)
    const leases = await Promise.all(Array.from({ length: 20 }, () => one.acquire(NEED)))
    expect(new Set(leases.map(({ credential }) => credential.id))).toEqual(new Set(["ASIAEMULATED1"]))
    expect(renewals()).toBe(1)
    expect(host.requests.at(-1)?.headers["x-amz-sso_bearer_token"]).toBe("renewed-login-1")
    expect(written).toEqual([FILE])
    expect(JSON.parse(files[FILE] as string)).toEqual({
      ...RENEWABLE,
      accessToken: "renewed-login-1",
      refreshToken: "refresh-1",
      expiresAt: "2026-01-01T01:00:00Z",
      registrationExpiresAt: "2026-03-01T00:00:00Z",
    })
    // What was written is what the next one goes on from.
    expect((await keysOf(world)).accessKeyId).toBe("ASIAEMULATED2")
    expect(renewals()).toBe(1)
  })

  test("is renewed five minutes before, and not earlier", async () => {
    const early = await ending(300_001)
    await keysOf(early.world)
    expect(early.renewals()).toBe(0)
    const late = await ending(300_000)
    await keysOf(late.world)
    expect(late.renewals()).toBe(1)
  })

  test.each([
    ["busy", { error: "slow_down", status: 400 }, "rate_limited"],
    ["broken", { error: "server_error", status: 500 }, "server_error"],
  ])("is used to its end while the service that renews it is %s", async (_name, refuseRenewal, code) => {
    expect((await keysOf((await ending(1000, { refuseRenewal })).world)).accessKeyId).toBe("ASIAEMULATED1")
    expect(await errorOf((await ending(0, { refuseRenewal })).world)).toMatchObject({ code, retryable: true })
  })

  test.each([
    ["refused", { refuseRenewal: { error: "invalid_grant", status: 400 } }, 1],
    ["without a token for it", { login: { refreshToken: undefined } }, 0],
    ["of a client that is not registered any more", { login: { registrationExpiresAt: "2025-12-31T00:00:00Z" } }, 0],
  ])("is over where the renewal is %s", async (_name, more, asked) => {
    const usable = await ending(1000, more)
    expect((await keysOf(usable.world)).accessKeyId).toBe("ASIAEMULATED1")
    const over = await ending(0, more)
    const error = await errorOf(over.world)
    expect(error).toMatchObject({
      code: "auth_expired",
      retryable: false,
      hint: "Run `aws sso login --profile default`.",
    })
    expect(over.renewals()).toBe(asked)
    expect(JSON.stringify(error) + inspect(error)).not.toMatch(/client-secret|refresh-?\d|"login"/)
  })

  test("is found where another program renewed it meanwhile", async () => {
    const { host, files, world } = await ending(-1000, { ssoToken: "by-another", login: { refreshToken: "used" } })
    const another: typeof fetch = async (...request) => {
      const response = await fetch(...request)
      if (String(request[0]).endsWith("/token"))
        files[FILE] = JSON.stringify({ ...RENEWABLE, accessToken: "by-another", expiresAt: "2026-01-01T01:00:00Z" })
      return response
    }
    expect((await keysOf({ ...world, fetch: another })).accessKeyId).toBe("ASIAEMULATED1")
    expect(host.requests.at(-1)?.headers["x-amz-sso_bearer_token"]).toBe("by-another")
  })

  test("is remembered where its folder may only be read", async () => {
    const { state, world, host } = await ending(-1000, { lifetimeMs: 600_000 })
    const { source: one } = source({ ...world, writeFile: () => Promise.reject(new Error("EROFS")) })
    await one.acquire(NEED)
    state.time += 3_600_000
    expect((await one.acquire(NEED)).credential.id).toBe("ASIAEMULATED2")
    expect(host.requests.at(-1)?.headers["x-amz-sso_bearer_token"]).toBe("renewed-login-2")
  })

  test("is written on the disk in one step, for its owner alone", async () => {
    const home = await mkdtemp(join(tmpdir(), "sluice-aws-"))
    onTestFinished(() => rm(home, { recursive: true }))
    const { host, variables } = await services({ ssoToken: "login", ssoRenewal: RENEWAL })
    const folder = join(home, ".aws", "sso", "cache")
    await mkdir(folder, { recursive: true })
    const file = join(folder, FILE.slice(FILE.lastIndexOf("/") + 1))
    await writeFile(join(home, ".aws", "config"), PROFILE)
    await writeFile(file, JSON.stringify({ ...RENEWABLE, expiresAt: "2020-01-01T00:00:00Z" }), { mode: 0o644 })
    const env: Record<string, string> = { ...variables, AWS_EC2_METADATA_DISABLED: "true" }
    await awsSource({ env: (name) => env[name], home }).acquire(NEED)
    expect(host.given).toHaveLength(1)
    expect(await readdir(folder)).toEqual([basename(file)])
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ accessToken: "renewed-login-1" })
    if (process.platform !== "win32") expect((await stat(file)).mode & 0o777).toBe(0o600)
  })
})

test("a file that cannot be read is named", async () => {
  const home = await mkdtemp(join(tmpdir(), "sluice-aws-"))
  onTestFinished(() => rm(home, { recursive: true }))
  await mkdir(join(home, ".aws", "config"), { recursive: true })
  await expect(awsSource({ env: () => undefined, home }).acquire(NEED)).rejects.toMatchObject({
    code: "config",
    scope: "credential",
    message: expect.stringContaining(join(".aws", "config")),
  })
})

test("WO-182: services on the network are asked over the caller's connections, this machine's own never", async () => {
  const { host, variables } = await services({ webTokens: ["jwt"] })
  const asked: string[] = []
  const through: typeof fetch = async (...request) => {
    asked.push(String(request[0]))
    return await fetch(...request)
  }
  const refusing: typeof fetch = () => Promise.reject(new Error("not for this machine"))
  const files = { "/token": "jwt" }
  const named = { ...variables, AWS_WEB_IDENTITY_TOKEN_FILE: "/token", AWS_ROLE_ARN: ROLE }
  await keysOf({ files, variables: named, fetch: through, localFetch: refusing })
  expect(asked).toEqual([`${host.url}/`])
  const container = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${host.url}/keys` }
  await keysOf({ variables: container, fetch: refusing, localFetch: through })
  expect(asked).toHaveLength(2)
})

describe("how long keys are kept", () => {
  /** A world whose program gives new keys each time, and its clock. */
  function counting(lifetimeMs?: number) {
    const state = { time: 1_000_000_000_000, runs: 0 }
    const run = async (): Promise<string> => {
      state.runs++
      const end = lifetimeMs === undefined ? {} : { Expiration: new Date(state.time + lifetimeMs).toISOString() }
      return JSON.stringify({ Version: 1, AccessKeyId: `A${state.runs}`, SecretAccessKey: `s${state.runs}`, ...end })
    }
    const files = { [CONFIG]: "[default]\ncredential_process = tool\n" }
    return { state, ...source({ files, run, now: () => state.time }) }
  }
  const idOf = (lease: Lease | undefined): string | undefined => lease?.credential.id

  test("WO-171: calls that come together search once", async () => {
    const { source: one, state } = counting()
    const leases = await Promise.all(Array.from({ length: 20 }, () => one.acquire(NEED)))
    expect(new Set(leases.map(idOf))).toEqual(new Set(["A1"]))
    expect(state.runs).toBe(1)
  })

  test("WO-171: a caller that goes away does not end the search of the others", async () => {
    let finish: (text: string) => void = () => {}
    const run = (): Promise<string> => new Promise((resolve) => (finish = resolve))
    const files = { [CONFIG]: "[default]\ncredential_process = tool\n" }
    const { source: one } = source({ files, run })
    const leaving = new AbortController()
    const first = one.acquire({ ...NEED, signal: leaving.signal })
    const second = one.acquire(NEED)
    await new Promise((resolve) => setTimeout(resolve, 10))
    leaving.abort(new Error("left"))
    await expect(first).rejects.toThrow("left")
    finish('{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s"}')
    expect(idOf(await second)).toBe("A")
  })

  test("until a minute before their end", async () => {
    const { source: one, state } = counting(600_000)
    expect(idOf(await one.acquire(NEED))).toBe("A1")
    state.time += 539_999
    expect(idOf(await one.acquire(NEED))).toBe("A1")
    state.time += 1
    expect(idOf(await one.acquire(NEED))).toBe("A2")
  })

  test("WO-170: keys that the host refuses are looked for anew; the same ones are not tried twice", async () => {
    const { source: one } = counting()
    const lease = await one.acquire(NEED)
    const next = await lease.replace(REFUSED)
    expect(idOf(next)).toBe("A2")
    next?.release({ error: REFUSED })
    expect(idOf(await one.acquire(NEED))).toBe("A3")
    const variables = { AWS_ACCESS_KEY_ID: "A", AWS_SECRET_ACCESS_KEY: "s" }
    const fixed = await source({ variables }).source.acquire(NEED)
    expect(await fixed.replace(REFUSED)).toBeUndefined()
  })

  test("WO-170: only a refusal of the keys themselves is answered with others", async () => {
    const { source: one, state } = counting()
    const lease = await one.acquire(NEED)
    for (const code of ["permission_denied", "quota_exhausted"] as const) {
      const error = new SluiceError({ code, message: "", status: 403 })
      expect(await lease.replace(error)).toBeUndefined()
      lease.release({ error })
    }
    expect(idOf(await one.acquire(NEED))).toBe("A1")
    const expired = new SluiceError({ code: "auth_expired", message: "", status: 403 })
    expect(idOf(await lease.replace(expired))).toBe("A2")
    expect(state.runs).toBe(2)
  })

  test("others are looked for once in a call; where there are none any more, the refusal stands", async () => {
    const { source: one, state } = counting()
    const next = await (await one.acquire(NEED)).replace(REFUSED)
    expect(await next?.replace(REFUSED)).toBeUndefined()
    expect(state.runs).toBe(2)
    const { source: other, env } = source({ variables: { AWS_ACCESS_KEY_ID: "A", AWS_SECRET_ACCESS_KEY: "s" } })
    const lease = await other.acquire(NEED)
    delete env["AWS_ACCESS_KEY_ID"]
    delete env["AWS_SECRET_ACCESS_KEY"]
    expect(await lease.replace(REFUSED)).toBeUndefined()
  })

  test.each([
    ["cannot be reached", {}, "network"],
    ["is broken", { refuse: { code: "InternalFailure", message: "", status: 500 } }, "server_error"],
    ["is busy", { refuse: { code: "Throttling", message: "", status: 429 } }, "rate_limited"],
  ] as const)("are given out to their end while the service that renews them %s", async (_name, failing, code) => {
    let time = Date.now()
    const now = (): number => time
    const good = await services({ webTokens: ["jwt"], now })
    const bad = await services({ webTokens: ["jwt"], ...failing })
    const named = { ...good.variables, AWS_WEB_IDENTITY_TOKEN_FILE: "/token", AWS_ROLE_ARN: ROLE }
    const { source: one, env } = source({ files: { "/token": "jwt" }, variables: named, now })
    const first = idOf(await one.acquire(NEED))
    if (code === "network") await bad.host.close()
    env["AWS_ENDPOINT_URL_STS"] = bad.host.url
    time += 3_550_000
    expect(idOf(await one.acquire(NEED))).toBe(first)
    time += 60_000
    await expect(one.acquire(NEED)).rejects.toMatchObject({ code, retryable: true })
  })

  test("WO-170: keys of a session in a file are read again after five minutes", async () => {
    let time = 1_000_000
    const files: Record<string, string> = {
      [CREDENTIALS]: "[default]\naws_access_key_id=A\naws_secret_access_key=s\naws_session_token=old\n",
    }
    const { source: one } = source({ files, now: () => time })
    const token = async (): Promise<unknown> => ((await one.acquire(NEED)).credential as Aws).sessionToken
    expect(await token()).toBe("old")
    files[CREDENTIALS] = files[CREDENTIALS]!.replace("old", "new")
    time += 200_000
    expect(await token()).toBe("old")
    time += 100_000
    expect(await token()).toBe("new")
  })

  test("neither JSON nor a log shows the secrets", async () => {
    const variables = {
      AWS_ACCESS_KEY_ID: "AKIAENV",
      AWS_SECRET_ACCESS_KEY: "very-secret",
      AWS_SESSION_TOKEN: "token-secret",
    }
    const { credential } = await source({ variables }).source.acquire(NEED)
    expect(JSON.stringify(credential) + inspect(credential)).not.toMatch(/very-secret|token-secret/)
  })

  test("WO-167: a key of Bedrock's own comes first, and no program runs for it", async () => {
    const { source: one, state, env } = counting()
    env["AWS_BEARER_TOKEN_BEDROCK"] = "bearer-key"
    const both = chainSource(environmentSource({ env: (name) => env[name] }), one)
    expect((await both.acquire(NEED)).credential).toMatchObject({ kind: "key", secret: "bearer-key" })
    expect(state.runs).toBe(0)
    delete env["AWS_BEARER_TOKEN_BEDROCK"]
    expect((await both.acquire(NEED)).credential).toMatchObject({ kind: "aws" })
    await expect(both.acquire({ provider: "openai" })).rejects.toMatchObject({ code: "auth_missing" })
  })
})
