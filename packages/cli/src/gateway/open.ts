import type { Sluice } from "@sluice/ai"
import type { Gateway, GatewayOptions } from "@sluice/gateway"
import type { Io } from "../io.ts"
import { stateFolder } from "../settings/folders.ts"

/** A gateway over the data folder that the command line names, or the platform's. */
export async function openGateway(
  io: Io,
  sluice: Sluice,
  options: Omit<GatewayOptions, "sluice" | "dataDir"> & { data?: string | undefined },
): Promise<Gateway> {
  const { createGateway } = await import("@sluice/gateway")
  const { data, ...rest } = options
  return createGateway({ ...rest, sluice, dataDir: data ?? stateFolder(io) })
}
