import { node } from "./run.ts"

/** Brings up loopback, which is down in a new network, and turns into the command behind it. */
const WITH_LOOPBACK = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"]

/** Ways into a new network: as root, and as anybody where the system lets users make namespaces. */
const WAYS: readonly (readonly string[])[] = [
  ["unshare", "--net", ...WITH_LOOPBACK],
  ["unshare", "--map-root-user", "--net", ...WITH_LOOPBACK],
]

/** Fails unless loopback works. */
const TRY = `
  const { createServer, connect } = require("node:net")
  const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1", () => {
    connect(server.address().port, "127.0.0.1", () => process.exit(0)).on("error", () => process.exit(1))
  })
`

/**
 * Finds how to run a command in a network that has loopback and nothing else, so that whatever a program does, nothing
 * leaves this machine.
 * @returns The words to put before a command; undefined where no such network can be made.
 */
export async function loopbackOnly(): Promise<readonly string[] | undefined> {
  if (process.platform !== "linux") return undefined
  for (const through of WAYS) {
    if ((await node(["-e", TRY], { through, timeoutMs: 10_000 })).ok) return through
  }
  return undefined
}
