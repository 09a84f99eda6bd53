/** The gateway as it is used: a key, a request log in SQLite, one host behind it. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { keySource } from "@sluice/ai"
import { createSluice } from "@sluice/ai/auto"
import { undiciTransport } from "@sluice/ai/transport/undici"
import { createGateway } from "@sluice/gateway"

const upstream = process.argv[2] as string
const dataDir = mkdtempSync(join(tmpdir(), "sluice-bench-"))
const sluice = createSluice({
  credentials: keySource("host-key"),
  transport: undiciTransport(),
  resolve: async (name) => ({
    id: name.slice(name.indexOf("/") + 1),
    provider: "bench",
    api: "openai-completions",
    baseUrl: `${upstream}/v1`,
    input: ["text"],
    output: ["text"],
    compat: {},
  }),
})
const gateway = await createGateway({ dataDir, port: 0, sluice })
const { port } = await gateway.listen()
const { secret } = await gateway.keys.create("bench")
process.send?.({ port, key: secret })
process.on("message", () => process.send?.({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() }))
process.on("disconnect", () => {
  void gateway.close().then(() => {
    rmSync(dataDir, { recursive: true, force: true })
    process.exit(0)
  })
})
