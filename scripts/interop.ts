import { clientFolder, installClients } from "./interop-clients.ts"
import { say } from "./run.ts"
import { closingLine, runVitest } from "./test-report.ts"

// `npm run test:interop`: real clients against the gateway. Without SLUICE_INTEROP=require, a client that cannot be
// installed here means skipped tests; with it, a failure. Arguments go to Vitest.

const problem = await installClients()
const required = process.env["SLUICE_INTEROP"] === "require"
if (problem !== undefined) say(`The clients are not there: ${problem}`)
const summary = await runVitest("interop", ["--config", "vitest.interop.config.ts", ...process.argv.slice(2)], {
  SLUICE_INTEROP_CACHE: clientFolder,
})
if (problem !== undefined && required && summary.failed === 0) summary.failed = 1
say(closingLine(summary))
if (summary.failed > 0) process.exitCode = 1
