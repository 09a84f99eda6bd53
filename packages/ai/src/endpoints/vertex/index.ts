export { vertexAnthropicEndpoint } from "./anthropic.ts"
export { vertexEndpoint } from "./google.ts"
export { vertexSettings, type VertexSettings } from "./place.ts"
