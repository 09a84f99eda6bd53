export { codeAssistEndpoint } from "./endpoint.ts"
export { type CodeAssistSettings, codeAssistSettings } from "./settings.ts"
