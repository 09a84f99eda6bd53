import { readFile } from "node:fs/promises"
import { homedir } from "node:os"
import type { EnvironmentReader } from "@sluice/catalog"

/** Where Google's tokens come from. */
export interface GoogleHosts {
  /** The token endpoint. Also whom assertions of service accounts are addressed to. */
  token: string
  /** Where the tokens of other identity providers are exchanged. Default: what their file names. */
  sts?: string
  /** Host of the IAM credentials API, without a path. */
  iam: string
  /** Host of a machine's metadata, without a path. */
  metadata: string
}

/** What the sources of Google's credentials work with; everything has a default. */
export interface GoogleOptions {
  /** Default: the variables of this process. */
  env?: EnvironmentReader
  /** The folder that gcloud's own one stands in. Default: the user's. */
  home?: string
  /** The text of a file, `undefined` where there is none. Default: the file system. */
  readFile?: (path: string) => Promise<string | undefined>
  /** For Google's hosts on the network. Default: the built-in one. */
  fetch?: typeof fetch
  /** For the metadata of this very machine, which no proxy stands before. Default: the built-in one. */
  localFetch?: typeof fetch
  /** Milliseconds since 1970. Default: the system's clock. */
  now?: () => number
  hosts?: Partial<GoogleHosts>
  /** How long before its end a token is replaced, in milliseconds. Default 60000. */
  skewMs?: number
}

/** `GoogleOptions` with their defaults. */
export type Surroundings = Required<Omit<GoogleOptions, "hosts">> & { hosts: GoogleHosts }

/**
 * The defaults for what is not given. `GCE_METADATA_HOST` moves the metadata of a machine, as Google's own libraries
 * have it.
 */
export function surroundings(options: GoogleOptions = {}): Surroundings {
  const env = options.env ?? ((name: string): string | undefined => process.env[name])
  const metadata = env("GCE_METADATA_HOST")
  return {
    env,
    home: options.home ?? homedir(),
    readFile: options.readFile ?? readText,
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    localFetch: options.localFetch ?? ((input, init) => fetch(input, init)),
    now: options.now ?? Date.now,
    skewMs: options.skewMs ?? 60_000,
    hosts: {
      token: "https://oauth2.googleapis.com/token",
      iam: "https://iamcredentials.googleapis.com",
      metadata: `http://${metadata ? metadata : "metadata.google.internal"}`,
      ...options.hosts,
    },
  }
}

/** The first of several variables that says something, with its name. */
export function firstOf(env: EnvironmentReader, names: readonly string[]): { name: string; value: string } | undefined {
  for (const name of names) {
    const value = env(name)?.trim()
    if (value) return { name, value }
  }
  return undefined
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw error
  }
}
