import { awsEnvironmentKeys, bedrockSettings, HOME_REGION } from "@sluice/ai/endpoints/bedrock"
import type { ConfigFiles, Section } from "./config-files.ts"
import { awsError } from "./errors.ts"
import { checkedRegion } from "./region.ts"
import { containerKeys, machineKeys } from "./machine.ts"
import { programKeys } from "./program.ts"
import { isSso, ssoKeys } from "./sso.ts"
import { assumeRole, assumeRoleWithToken, type Role } from "./token-service.ts"
import type { AwsContext, AwsKeys } from "./types.ts"

/** How long keys of a session that lies in a file are taken to be good; the file does not say. */
const FILE_SESSION_MS = 300_000

/**
 * The keys of a profile: of a role that it takes on, its own, of a login, of a program; `undefined` where it has none.
 *
 * @param seen the profiles that have led here
 * @throws SluiceError for a profile that is set up wrongly, and where whoever gives its keys out refuses
 */
export async function profileKeys(
  name: string,
  files: ConfigFiles,
  context: AwsContext,
  seen: readonly string[] = [],
): Promise<AwsKeys | undefined> {
  const profile = files.profiles.get(name)
  if (!profile) return undefined
  const first = seen.length === 0
  // A profile that names itself as the source of its role has keys of its own for that.
  const itself = seen.at(-1) === name
  if (profile["role_arn"] && !itself) return await roleKeys(name, profile, files, context, seen)
  const own = staticKeys(name, profile, context)
  if (own) return own
  if (isSso(profile)) return await ssoKeys(name, profile, files, context)
  if (profile["credential_process"]) return await programKeys(name, profile["credential_process"], context)
  if (first) return undefined
  throw awsError({
    code: "config",
    message: `The profile ${name}, which a role is taken on with, has no keys.`,
    hint: `Run \`aws configure --profile ${name}\`.`,
  })
}

function staticKeys(name: string, profile: Section, { now }: AwsContext): AwsKeys | undefined {
  const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey, aws_session_token: token } = profile
  if (!accessKeyId && !secretAccessKey) return undefined
  if (!accessKeyId || !secretAccessKey) {
    throw awsError({
      code: "config",
      message: `The profile ${name} has only one of aws_access_key_id and aws_secret_access_key.`,
      hint: `Run \`aws configure --profile ${name}\`.`,
    })
  }
  return {
    accessKeyId,
    secretAccessKey,
    origin: `profile ${name}`,
    ...(token ? { sessionToken: token, expiresAt: now() + FILE_SESSION_MS } : {}),
  }
}

async function roleKeys(
  name: string,
  profile: Section,
  files: ConfigFiles,
  context: AwsContext,
  seen: readonly string[],
): Promise<AwsKeys> {
  const wrong = (message: string, hint: string): Error => awsError({ code: "config", message, hint })
  if (seen.includes(name)) {
    throw wrong(
      `The profiles ${[...seen, name].join(" → ")} take on each other's roles.`,
      "Break the circle in ~/.aws/config.",
    )
  }
  if (profile["mfa_serial"]) {
    throw wrong(
      `The role of profile ${name} asks for a second factor, which a program cannot give.`,
      "Take on the role with the aws command and put the keys of that session into the environment.",
    )
  }
  const role: Role = {
    arn: profile["role_arn"] as string,
    sessionName: profile["role_session_name"],
    externalId: profile["external_id"],
    durationSeconds: profile["duration_seconds"],
    region: regionOf(context, profile),
    origin: `profile ${name}`,
  }
  const tokenFile = profile["web_identity_token_file"]
  if (tokenFile) return await assumeRoleWithToken(role, await tokenIn(tokenFile, context), context)
  const source = profile["source_profile"]
  if (source) {
    const keys = await profileKeys(source, files, context, [...seen, name])
    if (keys) return await assumeRole(role, keys, context)
    throw wrong(
      `The profile ${source}, which ${name} names as its source_profile, is not there.`,
      "Check ~/.aws/config.",
    )
  }
  return await assumeRole(role, await sourceKeys(name, profile["credential_source"], context), context)
}

async function sourceKeys(name: string, source: string | undefined, context: AwsContext): Promise<AwsKeys> {
  const keys =
    source === "Environment"
      ? variableKeys(context)
      : source === "EcsContainer"
        ? await containerKeys(context)
        : source === "Ec2InstanceMetadata"
          ? await machineKeys(context)
          : undefined
  if (keys) return keys
  throw awsError({
    code: "config",
    message: `The role of profile ${name} is taken on with no keys: source_profile is not set, and credential_source is ${source ?? "not set"} and gives none.`,
    hint: "Set source_profile in ~/.aws/config.",
  })
}

/** Keys of the environment's own variables. @throws SluiceError `config` where only one of the two is set */
export function variableKeys({ env, missed }: AwsContext): AwsKeys | undefined {
  const keys = awsEnvironmentKeys(env)
  if (!keys) missed.push("AWS_ACCESS_KEY_ID is not set")
  return keys
}

/** Keys of the role that the environment names with a token of another identity. @throws SluiceError */
export async function webIdentityKeys(context: AwsContext): Promise<AwsKeys | undefined> {
  const { env, missed } = context
  const [file, arn] = [env("AWS_WEB_IDENTITY_TOKEN_FILE"), env("AWS_ROLE_ARN")]
  if (!file || !arn) {
    missed.push("AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are not set")
    return undefined
  }
  const role = {
    arn,
    sessionName: env("AWS_ROLE_SESSION_NAME"),
    region: regionOf(context, {}),
    origin: "AWS_WEB_IDENTITY_TOKEN_FILE",
  }
  return await assumeRoleWithToken(role, await tokenIn(file, context), context)
}

async function tokenIn(file: string, { readFile }: AwsContext): Promise<string> {
  const token = (await readFile(file))?.trim()
  if (token) return token
  throw awsError({
    code: "config",
    message: `There is no token in ${file}.`,
    hint: "Check where the token of the web identity is put.",
  })
}

/**
 * The region that calls go to where nothing names one: the environment's, else a profile's.
 * @throws SluiceError `config` for what is no name of a region
 */
export function regionOf({ env }: AwsContext, profile: Section): string {
  return checkedRegion(bedrockSettings(env).ambientRegion || profile["region"] || HOME_REGION)
}
