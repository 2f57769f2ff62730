import { mkdir, readdir, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { renderApp } from "./app.ts";
import { PATIENCE, type Patience } from "./backend-client.ts";
import { JobQueue } from "./job-queue.ts";

export interface ServiceOptions {
  /** 0: any free port. */
  readonly port: number;
  readonly host: string;
  /** For this service alone; what an earlier run left behind is removed. */
  readonly workDir: string;
  readonly parallel?: number;
  readonly patience?: Patience;
}

export interface RenderService {
  readonly port: number;
  /** Takes no more jobs, gives up those that run, and ends. */
  stop(): Promise<void>;
}

export async function startRenderService(options: ServiceOptions): Promise<RenderService> {
  await mkdir(options.workDir, { recursive: true });
  for (const name of await readdir(options.workDir)) {
    if (name.startsWith("job-")) await rm(join(options.workDir, name), { recursive: true, force: true });
  }
  const queue = new JobQueue({
    workDir: options.workDir,
    patience: options.patience ?? PATIENCE,
    parallel: options.parallel ?? 1,
  });
  const app = renderApp(queue);
  const { server, port } = await listen(app, options);
  return {
    port,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await queue.stop();
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(app: ReturnType<typeof renderApp>, options: ServiceOptions): Promise<{ server: Server; port: number }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, port: options.port, hostname: options.host }, ({ port }) => {
      server.off("error", reject);
      resolve({ server: server as Server, port });
    });
    server.once("error", reject);
  });
}
