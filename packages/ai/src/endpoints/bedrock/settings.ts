import type { EnvironmentReader } from "@sluice/catalog"

/** What an endpoint of Bedrock is set to. */
export interface BedrockSettings {
  /** The region of every call, whatever the model's id says. */
  region?: string | undefined
  /** The region where nothing else says one. Default: the credential's, else `us-east-1`. */
  ambientRegion?: string | undefined
}

/** The settings that the environment gives. */
export function bedrockSettings(env: EnvironmentReader): BedrockSettings {
  return { ambientRegion: env("AWS_REGION")?.trim() || env("AWS_DEFAULT_REGION")?.trim() || undefined }
}
