import { join } from "node:path"
import type { AwsContext } from "./types.ts"

/** The settings of a profile or of another section, by their names. */
export type Section = Readonly<Record<string, string>>

/** What the two files say. */
export interface ConfigFiles {
  profiles: ReadonlyMap<string, Section>
  ssoSessions: ReadonlyMap<string, Section>
  /** Where they were looked for. */
  paths: readonly string[]
}

/**
 * The sections of a file in AWS's form: `[name]`, then `key = value`. What is indented below a key without a value
 * belongs to that and is of no use here; any other line may be indented as its writer likes. A comment begins a line
 * with `#` or `;`, or stands behind white space.
 */
export function parseSections(text: string): Map<string, Record<string, string>> {
  const sections = new Map<string, Record<string, string>>()
  let current: Record<string, string> | undefined
  /** How far a key is indented that has no value and may have lines below it. */
  let opened: number | undefined
  for (const written of text.replace(/^\ufeff/, "").split(/\r?\n/)) {
    const line = written.trim()
    if (/^(?:[#;]|$)/.test(line)) continue
    const indent = written.length - written.trimStart().length
    if (opened !== undefined && indent > opened) continue
    opened = undefined
    const name = /^\[([^\]]+)\]/.exec(line)?.[1]?.trim().replace(/\s+/g, " ")
    if (name !== undefined) {
      current = sections.get(name) ?? {}
      sections.set(name, current)
      continue
    }
    const at = line.indexOf("=")
    if (!current || at < 1) continue
    const value = line
      .slice(at + 1)
      .replace(/\s[#;].*$/, "")
      .trim()
    current[line.slice(0, at).trim().toLowerCase()] = value
    if (value === "") opened = indent
  }
  return sections
}

/** Reads both files; what the one for credentials says of a profile wins. A file that is not there says nothing. */
export async function readConfigFiles({ env, home, readFile }: AwsContext): Promise<ConfigFiles> {
  const paths = [
    fromHome(env("AWS_CONFIG_FILE"), home) ?? join(home, ".aws", "config"),
    fromHome(env("AWS_SHARED_CREDENTIALS_FILE"), home) ?? join(home, ".aws", "credentials"),
  ] as const
  const [config = "", credentials = ""] = await Promise.all(paths.map(readFile))
  const profiles = new Map<string, Section>()
  const ssoSessions = new Map<string, Section>()
  for (const [name, section] of parseSections(config)) {
    const [kind, rest] = /^(profile|sso-session) (.+)$/.exec(name)?.slice(1) ?? []
    if (kind === "sso-session") ssoSessions.set(unquoted(rest as string), section)
    else if (kind === "profile") profiles.set(unquoted(rest as string), section)
    else if (name === "default" && !profiles.has("default")) profiles.set(name, section)
  }
  for (const [name, section] of parseSections(credentials)) {
    profiles.set(name, { ...profiles.get(name), ...section })
  }
  return { profiles, ssoSessions, paths }
}

function fromHome(path: string | undefined, home: string): string | undefined {
  if (path === undefined || path.trim() === "") return undefined
  return path.startsWith("~/") ? join(home, path.slice(2)) : path
}

function unquoted(name: string): string {
  return name.replace(/^(["'])(.*)\1$/, "$2")
}
