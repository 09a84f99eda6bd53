import type { ServerResponse } from "node:http"
import { serveLoopback, type LoopbackServer, type SeenRequest } from "../../loopback.ts"
import { checkSignature, type EmulatedAwsKeys } from "../aws-signature.ts"
import { Refused } from "../check.ts"
import { pathOf, sendJson } from "../http.ts"

/** What the emulated services that give out keys of AWS are told; everything has a default. */
export interface AwsCredentialsOptions {
  /** Keys with which a role can be taken on. Default: none. */
  keys?: readonly EmulatedAwsKeys[]
  /** Tokens of web identities that are taken. Default: none. */
  webTokens?: readonly string[]
  /** The token of a login in the browser. Default: none is taken. */
  ssoToken?: string
  /** What a login in the browser is renewed with, once; the answer has its successor. Default: none is renewed. */
  ssoRenewal?: { clientId: string; clientSecret: string; refreshToken: string }
  /** The error of every renewal: its code and status. */
  refuseRenewal?: { error: string; status: number }
  /** What the container asks in `authorization`. Default: nothing. */
  containerToken?: string
  /** The role of the machine; `null`: it has none. Default `machine-role`. */
  machineRole?: string | null
  /** How long keys last, in milliseconds. Default an hour. */
  lifetimeMs?: number
  /** The next error of the token service: code and message. */
  refuse?: { code: string; message: string; status?: number }
  /** Milliseconds since 1970. Default: the system's clock. */
  now?: () => number
}

/** The services that give keys out, behind one address. */
export interface AwsCredentialsEmulator extends LoopbackServer {
  /** All keys that were given out, the first one first. */
  given: readonly EmulatedAwsKeys[]
}

const ROLES = "/latest/meta-data/iam/security-credentials/"
const METADATA_TOKEN = "emulated-metadata-token"

/**
 * AWS's services that give keys out, written from the vendor's documents: the token service (`AssumeRole` with its
 * signature, `AssumeRoleWithWebIdentity`), the portal of logins and the service that renews them, a container's address `/keys`, and EC2's metadata
 * service, version 2.
 */
