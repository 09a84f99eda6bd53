import { hostileProperty } from "./support/properties.ts"

await hostileProperty("google-generative-ai")
