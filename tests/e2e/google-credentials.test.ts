import { SluiceError, type CredentialSource, type Lease } from "@sluice/ai"
import { systemSource } from "@sluice/auth"
import { googleFileSource, googleLoginSource, readGoogleLogin, vertexSource } from "@sluice/auth/google"
import { describe, expect, test } from "vitest"
import { accounts, NEED, PERSON, PERSON_FILE, ROBOT, ROBOT_FILE } from "../support/google-accounts.ts"

const HOME = "/home/me/.config/gcloud/application_default_credentials.json"

async function failure(work: Promise<unknown>): Promise<SluiceError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!SluiceError.is(error)) throw new Error(`no error of ours: ${String(error)}`)
  return error
}

function secretOf({ credential }: Lease): string {
  if (!("secret" in credential)) throw new Error("no secret")
  return credential.secret
}

async function token(source: CredentialSource): Promise<string> {
  return secretOf(await source.acquire(NEED))
}

describe("credentials for Vertex", () => {
  test("a key of the environment comes first, and is sent as a key", async () => {
    const { around } = await accounts({}, { env: { GOOGLE_CLOUD_API_KEY: "AIza-1" }, files: { [HOME]: PERSON_FILE } })
    expect((await vertexSource(around).acquire(NEED)).credential).toMatchObject({ kind: "key", secret: "AIza-1" })
  })

  test.each(["<your key>", "N/A"])("%s in the place of a key is none", async (placeholder) => {
    const { around } = await accounts(
      {},
      { env: { GOOGLE_CLOUD_API_KEY: placeholder }, files: { [HOME]: PERSON_FILE } },
    )
    expect((await vertexSource(around).acquire(NEED)).credential.kind).toBe("oauth")
  })

  test("a token of the environment is used as it is, and never kept", async () => {
    const { around, env } = await accounts({}, { env: { GOOGLE_CLOUD_ACCESS_TOKEN: "one", GOOGLE_CLOUD_PROJECT: "p" } })
    const source = vertexSource(around)
    expect(await token(source)).toBe("one")
    env["GOOGLE_CLOUD_ACCESS_TOKEN"] = "two"
    expect(await token(source)).toBe("two")
  })

  test("a service account signs for its token, with project and place", async () => {
    const { around, host } = await accounts(
      {},
      {
        env: { GOOGLE_APPLICATION_CREDENTIALS: "/key.json", GOOGLE_CLOUD_LOCATION: "europe-west4" },
        files: { "/key.json": ROBOT_FILE },
      },
    )
    const { credential } = await vertexSource(around).acquire(NEED)
    expect(credential).toMatchObject({
      kind: "oauth",
      projectId: "robot-project",
      location: "europe-west4",
      accountId: ROBOT.email,
      origin: "/key.json",
    })
    expect(host.issued).toMatchObject([{ email: ROBOT.email }])
    expect(host.requests.map(({ path }) => path)).toEqual(["/token"])
  })

  test("a person's login by gcloud is found where gcloud keeps it", async () => {
    const { around, host } = await accounts({}, { files: { [HOME]: PERSON_FILE } })
    const { credential } = await vertexSource(around).acquire(NEED)
    expect(credential).toMatchObject({ projectId: "my-project", origin: HOME })
    expect(host.issued).toMatchObject([{ email: PERSON.email }])
  })

  test("the user's folder is the one that the program names", async () => {
    const path = "/elsewhere/.config/gcloud/application_default_credentials.json"
    const { around } = await accounts({}, { files: { [HOME]: ROBOT_FILE, [path]: PERSON_FILE } })
    const { credential } = await systemSource({ ...around, home: "/elsewhere" }).acquire(NEED)
    expect(credential).toMatchObject({ projectId: "my-project", origin: path })
  })

  test("gcloud's own folder is looked into first, and on Windows the one for applications", async () => {
    const file = (path: string) => ({ [`${path}/application_default_credentials.json`]: PERSON_FILE })
    for (const [env, path] of [
      [{ CLOUDSDK_CONFIG: "/gc" }, "/gc"],
      [{ APPDATA: "C:\\Data" }, "C:\\Data/gcloud"],
    ] as const) {
      const { around } = await accounts({}, { env: { ...env }, files: file(path) })
      expect((await vertexSource(around).acquire(NEED)).credential.origin).toMatch(path)
    }
  })

  test("the account of the machine is asked with the header that its host wants, and brings its project", async () => {
    const { around, host } = await accounts({ machine: { project: "machine-project", email: "vm@p" } })
    const source = vertexSource(around)
    const { credential } = await source.acquire(NEED)
    expect(credential).toMatchObject({ projectId: "machine-project", origin: "the machine's own account" })
    expect(host.requests.every(({ headers }) => headers["metadata-flavor"] === "Google")).toBe(true)
    expect(await token(source)).toBe(secretOf({ credential } as Lease))
    expect(host.issued).toHaveLength(1)
  })

  test("the machine is asked directly, Google's hosts over the caller's connections", async () => {
    const asked: string[] = []
    const through: typeof fetch = async (...request) => {
      asked.push(String(request[0]))
      return await fetch(...request)
    }
    const refusing: typeof fetch = () => Promise.reject(new Error("not this way"))
    const { around, host } = await accounts({ machine: { project: "machine-project", email: "vm@p" } })
    const machine = vertexSource({ ...around, fetch: refusing, localFetch: through })
    expect((await machine.acquire(NEED)).credential.projectId).toBe("machine-project")
    expect(asked).toHaveLength(2)
    const robot = googleFileSource(JSON.stringify(ROBOT_FILE), "a key", {
      ...around,
      fetch: through,
      localFetch: refusing,
    })
    await robot.acquire(NEED)
    expect(asked.slice(2)).toEqual([host.addresses.token])
  })

  test.each([
    [500, "{}", "The machine's metadata answered: status 500"],
    [200, "{}", "The machine's metadata answered without a token."],
    [400, '{"error":"invalid_grant"}', "The machine's metadata answered: invalid_grant"],
  ])("a failure of the metadata names them (%i %s)", async (status, body, message) => {
    const { around, pass } = await accounts({ machine: { project: "p", email: "vm@p" } })
    let failing = false
    const localFetch: typeof fetch = (...request) =>
      failing ? Promise.resolve(new Response(body, { status })) : fetch(...request)
    const source = vertexSource({ ...around, localFetch })
    await source.acquire(NEED)
    failing = true
    pass(7_200_000)
    expect(await failure(source.acquire(NEED))).toMatchObject({ message })
  })

  test("a machine that is none of Google's is asked once in a while only", async () => {
    const { around, host, pass } = await accounts()
    const source = vertexSource(around)
    expect(await failure(source.acquire(NEED))).toMatchObject({
      code: "auth_missing",
      hint: expect.stringMatching(/gcloud/),
    })
    await failure(source.acquire(NEED))
    expect(host.requests).toHaveLength(1)
    pass(31_000)
    await failure(source.acquire(NEED))
    expect(host.requests).toHaveLength(2)
  })

  test("the project of the environment goes before the credential's own, and one that nobody names stays open", async () => {
    const { project_id: _own, ...nameless } = ROBOT_FILE
    const { around, env, files } = await accounts(
      {},
      {
        env: { GOOGLE_APPLICATION_CREDENTIALS: "/key.json", GCLOUD_PROJECT: "last", GCP_PROJECT: "second" },
        files: { "/key.json": ROBOT_FILE },
      },
    )
    const source = vertexSource(around)
    expect((await source.acquire(NEED)).credential.projectId).toBe("second")
    env["GOOGLE_CLOUD_PROJECT"] = "first"
    expect((await source.acquire(NEED)).credential.projectId).toBe("first")
    expect((await vertexSource({ ...around, project: "given" }).acquire(NEED)).credential.projectId).toBe("given")
    for (const name of ["GOOGLE_CLOUD_PROJECT", "GCP_PROJECT", "GCLOUD_PROJECT"]) delete env[name]
    files["/key.json"] = nameless
    expect((await source.acquire(NEED)).credential.projectId).toBeUndefined()
  })

  test("a changed file is another account", async () => {
    const { around, host, files } = await accounts(
      {},
      { env: { GOOGLE_APPLICATION_CREDENTIALS: "/key.json" }, files: { "/key.json": ROBOT_FILE } },
    )
    const source = vertexSource(around)
    const robot = await source.acquire(NEED)
    files["/key.json"] = PERSON_FILE
    const person = await source.acquire(NEED)
    expect(host.issued.map(({ email }) => email)).toEqual([ROBOT.email, PERSON.email])
    expect(person.credential.id).not.toBe(robot.credential.id)
  })
})

