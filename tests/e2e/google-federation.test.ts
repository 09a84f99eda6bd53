import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { SluiceError } from "@sluice/ai"
import { googleFileSource, vertexSource } from "@sluice/auth/google"
import type { GoogleAccountsOptions } from "@sluice/testkit/emulators"
import { describe, expect, onTestFinished, test } from "vitest"
import { accounts, NEED } from "../support/google-accounts.ts"

const AUDIENCE = "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/oidc"
const JWT = "urn:ietf:params:oauth:token-type:jwt"
const WORKLOAD = { name: "workload", audience: AUDIENCE, subjectToken: "fresh-1", subjectTokenType: JWT }
const TARGET = "target@p.iam.gserviceaccount.com"
const TOKEN_PATH = "/var/run/secrets/token"

/** A configuration as Google's tools write it. */
const FILE = {
  type: "external_account",
  audience: AUDIENCE,
  subject_token_type: JWT,
  token_url: "https://sts.googleapis.com/v1/token",
  credential_source: { file: TOKEN_PATH },
}
const ACTING = {
  ...FILE,
  service_account_impersonation_url: `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${TARGET}:generateAccessToken`,
}

async function workload(
  file: object,
  { files = {}, ...options }: GoogleAccountsOptions & { files?: Record<string, unknown> } = {},
): Promise<Awaited<ReturnType<typeof accounts>> & { take(): Promise<string> }> {
  const on = await accounts({ workloads: [WORKLOAD], ...options }, { files: { [TOKEN_PATH]: "fresh-1\n", ...files } })
  const source = googleFileSource(JSON.stringify(file), "/wif.json", on.around)
  return {
    ...on,
    async take() {
      const { credential } = await source.acquire(NEED)
      return "secret" in credential ? credential.secret : ""
    },
  }
}

async function failure(work: Promise<unknown>): Promise<SluiceError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!SluiceError.is(error)) throw new Error(`no error of ours: ${String(error)}`)
  return error
}

/** A host of a workload's surroundings that gives its token to those who ask as it wants. */
async function tokenHost(answer: (request: IncomingMessage) => [status: number, body: string]): Promise<string> {
  const server = createServer((request, response) => {
    const [status, body] = answer(request)
    response.writeHead(status).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
}

describe("a workload that another provider vouches for", () => {
  test("exchanges the token in its file for one of Google's", async () => {
    const { host, take } = await workload(FILE)
    expect(await take()).toBe(host.issued[0]?.token)
    expect(host.issued).toMatchObject([{ email: "workload" }])
    const [asked] = host.requests
    expect(asked?.path).toBe("/v1/token")
    expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
      audience: AUDIENCE,
      scope: "https://www.googleapis.com/auth/cloud-platform",
      subject_token: "fresh-1",
      subject_token_type: JWT,
    })
  })

  test("is found as application default credentials, in the project of the environment", async () => {
    const { around, host } = await accounts(
      { workloads: [WORKLOAD] },
      {
        env: { GOOGLE_APPLICATION_CREDENTIALS: "/wif.json", GOOGLE_CLOUD_PROJECT: "p" },
        files: { "/wif.json": FILE, [TOKEN_PATH]: "fresh-1" },
      },
    )
    const { credential } = await vertexSource(around).acquire(NEED)
    expect(credential).toMatchObject({ kind: "oauth", projectId: "p", origin: "/wif.json" })
    expect(host.issued).toHaveLength(1)
  })

  test("reads its token anew whenever another one of Google's is needed, and only then", async () => {
    const { host, files, pass, take } = await workload(FILE, {
      workloads: [WORKLOAD, { ...WORKLOAD, subjectToken: "fresh-2" }],
    })
    const first = await take()
    files[TOKEN_PATH] = "fresh-2"
    expect(await take()).toBe(first)
    pass(3_600_000)
    expect(await take()).not.toBe(first)
    const sent = host.requests.map(({ body }) => new URLSearchParams(body).get("subject_token"))
    expect(sent).toEqual(["fresh-1", "fresh-2"])
  })

  test("acts as a service account, for as long as its file says", async () => {
    const file = { ...ACTING, service_account_impersonation: { token_lifetime_seconds: 1200 } }
    const { host, around, take } = await workload(file, { impersonation: { workload: [TARGET] } })
    expect(await take()).toBe(host.issued[1]?.token)
    expect(host.issued.map(({ email }) => email)).toEqual(["workload", TARGET])
    expect(host.requests[1]?.json).toMatchObject({ delegates: [], lifetime: "1200s" })
    const { credential } = await googleFileSource(JSON.stringify(file), "x", around).acquire(NEED)
    expect(credential.accountId).toBe(TARGET)
  })

  test("that may not act as the account is told which role it lacks", async () => {
    const { take } = await workload(ACTING)
    expect(await failure(take())).toMatchObject({
      code: "permission_denied",
      hint: expect.stringMatching(/Workload Identity User on target@p/),
    })
  })

  test("may be the account that another file's impersonation begins with", async () => {
    const { type: _type, ...acting } = ACTING
    const file = { ...acting, type: "impersonated_service_account", source_credentials: FILE }
    const { host, take } = await workload(file, { impersonation: { workload: [TARGET] } })
    await take()
    expect(host.issued.map(({ email }) => email)).toEqual(["workload", TARGET])
  })

  test("names its client by a password, and then no project", async () => {
    const client = { id: "c", secret: "hush" }
    const { host, take } = await workload(
      { ...FILE, client_id: "c", client_secret: "hush", workforce_pool_user_project: "p" },
      { workloads: [{ ...WORKLOAD, client }] },
    )
    await take()
    expect(host.issued).toHaveLength(1)
  })

  test("of a pool of people names the project that requests are counted for", async () => {
    const people = { ...WORKLOAD, userProject: "people-project" }
    const { host, take } = await workload(
      { ...FILE, workforce_pool_user_project: "people-project" },
      { workloads: [people] },
    )
    await take()
    expect(host.issued).toHaveLength(1)
  })
})

