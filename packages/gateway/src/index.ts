export { createGateway, type Gateway } from "./gateway.ts"
export type { Logger } from "./logger.ts"
export { type GatewayOptions, isLoopback, type ListedName } from "./options.ts"
export type { ApiKey } from "./store/keys.ts"