describe("files that cannot be used", () => {
  test.each([
    ["no JSON", "nonsense", /is no JSON object/],
    ["no type", { client_id: "x" }, /has no type/],
    ["no key", { ...ROBOT_FILE, private_key: undefined }, /has no private_key/],
    ["a person without a secret", { ...PERSON_FILE, client_secret: 7 }, /has no client_secret/],
    ["an unknown type", { type: "gdch_service_account" }, /"gdch_service_account" are not supported/],
    [
      "no account to act as",
      { type: "impersonated_service_account", service_account_impersonation_url: "x" },
      /names no account/,
    ],
  ])("%s", async (_name, file, message) => {
    const { around } = await accounts(
      {},
      { env: { GOOGLE_APPLICATION_CREDENTIALS: "/key.json" }, files: { "/key.json": file } },
    )
    const error = await failure(vertexSource(around).acquire(NEED))
    expect(error).toMatchObject({ code: "config", message: expect.stringMatching(message) })
    expect(error.hint).toBeDefined()
  })

  test("one that is named and not there is an error, and no other is looked for", async () => {
    const { around, host } = await accounts(
      { machine: {} },
      { env: { GOOGLE_APPLICATION_CREDENTIALS: "/gone.json" }, files: { [HOME]: PERSON_FILE } },
    )
    expect(await failure(vertexSource(around).acquire(NEED))).toMatchObject({
      code: "config",
      message: expect.stringMatching(/\/gone\.json/),
    })
    expect(host.requests).toHaveLength(0)
  })

  test("a private key that is none is named by its account, and nothing of it is shown", async () => {
    const { around } = await accounts()
    const text = JSON.stringify({
      ...ROBOT_FILE,
      private_key: "-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----",
    })
    const error = await failure(googleFileSource(text, "a key", around).acquire(NEED))
    expect(error).toMatchObject({ code: "config", message: expect.stringMatching(ROBOT.email) })
    expect(JSON.stringify(error) + String(error.stack) + String(error.cause)).not.toContain("hush")
  })
})

