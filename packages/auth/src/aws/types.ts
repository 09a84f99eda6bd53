import type { EnvironmentReader } from "@sluice/catalog"

/** Keys as a source of them gives them. */
export interface AwsKeys {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string | undefined
  /** Milliseconds since 1970. */
  expiresAt?: number | undefined
  /** Where they came from, for people. */
  origin: string
}

/** A login as it lies in its file: the token, its end, and what it can be renewed with. */
export interface KeptLogin {
  path: string
  fields: Readonly<Record<string, unknown>>
}

/**
 * Logins that were renewed and could not be written back, by their files: a folder that may only be read must not cost
 * the login, since the token of before may be good no more.
 */
export type UnwrittenLogins = Map<string, KeptLogin>

/** A program's output, for profiles whose keys a program gives. */
export type RunProgram = (program: string, args: readonly string[], signal: AbortSignal) => Promise<string>

/** What the search for keys reads and asks; everything has a default. */
export interface AwsOptions {
  /** The profile; default `AWS_PROFILE`, else `default`. One that is given here wins over keys of the environment. */
  profile?: string
  /** Default: the variables of this process. */
  env?: EnvironmentReader
  /** The folder that `~` stands for. Default: the user's. */
  home?: string
  /** A file's text; `undefined` where there is none. Default: from the disk. */
  readFile?: (path: string) => Promise<string | undefined>
  /** Puts a text into a file in one step, so that nobody reads half of it. Default: on the disk, for its owner alone. */
  writeFile?: (path: string, text: string) => Promise<void>
  /** Names of a folder's files. Default: from the disk. */
  listFolder?: (path: string) => Promise<readonly string[]>
  /** For token services on the network. Default: the built-in one. */
  fetch?: typeof fetch
  /** For services of this very machine, which no proxy stands before. Default: the built-in one. */
  localFetch?: typeof fetch
  /** Runs a profile's program. Default: without a shell. */
  run?: RunProgram
  /** The system that the profile's program is written for, as `process.platform` names it. Default: this one. */
  platform?: string
  /** Milliseconds since 1970. Default: the system's clock. */
  now?: () => number
}

/** The same with its defaults, for one search. */
export interface AwsContext extends Required<Omit<AwsOptions, "profile">> {
  profile: string | undefined
  /** Logins that could not be written back. */
  logins: UnwrittenLogins
  /** What was looked for and not found, in words. */
  missed: string[]
  signal: AbortSignal
}
