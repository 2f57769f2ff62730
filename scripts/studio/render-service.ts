import { mkdirSync } from "node:fs";
import path from "node:path";
import { RENDER_ENTRY } from "./paths.ts";
import { claimPort } from "./ports.ts";
import { supervise } from "./supervised-process.ts";

/** The render service as a child process that is started again when it dies. */
export interface RenderService {
  readonly url: string;
  stop(): Promise<void>;
}

export interface RenderOptions {
  readonly dataDir: string;
  /** Start again when its sources change. */
  readonly watch: boolean;
  /** Called with every new process, or with undefined when there is none. */
  readonly onProcess: (pid: number | undefined) => void;
}

/** @throws {PlainError} when it does not come up the first time */
export async function startRenderService(options: RenderOptions): Promise<RenderService> {
  const workDir = path.join(options.dataDir, "render");
  mkdirSync(workDir, { recursive: true });
  // The backend is told this address once, so every later process must have the same.
  const port = await claimPort("127.0.0.1", 0);
  const running = await supervise({
    name: "render service",
    tag: "render",
    entry: RENDER_ENTRY,
    ready: /^render service listening on \d+$/,
    environment: { PORT: String(port), RENDER_PORT: String(port), RENDER_WORK_DIR: workDir },
    watch: options.watch,
    firstBackOffMs: 250,
    onProcess: options.onProcess,
  });
  return { url: `http://127.0.0.1:${port}`, stop: () => running.stop() };
}
