import { AwsV4Signer } from "aws4fetch"
import type { Credential } from "../../contract/credential.ts"
import type { HttpRequest } from "../../contract/endpoint.ts"
import type { HeaderMap } from "../../contract/frame.ts"
import { SluiceError } from "../../model/errors.ts"

/** Headers that proxies and transports change on the way, which no signature covers. */
const UNSIGNED =
  /^(?:authorization|cache-control|connection|content-length|expect|from|host|keep-alive|max-forwards|pragma|referer|te|trailer|transfer-encoding|upgrade|user-agent|x-amzn-trace-id|x-amz-date|x-amz-security-token|x-amz-content-sha256|(?:proxy|sec)-.*)$/

type AwsCredential = Extract<Credential, { kind: "aws" }>

/** What a signature is for. */
export interface SignatureScope {
  service: string
  region: string
  /** Milliseconds since 1970. */
  now: number
}

/** What of the keys stands in headers must be able to. @throws SluiceError `config` */
function checkCredential({ accessKeyId, sessionToken = "" }: AwsCredential): void {
  if (/^[\x20-\x7e]*$/.test(accessKeyId + sessionToken)) return
  throw new SluiceError({
    code: "config",
    message: "AWS's keys hold characters that cannot be sent.",
    hint: "Copy the keys again, without line breaks or other text around them.",
  })
}

/**
 * The request with a signature, version 4, over its method, address, headers and the very bytes of its body. What an
 * earlier signature left is replaced.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export async function signAws(
  request: HttpRequest,
  credential: AwsCredential,
  { service, region, now }: SignatureScope,
): Promise<HttpRequest> {
  // The signer would repeat what cannot be sent, the key's id among it.
  checkCredential(credential)
  const body = request.body ?? ""
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body
  const signed: Record<string, string> = { "x-amz-content-sha256": await sha256(bytes) }
  const others: HeaderMap = {}
  for (const [name, value] of Object.entries(request.headers)) {
    const key = name.toLowerCase()
    if (!UNSIGNED.test(key)) {
      if (value !== undefined) signed[key] = value
    } else if (!/^(?:authorization|host|x-amz-.*)$/.test(key)) others[key] = value
  }
  const signer = new AwsV4Signer({
    method: request.method,
    url: request.url,
    headers: signed,
    body: bytes as Uint8Array<ArrayBuffer>,
    accessKeyId: credential.accessKeyId,
    secretAccessKey: credential.secretAccessKey,
    ...(credential.sessionToken === undefined ? {} : { sessionToken: credential.sessionToken }),
    service,
    region,
    datetime: new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, ""),
    allHeaders: true,
  })
  const { headers } = await signer.sign()
  const all: HeaderMap = { ...others }
  headers.forEach((value, name) => {
    all[name] = value
  })
  return { ...request, url: signer.url.href, headers: all }
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")
}
