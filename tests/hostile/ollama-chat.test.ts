import { hostileProperty } from "./support/properties.ts"

await hostileProperty("ollama-chat")
