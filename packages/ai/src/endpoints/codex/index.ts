export { codexDiagnostics, type CodexDiagnostics } from "./diagnostics.ts"
export { codexEndpoint } from "./endpoint.ts"
export { type CodexDebugRecord, type CodexSettings, codexSettings, wantsDebug } from "./settings.ts"
