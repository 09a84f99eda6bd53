import { hostileProperty } from "./support/properties.ts"

await hostileProperty("anthropic-messages")
