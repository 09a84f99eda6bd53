import { SluiceError } from "../../model/errors.ts"

/** What a geography in a profile's id stands for: regions that serve it, and the one that is taken where none is known. */
interface Geography {
  serves: RegExp
  home: string
}

/**
 * Geographies by the prefix of an inference profile's id. `global` is served from everywhere and so is none.
 * @see https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
 */
const GEOGRAPHIES: Readonly<Record<string, Geography>> = {
  us: { serves: /^us-(?!gov-|iso)/, home: "us-east-1" },
  "us-gov": { serves: /^us-gov-/, home: "us-gov-west-1" },
  eu: { serves: /^eu-(?!isoe-)/, home: "eu-west-1" },
  apac: { serves: /^ap-/, home: "ap-southeast-1" },
  au: { serves: /^ap-southeast-[24]$/, home: "ap-southeast-2" },
  jp: { serves: /^ap-northeast-[13]$/, home: "ap-northeast-1" },
  ca: { serves: /^ca-/, home: "ca-central-1" },
}

/** The region where nothing names one. */
export const HOME_REGION = "us-east-1"

/** Where regions may come from. */
export interface RegionSources {
  /** What the caller fixes. */
  region?: string | undefined
  /** What the environment or a profile says of all calls. */
  ambient?: string | undefined
}

/**
 * The region that a model is asked for in: the one that the caller fixes; that of a resource name; for a profile of a
 * geography the ambient one, if it serves that geography, else the geography's own; the ambient one; `us-east-1`.
 *
 * @throws SluiceError `config` for what is no name of a region: it becomes part of the address that keys are sent to
 */
export function regionFor(model: string, sources: RegionSources): string {
  const region = checked(sources.region)
  const ambient = checked(sources.ambient)
  if (region) return region
  const arn = /^arn:[^:]*:bedrock:([a-z0-9-]+):/.exec(model)?.[1]
  if (arn !== undefined) return arn
  const prefix = /^([a-z-]+)\.[a-z0-9-]+\./.exec(model)?.[1]
  const geography = prefix !== undefined && Object.hasOwn(GEOGRAPHIES, prefix) ? GEOGRAPHIES[prefix] : undefined
  if (geography) return ambient !== undefined && geography.serves.test(ambient) ? ambient : geography.home
  return ambient || HOME_REGION
}

function checked(region: string | undefined): string | undefined {
  if (!region || /^[a-z0-9-]+$/.test(region)) return region
  throw new SluiceError({
    code: "config",
    message: "The name of the AWS region is none.",
    hint: "Set AWS_REGION to the name of a region, such as us-east-1.",
  })
}

/** The region that an address of Bedrock is in, where it tells one. */
export function regionOfHost(host: string): string | undefined {
  return /(?:^|\.)bedrock-runtime(?:-fips)?\.([a-z]{2,}(?:-[a-z]+)+-\d+)\./.exec(host)?.[1]
}

/**
 * Domains of the partitions beside the first one, by how the names of their regions begin.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
 */
const DOMAINS: readonly (readonly [beginning: string, domain: string])[] = [
  ["cn-", "amazonaws.com.cn"],
  ["eusc-", "amazonaws.eu"],
  ["us-iso-", "c2s.ic.gov"],
  ["us-isob-", "sc2s.sgov.gov"],
  ["us-isof-", "csp.hci.ic.gov"],
  ["eu-isoe-", "cloud.adc-e.uk"],
]

/** The domain of the partition that a region belongs to. */
export function domainOf(region: string): string {
  return DOMAINS.find(([beginning]) => region.startsWith(beginning))?.[1] ?? "amazonaws.com"
}

/** The address with its region, in the partition that the region belongs to. */
export function addressIn(baseUrl: string, region: string): string {
  if (!baseUrl.includes("{region}")) return baseUrl
  return baseUrl.replaceAll("{region}", region).replace(/\.amazonaws\.com(?=$|[:/])/, `.${domainOf(region)}`)
}
