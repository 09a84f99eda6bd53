export * from "@sluice/ai/mock"
export * from "./emulators/index.ts"
export {
  faultProxy,
  refusedUrl,
  tcpFaultProxy,
  type ByteFaults,
  type FaultPlan,
  type FaultProxy,
  type FaultProxyOptions,
  type ProxiedConnection,
  type ProxiedExchange,
  type Rate,
  type TcpFaultPlan,
  type TcpFaultProxy,
  type TcpFaultProxyOptions,
} from "./faults/index.ts"
export {
  bodyOf,
  loadFixture,
  rechunk,
  replayServer,
  type Chunking,
  type RecordedChunk,
  type RecordedRequest,
  type Recording,
  type Replayed,
  type ReplayFault,
  type ReplayOptions,
  type ReplayPlan,
} from "./replay/index.ts"
export { openSockets, type OpenSockets } from "./sockets.ts"
