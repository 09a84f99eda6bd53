export { bedrockEndpoint, bedrockReading } from "./endpoint.ts"
export { type BedrockSettings, bedrockSettings } from "./settings.ts"
export { signAws, type SignatureScope } from "./signature.ts"
