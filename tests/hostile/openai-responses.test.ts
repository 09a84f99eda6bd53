import { hostileProperty } from "./support/properties.ts"

await hostileProperty("openai-responses")
