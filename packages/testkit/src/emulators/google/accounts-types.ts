import type { LoopbackServer } from "../../loopback.ts"
import type { EmulatedError } from "../script.ts"

/** A person whose login a program holds. */
export interface EmulatedPerson {
  clientId: string
  clientSecret: string
  refreshToken: string
  email?: string
  /** The login was taken back. */
  revoked?: boolean
}

/** A service account, known by its public key. */
export interface EmulatedServiceAccount {
  email: string
  keyId: string
  /** PEM. */
  publicKey: string
}

/** A workload that another identity provider vouches for. */
export interface EmulatedWorkload {
  /** Who gets the token. */
  name: string
  /** The provider in the pool. */
  audience: string
  /** Its token, and of what type that is. */
  subjectToken: string
  subjectTokenType: string
  /** The client that has to ask. Default: anybody. */
  client?: { id: string; secret: string }
  /** The project that has to be named where no client is. Default: none. */
  userProject?: string
}

/** The account of the machine that a program runs on. */
export interface EmulatedMachine {
  email?: string
  project?: string
}

/** Who has an account, and what of it the services give out. */
export interface GoogleAccountsOptions {
  people?: readonly EmulatedPerson[]
  serviceAccounts?: readonly EmulatedServiceAccount[]
  workloads?: readonly EmulatedWorkload[]
  /** Absent: there is no metadata. */
  machine?: EmulatedMachine
  /** Who may act as which service account: whose token, by e-mail, gets one for whom. Default: nobody. */
  impersonation?: Readonly<Record<string, readonly string[]>>
  /** To whom assertions are addressed. Default: Google's own address. */
  audience?: string
  /** How long a token is good. Default 3600. */
  expiresInS?: number
  /** Seconds since 1970. Default: the system's clock. */
  nowS?: () => number
  /** What the next requests for a token are answered with, before any is given out. */
  failures?: EmulatedError[]
  /** Wait before each token. */
  delayMs?: number
}

/** Google's accounts: who got which token. */
export interface GoogleAccountsEmulator extends LoopbackServer {
  /** The addresses that a program has to be told. */
  addresses: { token: string; sts: string; iam: string; metadata: string }
  /** Tokens by who got them, in order. */
  issued: readonly { token: string; email: string; expiresAtS: number }[]
  /** Whether a bearer is one that was given out and still good; for `accessToken` of the other emulators. */
  accepts(token: string): boolean
  /** Takes all tokens back. */
  revoke(): void
}
