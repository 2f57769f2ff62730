import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const TYPES: Record<string, string> = { ".js": "text/javascript", ".html": "text/html; charset=utf-8" };

export interface ServedRig {
  readonly origin: string;
  close(): Promise<void>;
}

/** Builds a rig's page and serves it on a free port of this machine. `root`: its folder. */
export async function serveRig(root = fileURLToPath(new URL(".", import.meta.url))): Promise<ServedRig> {
  const folder = await mkdtemp(join(tmpdir(), "tapesync-rig-"));
  await build({
    configFile: fileURLToPath(new URL("vite.config.ts", import.meta.url)),
    root,
    logLevel: "error",
    build: { outDir: folder, emptyOutDir: true },
  });
  const server = createServer((request, response) => {
    answer(folder, request.url ?? "/", response).catch((error: unknown) => {
      response.statusCode = 404;
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answer(folder: string, address: string, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(address, "http://rig");
  if (pathname === "/slow") {
    setTimeout(() => response.end(), Number(searchParams.get("ms")));
    return;
  }
  const file = pathname === "/" ? "index.html" : pathname.slice(1);
  response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
  response.end(await readFile(join(folder, file)));
}
