import { generateKeyPairSync, sign } from "node:crypto"
import { describe, expect, onTestFinished, test } from "vitest"
import { googleAccountsEmulator } from "./accounts.ts"
import type { EmulatedWorkload, GoogleAccountsEmulator, GoogleAccountsOptions } from "./accounts-types.ts"

function pair(): { publicKey: string; privateKey: string } {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  })
}

const keys = pair()
const others = pair()
const ROBOT = { email: "robot@p", keyId: "k1", publicKey: keys.publicKey }
const PERSON = { clientId: "c", clientSecret: "s", refreshToken: "r", email: "me@p" }
const NOW = 1_800_000_000
const JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

async function accounts(options: GoogleAccountsOptions = {}): Promise<GoogleAccountsEmulator> {
  const server = await googleAccountsEmulator({
    people: [PERSON],
    serviceAccounts: [ROBOT],
    nowS: () => NOW,
    ...options,
  })
  onTestFinished(() => server.close())
  return server
}

async function grant(
  server: GoogleAccountsEmulator,
  form: Record<string, string>,
): Promise<[number, Record<string, unknown>]> {
  const response = await fetch(server.addresses.token, { method: "POST", body: new URLSearchParams(form) })
  return [response.status, (await response.json()) as Record<string, unknown>]
}

function jwt(claims: object = {}, header: object = {}, key = keys.privateKey): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url")
  const text = `${part({ alg: "RS256", typ: "JWT", kid: "k1", ...header })}.${part({
    iss: "robot@p",
    aud: "https://oauth2.googleapis.com/token",
    scope: "https://www.googleapis.com/auth/cloud-platform",
    iat: NOW,
    exp: NOW + 3600,
    ...claims,
  })}`
  return `${text}.${sign("RSA-SHA256", Buffer.from(text), key).toString("base64url")}`
}

describe("the token endpoint", () => {
  test("gives tokens to a login and to a service account, and knows them again", async () => {
    const server = await accounts()
    const person = { grant_type: "refresh_token", client_id: "c", client_secret: "s", refresh_token: "r" }
    const [status, body] = await grant(server, person)
    expect([status, body]).toMatchObject([200, { token_type: "Bearer", expires_in: 3600 }])
    const [, robot] = await grant(server, { grant_type: JWT, assertion: jwt() })
    expect(server.issued.map(({ email }) => email)).toEqual(["me@p", "robot@p"])
    expect(server.accepts(String(robot["access_token"]))).toBe(true)
    expect(server.accepts("other")).toBe(false)
    server.revoke()
    expect(server.accepts(String(robot["access_token"]))).toBe(false)
  })

  test.each([
    ["no grant", {}, 400, "unsupported_grant_type"],
    ["an unknown client", { grant_type: "refresh_token", client_id: "x", refresh_token: "r" }, 401, "invalid_client"],
    [
      "a wrong secret",
      { grant_type: "refresh_token", client_id: "c", client_secret: "x", refresh_token: "r" },
      401,
      "invalid_client",
    ],
    [
      "a wrong token",
      { grant_type: "refresh_token", client_id: "c", client_secret: "s", refresh_token: "x" },
      400,
      "invalid_grant",
    ],
    ["no token", { grant_type: "refresh_token", client_id: "c", client_secret: "s" }, 400, "invalid_request"],
    ["an assertion of one part", { grant_type: JWT, assertion: "x" }, 400, "invalid_grant"],
    ["another's signature", { grant_type: JWT, assertion: jwt({}, {}, others.privateKey) }, 400, "invalid_grant"],
    ["a name of another key", { grant_type: JWT, assertion: jwt({}, { kid: "k2" }) }, 400, "invalid_grant"],
    ["another method", { grant_type: JWT, assertion: jwt({}, { alg: "none" }) }, 400, "invalid_grant"],
    ["an unknown account", { grant_type: JWT, assertion: jwt({ iss: "x" }) }, 400, "invalid_grant"],
    ["one for somebody else", { grant_type: JWT, assertion: jwt({ aud: "https://elsewhere" }) }, 400, "invalid_grant"],
    ["one for too long", { grant_type: JWT, assertion: jwt({ exp: NOW + 7200 }) }, 400, "invalid_grant"],
    [
      "one of yesterday",
      { grant_type: JWT, assertion: jwt({ iat: NOW - 86_400, exp: NOW - 82_800 }) },
      400,
      "invalid_grant",
    ],
    ["one for nothing", { grant_type: JWT, assertion: jwt({ scope: "" }) }, 400, "invalid_scope"],
  ])("refuses %s", async (_name, form, status, error) => {
    const server = await accounts()
    const [got, body] = await grant(server, form as Record<string, string>)
    expect([got, body["error"]]).toEqual([status, error])
    expect(server.issued).toEqual([])
  })

  test("fails as it is told to, in the form that goes with it", async () => {
    const server = await accounts({ failures: [{ code: "invalid_grant" }, { status: 503 }] })
    expect(await grant(server, {})).toMatchObject([400, { error: "invalid_grant" }])
    expect(await grant(server, {})).toMatchObject([503, { error: { status: "UNAVAILABLE" } }])
    expect(await grant(server, { grant_type: JWT, assertion: jwt() })).toMatchObject([200, {}])
  })
})

