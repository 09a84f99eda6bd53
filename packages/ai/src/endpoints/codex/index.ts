export { codexDiagnostics, type CodexDiagnostics } from "./diagnostics.ts"
export { codexEndpoint } from "./endpoint.ts"
export { type CodexDebugRecord, type CodexSettings, codexSettings, codexSocketLimits, wantsDebug } from "./settings.ts"
