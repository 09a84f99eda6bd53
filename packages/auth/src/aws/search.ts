import { randomBytes } from "node:crypto"
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { homedir } from "node:os"
import { SluiceError } from "@sluice/ai"
import { awsError } from "./errors.ts"
import { readConfigFiles } from "./config-files.ts"
import { containerKeys, machineKeys } from "./machine.ts"
import { profileKeys, regionOf, variableKeys, webIdentityKeys } from "./profile.ts"
import { runProgram } from "./program.ts"
import type { AwsContext, AwsKeys, AwsOptions, UnwrittenLogins } from "./types.ts"

/** The variable that says that a proxy signs in our place. */
export const SKIP_VARIABLE = "AWS_BEDROCK_SKIP_AUTH"

/** What was found. */
export interface FoundKeys {
  /** Absent: requests go out without a signature. */
  keys?: AwsKeys
  /** Where calls go that nothing else names a region for. */
  region: string
}

/**
 * Looks for keys where AWS's own tools do, and takes the first: the environment, a web identity, the profile, the
 * container, the machine. A profile that the caller names comes before the environment. Where
 * `AWS_BEDROCK_SKIP_AUTH` is set, there are none to be looked for.
 *
 * @param logins those that earlier searches renewed and could not write back
 * @throws SluiceError `auth_missing` that says what was looked for; for a way that is set up and does not work, its error
 */
export async function searchKeys(
  options: AwsOptions,
  logins: UnwrittenLogins,
  signal: AbortSignal,
): Promise<FoundKeys> {
  const context = contextOf(options, logins, signal)
  const { env, missed } = context
  const files = await readConfigFiles(context)
  const name = context.profile ?? (env("AWS_PROFILE")?.trim() || "default")
  const region = regionOf(context, files.profiles.get(name) ?? {})
  const skip = env(SKIP_VARIABLE)?.trim()
  if (skip && skip !== "0" && skip !== "false") return { region }

  const ofProfile = async (): Promise<AwsKeys | undefined> => {
    const keys = await profileKeys(name, files, context)
    if (!keys)
      missed.push(
        `${files.profiles.has(name) ? "no keys in" : "there is no"} profile ${name} in ${files.paths.join(" and ")}`,
      )
    return keys
  }
  const ways: readonly (() => AwsKeys | undefined | Promise<AwsKeys | undefined>)[] = [
    ...(context.profile === undefined ? [] : [ofProfile]),
    () => variableKeys(context),
    () => webIdentityKeys(context),
    ...(context.profile === undefined ? [ofProfile] : []),
    () => containerKeys(context),
    () => machineKeys(context),
  ]
  for (const way of ways) {
    const keys = await way()
    if (keys) return { keys, region }
  }
  throw new SluiceError({
    code: "auth_missing",
    message: `There are no AWS credentials: ${missed.join("; ")}.`,
    hint: "Set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws configure` or `aws sso login`.",
  })
}

function contextOf(options: AwsOptions, logins: UnwrittenLogins, signal: AbortSignal): AwsContext {
  return {
    profile: options.profile,
    env: options.env ?? ((name) => process.env[name]),
    home: options.home ?? homedir(),
    readFile: options.readFile ?? textIn,
    writeFile: options.writeFile ?? replaceFile,
    listFolder: options.listFolder ?? ((path) => readdir(path).catch(() => [])),
    fetch: options.fetch ?? fetch,
    localFetch: options.localFetch ?? fetch,
    run: options.run ?? runProgram,
    platform: options.platform ?? process.platform,
    now: options.now ?? Date.now,
    logins,
    missed: [],
    signal,
  }
}

async function textIn(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8")
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined
    if (code === "ENOENT" || code === "ENOTDIR") return undefined
    throw awsError(
      { code: "config", message: `The file ${path} cannot be read (${String(code)}).`, hint: "Check who may read it." },
      error,
    )
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`
  try {
    await writeFile(draft, text, { flag: "wx", mode: 0o600 })
    await rename(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
}
