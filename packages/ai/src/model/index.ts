export * from "./errors.ts"

export * from "./events.ts"
export type * from "./message.ts"
export type * from "./options.ts"
export type * from "./tool.ts"
