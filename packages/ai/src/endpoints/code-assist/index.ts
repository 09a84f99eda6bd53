export { readError as readGoogleError } from "../../wires/google-generative-ai/errors.ts"
export { codeAssistEndpoint } from "./endpoint.ts"
export { type CodeAssistSettings, codeAssistSettings } from "./settings.ts"