describe("tokens", () => {
  const robot = JSON.stringify(ROBOT_FILE)

  test("are kept until a minute before their end", async () => {
    const { around, host, pass } = await accounts()
    const source = googleFileSource(robot, "a key", around)
    const first = await token(source)
    pass(3_500_000)
    expect(await token(source)).toBe(first)
    pass(60_000)
    expect(await token(source)).not.toBe(first)
    expect(host.issued).toHaveLength(2)
  })

  test("of two accounts are never mixed up", async () => {
    const { around, host } = await accounts()
    const [one, two] = [
      googleFileSource(robot, "a key", around),
      googleFileSource(JSON.stringify(PERSON_FILE), "a login", around),
    ]
    const tokens = [await token(one), await token(two), await token(one), await token(two)]
    expect(host.issued.map((given) => given.token)).toEqual(tokens.slice(0, 2))
    expect(tokens.slice(2)).toEqual(tokens.slice(0, 2))
  })

  test("are asked for once, however many callers need one", async () => {
    const { around, host } = await accounts({ delayMs: 30 })
    const source = googleFileSource(robot, "a key", around)
    const tokens = await Promise.all(Array.from({ length: 10 }, () => token(source)))
    expect(new Set(tokens).size).toBe(1)
    expect(host.requests).toHaveLength(1)
  })

  test("WO-154: a caller that leaves takes the shared request from nobody", async () => {
    const { around, host } = await accounts({ delayMs: 50 })
    const source = googleFileSource(robot, "a key", around)
    const leaving = new AbortController()
    const first = source.acquire({ ...NEED, signal: leaving.signal })
    const second = source.acquire(NEED)
    leaving.abort(new Error("gone"))
    await expect(first).rejects.toThrow("gone")
    expect(secretOf(await second)).toBe(host.issued[0]?.token)
    expect(host.requests).toHaveLength(1)
  })

  test("WO-155: an account that acts as another one gets its own token first, and with it the other's", async () => {
    const target = "target@p.iam.gserviceaccount.com"
    const { around, host } = await accounts({ impersonation: { [PERSON.email]: [target] } })
    const file = {
      type: "impersonated_service_account",
      service_account_impersonation_url: `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${target}:generateAccessToken`,
      delegates: [],
      source_credentials: PERSON_FILE,
    }
    const { credential } = await googleFileSource(JSON.stringify(file), "a login", around).acquire(NEED)
    expect(credential).toMatchObject({ accountId: target, projectId: "my-project" })
    expect(host.issued.map(({ email }) => email)).toEqual([PERSON.email, target])
    const [, lent] = host.requests
    expect(lent?.json).toEqual({
      delegates: [],
      scope: ["https://www.googleapis.com/auth/cloud-platform"],
      lifetime: "3600s",
    })
  })

  test("an account that may not act as the other one is told what it lacks", async () => {
    const { around } = await accounts()
    const file = {
      type: "impersonated_service_account",
      service_account_impersonation_url: "https://x/v1/projects/-/serviceAccounts/t@p:generateAccessToken",
      source_credentials: PERSON_FILE,
    }
    expect(await failure(googleFileSource(JSON.stringify(file), "x", around).acquire(NEED))).toMatchObject({
      code: "permission_denied",
      hint: expect.stringMatching(/Service Account Token Creator on t@p/),
    })
  })

  test("that a host refuses are replaced once by new ones", async () => {
    const { around, host } = await accounts()
    const lease = await googleFileSource(robot, "a key", around).acquire(NEED)
    const refused = new SluiceError({ code: "auth_expired", message: "x" })
    const next = await lease.replace(refused)
    expect(next && secretOf(next)).toBe(host.issued[1]?.token)
    expect(await next?.replace(refused)).toBeUndefined()
    expect(await lease.replace(new SluiceError({ code: "quota_exhausted", message: "x" }))).toBeUndefined()
  })

  test("are given out to their end where another one cannot be had just now", async () => {
    const { around, host, pass } = await accounts({}, {})
    const source = googleFileSource(robot, "a key", around)
    const first = await token(source)
    pass(3_550_000)
    await host.close()
    expect(await token(source)).toBe(first)
    pass(60_000)
    expect(await failure(source.acquire(NEED))).toMatchObject({ code: "network", retryable: true })
  })

  test.each([
    ["taken back", { code: "invalid_grant", message: "Token has been expired or revoked." }, "auth_expired", false],
    ["another client's", { status: 401, code: "invalid_client", message: "Unauthorized" }, "auth_invalid", false],
    ["of a busy host", { status: 503 }, "overloaded", true],
    ["of a broken host", { status: 500 }, "server_error", true],
  ] as const)("a grant that is %s", async (_name, given, code, retryable) => {
    const { around } = await accounts({ failures: [given] })
    const source = googleFileSource(JSON.stringify(PERSON_FILE), "a login", around)
    const error = await failure(source.acquire(NEED))
    expect(error).toMatchObject({ code, retryable })
    expect(JSON.stringify(error)).not.toContain(PERSON.refreshToken)
    // Nothing of the failure is kept.
    expect(await token(source)).toMatch(/^ya29/)
  })

  test("no log of a credential shows its token", async () => {
    const { around } = await accounts()
    const { credential } = await googleFileSource(robot, "a key", around).acquire(NEED)
    expect(JSON.stringify(credential)).not.toContain("ya29")
  })
})

