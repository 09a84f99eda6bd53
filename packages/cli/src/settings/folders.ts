import { join } from "node:path"
import type { Io } from "../io.ts"

type Place = Pick<Io, "env" | "home" | "platform">

/** Where the gateway keeps its data: the folder that the platform has for what a program remembers. */
export function stateFolder({ env, home, platform }: Place): string {
  if (platform === "win32") return join(env["LOCALAPPDATA"] || join(home, "AppData", "Local"), "sluice")
  if (platform === "darwin") return join(home, "Library", "Application Support", "sluice")
  return join(env["XDG_STATE_HOME"] || join(home, ".local", "state"), "sluice")
}

/** Where a person's settings are. */
export function configFolder({ env, home, platform }: Place): string {
  if (platform === "win32") return join(env["APPDATA"] || join(home, "AppData", "Roaming"), "sluice")
  if (platform === "darwin") return join(home, "Library", "Application Support", "sluice")
  return join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "sluice")
}
