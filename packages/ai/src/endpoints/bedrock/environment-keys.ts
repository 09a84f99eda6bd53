import type { EnvironmentReader } from "@sluice/catalog"
import type { Credential } from "../../contract/credential.ts"
import { SluiceError } from "../../model/errors.ts"

const ID = "AWS_ACCESS_KEY_ID"
const SECRET = "AWS_SECRET_ACCESS_KEY"
const SESSION = "AWS_SESSION_TOKEN"

/** Keys, and the variable that they are named by. */
export type AwsEnvironmentKeys = Extract<Credential, { kind: "aws" }> & { origin: string }

/**
 * The keys in AWS's own variables, with their session where there is one; `undefined` where neither is set.
 *
 * @throws SluiceError `config` where only one of the two is set
 */
export function awsEnvironmentKeys(env: EnvironmentReader): AwsEnvironmentKeys | undefined {
  const [accessKeyId, secretAccessKey, sessionToken] = [ID, SECRET, SESSION].map((name) => env(name)?.trim())
  if (!accessKeyId && !secretAccessKey) return undefined
  if (!accessKeyId || !secretAccessKey) {
    throw new SluiceError({
      code: "config",
      scope: "credential",
      message: `Only one of ${ID} and ${SECRET} is set.`,
      hint: "Set both, or none.",
    })
  }
  return {
    kind: "aws",
    id: accessKeyId,
    origin: ID,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken ? { sessionToken } : {}),
  }
}
