import { createHash, createHmac, type Hash, type Hmac } from "node:crypto"
import { createRequire } from "node:module"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { HttpRequest } from "../../contract/endpoint.ts"
import { pathOf } from "../../wires/bedrock/path.ts"
import { signAws } from "./signature.ts"

const { SignatureV4 } = createRequire(import.meta.url)("@smithy/signature-v4") as typeof import("@smithy/signature-v4")

/** SHA-256 as the vendor's signer wants to be given it. */
class Sha256 {
  readonly #hash: Hash | Hmac

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as Uint8Array)
  }

  update(data: Uint8Array): void {
    this.#hash.update(data)
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()))
  }

  reset(): void {}
}

/** Headers of the request as the vendor's own signer makes them. */
async function vendorSigned(
  request: HttpRequest,
  keys: { accessKeyId: string; secretAccessKey: string; sessionToken?: string },
  { region, service, now }: { region: string; service: string; now: number },
): Promise<Record<string, string>> {
  const signer = new SignatureV4({ credentials: keys, region, service, sha256: Sha256 as never })
  const url = new URL(request.url)
  const signed = await signer.sign(
    {
      method: request.method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: { host: url.host, ...(request.headers as Record<string, string>) },
      body: request.body,
    } as never,
    { signingDate: new Date(now) },
  )
  return (signed as unknown as { headers: Record<string, string> }).headers
}

const word = fc.string({ unit: fc.constantFrom(..."abcXYZ019-_.:/+=~!'()*$@, "), minLength: 1, maxLength: 40 })
const headerName = fc.constantFrom(
  "x-custom",
  "x-amzn-bedrock-trace",
  "anthropic-beta",
  "user-agent",
  "x-b3",
  "te",
  "range",
)
const headerValue = fc.string({ unit: fc.constantFrom(..."abc019 ,;=/\t"), maxLength: 30 }).map((text) => `v${text}v`)

describe("a signature", () => {
  test("is that of the vendor's own signer, byte for byte, whatever is signed", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          model: word.filter((id) => !/^\.{0,2}$/.test(id)),
          headers: fc.dictionary(headerName, headerValue, { maxKeys: 5 }),
          body: fc.oneof(fc.string({ unit: "grapheme", maxLength: 80 }), fc.uint8Array({ maxLength: 80 })),
          region: fc.constantFrom("us-east-1", "eu-west-3", "us-gov-west-1", "cn-north-1"),
          service: fc.constantFrom("bedrock", "sts"),
          port: fc.constantFrom("", ":8443"),
          query: fc.dictionary(fc.constantFrom("a", "b-c", "d e"), word, { maxKeys: 3 }),
          token: fc.option(word, { nil: undefined }),
          secret: word,
          now: fc.integer({ min: 1_000_000_000_000, max: 2_000_000_000_000 }),
        }),
        async ({ model, headers, body, region, service, port, query, token, secret, now }) => {
          const search = new URLSearchParams(query).toString()
          const url = `https://bedrock-runtime.${region}.amazonaws.com${port}${pathOf(model, "converse-stream")}`
          const request: HttpRequest = {
            method: "POST",
            url: search === "" ? url : `${url}?${search}`,
            headers: { "content-type": "application/json", ...headers },
            body,
          }
          // A token stands in a header, whose value is trimmed on the way.
          const session = token?.trim()
          const keys = {
            accessKeyId: "AKIAEXAMPLE",
            secretAccessKey: secret,
            ...(session ? { sessionToken: session } : {}),
          }
          const ours = await signAws(request, { kind: "aws", id: "a", ...keys }, { region, service, now })
          const theirs = await vendorSigned(request, keys, { region, service, now })
          expect(ours.headers["authorization"]).toBe(theirs["authorization"])
          expect(ours.headers["x-amz-date"]).toBe(theirs["x-amz-date"])
          expect(ours.headers["x-amz-security-token"]).toBe(theirs["x-amz-security-token"])
          expect(ours.headers["x-amz-content-sha256"]).toBe(theirs["x-amz-content-sha256"])
          expect(ours.body).toBe(body)
        },
      ),
      { numRuns: 300 },
    )
  })

  test("replaces one that is there, and sends what it does not cover", async () => {
    const keys = { kind: "aws" as const, id: "a", accessKeyId: "A", secretAccessKey: "s" }
    const at = { region: "us-east-1", service: "bedrock", now: 0 }
    const request: HttpRequest = {
      method: "POST",
      url: "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse",
      headers: { "user-agent": "sluice", accept: "application/json" },
      body: "{}",
    }
    const once = await signAws(request, keys, at)
    const stale = { ...once, headers: { ...once.headers, "x-amz-security-token": "of another session" } }
    expect(await signAws(stale, keys, at)).toEqual(once)
    expect(once.headers["user-agent"]).toBe("sluice")
    expect(once.headers["authorization"]).toContain("SignedHeaders=accept;host;x-amz-content-sha256;x-amz-date,")
  })
})