describe("the exchange of tokens", () => {
  const WORKLOAD = { name: "job", audience: "//pool", subjectToken: "t", subjectTokenType: "jwt" }
  const FORM = {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
    audience: "//pool",
    scope: "x",
    subject_token: "t",
    subject_token_type: "jwt",
  }
  async function exchange(
    workload: Partial<EmulatedWorkload>,
    form: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<[number, Record<string, unknown>]> {
    const server = await accounts({ workloads: [{ ...WORKLOAD, ...workload }] })
    const response = await fetch(server.addresses.sts, { method: "POST", body: new URLSearchParams(form), headers })
    const body = (await response.json()) as Record<string, unknown>
    expect(server.issued.map(({ email }) => email)).toEqual(response.ok ? ["job"] : [])
    return [response.status, body]
  }

  test("gives a token to a workload, and to its client where it has one", async () => {
    expect(await exchange({}, FORM)).toMatchObject([
      200,
      { token_type: "Bearer", issued_token_type: FORM.requested_token_type },
    ])
    const authorization = `Basic ${btoa("c:s")}`
    expect(await exchange({ client: { id: "c", secret: "s" } }, FORM, { authorization })).toMatchObject([200, {}])
    expect(await exchange({ userProject: "p" }, { ...FORM, options: '{"userProject":"p"}' })).toMatchObject([200, {}])
  })

  test.each([
    ["another grant", { grant_type: "x" }, {}, 400, "unsupported_grant_type"],
    ["another kind of token", { requested_token_type: "x" }, {}, 400, "invalid_request"],
    ["a token for nothing", { scope: "" }, {}, 400, "invalid_scope"],
    ["an unknown pool", { audience: "x" }, {}, 400, "invalid_target"],
    ["an unknown token", { subject_token: "x" }, {}, 400, "invalid_grant"],
    ["a token of another type", { subject_token_type: "x" }, {}, 400, "invalid_request"],
    ["anybody but the client", {}, { client: { id: "c", secret: "s" } }, 401, "invalid_client"],
    ["those who name no project", {}, { userProject: "p" }, 403, "access_denied"],
  ])("refuses %s", async (_name, form, workload, status, error) => {
    expect(await exchange(workload, { ...FORM, ...form })).toMatchObject([status, { error }])
  })

  test("refuses a client that it does not know", async () => {
    expect(await exchange({}, FORM, { authorization: "Basic x" })).toMatchObject([401, { error: "invalid_client" }])
  })
})

describe("accounts that act as others", () => {
  const lend = (server: GoogleAccountsEmulator, token: string, body: unknown = { scope: ["x"], lifetime: "3600s" }) =>
    fetch(`${server.addresses.iam}/v1/projects/-/serviceAccounts/target@p:generateAccessToken`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    })

  test("need a token of their own, a scope, and leave", async () => {
    const server = await accounts({ impersonation: { "robot@p": ["target@p"] } })
    const [, robot] = await grant(server, { grant_type: JWT, assertion: jwt() })
    const token = String(robot["access_token"])
    expect(await (await lend(server, token)).json()).toMatchObject({
      accessToken: server.issued[1]?.token,
      expireTime: new Date((NOW + 3600) * 1000).toISOString(),
    })
    expect((await lend(server, "other")).status).toBe(401)
    expect((await lend(server, token, {})).status).toBe(400)
    const [, person] = await grant(server, {
      grant_type: "refresh_token",
      client_id: "c",
      client_secret: "s",
      refresh_token: "r",
    })
    expect((await lend(server, String(person["access_token"]))).status).toBe(403)
  })
})

describe("the metadata of a machine", () => {
  const get = (
    server: GoogleAccountsEmulator,
    path: string,
    headers: Record<string, string> = { "metadata-flavor": "Google" },
  ) => fetch(`${server.addresses.metadata}/computeMetadata/v1/${path}`, { headers })

  test("are told to those who ask with their header, and to nobody where there is no machine", async () => {
    const server = await accounts({ machine: { project: "p", email: "vm@p" } })
    const response = await get(server, "instance/service-accounts/default/token")
    expect(response.headers.get("metadata-flavor")).toBe("Google")
    expect(await response.json()).toMatchObject({ access_token: server.issued[0]?.token })
    expect(await (await get(server, "project/project-id")).text()).toBe("p")
    expect((await get(server, "project/project-id", {})).status).toBe(403)
    expect(
      (await get(server, "project/project-id", { "metadata-flavor": "Google", "x-forwarded-for": "1.2.3.4" })).status,
    ).toBe(403)
    expect((await get(server, "elsewhere")).status).toBe(404)
    expect((await get(await accounts(), "project/project-id")).status).toBe(404)
  })
})