describe("a person's login", () => {
  const client = { id: PERSON.clientId, secret: PERSON.clientSecret }
  const need = { provider: "google-gemini-cli" }

  test("WO-153: what is optional and of a wrong type is passed over, and what is missing is named without its content", () => {
    const odd = { token: "t", refreshToken: 5, projectId: { id: 1 }, expiresAt: "soon", email: null, other: [] }
    expect(readGoogleLogin(JSON.stringify(odd), "VAR")).toEqual({ accessToken: "t", origin: "VAR" })
    expect(readGoogleLogin(JSON.stringify({ refresh: "r", project_id: "p", expires: 1_900_000_000 }), "VAR")).toEqual({
      refreshToken: "r",
      projectId: "p",
      expiresAt: 1_900_000_000_000,
      origin: "VAR",
    })
    expect(readGoogleLogin(" ya29.x ", "VAR")).toEqual({ accessToken: "ya29.x", origin: "VAR" })
    for (const bad of ["{", "{}", '{"token": 5}', "two words"]) {
      expect(() => readGoogleLogin(bad, "VAR")).toThrow(/login in VAR cannot be used/)
    }
  })

  test("is used until its end and refreshed then, with the client that the operator names", async () => {
    const { around, host, pass, env } = await accounts()
    const kept: unknown[] = []
    const login = {
      ...readGoogleLogin("ya29.given", "VAR"),
      refreshToken: "refresh-1",
      expiresAt: around.now() + 600_000,
    }
    const source = googleLoginSource(login, { ...around, onRefresh: (one) => kept.push(one.accessToken) })
    expect(await token(source)).toBe("ya29.given")
    pass(600_000)
    expect(await failure(source.acquire(need))).toMatchObject({
      code: "config",
      hint: expect.stringMatching(/SLUICE_GOOGLE_CLIENT_ID/),
    })
    env["SLUICE_GOOGLE_CLIENT_ID"] = client.id
    env["SLUICE_GOOGLE_CLIENT_SECRET"] = client.secret
    const lease = await source.acquire(need)
    expect(secretOf(lease)).toBe(host.issued[0]?.token)
    expect(kept).toEqual([host.issued[0]?.token])
  })

  test("that has ended and cannot be refreshed fails before any request", async () => {
    const { around, host } = await accounts()
    const source = googleLoginSource({ accessToken: "old", expiresAt: around.now() - 1, origin: "VAR" }, around)
    expect(await failure(source.acquire(need))).toMatchObject({
      code: "auth_expired",
      message: expect.stringMatching(/login in VAR has ended/),
    })
    expect(host.requests).toHaveLength(0)
  })

  test("that a host refuses before its end is refreshed", async () => {
    const { around, host } = await accounts()
    const source = googleLoginSource(
      { accessToken: "bad", refreshToken: "refresh-1", origin: "VAR" },
      { ...around, client },
    )
    const lease = await source.acquire(need)
    const next = await lease.replace(new SluiceError({ code: "auth_invalid", message: "x" }))
    expect(next && secretOf(next)).toBe(host.issued[0]?.token)
    expect(await token(source)).toBe(host.issued[0]?.token)
    expect(next?.credential.id).toBe(lease.credential.id)
  })
})
