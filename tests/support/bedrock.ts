import type { Credential, CredentialSource } from "@sluice/ai"
import { createSluice } from "@sluice/ai/auto"
import { bedrockEmulator, EMULATED_AWS_KEYS, type BedrockOptions } from "@sluice/testkit/emulators"
import { resolveModel } from "@sluice/catalog"
import { onTestFinished } from "vitest"

export const CLAUDE = "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
export const NOVA = "amazon-bedrock/us.amazon.nova-lite-v1:0"

/** A source that has the one credential. */
export function only(credential: Credential): CredentialSource {
  const lease = { credential, observe: () => {}, replace: async () => undefined, release: () => {} }
  return { acquire: async () => lease }
}

/** Keys that the emulator takes. */
export const AWS_KEYS: Credential = { kind: "aws", id: "emulated", ...EMULATED_AWS_KEYS }

/** An emulated Bedrock, and a program that speaks with it. */
export async function bedrock(
  options: BedrockOptions = {},
  given: { env?: Record<string, string>; credential?: Credential | null; api?: string } = {},
) {
  const host = await bedrockEmulator(options)
  onTestFinished(() => host.close())
  const variables: Record<string, string> = { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: host.url, ...given.env }
  const env = (name: string): string | undefined => variables[name]
  const credential = given.credential === undefined ? AWS_KEYS : given.credential
  const sluice = createSluice({
    env,
    resolve: (name) => resolveModel(name, { env, ...(given.api === undefined ? {} : { api: given.api }) }),
    ...(credential ? { credentials: only(credential) } : {}),
  })
  return { host, sluice }
}
