import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const TYPES: Record<string, string> = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
};

/** As strict as the real page's policy may ever be: nothing inline, nothing foreign. */
const POLICY = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:";

export interface ServedGallery {
  /** Without a slash at its end. */
  readonly origin: string;
  close(): Promise<void>;
}

async function answer(folder: string, address: string, response: ServerResponse): Promise<void> {
  const path = new URL(address, "http://gallery").pathname;
  const type = TYPES[extname(path)];
  // every other path is a screen of the app
  const file = type === undefined ? "index.html" : path.slice(1);
  const bytes = await readFile(join(folder, file));
  response.setHeader("content-type", type ?? "text/html; charset=utf-8");
  response.setHeader("content-security-policy", POLICY);
  response.end(bytes);
}

/** Builds the gallery into a folder of its own and serves it on a free port, with the page's policy. */
export async function serveGallery(): Promise<ServedGallery> {
  const folder = await mkdtemp(join(tmpdir(), "tapesync-gallery-"));
  await build({
    configFile: fileURLToPath(new URL("vite.config.ts", import.meta.url)),
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
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      await rm(folder, { recursive: true, force: true });
    },
  };
}
