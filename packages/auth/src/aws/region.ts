import { awsError } from "./errors.ts"

/** A region's name becomes part of the address that keys are sent to. @throws SluiceError `config` */
export function checkedRegion(region: string): string {
  if (/^[a-z0-9-]+$/.test(region)) return region
  throw awsError({
    code: "config",
    message: "The name of the AWS region is none.",
    hint: "Set AWS_REGION, or the region of the profile, to the name of a region, such as us-east-1.",
  })
}

/** The domain that a region's services are in, China's among them. @throws SluiceError `config` */
export function domainOf(region: string): string {
  return `${checkedRegion(region)}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`
}
