/**
 * The types and the arithmetic without any provider's data, for programs that bring their own models.
 *
 * @module
 */
export type * from "./compat.ts"
export * from "./model.ts"
export * from "./prices.ts"
export * from "./thinking.ts"
