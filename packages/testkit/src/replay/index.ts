export type { LoopbackServer, SeenRequest } from "../loopback.ts"
export { rechunk, type Chunking } from "./chunking.ts"
export { bodyOf, loadFixture, type RecordedChunk, type RecordedRequest, type Recording } from "./recording.ts"
export { replayServer, type Replayed, type ReplayFault, type ReplayOptions, type ReplayPlan } from "./server.ts"
