export { memoryVault, type MemoryVault, type MemoryVaultOptions } from "./handoff/vault-memory.ts"
export { reasoningVault, type VaultStore } from "./handoff/vault.ts"
export type { Digest } from "./handoff/vault-keys.ts"
export type { KeptPart, KeptState } from "./handoff/vault-state.ts"
