import { hostileProperty } from "./support/properties.ts"

await hostileProperty("bedrock-converse-stream")
