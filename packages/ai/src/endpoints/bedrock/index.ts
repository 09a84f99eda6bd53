export { bedrockEndpoint, bedrockReading } from "./endpoint.ts"
export { awsEnvironmentKeys, type AwsEnvironmentKeys } from "./environment-keys.ts"
export { type BedrockSettings, bedrockSettings } from "./settings.ts"
export { signAws, type SignatureScope } from "./signature.ts"
