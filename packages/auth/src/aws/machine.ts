import { SluiceError } from "@sluice/ai"
import { ask, type Answer } from "../http.ts"
import { awsError } from "./errors.ts"
import { momentOf, objectOf, textOf } from "./fields.ts"
import type { AwsContext, AwsKeys } from "./types.ts"

const CONTAINER_HOST = "http://169.254.170.2"
/** Hosts of containers that may be asked without TLS. */
const CONTAINER_HOSTS = /^(?:localhost|127(?:\.\d+){3}|\[::1\]|169\.254\.170\.(?:2|23)|\[fd00:ec2::23\])$/
const METADATA_V4 = "http://169.254.169.254"
const METADATA_V6 = "http://[fd00:ec2::254]"
const METADATA_MS = 1000
const CONTAINER_MS = 2000
const TOKEN_SECONDS = "21600"
const ROLES = "/latest/meta-data/iam/security-credentials/"

/**
 * Keys of the container that this program runs in; `undefined` outside of one.
 * @throws SluiceError `config` for an address that keys must not come from, `auth_invalid` where none are given out,
 * `network` or `timeout` where nobody answers
 */
export async function containerKeys(context: AwsContext): Promise<AwsKeys | undefined> {
  const { env } = context
  const relative = env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
  const full = env("AWS_CONTAINER_CREDENTIALS_FULL_URI")
  if (!relative && !full) {
    context.missed.push("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set")
    return undefined
  }
  const url = relative ? `${CONTAINER_HOST}${relative}` : (full as string)
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || (parsed.protocol !== "https:" && !CONTAINER_HOSTS.test(parsed.hostname))) {
    throw awsError({
      code: "config",
      message: "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither an HTTPS address nor one of this machine.",
      hint: "Unset the variable outside of a container.",
    })
  }
  const file = env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
  const token = (file ? await context.readFile(file) : env("AWS_CONTAINER_AUTHORIZATION_TOKEN"))?.trim()
  const { status, text } = await ask(context.localFetch, {
    what: "the container's service for keys",
    url,
    init: {
      headers: { accept: "application/json", ...(token ? { authorization: token } : {}) },
      signal: context.signal,
    },
    timeoutMs: CONTAINER_MS,
  })
  return keysOf(status, text, "container")
}

/** Keys of the machine's own role, from EC2's metadata service, version 2; `undefined` where there is none. */
export async function machineKeys(context: AwsContext): Promise<AwsKeys | undefined> {
  const { env, localFetch, missed, signal } = context
  if (env("AWS_EC2_METADATA_DISABLED")?.toLowerCase() === "true") {
    missed.push("EC2's metadata service is switched off (AWS_EC2_METADATA_DISABLED)")
    return undefined
  }
  const v6 = env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.toLowerCase() === "ipv6"
  const base = env("AWS_EC2_METADATA_SERVICE_ENDPOINT")?.trim().replace(/\/+$/, "") || (v6 ? METADATA_V6 : METADATA_V4)
  const look = (path: string, init: RequestInit): Promise<Answer> =>
    ask(localFetch, {
      what: "EC2's metadata service",
      url: base + path,
      init: { ...init, signal },
      timeoutMs: METADATA_MS,
    })
  try {
    const token = await look("/latest/api/token", {
      method: "PUT",
      headers: { "x-aws-ec2-metadata-token-ttl-seconds": TOKEN_SECONDS },
    })
    if (token.status !== 200) {
      missed.push(`EC2's metadata service gave no token (status ${token.status})`)
      return undefined
    }
    const headers = { "x-aws-ec2-metadata-token": token.text }
    const roles = await look(ROLES, { headers })
    const role = roles.status === 200 ? roles.text.split("\n", 1)[0]?.trim() : undefined
    if (!role) {
      missed.push("the machine has no role")
      return undefined
    }
    const { status, text } = await look(ROLES + encodeURIComponent(role), { headers })
    return keysOf(status, text, `machine's role ${role}`)
  } catch (thrown) {
    // Most machines are none of Amazon's, and nobody answers there.
    const absent = SluiceError.is(thrown) && (thrown.code === "network" || thrown.code === "timeout")
    if (signal.aborted || !absent) throw thrown
    missed.push(thrown.message.replace(/\.$/, ""))
    return undefined
  }
}

function keysOf(status: number, text: string, origin: string): AwsKeys {
  const body = objectOf(text) ?? {}
  const accessKeyId = textOf(body["AccessKeyId"])
  const secretAccessKey = textOf(body["SecretAccessKey"])
  if (status !== 200 || accessKeyId === undefined || secretAccessKey === undefined) {
    throw awsError({
      status,
      message: `The ${origin} gives no keys: ${textOf(body["message"]) ?? textOf(body["Message"]) ?? `status ${status}`}`,
      hint: "Check the role that it is given.",
    })
  }
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken: textOf(body["Token"]),
    expiresAt: momentOf(body["Expiration"]),
    origin,
  }
}
