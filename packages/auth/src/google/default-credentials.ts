import { SluiceError } from "@sluice/ai"
import { ask } from "../http.ts"
import { Keeper } from "../keeping/keeper.ts"
import type { Holder } from "../keeping/kept-lease.ts"
import { fingerprint } from "../key-credential.ts"
import { type CredentialsFile, readCredentials } from "./credentials-file.ts"
import {
  assertionGrant,
  federationGrant,
  type GoogleToken,
  impersonationGrant,
  metadataGrant,
  refreshGrant,
} from "./grants.ts"
import { firstOf, type Surroundings } from "./surroundings.ts"

/** Variables with a token that somebody else keeps good. */
const TOKEN_VARIABLES = ["GOOGLE_CLOUD_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN"]
const FILE_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
const FILE_NAME = "application_default_credentials.json"
/** Longest time that a machine's metadata is waited for, and how long their absence is believed. */
const METADATA_MS = 2000
const ABSENT_MS = 30_000

/** One account that tokens can be had for. */
export interface GoogleAccount extends Holder<GoogleToken> {
  /** Safe to log; the same for as long as the account is. */
  id: string
  origin: string
  email?: string
  projectId?: string
}

/**
 * The account that the surroundings name, in the order of Google's own tools: a token in the environment, the file
 * that `GOOGLE_APPLICATION_CREDENTIALS` names, the one that gcloud keeps, and the account of the machine.
 *
 * Source: Google's pages on application default credentials.
 */
export class DefaultCredentials {
  readonly #around: Surroundings
  /** Accounts by what their file holds, so that a changed file is another account. */
  readonly #accounts = new Map<string, GoogleAccount>()
  #machine: { account: GoogleAccount | undefined; until: number } | undefined
  #finding: Promise<GoogleAccount | undefined> | undefined

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** @throws SluiceError `config` for a file that is named and cannot be used */
  async find(): Promise<GoogleAccount | undefined> {
    const token = firstOf(this.#around.env, TOKEN_VARIABLES)
    if (token) return fixedAccount(token.value, token.name)
    const file = await this.#file()
    if (file) return this.#account(file.text, file.origin)
    return this.#onMachine()
  }

  /** The account of a file's content. @throws SluiceError `config` */
  #account(text: string, origin: string): GoogleAccount {
    const id = fingerprint(text)
    const known = this.#accounts.get(id)
    if (known) return known
    const account = accountOf(readCredentials(text, origin), { id, origin, around: this.#around })
    this.#accounts.set(id, account)
    return account
  }

  async #file(): Promise<{ text: string; origin: string } | undefined> {
    const { env, home } = this.#around
    const named = env(FILE_VARIABLE)?.trim()
    if (named) {
      const text = await this.#read(named)
      if (text !== undefined) return { text, origin: named }
      throw new SluiceError({
        code: "config",
        message: `${FILE_VARIABLE} names a file that is not there: ${named}`,
        hint: `Correct ${FILE_VARIABLE}, or unset it to use gcloud's login or the machine's own account.`,
      })
    }
    for (const origin of wellKnownFiles(env, home)) {
      const text = await this.#read(origin)
      if (text !== undefined) return { text, origin }
    }
    return undefined
  }

  async #read(path: string): Promise<string | undefined> {
    try {
      return await this.#around.readFile(path)
    } catch (error) {
      throw new SluiceError(
        {
          code: "config",
          message: `The file of Google's credentials cannot be read: ${path}`,
          hint: "Check who may read it.",
        },
        { cause: error },
      )
    }
  }

  /** The machine's own account. Nobody waits for a machine that has none more than once in a while. */
  async #onMachine(): Promise<GoogleAccount | undefined> {
    const known = this.#machine
    if (known && (known.account || known.until > this.#around.now())) return known.account
    this.#finding ??= this.#askMachine().finally(() => (this.#finding = undefined))
    return await this.#finding
  }

  async #askMachine(): Promise<GoogleAccount | undefined> {
    const around = this.#around
    let first: GoogleToken | undefined
    let projectId: string | undefined
    try {
      first = await metadataGrant(around, AbortSignal.timeout(METADATA_MS))
      projectId = await machineProject(around)
    } catch {
      // No answer, or another one than Google's: this is no machine of theirs.
    }
    const account =
      first &&
      kept({ id: "machine", origin: "the machine's own account", around, projectId }, async (signal) => {
        const held = first
        first = undefined
        return held ?? (await metadataGrant(around, signal))
      })
    this.#machine = { account, until: around.now() + ABSENT_MS }
    return account
  }
}

/** Where gcloud keeps a login for other programs. */
function wellKnownFiles(env: Surroundings["env"], home: string): string[] {
  const places = [
    [env("CLOUDSDK_CONFIG"), ""],
    [env("APPDATA"), "/gcloud"],
    [home, "/.config/gcloud"],
  ] as const
  return places.flatMap(([base, folder]) => (base ? [`${base}${folder}/${FILE_NAME}`] : []))
}

async function machineProject({ localFetch, hosts }: Surroundings): Promise<string | undefined> {
  const answer = await ask(localFetch, {
    what: "the machine's metadata",
    url: `${hosts.metadata}/computeMetadata/v1/project/project-id`,
    init: { headers: { "metadata-flavor": "Google" }, signal: AbortSignal.timeout(METADATA_MS) },
  })
  return answer.status < 300 && typeof answer.body === "string" && answer.body !== "" ? answer.body : undefined
}

/** A token that is used as it is, and never kept. */
function fixedAccount(secret: string, origin: string): GoogleAccount {
  return {
    id: fingerprint(secret),
    origin,
    take: async () => ({ secret, expiresAt: Number.POSITIVE_INFINITY }),
    drop: () => {},
  }
}

interface Named {
  id: string
  origin: string
  around: Surroundings
  email?: string | undefined
  projectId?: string | undefined
}

function kept(
  { id, origin, around, email, projectId }: Named,
  load: (signal: AbortSignal) => Promise<GoogleToken>,
): GoogleAccount {
  const keeper = new Keeper(load, around)
  return {
    id,
    origin,
    ...(email === undefined ? {} : { email }),
    ...(projectId === undefined ? {} : { projectId }),
    take: (signal) => keeper.take(signal),
    drop: (refused) => keeper.drop(refused),
  }
}

/** The account that a file of credentials stands for. */
export function accountOf(
  file: CredentialsFile,
  { id, origin, around }: { id: string; origin: string; around: Surroundings },
): GoogleAccount {
  const { projectId } = file
  if (file.kind !== "impersonation") {
    const email = file.kind === "federation" ? file.principal : file.email
    return kept({ id, origin, around, email, projectId }, (signal) => tokenFor(file, around, signal))
  }
  const { principal, delegates, source } = file
  const lender = new Keeper((signal) => tokenFor(source, around, signal), around)
  return kept({ id, origin, around, email: principal, projectId }, async (signal) => {
    const { secret } = await lender.take(signal)
    return await impersonationGrant(around, { token: secret, principal, delegates }, signal)
  })
}

function tokenFor(
  file: Exclude<CredentialsFile, { kind: "impersonation" }>,
  around: Surroundings,
  signal: AbortSignal,
): Promise<GoogleToken> {
  if (file.kind === "service-account") return assertionGrant(around, file, signal)
  if (file.kind === "federation") return federationGrant(around, file, signal)
  return refreshGrant(around, file, "Run `gcloud auth application-default login` again.", signal)
}
