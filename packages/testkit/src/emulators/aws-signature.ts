import { createHash, createHmac, timingSafeEqual } from "node:crypto"
import type { SeenRequest } from "../loopback.ts"
import { Refused } from "./check.ts"

/** Keys that exist. */
export interface EmulatedAwsKeys {
  accessKeyId: string
  secretAccessKey: string
  /** The session that the keys belong to; a request must name it. */
  sessionToken?: string
  /** The session is over. */
  expired?: boolean
}

/** What a signature is checked against. */
export interface SignatureRules {
  keys: readonly EmulatedAwsKeys[]
  service: string
  /** Default: any region. */
  region?: string | undefined
  /** Milliseconds since 1970. */
  now: number
}

const SKEW_MS = 300_000
const MISMATCH =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key " +
  "and signing method. Consult the service documentation for details."

/**
 * Checks a request's signature, version 4, as the vendor does: it is computed once more from what arrived.
 *
 * @throws Refused with the vendor's exception
 */
export function checkSignature(request: SeenRequest, rules: SignatureRules): void {
  const given = request.headers["authorization"]
  if (given === undefined) throw refused("MissingAuthenticationTokenException", "Missing Authentication Token")
  const parts = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(given)
  const [id, date, region, service, end] = (parts?.[1] ?? "").split("/")
  if (!parts || end !== "aws4_request") {
    throw refused("IncompleteSignatureException", "Authorization header is not in the form that is asked for.")
  }
  const keys = rules.keys.find(({ accessKeyId }) => accessKeyId === id)
  const token = request.headers["x-amz-security-token"]
  if (!keys || keys.sessionToken !== token) {
    throw refused("UnrecognizedClientException", "The security token included in the request is invalid.")
  }
  if (keys.expired) throw refused("ExpiredTokenException", "The security token included in the request is expired")
  const stamp = request.headers["x-amz-date"] ?? ""
  checkScope({ date, region, service, stamp }, rules)
  const names = (parts[2] ?? "").split(";")
  checkNames(names, request)
  const canonical = [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.path),
    ...names.map((name) => `${name}:${(request.headers[name] ?? "").trim().replace(/ +/g, " ")}`),
    "",
    names.join(";"),
    bodyHash(request),
  ].join("\n")
  const scope = `${date}/${region}/${service}/aws4_request`
  const toSign = ["AWS4-HMAC-SHA256", stamp, scope, sha256(canonical)].join("\n")
  const key = [date, region, service, "aws4_request"].reduce<Buffer>(
    (secret, part) => hmac(secret, part as string),
    Buffer.from(`AWS4${keys.secretAccessKey}`),
  )
  if (!timingSafeEqual(hmac(key, toSign), Buffer.from(parts[3] as string, "hex"))) {
    throw refused("InvalidSignatureException", MISMATCH)
  }
}

function checkScope(
  { date, region, service, stamp }: Record<"date" | "region" | "service", string | undefined> & { stamp: string },
  rules: SignatureRules,
): void {
  if (service !== rules.service) {
    throw refused("InvalidSignatureException", `Credential should be scoped to correct service: '${rules.service}'. `)
  }
  if (rules.region !== undefined && region !== rules.region) {
    throw refused("InvalidSignatureException", "Credential should be scoped to a valid region. ")
  }
  const at = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"))
  if (Number.isNaN(at) || !stamp.startsWith(date ?? "-")) {
    throw refused("InvalidSignatureException", "Date in Credential scope does not match the request's date.")
  }
  if (Math.abs(at - rules.now) > SKEW_MS) {
    throw refused("InvalidSignatureException", `Signature expired: ${stamp} is not within 5 min. of the server's time.`)
  }
}

function checkNames(names: readonly string[], { headers }: SeenRequest): void {
  const sorted = names.every((name, index) => index === 0 || (names[index - 1] as string) < name)
  const needed = ["host", ...Object.keys(headers).filter((name) => name.startsWith("x-amz-"))]
  if (!sorted || needed.some((name) => !names.includes(name))) {
    throw refused("InvalidSignatureException", "There were headers present in the request which were not signed.")
  }
}

function bodyHash({ headers, bytes }: SeenRequest): string {
  const hash = createHash("sha256").update(bytes).digest("hex")
  const said = headers["x-amz-content-sha256"]
  if (said !== undefined && said !== hash) {
    throw refused(
      "InvalidSignatureException",
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    )
  }
  return hash
}

/** Each segment, spelled out as it is, is spelled out once more. */
function canonicalPath(target: string): string {
  return target
    .replace(/\?.*$/s, "")
    .split("/")
    .map((segment) => encode(segment))
    .join("/")
}

function canonicalQuery(target: string): string {
  const query = /\?(.*)$/s.exec(target)?.[1]
  if (!query) return ""
  return [...new URLSearchParams(query)]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join("&")
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest()
}

function refused(type: string, message: string): Refused {
  return new Refused(403, type, message)
}
