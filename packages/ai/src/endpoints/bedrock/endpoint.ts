import type { Credential } from "../../contract/credential.ts"
import type { Endpoint, HttpRequest } from "../../contract/endpoint.ts"
import { mergeHeaders } from "../../contract/frame.ts"
import type { Call, WireRequest } from "../../contract/wire-client.ts"
import { AwsEventStreamFramer } from "../../framing/aws-eventstream.ts"
import { USER_AGENT } from "../../version.ts"
import { bearerOf, givenLayers, requestTo } from "../dressing.ts"
import { explainBedrock } from "./explain.ts"
import { addressIn, regionFor, regionOfHost } from "./region.ts"
import type { BedrockSettings } from "./settings.ts"
import { signAws } from "./signature.ts"

/** The service in signatures. */
const SERVICE = "bedrock"
/**
 * Headers that are the protocol's: what a caller says in them would contradict the signature. Those of Anthropic's API
 * stand in the body here.
 */
const RESERVED = /^(?:host|x-amz-.*|content-type|content-length|accept|authorization|anthropic-(?:beta|version))$/

/**
 * Bedrock: the address of a region, and a signature or a key as a bearer.
 *
 * The caller's own headers are merged before the signature, which covers them; reserved ones are left out.
 */
export function bedrockEndpoint(settings: BedrockSettings = {}): Endpoint {
  return {
    ...bedrockReading,
    id: "bedrock",
    dress: (request, call, credential) => dressBedrock(request, call, credential, settings),
    sign: (request, credential, now) => signBedrock(request, credential, now, settings),
    explain: explainBedrock,
  }
}

/** How Bedrock frames its own streams. */
export const bedrockReading: Required<Pick<Endpoint, "framing" | "framer">> = {
  framing: "aws-eventstream",
  framer: () => new AwsEventStreamFramer(),
}

/** The request at the address of the model's region, with a bearer where the credential is one. */
export function dressBedrock(
  request: WireRequest,
  call: Call,
  credential: Credential,
  settings: BedrockSettings,
): HttpRequest {
  const { model } = call
  const region = regionFor(model.requestModelId ?? model.id, sourcesOf(settings, credential))
  const base = addressIn((credential.baseUrl ?? model.baseUrl).replace(/\/+$/, ""), region)
  const headers = mergeHeaders(
    { "user-agent": USER_AGENT },
    request.headers,
    ...givenLayers(call, credential, (name) => RESERVED.test(name)),
    bearerOf(credential),
  )
  return requestTo(`${base}${request.path}`, request, headers)
}

/** The request with its signature, where the credential is of the kind that signs. */
export async function signBedrock(
  request: HttpRequest,
  credential: Credential,
  now: number,
  settings: BedrockSettings,
): Promise<HttpRequest> {
  if (credential.kind !== "aws") return request
  const url = new URL(request.url)
  const model = decodeURIComponent(/\/model\/([^/]+)\/[^/]+$/.exec(url.pathname)?.[1] ?? "")
  const region = regionOfHost(url.hostname) ?? regionFor(model, sourcesOf(settings, credential))
  return await signAws(request, credential, { service: SERVICE, region, now })
}

function sourcesOf(
  { region, ambientRegion }: BedrockSettings,
  credential: Credential,
): { region?: string; ambient?: string } {
  const ambient = ambientRegion ?? (credential.kind === "aws" ? credential.region : credential.location)
  return { ...(region === undefined ? {} : { region }), ...(ambient === undefined ? {} : { ambient }) }
}
