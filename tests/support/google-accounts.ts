import { generateKeyPairSync } from "node:crypto"
import {
  googleAccountsEmulator,
  type GoogleAccountsEmulator,
  type GoogleAccountsOptions,
} from "@sluice/testkit/emulators"
import { onTestFinished } from "vitest"

/** A key pair of a service account; one serves all tests of a file. */
const pair = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
})

export const ROBOT = { email: "robot@p.iam.gserviceaccount.com", keyId: "key-1", publicKey: pair.publicKey }
export const PERSON = {
  clientId: "client-1",
  clientSecret: "secret-1",
  refreshToken: "refresh-1",
  email: "me@example.com",
}

/** The key file of the service account. */
export const ROBOT_FILE = {
  type: "service_account",
  project_id: "robot-project",
  private_key_id: "key-1",
  private_key: pair.privateKey,
  client_email: ROBOT.email,
  // Addresses in a file are nobody's to follow.
  token_uri: "http://127.0.0.1:1/elsewhere",
}

/** The file that gcloud writes for a person. */
export const PERSON_FILE = {
  type: "authorized_user",
  client_id: PERSON.clientId,
  client_secret: PERSON.clientSecret,
  refresh_token: PERSON.refreshToken,
  quota_project_id: "my-project",
}

export const NEED = { provider: "google-vertex" }

/** Google's accounts, and the surroundings of a program that uses them: variables and files by name. */
export async function accounts(
  options: GoogleAccountsOptions = {},
  surroundings: { env?: Record<string, string>; files?: Record<string, unknown> } = {},
): Promise<{
  host: GoogleAccountsEmulator
  around: {
    env: (name: string) => string | undefined
    home: string
    readFile: (path: string) => Promise<string | undefined>
    hosts: GoogleAccountsEmulator["addresses"]
    now: () => number
  }
  /** Moves the clocks of both sides. */
  pass(ms: number): void
  env: Record<string, string>
  files: Record<string, unknown>
}> {
  let offsetMs = 0
  const now = (): number => Date.now() + offsetMs
  const host: GoogleAccountsEmulator = await googleAccountsEmulator({
    people: [PERSON],
    serviceAccounts: [ROBOT],
    nowS: () => Math.floor(now() / 1000),
    ...options,
    get audience() {
      return host.addresses.token
    },
  })
  onTestFinished(() => host.close())
  const env = surroundings.env ?? {}
  const files = surroundings.files ?? {}
  return {
    host,
    env,
    files,
    pass: (ms) => (offsetMs += ms),
    around: {
      env: (name) => env[name],
      home: "/home/me",
      readFile: async (path) => {
        const file = files[path]
        return file === undefined || typeof file === "string" ? file : JSON.stringify(file)
      },
      hosts: host.addresses,
      now,
    },
  }
}
