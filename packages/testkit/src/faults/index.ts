export type { LoopbackServer, Rate, SeenRequest } from "../loopback.ts"
export { openSockets, type OpenSockets } from "../sockets.ts"
export {
  faultProxy,
  type FaultPlan,
  type FaultProxy,
  type FaultProxyOptions,
  type ProxiedExchange,
} from "./http-proxy.ts"
export type { ByteFaults } from "./mangle.ts"
export { refusedUrl } from "./refused.ts"
export {
  tcpFaultProxy,
  type ProxiedConnection,
  type TcpFaultPlan,
  type TcpFaultProxy,
  type TcpFaultProxyOptions,
} from "./tcp-proxy.ts"
