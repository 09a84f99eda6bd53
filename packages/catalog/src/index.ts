export * from "./compat.ts"
export * from "./model.ts"
export * from "./prices.ts"
export * from "./thinking.ts"
