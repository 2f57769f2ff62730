import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import type { ExportRig } from "./export-page.ts";

declare global {
  /** On the export rig's page. */
  var exportRig: ExportRig;
}

const TYPES: Record<string, string> = { ".js": "text/javascript", ".html": "text/html; charset=utf-8" };

/** Builds the export rig's page and serves it on a free port of this machine. */
export async function serveExportRig(): Promise<{ readonly origin: string; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "tapesync-export-rig-"));
  await build({
    configFile: false,
    root: fileURLToPath(new URL(".", import.meta.url)),
    logLevel: "error",
    worker: { format: "es" },
    build: { target: "es2024", minify: false, outDir: folder, emptyOutDir: true },
  });
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://rig");
    const file = pathname === "/" ? "index.html" : pathname.slice(1);
    readFile(join(folder, file)).then(
      (bytes) => response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream").end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the rig has no port");
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
