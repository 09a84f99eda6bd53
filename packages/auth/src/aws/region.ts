import { domainOf } from "@sluice/ai/endpoints/bedrock"
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

/** A region's name with the domain that its services are in behind it. @throws SluiceError `config` */
export function hostIn(region: string): string {
  return `${checkedRegion(region)}.${domainOf(region)}`
}