describe("where the token is", () => {
  test("a field of a file", async () => {
    const format = { type: "json", subject_token_field_name: "id_token" }
    const { host, take } = await workload(
      { ...FILE, credential_source: { file: "/t.json", format } },
      { files: { "/t.json": { id_token: "fresh-1", other: 1 } } },
    )
    await take()
    expect(host.issued).toHaveLength(1)
  })

  test("an address of the surroundings, with the headers that its host wants", async () => {
    const url = await tokenHost(({ headers, method }) =>
      method === "GET" && headers["metadata"] === "True" ? [200, '{"access_token":"fresh-1"}'] : [400, "no"],
    )
    const format = { type: "json", subject_token_field_name: "access_token" }
    const { host, take } = await workload({
      ...FILE,
      credential_source: { url, headers: { Metadata: "True", odd: 5 }, format },
    })
    await take()
    expect(host.issued).toHaveLength(1)
  })

  test("an address without TLS is asked directly, any other over the caller's connections", async () => {
    const asked: string[] = []
    const by =
      (name: string): typeof fetch =>
      async (input, init) => {
        if (!String(input).includes("/token-of-mine")) return await fetch(input, init)
        asked.push(name)
        return new Response("fresh-1")
      }
    const { around } = await workload(FILE)
    for (const url of ["http://169.254.169.254/token-of-mine", "https://ci.invalid/token-of-mine"]) {
      const file = JSON.stringify({ ...FILE, credential_source: { url } })
      await googleFileSource(file, "x", { ...around, fetch: by("network"), localFetch: by("machine") }).acquire(NEED)
    }
    expect(asked).toEqual(["machine", "network"])
  })

  test("what its host refuses is that host's failure", async () => {
    const url = await tokenHost(() => [503, "busy"])
    const { take } = await workload({ ...FILE, credential_source: { url } })
    expect(await failure(take())).toMatchObject({
      code: "overloaded",
      retryable: true,
      message: expect.stringMatching(/^The host of the workload's token answered/),
    })
  })

  test.each([
    ["gone", { file: "/gone" }, /is not there: \/gone/],
    ["empty", { file: "/empty" }, /\/empty is empty/],
    [
      "without its field",
      { file: "/other.json", format: { type: "json", subject_token_field_name: "id_token" } },
      /has no id_token/,
    ],
    [
      "no JSON",
      { file: TOKEN_PATH, format: { type: "json", subject_token_field_name: "id_token" } },
      /has no id_token/,
    ],
  ])("a file that is %s is named, and nothing of it is shown", async (_name, source, message) => {
    const { host, take } = await workload(
      { ...FILE, credential_source: source },
      { files: { "/empty": " \n", "/other.json": { token: "hush" } } },
    )
    const error = await failure(take())
    expect(error).toMatchObject({ code: "config", message: expect.stringMatching(message) })
    expect(error.hint).toBeDefined()
    expect(JSON.stringify(error)).not.toMatch(/hush|fresh-1/)
    expect(host.requests).toEqual([])
  })
})

describe("what the exchange refuses", () => {
  test.each([
    ["a token that is not fresh", { files: { [TOKEN_PATH]: "old" } }, FILE, "auth_expired", /is fresh/],
    ["a client that is none", {}, { ...FILE, client_id: "c", client_secret: "hush" }, "auth_invalid", /client id/],
    ["a pool that is none", {}, { ...FILE, audience: "//elsewhere" }, "invalid_request", undefined],
    ["for a moment", { failures: [{ status: 503 }] }, FILE, "overloaded", undefined],
  ])("%s", async (_name, options, file, code, hint) => {
    const { take } = await workload(file, options)
    const error = await failure(take())
    expect(error.code).toBe(code)
    if (hint) expect(error.hint).toMatch(hint)
    expect(JSON.stringify(error)).not.toMatch(/hush|fresh-1|old"/)
  })
})

describe("configurations that cannot be used", () => {
  test.each([
    ["no audience", { ...FILE, audience: undefined }, /has no audience/],
    ["no type of the token", { ...FILE, subject_token_type: "" }, /has no subject_token_type/],
    ["no source", { ...FILE, credential_source: undefined }, /has no credential_source/],
    ["no source that we know", { ...FILE, credential_source: { executable: { command: "x" } } }, /is not supported/],
    [
      "Amazon's source",
      { ...FILE, credential_source: { environment_id: "aws1", url: "http://x" } },
      /is not supported/,
    ],
    ["a field without a name", { ...FILE, credential_source: { file: "/t", format: { type: "json" } } }, /field_name/],
    ["an exchange of somebody else", { ...FILE, token_url: "https://sts.googleapis.com.evil.invalid/" }, /token_url/],
    ["an exchange without TLS", { ...FILE, token_url: "http://sts.googleapis.com/v1/token" }, /token_url/],
    ["no account", { ...FILE, service_account_impersonation_url: "https://x" }, /names no account/],
    ["no time", { ...FILE, service_account_impersonation: { token_lifetime_seconds: "x" } }, /token_lifetime_seconds/],
  ])("%s", (_name, file, message) => {
    expect(() => googleFileSource(JSON.stringify(file), "/wif.json")).toThrow(message)
  })

  test("the exchange of a region is asked where the file names it", async () => {
    const asked: string[] = []
    const { around } = await workload(FILE)
    const { sts: _sts, ...hosts } = around.hosts
    const recording: typeof fetch = (input) => {
      asked.push(String(input))
      return Promise.resolve(Response.json({ access_token: "t", expires_in: 60 }))
    }
    for (const file of [FILE, { ...FILE, token_url: "https://sts.me-central2.rep.googleapis.com/v1/token" }]) {
      await googleFileSource(JSON.stringify(file), "x", { ...around, hosts, fetch: recording }).acquire(NEED)
    }
    expect(asked).toEqual([
      "https://sts.googleapis.com/v1/token",
      "https://sts.me-central2.rep.googleapis.com/v1/token",
    ])
  })
})