export async function awsCredentialsEmulator(options: AwsCredentialsOptions = {}): Promise<AwsCredentialsEmulator> {
  const now = options.now ?? Date.now
  const given: EmulatedAwsKeys[] = []
  const login = { token: options.ssoToken, refreshToken: options.ssoRenewal?.refreshToken, renewed: 0 }

  const keysFor = (): EmulatedAwsKeys & { sessionToken: string; expiresAt: number } => {
    const n = given.length + 1
    const keys = {
      accessKeyId: `ASIAEMULATED${n}`,
      secretAccessKey: `session-secret-${n}`,
      sessionToken: `session-token-${n}`,
    }
    given.push(keys)
    return { ...keys, expiresAt: now() + (options.lifetimeMs ?? 3_600_000) }
  }

  const plain = (): object => {
    const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = keysFor()
    return {
      Code: "Success",
      Type: "AWS-HMAC",
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      Token: sessionToken,
      Expiration: new Date(expiresAt).toISOString(),
    }
  }

  const server = await serveLoopback(async (request, response) => {
    const path = pathOf(request)
    try {
      if (path === "/" && request.method === "POST") tokenService(request, response)
      else if (path === "/federation/credentials") portal(request, response)
      else if (path === "/token" && request.method === "POST") renewLogin(request, response)
      else if (path === "/keys") container(request, response)
      else metadata(request, path, response)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      sendXml(response, error.status, errorXml(error.type.replace(/Exception$/, ""), error.message))
    }
  })

  function tokenService(request: SeenRequest, response: ServerResponse): void {
    const form = new URLSearchParams(request.body)
    const action = form.get("Action") ?? ""
    if (action === "AssumeRole")
      checkSignature(request, { keys: [...(options.keys ?? []), ...given], service: "sts", now: now() })
    else if (!options.webTokens?.includes(form.get("WebIdentityToken") ?? "")) {
      throw new Refused(400, "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider")
    }
    if (options.refuse) throw new Refused(options.refuse.status ?? 403, options.refuse.code, options.refuse.message)
    for (const name of ["RoleArn", "RoleSessionName", "Version"]) {
      if (!form.get(name))
        throw new Refused(400, "ValidationError", `1 validation error detected: ${name} must not be null`)
    }
    const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = keysFor()
    const credentials =
      `<AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey>` +
      `<SessionToken>${sessionToken}</SessionToken><Expiration>${new Date(expiresAt).toISOString()}</Expiration>`
    const result = `<${action}Result><Credentials>${credentials}</Credentials></${action}Result>`
    sendXml(
      response,
      200,
      `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${result}</${action}Response>`,
    )
  }

  function portal(request: SeenRequest, response: ServerResponse): void {
    if (login.token === undefined || request.headers["x-amz-sso_bearer_token"] !== login.token) {
      sendJson(response, 401, { message: "Session token not found or invalid" }, {})
      return
    }
    const query = new URLSearchParams(request.path.split("?")[1])
    if (!query.get("account_id") || !query.get("role_name")) {
      sendJson(response, 403, { message: "No access" }, {})
      return
    }
    const { expiresAt: expiration, ...keys } = keysFor()
    sendJson(response, 200, { roleCredentials: { ...keys, expiration } }, {})
  }

  /** @see https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html */
  function renewLogin(request: SeenRequest, response: ServerResponse): void {
    const { ssoRenewal, refuseRenewal } = options
    const asked = request.json as Record<string, unknown> | undefined
    const refused = (status: number, error: string): void =>
      sendJson(response, status, { error, error_description: `The emulator says ${error}` }, {})
    if (refuseRenewal) return refused(refuseRenewal.status, refuseRenewal.error)
    if (!/^application\/json\b/.test(request.headers["content-type"] ?? "")) return refused(400, "invalid_request")
    if (asked?.["grantType"] !== "refresh_token") return refused(400, "unsupported_grant_type")
    if (!ssoRenewal || asked["clientId"] !== ssoRenewal.clientId || asked["clientSecret"] !== ssoRenewal.clientSecret)
      return refused(401, "invalid_client")
    if (asked["refreshToken"] !== login.refreshToken) return refused(400, "invalid_grant")
    const n = ++login.renewed
    login.token = `renewed-login-${n}`
    login.refreshToken = `${ssoRenewal.refreshToken}-${n}`
    const { token: accessToken, refreshToken } = login
    sendJson(response, 200, { accessToken, refreshToken, tokenType: "Bearer", expiresIn: 3600 }, {})
  }

  function container(request: SeenRequest, response: ServerResponse): void {
    const wanted = options.containerToken
    if (wanted !== undefined && request.headers["authorization"] !== wanted) {
      sendJson(response, 401, { message: "Invalid Authorization token" }, {})
    } else sendJson(response, 200, plain(), {})
  }

  function metadata(request: SeenRequest, path: string, response: ServerResponse): void {
    const { machineRole = "machine-role" } = options
    const text = (status: number, body: string): void =>
      void response.writeHead(status, { "content-type": "text/plain" }).end(body)
    if (path === "/latest/api/token") {
      const timed = request.method === "PUT" && request.headers["x-aws-ec2-metadata-token-ttl-seconds"] !== undefined
      text(timed ? 200 : 400, timed ? METADATA_TOKEN : "")
    } else if (request.headers["x-aws-ec2-metadata-token"] !== METADATA_TOKEN) text(401, "")
    else if (machineRole !== null && path === ROLES) text(200, machineRole)
    else if (machineRole !== null && path === ROLES + machineRole) sendJson(response, 200, plain(), {})
    else text(404, "")
  }

  return Object.assign(server, { given })
}

function sendXml(response: ServerResponse, status: number, xml: string): void {
  response.writeHead(status, { "content-type": "text/xml", "content-length": Buffer.byteLength(xml) }).end(xml)
}

function errorXml(code: string, message: string): string {
  const escaped = message.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)
  return `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${escaped}</Message></Error></ErrorResponse>`
}
