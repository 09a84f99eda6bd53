import { clientFolder, installClients } from "./interop-clients.ts"
import { whyNoLlama } from "./llama-server.ts"
import { loopbackOnly } from "./loopback-only.ts"
import { say } from "./run.ts"
import { closingLine, runVitest } from "./test-report.ts"

// `npm run test:interop`: real clients against the gateway. Without SLUICE_INTEROP=require, a client that cannot be
// installed here means skipped tests; with it, a failure. Arguments go to Vitest.

const problem = await installClients()
const required = process.env["SLUICE_INTEROP"] === "require"
if (problem !== undefined) say(`The clients are not there: ${problem}`)
const through = await loopbackOnly()
say(
  through === undefined
    ? "No network namespace can be made here: the clients run on this machine's network."
    : "The clients run in a network of their own that has loopback and nothing else.",
)
const noServer = whyNoLlama()
if (noServer !== undefined) say(`No test runs against a real server: ${noServer}.`)
const summary = await runVitest("interop", ["--config", "vitest.interop.config.ts", ...process.argv.slice(2)], {
  env: { SLUICE_INTEROP_CACHE: clientFolder, SLUICE_INTEROP_NETWORK: through === undefined ? "open" : "loopback" },
  ...(through === undefined ? {} : { through }),
})
if (problem !== undefined && required && summary.failed === 0) summary.failed = 1
say(closingLine(summary))
if (summary.failed > 0) process.exitCode = 1
